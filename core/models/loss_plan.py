"""Plan of a loss: class and options, as phases.py and exported scripts make it; no Keras."""

from dataclasses import dataclass
from typing import Any

from core.config import TrainConfig


@dataclass(frozen=True)
class LossPlan:
    """A loss before it is made.

    Attributes:
        name: str. Its class in `keras.losses`.
        options: dict. Its arguments.
    """

    name: str
    options: dict[str, Any]

    @property
    def source(self) -> str:
        """The loss as an expression of plain Keras."""
        given = ", ".join(f"{name}={value!r}" for name, value in self.options.items())
        return f"keras.losses.{self.name}({given})"

    @property
    def key(self) -> tuple[Any, ...]:
        """What a traced graph is made for."""
        return self.name, tuple(self.options.items())


def plan_loss(training: TrainConfig, classes: int) -> LossPlan:
    """The loss of a training.

    Args:
        training: TrainConfig.
        classes: int. With two the network has one output, the probability of the second class.
    """
    binary, alpha = classes == 2, training.focal_alpha
    options: dict[str, Any] = {"label_smoothing": training.label_smoothing}
    if not training.focal_gamma:
        return LossPlan("BinaryCrossentropy" if binary else "CategoricalCrossentropy", options)
    options["gamma"] = training.focal_gamma
    if not binary:
        return LossPlan("CategoricalFocalCrossentropy", {**options, "alpha": alpha or 1.0})
    balanced = {"apply_class_balancing": True, "alpha": alpha} if alpha else {}
    return LossPlan("BinaryFocalCrossentropy", {**options, **balanced})
