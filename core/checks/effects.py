"""Settings without effect given the others: why, and a finding where one was set nevertheless."""

import itertools
from collections.abc import Callable
from dataclasses import fields, replace

from core.checks.context import Context
from core.checks.finding import Finding
from core.config import TrainConfig
from core.models.optimizer_plan import WITH_MOMENTUM

Rule = tuple[str, Callable[[TrainConfig], bool], str]

_RULES: tuple[Rule, ...] = (
    ("momentum", lambda t: not set(_optimizers(t)) & set(WITH_MOMENTUM), "only sgd and rmsprop have a momentum"),
    (
        "nesterov",
        lambda t: not any(name == "sgd" and value for name, value in _momenta(t)),
        "it applies only to sgd with momentum",
    ),
    ("focal_alpha", lambda t: t.focal_gamma == 0, "the loss is cross-entropy"),
    ("schedule_epochs", lambda t: t.schedule == "none", "the learning rate follows no schedule"),
    ("schedule_end", lambda t: t.schedule == "none", "the learning rate follows no schedule"),
    ("reduce_on_plateau", lambda t: t.schedule != "none", "the learning rate follows a schedule"),
    ("runtime", lambda t: not t.takes_features, "images pass through TensorFlow in every step"),
    ("finetune_optimizer", lambda t: t.mode != "fine_tune", "the run is not fine-tuned"),
    (
        "finetune_momentum",
        lambda t: t.finetuning_optimizer not in WITH_MOMENTUM,
        "only sgd and rmsprop have a momentum",
    ),
    ("finetune_momentum", lambda t: t.mode != "fine_tune", "the run is not fine-tuned"),
)
"""Name of a setting of the training, when it changes nothing, and why."""

_DECIDING = (
    *("mode", "optimizer", "finetune_optimizer", "momentum", "finetune_momentum", "schedule", "literal"),
    *("focal_gamma", "mixup"),
)
"""What the rules go by."""


def without_effect(training: TrainConfig) -> dict[str, str]:
    """Settings that change nothing, whatever their value, with the reason.

    Args:
        training: TrainConfig.
    """
    return {f"training.{name}": why for name, is_idle, why in _RULES if is_idle(training)}


def without_effect_in_both(one: TrainConfig, other: TrainConfig) -> dict[str, str]:
    """The same for two trainings and every mixture of their settings."""
    found = without_effect(one)
    for values in itertools.product(*({getattr(one, name), getattr(other, name)} for name in _DECIDING)):
        idle = without_effect(replace(one, **dict(zip(_DECIDING, values, strict=True)), unfreeze_from=""))
        found = {key: why for key, why in found.items() if key in idle}
    return found


def setting_without_effect(context: Context) -> Finding | None:
    """A setting was changed that says nothing beside the others."""
    training = context.config.training
    defaults = {spec.name: spec.default for spec in fields(training)}
    idle = {
        key: why
        for key, why in without_effect(training).items()
        if getattr(training, name := key.partition(".")[2]) != defaults[name]
    }
    if not idle:
        return None
    first, why = next(iter(idle.items()))
    return Finding(
        "setting-without-effect",
        "info",
        f"{', '.join(idle)} {'changes' if len(idle) == 1 else 'change'} nothing here: {why}"
        f"{'' if len(idle) == 1 else f' ({first}); the others likewise'}.",
        {"settings": list(idle)},
        "Keep the default, or change the setting it depends on.",
        {key: defaults[key.partition(".")[2]] for key in idle},
    )


def _momenta(training: TrainConfig) -> tuple[tuple[str, float], ...]:
    """Optimizer and momentum of all phases."""
    return tuple(zip(_optimizers(training), (training.momentum, training.finetuning_momentum), strict=False))


def _optimizers(training: TrainConfig) -> tuple[str, ...]:
    """Of all phases."""
    return (
        (training.optimizer, training.finetuning_optimizer) if training.mode == "fine_tune" else (training.optimizer,)
    )
