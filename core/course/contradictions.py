"""Checks during a training: validation that contradicts it (reversed, at chance, one class for all, far better)."""

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from core.checks.context import named, percent
from core.checks.finding import Finding
from core.course.training_record import TrainingRecord
from core.stats.metrics import wilson

SURE = 3.5
"""Standard errors beyond which a figure is no chance: of 2,000 healthy epochs it would be one."""

WELL_BELOW = 0.4
"""AUC below which it is said: in a set of many images .47 can be no chance and still be of no weight."""

BY_HEART = 0.95
"""Training accuracy from which on it is near 1."""

LATE = 5
"""Epochs from which on a training that is not near 1 yet counts, too."""

CONFIDENT = 0.9
"""Mean probability of the class that is answered, from which on the answers are sure."""


def answers_reversed(record: TrainingRecord) -> Finding | None:
    """Validation answers that are wrong in an orderly way, while training goes well: classes are exchanged there.

    Of two classes an AUC well below one half; of any number classes whose images are mostly predicted as each other. A
    head that has learned nothing has any AUC, so training must have gone the right way.
    """
    if not record.is_settled or not record.has_learnt:
        return None
    return _exchanged(record) if len(record.classes) > 2 else _below_half(record)


def _below_half(record: TrainingRecord) -> Finding | None:
    recent, error = record.epochs[-2:], record.auc_error
    highest = max((1.0 if epoch.val_auc is None else epoch.val_auc for epoch in recent), default=1.0)
    if error is None or highest > min(WELL_BELOW, 0.5 - SURE * error):
        return None
    auc = record.last.val_auc or 0.0
    how = f" and AUC {record.train_auc:.3f}" if record.train_auc is not None else ""
    return Finding(
        "answers-reversed",
        "error",
        f"Validation AUC is {auc:.3f} in epoch {record.number}, where random predictions give {0.5 - 2 * error:.2f} "
        f"to {0.5 + 2 * error:.2f} on {record.count} images, while training accuracy is "
        f"{record.last.accuracy or 0:.3f}{how}: predictions on validation are reversed (with the two classes "
        f"swapped there, AUC would be {1 - auc:.3f}).",
        {
            "val_auc": [epoch.val_auc for epoch in record.epochs],
            "chance": [round(0.5 - 2 * error, 3), round(0.5 + 2 * error, 3)],
            "train_auc": record.train_auc,
            "accuracy": record.last.accuracy,
        },
        f"Look at images of {named(record.classes)} in training and in validation: either the folders or labels of "
        "one split are swapped, or the images of one class share something in training (a mark, a border, a "
        "source) that those of the other class have in validation.",
    )


def _exchanged(record: TrainingRecord) -> Finding | None:
    """Classes that are mostly taken for each other, around a circle."""
    table = np.array(record.confusion)
    circles = exchanged_classes(table) if table.size else []
    earlier = record.epochs[-2].confusion if len(record.epochs) > 1 else []
    if earlier:  # classes that cannot be told apart are taken for each other in one epoch, and not in the next
        known = [set(_steps(circle)) for circle in exchanged_classes(np.array(earlier))]
        circles = [circle for circle in circles if set(_steps(circle)) in known]
    if not circles:
        return None
    names = ["; ".join(_called(record.classes, circle) for circle in circles[:3])]
    moved = [k for circle in circles for k in circle]
    own = int(table[moved, moved].sum())
    other = int(sum(table[a, b] for circle in circles for a, b in _steps(circle)))
    count = int(table[moved].sum())
    return Finding(
        "answers-reversed",
        "error",
        f"After epoch {record.number} validation images of {len(moved)} classes are predicted as each other "
        f"({names[0]}): {other} of {count}, and {own} correctly. Training accuracy is "
        f"{record.last.accuracy or 0:.3f}.",
        {
            "classes": [[record.classes[k] for k in circle] for circle in circles],
            "images": count,
            "called_by_the_other_name": other,
            "called_by_their_own": own,
            "confusion": record.confusion,
        },
        "Compare images of these classes in training and in validation: their folders or indices are swapped in one "
        "of the two, as when each split numbers its classes by itself.",
    )


def exchanged_classes(table: NDArray[np.integer]) -> list[list[int]]:
    """Cycles of classes whose images are mostly predicted as the next one.

    In each class of a circle more than half of the images have the next one's name, and over all of them the new names
    win over their own by more than chance (3.5 standard errors): a class that swallows another makes no circle.

    Args:
        table: integer array of shape `(classes, classes)`. Row the true class, column the answer.
    """
    called: list[int] = table.argmax(axis=1).tolist()
    circles, seen = [], set[int]()
    for start in range(len(called)):
        path, k = list[int](), start
        while k not in seen:
            seen.add(k)
            path.append(k)
            k = called[k]
        circle = path[path.index(k) :] if k in path else []
        if len(circle) > 1 and _wins(table, circle):
            circles.append(circle)
    return circles


def _wins(table: NDArray[np.integer], circle: list[int]) -> bool:
    new = [int(table[a, b]) for a, b in _steps(circle)]
    if any(2 * count <= int(table[a].sum()) for count, a in zip(new, circle, strict=True)):
        return False
    old = int(sum(table[a, a] for a in circle))
    return sum(new) - old > SURE * sqrt(sum(new) + old)


def _steps(circle: list[int]) -> list[tuple[int, int]]:
    return list(zip(circle, [*circle[1:], circle[0]], strict=True))


def _called(classes: list[str], circle: list[int]) -> str:
    return ", ".join(f"{named([classes[a]])} as {named([classes[b]])}" for a, b in _steps(circle)[:4])


def validation_at_chance(record: TrainingRecord) -> Finding | None:
    """Training goes well, and validation is not shown to be better than always naming the most frequent class, nor to
    rank the images, on images enough to exclude half of what training has gained: little that was learned holds there.
    An error where training is nearly right.

    Simulated with training nearly right: a network that is right on 69 % of other images has this said of it in 13 % of
    sets of 20 images and 9 % of 40 (64 and 35 % without the upper end and with 3.5 standard errors of the AUC)."""
    last, (name, share) = record.last, record.majority
    if not record.is_settled or last.accuracy is None or last.val_accuracy is None or not _is_far_ahead(record):
        return None
    low, high = wilson(round(last.val_accuracy * record.count), record.count)
    error, auc = record.auc_error, last.val_auc
    ranks = auc is not None and error is not None and abs(auc - 0.5) > max(0.1, 2 * error)
    if low > share or record.count < 20 or ranks or last.accuracy < share + 0.1:
        return None
    if high >= (share + last.accuracy) / 2:
        return None  # too few images to say that it does not hold
    return Finding(
        "validation-at-chance",
        "error" if last.accuracy >= BY_HEART else "warning",
        f"In epoch {record.number} accuracy is {last.accuracy:.3f} in training and {last.val_accuracy:.3f} on "
        f"validation, where always predicting {named([name])} would give "
        f"{share:.3f}{'' if auc is None else f'; AUC there is {auc:.3f}'}: on these {record.count} images nothing "
        "shows that what was learned in training holds.",
        {
            "accuracy": last.accuracy,
            "val_accuracy": last.val_accuracy,
            "val_auc": auc,
            "majority_class": name,
            "majority_share": share,
            "validation_pictures": record.count,
        },
        "Check whether the labels can be predicted from the images at all (the review of labels on the Dataset "
        "page), and whether the validation images resemble the training images; then train a smaller head on more "
        "images.",
    )


def _is_far_ahead(record: TrainingRecord) -> bool:
    """Whether training is nearly right, or, after some epochs, better than validation by more than chance."""
    now, then = record.last.accuracy or 0.0, record.last.val_accuracy or 0.0
    if now >= BY_HEART:
        return True
    counts = ((now, record.train_count), (then, record.count))
    error = sqrt(sum(_variance(share) / count for share, count in counts if count))
    return record.number >= LATE and record.has_learnt and now - then > SURE * error


def one_class_on_validation(record: TrainingRecord) -> Finding | None:
    """Nearly all validation images get one class, with confident predictions, while training separates the classes."""
    recent = record.epochs[-2:]
    last, (_, share) = record.last, record.majority
    same = {epoch.predicted_class if epoch.predicted_share >= 0.95 else "" for epoch in recent}
    sure = last.confidence is not None and last.confidence >= CONFIDENT
    if not record.is_settled or len(recent) < 2 or len(same) != 1 or "" in same or not sure or share > 0.8:
        return None
    if last.accuracy is None or last.accuracy < record.train_majority + 0.1:
        return None
    return Finding(
        "one-class-on-validation",
        "error",
        f"In epoch {record.number} {percent(last.predicted_share)} of the validation images are predicted as "
        f"{named([last.predicted_class])}, with a mean probability of {last.confidence:.2f}, though at most "
        f"{percent(share)} are of one class; training accuracy is {last.accuracy:.3f}.",
        {
            "predicted_class": last.predicted_class,
            "predicted_share": last.predicted_share,
            "confidence": last.confidence,
            "accuracy": last.accuracy,
            "val_accuracy": last.val_accuracy,
            "val_auc": last.val_auc,
        },
        "Compare images of one class from training and validation: their brightness, colours, sharpness or format "
        "differ, or they were preprocessed differently.",
    )


def validation_far_better(record: TrainingRecord) -> Finding | None:
    """Accuracy on validation is far above that in training: its images are easier, or known, or the training labels
    are wrong. Dropout and augmentation hold training back, and are no fault."""
    recent = record.epochs[-2:]
    pairs = [(e.val_accuracy, e.accuracy) for e in recent if e.val_accuracy is not None and e.accuracy is not None]
    if record.number < 4 or len(pairs) < 2 or record.count < 20:
        return None
    better = min(val - train for val, train in pairs)
    error = sqrt(sum(_variance(p) / n for p, n in zip(pairs[-1], (record.count, record.train_count), strict=True) if n))
    if better < max(0.1, SURE * error):
        return None
    last, held_back = record.last, record.held_back
    because = (
        f" The training images are seen {' and '.join(held_back)}, which lowers training accuracy." if held_back else ""
    )
    return Finding(
        "validation-far-better",
        "info" if held_back else "warning",
        f"In epoch {record.number} accuracy is {last.val_accuracy:.3f} on validation and {last.accuracy:.3f} in "
        f"training.{because}",
        {"accuracy": last.accuracy, "val_accuracy": last.val_accuracy, "held_back_by": held_back},
        ""
        if held_back
        else "Labels of training images may be wrong (the review of labels on the Dataset page finds likely ones), or "
        "the validation images are easier, or copies of training images.",
    )


def _variance(share: float) -> float:
    """Of one answer; a share of 1 out of few is not without error."""
    return max(share * (1 - share), 0.01)
