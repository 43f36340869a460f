"""Plan of an optimizer: class, options and learning-rate schedule, as phases.py and exported scripts make it; no Keras.

A schedule is one of Keras' own, a function of the step within a phase: fine-tuning starts its own.
"""

from dataclasses import dataclass
from typing import Any

from core.config import TrainConfig
from core.models.optimizers import OPTIMIZERS

WITH_MOMENTUM = ("sgd", "rmsprop")
"""Optimizers whose momentum is a setting; Adam's moments are its own."""

SCHEDULES = {"cosine": "CosineDecay", "exponential": "ExponentialDecay"}
"""Name of a schedule in `keras.optimizers.schedules`; both take rate, steps, and the part left after them."""


@dataclass(frozen=True)
class OptimizerPlan:
    """An optimizer before it is made.

    Attributes:
        name: str. Its class in `keras.optimizers`.
        options: dict. Arguments beside the learning rate; what Keras has for default is left out.
        rate: float. Learning rate of the first step.
        schedule: str. Class in `keras.optimizers.schedules`; empty where the rate stays.
        steps: int. Steps over which the schedule falls.
        end: float. Part of the rate that is left after them.
    """

    name: str
    options: dict[str, Any]
    rate: float
    schedule: str = ""
    steps: int = 0
    end: float = 0.0

    @property
    def rate_source(self) -> str:
        """The learning rate as an expression of plain Keras."""
        if not self.schedule:
            return repr(self.rate)
        return f"keras.optimizers.schedules.{self.schedule}({self.rate!r}, {self.steps}, {self.end!r})"

    @property
    def key(self) -> tuple[Any, ...]:
        """What a traced graph is made for: of a rate that stays, any rate."""
        return self.name, tuple(self.options.items()), self.schedule and self.rate_source


def plan_optimizer(training: TrainConfig, batches: int, *, finetuning: bool) -> OptimizerPlan:
    """The optimizer of a phase.

    Args:
        training: TrainConfig.
        batches: int. Of an epoch.
        finetuning: bool. Whether the phase is a stage of fine-tuning.
    """
    optimizer = training.finetuning_optimizer if finetuning else training.optimizer
    rate = training.finetune_learning_rate if finetuning else training.learning_rate
    epochs = training.finetune_epochs if finetuning else training.epochs
    schedule = SCHEDULES.get(training.schedule, "")
    steps = max(1, (training.schedule_epochs or epochs) * batches) if schedule else 0
    return OptimizerPlan(
        OPTIMIZERS[optimizer].title,
        _options(training, optimizer, training.finetuning_momentum if finetuning else training.momentum),
        rate,
        schedule,
        steps,
        training.schedule_end if schedule else 0.0,
    )


def _options(training: TrainConfig, optimizer: str, momentum: float) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if optimizer in WITH_MOMENTUM and momentum:
        options["momentum"] = momentum
    if optimizer == "sgd" and momentum and training.nesterov:
        options["nesterov"] = True
    if training.weight_decay:
        options["weight_decay"] = training.weight_decay
    return options
