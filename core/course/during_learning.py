"""Checks during a training: nothing learned from the training images, a loss that was still falling at the end."""

from typing import TYPE_CHECKING

from core.checks.finding import Finding
from core.course.contradictions import answers_reversed, one_class_on_validation, validation_at_chance
from core.course.during_answers import (
    class_imbalance_baseline,
    constant_predictor,
    loss_near_ln_k,
    majority_accuracy_high_auc,
)
from core.course.during_weights import loss_leapt
from core.course.training_record import TrainingRecord
from core.stats.metrics import wilson

if TYPE_CHECKING:
    from core.store.trace_record import TracedEpoch

FEWEST_EPOCHS = 5
"""Epochs from which on it can be told whether a loss falls evenly."""

FEWEST_IMAGES = 40
"""Validation images from which on it is worth saying that they were guessed."""

SMALL = 0.1
"""Distance of an AUC of several classes from one half that is taken for chance."""

EVEN = 0.5
"""Part of the pace of the middle third that the last third of an even fall keeps; a fall that flattens out has less."""

FAR = 0.4
"""Share of the loss of equal probabilities above which a loss is far from done."""


def nothing_learnt(record: TrainingRecord) -> Finding | None:
    """Classes of the training images themselves are separated no better than at random, whatever the loss is."""
    recent = record.epochs[-2:]
    aucs = [record.train_aucs.get(epoch.epoch) for epoch in recent]
    accuracies = [epoch.accuracy for epoch in recent]
    if record.number < 3 or any(value is None for value in (*aucs, *accuracies)) or (record.last.val_auc or 0) >= 0.8:
        return None
    if max(a or 0 for a in aucs) > 0.55 or max(a or 0 for a in accuracies) > record.train_majority + 0.05:
        return None
    return Finding(
        "nothing-learnt",
        "warning",
        f"After {record.number} epochs AUC is {aucs[-1]:.3f} and accuracy {accuracies[-1]:.3f} on the training "
        f"images themselves, where always predicting the most frequent class gives {record.train_majority:.3f}.",
        {
            "train_auc": aucs[-1],
            "accuracy": accuracies[-1],
            "majority_share": record.train_majority,
            "learning_rate": record.rate,
            "losses": [epoch.loss for epoch in record.epochs],
        },
        "Begin with the recommended settings, data.preprocessing=backbone and a frozen pretrained backbone; if "
        "nothing is learned then either, look at images of each class." + _augmented(record),
    )


def no_better_than_chance(record: TrainingRecord) -> Finding | None:
    """The training is over, and its answers on validation cannot be told from guessing, by accuracy or by AUC: as with
    labels of training images that are wrong by the half, which a head learns a little of by heart."""
    told = (
        answers_reversed, one_class_on_validation, validation_at_chance, class_imbalance_baseline, constant_predictor,
        loss_near_ln_k, majority_accuracy_high_auc, nothing_learnt,
    )  # fmt: skip
    looked_at = {epoch.epoch: epoch for epoch in (record.kept, *record.epochs[-2:])}
    few = record.count < FEWEST_IMAGES or record.number < FEWEST_EPOCHS
    if few or not record.is_over() or not all(_is_chance(record, epoch) for epoch in looked_at.values()):
        return None
    if any(check(record) for check in told):
        return None  # that one says more
    kept, (name, share) = record.kept, record.majority
    ranks = "" if kept.val_auc is None else f", and AUC is {kept.val_auc:.3f}"
    return Finding(
        "no-better-than-chance",
        "warning",
        f"Accuracy on validation is {kept.val_accuracy or 0:.3f} in epoch {kept.epoch}, which is kept, where always "
        f"predicting “{name}” would give {share:.3f}{ranks}: on {record.count} images this cannot be told from "
        f"guessing. Training accuracy is {kept.accuracy or 0:.3f} there and {record.last.accuracy or 0:.3f} in epoch "
        f"{record.number}.",
        {
            "val_accuracy": [epoch.val_accuracy for epoch in record.epochs],
            "val_auc": [epoch.val_auc for epoch in record.epochs],
            "accuracy": record.last.accuracy,
            "train_auc": record.train_auc,
            "majority_share": share,
        },
        "Check whether the labels of the training images are right and can be predicted from the images at all (the "
        "review of labels on the Dataset page); then try a larger image size, another backbone or more images."
        + _augmented(record),
    )


def _augmented(record: TrainingRecord) -> str:
    """What else may be wrong where training images are changed: a flip exchanges classes that differ in left and
    right."""
    steps = record.config.data.augmentation
    if steps == "none":
        return ""
    return f" Train once with data.augmentation=none: a step of it ({steps}) may change what tells the classes apart."


def _is_chance(record: TrainingRecord, epoch: "TracedEpoch") -> bool:
    """Whether accuracy and AUC of an epoch are within what guessing gives."""
    if epoch.val_accuracy is None:
        return False
    if wilson(round(epoch.val_accuracy * record.count), record.count)[0] > record.majority[1]:
        return False
    error = record.auc_error
    return epoch.val_auc is None or abs(epoch.val_auc - 0.5) <= (2 * error if error is not None else SMALL)


def still_falling(record: TrainingRecord) -> Finding | None:
    """The run has ended while validation loss fell as evenly as before, far above zero: the steps were too short or too
    few. A loss that flattens out at the same height is that of hard images."""
    losses = [epoch.log_loss for epoch in record.epochs if epoch.phase == record.last.phase]
    known = [loss for loss in losses if loss is not None]
    ended = record.number >= record.config.training.most_epochs
    if not ended or len(known) < max(FEWEST_EPOCHS, len(losses)) or record.config.training.schedule != "none":
        return None
    third = max(1, len(known) // 3)
    last, middle = known[-third - 1] - known[-1], known[-2 * third - 1] - known[-third - 1]
    level = known[-1] / record.chance_loss
    ahead = (record.last.accuracy or 0.0) > (record.last.val_accuracy or 0.0) + 0.1  # then it learns by heart
    if middle <= 0 or loss_leapt(record):
        return None  # it goes up and down, or the steps are too large rather than too short
    if ahead or known[-1] > min(known) or last < EVEN * middle or last < 0.01 * record.chance_loss or level < FAR:
        return None
    return Finding(
        "still-falling",
        "warning" if level > 0.6 else "info",
        f"The run ended in epoch {record.number} while validation loss was still falling evenly: "
        f"{known[-2 * third - 1]:.3f}, {known[-third - 1]:.3f}, {known[-1]:.3f} at equal intervals; equal "
        f"probabilities would give {record.chance_loss:.3f}. Its figures are those of an undertrained head.",
        {"val_losses": losses, "learning_rate": record.rate, "chance_loss": record.chance_loss},
        f"Use a higher learning rate, for instance {record.rate_key}={10 * record.rate:g}, or more epochs."
        if 10 * record.rate <= 10
        else "Use more epochs.",
        {record.rate_key: 10 * record.rate} if 10 * record.rate <= 10 else {},
    )
