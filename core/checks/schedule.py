"""Check of the learning-rate schedule: epochs that are trained with next to no rate, or all of them with too little."""

import math

from core.checks.context import Context, percent
from core.checks.finding import Finding
from core.checks.learning_rate import FEWEST, reach
from core.config import RunConfig
from core.data.order import batches_per_epoch

NIL = 1e-3
"""Share of the rate at which a thousand steps count as one at the start: nothing is learned then that counts."""

_MOST = 1 / 3
"""Share of the planned epochs that may pass so: the last ones of a cosine that ends at 0 do."""

_END = 0.1
"""Share of the rate at the end that is proposed where a schedule of all epochs leaves too little."""

_HALF = 0.5
"""Part of the rate times the steps that a head needs, below which a schedule leaves too little of it."""


def rate_falls_early(context: Context) -> Finding | None:
    """The schedule has taken the learning rate away long before the planned epochs are over, or so soon that too little
    of it is left for the head to learn with."""
    return falls_early(context.config) or too_little_left(context.config, len(context.train))


def too_little_left(config: RunConfig, count: int) -> Finding | None:
    """The rate is high enough for the steps of the head, but not what the schedule leaves of it."""
    training = config.training
    steps = training.epochs * batches_per_epoch(count, config.data.batch_size, config.data.drop_remainder)
    suits = training.is_frozen or training.mode == "fine_tune"  # a backbone that trains wants a low rate
    if training.schedule == "none" or steps < FEWEST or not suits:
        return None
    length = training.schedule_epochs or training.epochs
    shares = [share_left(training.schedule, (epoch + 0.5) / length, training.schedule_end)
              for epoch in range(training.epochs)]  # fmt: skip
    mean, needed = sum(shares) / len(shares), reach(config)
    way = training.learning_rate * steps
    if way < needed or way * mean >= _HALF * needed:
        return None
    return Finding(
        "rate-falls-early",
        "warning",
        f"On average {percent(mean)} of the learning rate of {training.learning_rate:g} is left over the "
        f"{training.epochs} epochs ({_settings(config)}): too little for {steps:,} steps, which need a mean of "
        f"{needed / steps:.2g}.",
        {**_evidence(config), "epochs": training.epochs, "mean_share": round(mean, 4), "steps": steps},
        "Let the schedule last for all planned epochs: training.schedule_epochs=0."
        if training.schedule_epochs
        else f"Let it end higher (training.schedule_end={_END:g}), or train for more epochs.",
        {"training.schedule_epochs": 0} if training.schedule_epochs else {"training.schedule_end": _END},
    )


def falls_early(config: RunConfig) -> Finding | None:
    """The same from the settings; the first phase in which it is so counts: the head's, or one of fine-tuning."""
    training = config.training
    if training.schedule == "none":
        return None
    phases = [("", training.epochs)]
    if training.mode == "fine_tune":
        phases.append((" of each stage of fine-tuning", training.finetune_epochs))
    for where, planned in phases:
        length = training.schedule_epochs or planned
        shares = [share_left(training.schedule, epoch / length, training.schedule_end) for epoch in range(planned)]
        nil = sum(share < NIL for share in shares)
        if nil > _MOST * planned:
            return _finding(config, where, planned, nil)
    return None


def share_left(schedule: str, time: float, end: float) -> float:
    """Share of the learning rate that is left, as Keras' CosineDecay and ExponentialDecay have it.

    Args:
        schedule: str. `cosine` or `exponential`.
        time: float. In lengths of the schedule, 0 or more.
        end: float. Share at time 1, 0 to 1.

    Returns:
        0 to 1.
    """
    if schedule == "exponential":
        return float(end**time)
    return end + (1 - end) * (1 + math.cos(math.pi * min(time, 1.0))) / 2


def _settings(config: RunConfig) -> str:
    """The schedule in words."""
    training = config.training
    return (
        f"{training.schedule}, training.schedule_epochs={training.schedule_epochs}, "
        f"training.schedule_end={training.schedule_end:g}"
    )


def _evidence(config: RunConfig) -> dict[str, object]:
    return {name: getattr(config.training, name) for name in ("schedule", "schedule_epochs", "schedule_end")}


def _finding(config: RunConfig, where: str, planned: int, nil: int) -> Finding:
    return Finding(
        "rate-falls-early",
        "warning",
        f"From epoch {planned - nil + 1} of {planned}{where} on the learning rate is less than a thousandth of what it "
        f"was at the start ({_settings(config)}): the last {nil} epochs hardly change any weight.",
        {**_evidence(config), "epochs": planned, "epochs_without_rate": nil},
        "Let the schedule last for all planned epochs (training.schedule_epochs=0) and end above 0.",
        {"training.schedule_epochs": 0, "training.schedule_end": max(config.training.schedule_end, 0.01)},
    )
