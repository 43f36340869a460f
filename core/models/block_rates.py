"""Discriminative learning rates (Howard and Ruder 2018, ULMFiT): each block of a backbone trains at its own rate.

Keras has one learning rate for all variables. Scripts that repeat a run get this text as it is, so it needs nothing
else of this program.
"""

from collections.abc import Collection, Sequence
from typing import Any


def rate_factors(
    variables: Sequence[Any], layers: Sequence[Any], starts: Collection[str], factor: float
) -> list[float]:
    """The part of the learning rate at which each variable is trained: 1, and `factor` times less block by block.

    Args:
        variables: What is trained, in its order; those that lie in none of the layers have 1, as the top block has.
        layers: The base's layers, from the input to the output.
        starts: Names of the blocks' first layers, but for the lowest block's.
        factor: A block's rate as a part of that of the block above it.
    """
    parts: dict[int, float] = {}
    below = 0
    for layer in reversed(layers):
        for variable in layer.trainable_variables:
            parts[id(variable)] = factor**below
        if layer.name in starts:
            below += 1
    return [parts.get(id(variable), 1.0) for variable in variables]


def with_rate_factors(optimizer: Any, factors: Sequence[float]) -> Any:
    """A class of optimizer that trains each variable at its own part of the learning rate.

    Args:
        optimizer: Class of one of Keras' optimizers.
        factors: A part for each variable that it is built for, in their order.
    """

    class WithRateFactors(optimizer):  # type: ignore[misc]
        """Another rate for each variable, in the step and in the weight decay that goes with it (AdamW's)."""

        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            # Keras decays all variables at the whole rate; here that is done where the variable is known.
            self._decay: float | None = self.weight_decay  # type: ignore[has-type]
            self.weight_decay = None

        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            """Change one variable; Keras calls this."""
            rate = learning_rate * factors[self._get_variable_index(variable)]
            if self._decay is not None:
                self.assign_sub(variable, variable * self._decay * rate)
            super().update_step(gradient, variable, rate)

    return WithRateFactors
