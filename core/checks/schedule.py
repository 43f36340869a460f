"""Check of the learning-rate schedule: epochs that are trained with next to no rate."""

import math

from core.checks.context import Context
from core.checks.finding import Finding
from core.config import RunConfig

NIL = 1e-3
"""Share of the rate at which a thousand steps count as one at the start: nothing is learned then that counts."""

_MOST = 1 / 3
"""Share of the planned epochs that may pass so: the last ones of a cosine that ends at 0 do."""


def rate_falls_early(context: Context) -> Finding | None:
    """The schedule has taken the learning rate away long before the planned epochs are over."""
    return falls_early(context.config)


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


def _finding(config: RunConfig, where: str, planned: int, nil: int) -> Finding:
    training = config.training
    return Finding(
        "rate-falls-early",
        "warning",
        f"From epoch {planned - nil + 1} of {planned}{where} on the learning rate is less than a thousandth of what it "
        f"was at the start ({training.schedule}, training.schedule_epochs={training.schedule_epochs}, "
        f"training.schedule_end={training.schedule_end:g}): the last {nil} epochs hardly change any weight.",
        {
            "schedule": training.schedule, "schedule_epochs": training.schedule_epochs,
            "schedule_end": training.schedule_end, "epochs": planned, "epochs_without_rate": nil,
        },
        "Let the schedule last for all planned epochs (training.schedule_epochs=0) and end above 0.",
        {"training.schedule_epochs": 0, "training.schedule_end": max(training.schedule_end, 0.01)},
    )  # fmt: skip
