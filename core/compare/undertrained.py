"""Of two runs, the one that is behind and whose validation loss was still falling when its epochs were over."""

import math

from core.compare.paired import Pairs
from core.store.runs import Run

FEWEST_EPOCHS = 3
"""Epochs from which on a fall has a last third."""

MUCH = 0.03
"""Part of the loss of equal probabilities that the last third has to fall by, and that a gap has to be: less is
noise."""

CATCHES_UP = 0.25
"""Part of the gap that the last third has to fall by: then it matters to the gap how long the run was trained."""


def undertrained(a: Run, b: Run, pairs: Pairs | str) -> list[str]:
    """A sentence on the run with the higher loss and no better accuracy, where more epochs might have lowered it.

    Measured on histories of heads (tests/course/histories.json) cut off after 3 to 15 epochs, where a loss fell by 3 %
    in the last third: of 116 it fell on by half as much again, at least, in 100, and in 3 it was never lower.

    Args:
        a: Run.
        b: Run.
        pairs: Pairs or str. Their validation images; losses on different images say nothing of each other.

    Raises:
        RunError: the configuration of a run cannot be read.
    """
    if isinstance(pairs, str):
        return []
    for behind, ahead, side, other in ((a, b, "A", "B"), (b, a, "B", "A")):
        if said := _said(behind, ahead, side, other):
            return [said]
    return []


def _said(behind: Run, ahead: Run, side: str, other: str) -> str:
    losses, lowest = _losses(behind), min(_losses(ahead), default=None)
    if lowest is None or not _has_ended(behind) or not _is_no_better(behind, ahead):
        return ""
    if len(losses) < FEWEST_EPOCHS or losses[-1] > min(losses):
        return ""
    third, much = len(losses) // 3, MUCH * math.log(len(behind.classes()))
    began, middle, last = losses[-2 * third - 1], losses[-third - 1], losses[-1]
    gap, fell = last - lowest, middle - last
    if gap < much or began <= middle or fell < max(much, CATCHES_UP * gap):
        return ""
    return (
        f"{side} is behind, and its epochs were over while its validation loss was still falling: {began:.3f}, "
        f"{middle:.3f}, {last:.3f} at equal intervals until epoch {len(losses)}; that of {other} is {lowest:.3f}. A "
        f"part of the gap, or all of it, may come from too few epochs: train {side} for more of them "
        "before you look for another cause."
    )


def _losses(run: Run) -> list[float]:
    """Log loss of the validation images, epoch by epoch; empty where it is not known of all of them."""
    trace = run.trace()
    losses = [epoch.log_loss for epoch in trace.epochs] if trace else []
    known = [loss for loss in losses if loss is not None]
    return known if len(known) == len(losses) else []


def _has_ended(run: Run) -> bool:
    """Whether all planned epochs are over, at a rate that no schedule has lowered to nothing."""
    if run.recorded() or run.read_status().status != "finished":
        return False
    training = run.config().training
    return training.mode != "fine_tune" and training.schedule == "none" and len(run.epochs()) >= training.most_epochs


def _is_no_better(behind: Run, ahead: Run) -> bool:
    """By the accuracy of the models that were saved."""
    one, other = behind.figures("val"), ahead.figures("val")
    return one is not None and other is not None and one.accuracy <= other.accuracy
