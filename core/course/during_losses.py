"""Checks during a training: what its validation loss is made of, and whether its probabilities are worse than none."""

from typing import TYPE_CHECKING, NamedTuple

from core.checks.finding import Finding
from core.course.during_weights import loss_leapt
from core.course.training_record import TrainingRecord
from core.stats.metrics import wilson
from core.stats.percent import percent

if TYPE_CHECKING:
    from core.store.trace_record import TracedEpoch

MOSTLY = 0.5
"""Share of the validation loss from which on it is made mostly of penalties."""

HARDLY = 0.9
"""Share of the loss of equal probabilities above which answers that are right by and large say hardly anything."""

WAIT = 3
"""Epochs without a lower loss after which a loss is taken to stay where it is."""


class _Harm(NamedTuple):
    """What penalties do, and what to do about it."""

    severity: str
    claim: str
    remedy: str
    change: dict[str, object]


def penalty_in_loss(record: TrainingRecord) -> Finding | None:
    """Most of the validation loss are L2 penalties of the head's weights, and they mislead: they hold the weights so
    small that all probabilities are nearly equal, choose the epoch that is kept, or make the loss look worse than that
    of guessing. A large penalty alone is no fault: a head of many weights has one, and learns."""
    kept = record.kept
    penalty = _penalty(record, kept)
    if not record.is_over(WAIT) or penalty is None or kept.val_loss is None or kept.log_loss is None:
        return None
    harm = _harm(record, kept)
    if penalty < MOSTLY * kept.val_loss or harm is None:
        return None
    return Finding(
        "penalty-in-loss",
        harm.severity,
        f"Of the validation loss of {kept.val_loss:.3f} in epoch {kept.epoch}, {penalty:.3f} "
        f"({percent(penalty / kept.val_loss, 0)}) are L2 penalties of the head's weights; the log loss of its "
        f"probabilities is {kept.log_loss:.3f}. {harm.claim}",
        {
            "val_loss": kept.val_loss,
            "log_loss": kept.log_loss,
            "penalty": penalty,
            "log_losses": [epoch.log_loss for epoch in record.epochs],
        },
        harm.remedy,
        harm.change,
    )


def _harm(record: TrainingRecord, kept: "TracedEpoch") -> _Harm | None:
    """What the penalties do to the epoch that is kept, the worst of it; None where it is nothing."""
    chance, loss = record.chance_loss, kept.log_loss or 0.0
    best = record.lowest("log_loss")
    watch: dict[str, object] = {"training.val_loss": "log_loss"}
    if loss >= HARDLY * chance and _finds_classes(record, kept):
        return _Harm(
            "warning",
            "They hold the weights so small that all probabilities are nearly equal, which would give a log loss of "
            f"{chance:.3f}.",
            "Use a smaller l2 in model.head, for instance a hundredth of it.",
            {},
        )
    if loss > 1.2 * (best.log_loss or 0.0) + 0.02 and record.config.training.early_stopping > 0:
        return _Harm(
            "warning",
            f"Epoch {kept.epoch} is kept because of its penalties: log loss was {best.log_loss:.3f} in epoch "
            f"{best.epoch}.",
            "Let early stopping watch the probabilities alone: training.val_loss=log_loss.",
            watch,
        )
    if loss < HARDLY * chance < chance < (kept.val_loss or 0.0):
        return _Harm(
            "info",
            f"So the loss is above that of equal probabilities, {chance:.3f}, although the answers are much better, "
            "and its fall shows smaller weights rather than better answers.",
            "Judge by the log loss, and compare runs by it; training.val_loss=log_loss shows it in every epoch.",
            watch,
        )
    return None


def worse_than_equal(record: TrainingRecord) -> Finding | None:
    """Validation images are classified better than by the most frequent class, and yet their log loss is above that of
    equal probabilities: where the answers are wrong, they are far too sure. The accuracy does not show it."""
    kept = record.kept
    if not record.is_over(WAIT) or kept.log_loss is None or kept.log_loss <= record.chance_loss:
        return None
    if not _finds_classes(record, kept) or kept.val_accuracy is None or loss_leapt(record):
        return None  # that one says it of training, too
    sure = "" if kept.confidence is None else f", with a mean probability of {kept.confidence:.2f} for the answer"
    off = record.config.training.early_stopping == 0
    return Finding(
        "worse-than-equal",
        "warning",
        f"In epoch {kept.epoch} accuracy on validation is {kept.val_accuracy:.3f}{sure}, but log loss is "
        f"{kept.log_loss:.3f}, above that of equal probabilities for all {len(record.classes)} classes, "
        f"{record.chance_loss:.3f}: wrong answers are given far too surely, which the accuracy does not show. Do not "
        "rely on the probabilities.",
        {
            "log_loss": kept.log_loss,
            "chance_loss": record.chance_loss,
            "val_accuracy": kept.val_accuracy,
            "confidence": kept.confidence,
            "log_losses": [epoch.log_loss for epoch in record.epochs],
        },
        "Calibrate the probabilities (predict --calibrated), or train with "
        + ("training.early_stopping=5." if off else "a lower learning rate."),
        {"training.early_stopping": 5} if off else {},
    )


def _penalty(record: TrainingRecord, epoch: "TracedEpoch") -> float | None:
    """What the penalties add to a validation loss; None where it holds something else too, or is not known."""
    training = record.config.training
    if training.label_smoothing or training.focal_gamma or training.val_loss == "log_loss":
        return None
    penalised = record.config.model.whole_head.is_penalised  # else the two differ by how probabilities are clipped
    if not penalised or epoch.val_log_loss is None or epoch.val_loss is None:
        return None
    return max(0.0, epoch.val_loss - epoch.val_log_loss)


def _finds_classes(record: TrainingRecord, epoch: "TracedEpoch") -> bool:
    """Whether the validation images of an epoch are told apart, by accuracy or by AUC, beyond chance."""
    if epoch.val_accuracy is None or not record.has_learnt:
        return False
    return wilson(round(epoch.val_accuracy * record.count), record.count)[0] > record.majority[1]
