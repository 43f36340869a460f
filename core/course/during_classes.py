"""Check during a training: a class whose validation images are found less often than by guessing, while others are."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.checks.context import named
from core.checks.finding import Finding
from core.course.training_record import TrainingRecord
from core.stats.metrics import wilson

if TYPE_CHECKING:
    from core.store.trace_record import TracedEpoch

WAIT = 3
"""Epochs without a lower loss after which a class that is not found is said to be that."""

OTHERS = 0.5
"""Mean recall of the other classes from which on it is this class, and not the training as a whole."""


def class_not_found(record: TrainingRecord) -> Finding | None:
    """Of one class hardly any validation image gets its name, fewer than by guessing, though the other classes are
    found: its training images are wrong or few, its validation images are others, or the head has no room for it.
    Accuracy hides it."""
    looked_at = (record.kept, *record.epochs[-2:])
    if not record.is_over(WAIT) or not record.has_learnt or not all(epoch.confusion for epoch in looked_at):
        return None
    missed = set.intersection(*(_missed(epoch) for epoch in looked_at))
    table = np.array(record.kept.confusion)
    if not missed or _other_recall(table, missed) < OTHERS:
        return None
    told = [_words(table, record.classes, k) for k in sorted(missed)]
    count = "one class" if len(told) == 1 else f"{len(told)} classes"
    return Finding(
        "class-not-found",
        "warning",
        f"In epoch {record.kept.epoch} validation images of {count} are found less often than by guessing: "
        f"{'; '.join(told[:3])}. Of the other classes {100 * _other_recall(table, missed):.0f} % are found. Training "
        f"accuracy is {record.kept.accuracy or 0:.3f}.",
        {
            "classes": [record.classes[k] for k in sorted(missed)],
            "found": [int(table[k, k]) for k in sorted(missed)],
            "images": [int(table[k].sum()) for k in sorted(missed)],
            "confusion": record.kept.confusion,
        },
        f"Look at the images of {named([record.classes[k] for k in sorted(missed)[:3]])} in training and in "
        "validation: they may be in the wrong folder in one of the two, show something else, or be too few. If they "
        "are right, the head may be too small (model.head) or trained too briefly.",
    )


def _missed(epoch: "TracedEpoch") -> set[int]:
    """Classes whose recall is below what guessing gives, by Wilson's 95 % CI; of two classes below half of that."""
    table = np.array(epoch.confusion)
    chance = 1 / len(table) if len(table) > 2 else 0.25
    return {k for k, row in enumerate(table) if row.sum() and wilson(int(row[k]), int(row.sum()))[1] < chance}


def _other_recall(table: NDArray[np.integer], missed: set[int]) -> float:
    """Mean recall of the classes that are not missed; 0 without any."""
    others = [row[k] / row.sum() for k, row in enumerate(table) if k not in missed and row.sum()]
    return float(np.mean(others)) if others else 0.0


def _words(table: NDArray[np.integer], classes: list[str], k: int) -> str:
    row = table[k]
    taken = int(np.argmax(np.where(np.arange(len(row)) == k, -1, row)))
    return (
        f"{row[k]} of {row.sum()} of {named([classes[k]])}, most often predicted as {named([classes[taken]])} "
        f"({row[taken]})"
    )
