"""Checks during a training: validation answers (one class for all, dead units), loss, overfitting."""

from typing import TYPE_CHECKING

from core.checks.finding import Finding
from core.course.contradictions import one_class_on_validation
from core.course.training_record import TrainingRecord
from core.stats.curve_rise import rises_beyond_noise
from core.stats.metrics import wilson
from core.stats.percent import percent

if TYPE_CHECKING:
    from core.store.trace_record import TracedEpoch


SETTLED = 3
"""Epochs after which an accuracy or loss that has not moved means something."""

CONSTANT = 1e-4
"""Standard deviation of the predictions below which they are one and the same number."""

ONE_CLASS = 0.98
"""Share of one predicted class from which on the answer is always the same."""

HIGH_AUC = 0.8

UNEQUAL = 0.8
"""Share of the most frequent class above which naming it for nearly all images is no sign of a shifted threshold."""

FOUND = 0.25
"""Mean recall above that of one class for all, from which on the rarer classes are found."""

DEAD = 0.9


def majority_accuracy_high_auc(record: TrainingRecord) -> Finding | None:
    """Every image gets the same class, yet the probabilities rank the images well: the fingerprint of class order.
    A high AUC at chance accuracy also fits a mismatch between training and validation; a low one decides nothing."""
    recent = record.epochs[-2:]
    if (len(recent) < 2 and record.config.training.epochs > 1) or record.majority[1] > UNEQUAL:
        return None  # where nearly all are of one class, nearly all are rightly called by its name
    if not all(epoch.predicted_share >= ONE_CLASS and (epoch.val_auc or 0) >= HIGH_AUC for epoch in recent):
        return None
    last, best = record.last, record.last.best_threshold_accuracy
    if last.val_accuracy is None:
        return None
    another = f", and another threshold would give accuracy {best:.3f}" if best is not None else ""
    order = record.order
    reason = (
        f"This is consistent with class-ordered batches, and the recorded order is class by class: {order.words()}."
        if order.is_class_ordered
        else f"This is typical of class-ordered batches, but here {order.words()}; so it is consistent with "
        "different preprocessing or a different class balance in validation."
    )
    return Finding(
        "majority-accuracy-high-auc",
        "error",
        f"In epoch {record.number} {percent(last.predicted_share, 0)} of the validation images are predicted as "
        f"“{last.predicted_class}”, so accuracy is {last.val_accuracy:.3f}, its share; but AUC is "
        f"{last.val_auc:.3f}{another}. The model separates the classes, but not at this threshold. {reason}",
        {
            **_answers(last),
            "best_threshold_accuracy": best,
            **order.evidence(),
        },
        "Shuffle the samples in every epoch: data.shuffle=samples."
        if order.is_class_ordered
        else "Compare the pixels of training and validation images, and their class balance.",
        {"data.shuffle": "samples"} if order.is_class_ordered else {},
    )


def constant_predictor(record: TrainingRecord) -> Finding | None:
    """All validation images get one and the same probability: the network ignores the image."""
    last = record.last
    if last.prediction_std is None or last.prediction_std >= CONSTANT or last.predicted_share < 1:
        return None
    if one_class_on_validation(record):
        return None  # the training images are told apart, so it is not the network that ignores them
    return Finding(
        "constant-predictor",
        "error",
        f"After epoch {record.number} all {record.count} validation images get the same prediction, "
        f"“{last.predicted_class}”, with the same probability: its standard deviation is {last.prediction_std:.1g}.",
        {
            **_answers(last),
            "dead_units": last.dead_units,
            "base_moved": record.base_moved,
            "learning_rate": record.rate,
            **record.order.evidence(),
        },
        _remedy(record),
        {"data.shuffle": "samples"} if record.order.is_class_ordered else {},
    )


def dead_relu_head(record: TrainingRecord) -> Finding | None:
    """Hidden units of the head that are active on no image pass nothing on and no longer learn."""
    dead = record.last.dead_units
    if dead is None or dead <= DEAD:
        return None
    units = record.config.model.whole_head.rectified_units
    count = round(dead * units)
    many = f"all {units} hidden ReLU units" if count == units else f"{count} of {units} hidden ReLU units"
    return Finding(
        "dead-relu-head",
        "error" if dead == 1 else "warning",
        f"After epoch {record.number} {many} of the head are dead (zero on every validation image).",
        {
            "dead_units": dead,
            "per_epoch": [epoch.dead_units for epoch in record.epochs],
            "learning_rate": record.rate,
            **record.order.evidence(),
        },
        _remedy(record),
        {"data.shuffle": "samples"} if record.order.is_class_ordered else {},
    )


def loss_near_ln_k(record: TrainingRecord) -> Finding | None:
    """Training and validation loss stay where equal probabilities for all classes put them: nothing was learned yet."""
    if record.number < SETTLED:
        return None
    limit = record.chance_loss
    losses = [loss for epoch in record.epochs[-2:] for loss in (epoch.loss, epoch.log_loss)]
    if any(loss is None or abs(loss - limit) > 0.02 * limit for loss in losses):
        return None
    return Finding(
        "loss-near-ln-k",
        "warning",
        f"After {record.number} epochs the loss is {record.last.loss:.3f} in training and "
        f"{record.last.log_loss:.3f} on validation: that of equal probabilities for all {len(record.classes)} "
        f"classes, {limit:.3f}.",
        {
            "losses": [epoch.loss for epoch in record.epochs],
            "chance_loss": limit,
            "input_std": record.samples[0].std if record.samples else None,
            "learning_rate": record.rate,
        },
        "Shuffle the samples in every epoch: data.shuffle=samples."
        if record.order.is_class_ordered
        else "Try data.preprocessing=backbone, a frozen backbone and training.learning_rate=1e-3.",
    )


def class_imbalance_baseline(record: TrainingRecord) -> Finding | None:
    """Accuracy cannot be told from always answering with the most frequent class, on validation of unequal classes."""
    name, share = record.majority
    last = record.last
    if record.number < SETTLED or share < 0.6 or last.predicted_share < 0.95 or _finds_rare(record):
        return None
    may_come = share <= UNEQUAL or record.number < record.config.training.most_epochs
    if may_come and (last.val_auc or 0) >= HIGH_AUC:
        return None
    if last.val_accuracy is None or constant_predictor(record):
        return None  # that one says more
    low, high = wilson(round(last.val_accuracy * record.count), record.count)
    if not low <= share <= high:
        return None
    return Finding(
        "class-imbalance-baseline",
        "warning",
        f"Accuracy is {last.val_accuracy:.3f} in epoch {record.number}, and always predicting “{name}” would give "
        f"{share:.3f}: {percent(last.predicted_share, 0)} of the predictions are “{last.predicted_class}”.",
        {**_answers(last), "majority_class": name, "majority_share": share, "interval": [low, high]},
        "Judge by AUC instead of accuracy; training.class_weight=balanced makes the rare class count.",
        {"training.class_weight": "balanced"},
    )


def _finds_rare(record: TrainingRecord) -> bool:
    """Whether the rarer of two classes is predicted correctly often enough: 0.5 is the mean recall of one class for
    all.

    Of n images those of the rarer class that are missed, less those of the other that are called by its name, are
    (answers - share) * n; both together are (1 - accuracy) * n.
    """
    last, (name, share) = record.last, record.majority
    if len(record.classes) > 2 or last.predicted_class != name or not 0 < share < 1 or last.val_accuracy is None:
        return False
    missed = (1 - last.val_accuracy + last.predicted_share - share) / 2
    taken = 1 - last.val_accuracy - missed
    return 1 - (missed / (1 - share) + taken / share) / 2 >= 0.5 + FOUND


def overfitting(record: TrainingRecord) -> Finding | None:
    """Validation loss has risen well above its lowest value, by more than it goes up and down, while training loss fell
    on: more of it learns by heart."""
    known = [(e.val_loss, e.loss, e) for e in record.epochs if e.val_loss is not None and e.loss is not None]
    if not known or record.last.predicted_share >= ONE_CLASS:
        return None
    (lowest, loss_then, best), (now, loss_now, last) = min(known, key=lambda item: item[0]), known[-1]
    rose = now > 1.2 * lowest + 0.02
    gap = (last.accuracy or 0) > (last.val_accuracy or 0)
    if last.epoch - best.epoch < SETTLED or not rose or not gap or loss_now >= loss_then:
        return None
    if not rises_beyond_noise([loss for loss, *_ in known]):
        return None  # a loss that goes up and down has a lowest value, too
    kept = record.config.training.early_stopping > 0
    return Finding(
        "overfitting",
        "info" if kept else "warning",
        f"Validation loss was lowest in epoch {best.epoch}, {best.val_loss:.3f}, and is {last.val_loss:.3f} "
        f"in epoch {last.epoch}, while training loss fell from {best.loss:.3f} to {last.loss:.3f}.",
        {"best_epoch": best.epoch, "val_losses": [epoch.val_loss for epoch in record.epochs]},
        "The best epoch's weights are kept."
        if kept
        else "Set training.early_stopping=5: it keeps the best epoch's weights.",
        {} if kept else {"training.early_stopping": 5},
    )


def _remedy(record: TrainingRecord) -> str:
    if record.order.is_class_ordered:
        return "Shuffle the samples in every epoch: data.shuffle=samples."
    return f"Try a lower learning rate than {record.rate:g}."


def _answers(epoch: "TracedEpoch") -> dict[str, object]:
    names = ("epoch", "val_accuracy", "val_auc", "predicted_class", "predicted_share", "prediction_std")
    return {name: getattr(epoch, name) for name in names}
