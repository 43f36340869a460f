"""Checks during a training: diverged loss, moved or unmoved backbone weights, batch statistics, collapsed features."""

from core.checks.finding import Finding
from core.course.training_record import TrainingRecord


def diverged(record: TrainingRecord) -> Finding | None:
    """The loss is no longer a finite number, or far above its start while no class is separated: the weights are lost.

    Not to be mistaken for the sawtooth of class-ordered batches, whose loss is high on validation and low in training,
    nor for a head whose steps are large and which learns nevertheless (`loss_leapt`)."""
    broken = [epoch.epoch for epoch in record.epochs if epoch.loss is None or None in epoch.losses]
    evidence = {"losses": [epoch.loss for epoch in record.epochs], "learning_rate": record.rate}
    remedy = "Start again with a training.learning_rate a hundred times lower."
    if broken:
        claim = f"The loss is no longer a finite number in epoch {broken[0]}."
        return Finding("diverged", "error", claim, evidence, remedy)
    if not _is_high(record) or record.has_learnt:
        return None
    return Finding("diverged", "error", _high_loss(record), evidence, remedy)


def loss_leapt(record: TrainingRecord) -> Finding | None:
    """The loss is far above where it started, and yet the classes are separated: the steps are too large, so that the
    predictions are far too confident. Measured on X-rays: with adam at 1 and sgd at 1 a linear head still reaches 0.88
    to 0.94
    (0.95 at the usual rate), at a loss of ten times equal probabilities."""
    broken = any(epoch.loss is None or None in epoch.losses for epoch in record.epochs)
    if broken or not _is_high(record) or not record.has_learnt:
        return None
    told = f"{record.last.accuracy:.3f}" if record.last.accuracy is not None else "not known"
    return Finding(
        "loss-leapt",
        "warning",
        f"{_high_loss(record)} Training accuracy is {told}: the model has learned, but is far too confident where "
        "it is wrong.",
        {"losses": [epoch.loss for epoch in record.epochs], "learning_rate": record.rate, "accuracy": told},
        f"Use a lower learning rate: {record.rate_key}={record.rate / 10:g}.",
        {record.rate_key: record.rate / 10} if record.rate > 1e-6 else {},
    )


def _is_high(record: TrainingRecord) -> bool:
    """Whether the newest loss is far above that of equal probabilities and of the first batch."""
    loss, first = record.last.loss, _first_loss(record)
    if record.order.is_class_ordered or first is None or loss is None:
        return False
    # Dropout makes a large loss by itself, which says nothing of the weights: then validation has to show it, too.
    validation = record.last.log_loss
    dropped = record.config.model.whole_head.dropout > 0.5 and validation is not None
    shown = min(loss, validation) if dropped and validation is not None else loss
    return shown >= 3 * record.chance_loss and loss >= 2 * first


def _high_loss(record: TrainingRecord) -> str:
    return (
        f"The training loss is {record.last.loss:.3g} in epoch {record.number}; it began at "
        f"{_first_loss(record):.3g}, and equal probabilities for all classes would give {record.chance_loss:.3g}."
    )


def base_moved_although_frozen(record: TrainingRecord) -> Finding | None:
    """The backbone's weights, or those of blocks below the trained ones, are other ones than before, though the
    settings say that they do not train, or not yet."""
    hashes, trained = record.hashes, record.trained_blocks
    if trained:
        return _moved_below(record, trained)
    if not record.base_moved:
        return None
    return Finding(
        "base-moved-although-frozen",
        "error",
        f"The hash of the backbone's weights was {hashes.base} before training and is {hashes.base_after} now, "
        "although the settings say that it is frozen.",
        {"before": hashes.base, "after": hashes.base_after},
        "Report this: in this program nothing should train a frozen backbone.",
    )


def _moved_below(record: TrainingRecord, trained: tuple[str, ...]) -> Finding | None:
    """Blocks that have moved and are not among the trained ones, nor ever were: each stage trains those before too."""
    moved = [block for block in record.last.moved_blocks or [] if block not in trained]
    if not moved:
        return None
    return Finding(
        "base-moved-although-frozen",
        "error",
        f"The weights of {', '.join(moved)} after epoch {record.number} differ from those before training, although "
        f"the backbone is frozen below {trained[0]}.",
        {"moved": moved, "trained": list(trained)},
        "Report this: in this program nothing should train a frozen block.",
    )


def base_still_although_unfrozen(record: TrainingRecord) -> Finding | None:
    """The backbone's weights, or those of a block, are the same as before, though they were to be trained."""
    hashes, trained = record.hashes, record.trained_blocks
    if not trained:
        return None
    moved = record.last.moved_blocks
    if moved is None:  # a run of an earlier version, which tells of the backbone as a whole
        still = trained if hashes.base_after == hashes.base else ()
    else:
        still = tuple(block for block in trained if block not in moved)
    if not still:
        return None
    return Finding(
        "base-still-although-unfrozen",
        "error",
        f"The weights of {', '.join(still)} are the same after epoch {record.number} as before training, although "
        f"the backbone is set to be trained from {trained[0]} on.",
        {"still": list(still), "trained": list(trained), "learning_rate": record.rate},
        "Raise the learning rate, or choose an earlier block in training.unfreeze_from: this one has no weights of "
        "its own, or steps so small that they are lost in rounding.",
    )


def statistics_moved(record: TrainingRecord) -> Finding | None:
    """The moving statistics of batch normalisation have changed: it normalised with the batch itself."""
    hashes = record.hashes
    if hashes.statistics_after in (None, hashes.statistics):
        return None
    return Finding(
        "bn-statistics-moved",
        "error",
        "The moving statistics of the backbone's batch normalisation changed during training.",
        {"before": hashes.statistics, "after": hashes.statistics_after},
        "Report this: in this program batch normalisation always runs in inference mode.",
    )


def collapsed_features(record: TrainingRecord) -> Finding | None:
    """The unfrozen backbone gives every image the same features. Looks like class order from afar (accuracy at
    chance), but there the backbone is unchanged and the predictions still spread."""
    known = [sample.features_std for sample in record.samples if sample.features_std]
    spread = record.last.feature_std
    if spread is None or not record.base_moved or spread > 0.01 * (max(known) if known else 1.0):
        return None
    return Finding(
        "collapsed-features",
        "error",
        f"After epoch {record.number} the backbone gives all {record.count} validation images nearly the same "
        f"features: their standard deviation over the images is {spread:.2g}, their mean {_mean(record):.2g}. The "
        "backbone's weights have moved; this is consistent with a learning rate too high for an unfrozen backbone.",
        {
            "feature_std": spread,
            "feature_mean": record.last.feature_mean,
            "spread_within_a_picture_before": max(known) if known else None,
            "learning_rate": record.rate,
        },
        "Keep the backbone frozen, or train it at a learning rate of 1e-5 after training the head.",
        {"training.mode": "bottleneck", "training.unfreeze_from": ""},
    )


def _first_loss(record: TrainingRecord) -> float | None:
    losses: list[float | None] = record.epochs[0].losses
    return losses[0] if losses else None


def _mean(record: TrainingRecord) -> float:
    return float(record.last.feature_mean or 0.0)
