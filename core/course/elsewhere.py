"""Checks of a training that was recorded in somebody's own code: a backbone that does not move, statistics that do."""

from core.checks.finding import Finding
from core.course.training_record import TrainingRecord


def base_still_elsewhere(record: TrainingRecord) -> Finding | None:
    """Trainable weights of the backbone are the same as before: `trainable` set after `compile`, or a tiny rate."""
    hashes = record.hashes
    count = record.recorded.trained_weights.get("base", 0) if record.recorded else 0
    if not count or not hashes.base or hashes.base_after != hashes.base:
        return None
    return Finding(
        "base-still-although-unfrozen",
        "error",
        f"{count} weights of the backbone are trainable, but after epoch {record.number} all of them are the same as "
        "before.",
        {"trainable": count, "before": hashes.base, "after": hashes.base_after, "learning_rate": record.rate},
        "Set `trainable` before `compile`, which reads it once; and check the learning rate.",
    )


def statistics_moved_elsewhere(record: TrainingRecord) -> Finding | None:
    """The backbone's weights stay, but its batch normalisation learns the statistics of the batches."""
    hashes = record.hashes
    count = record.recorded.trained_weights.get("base", 0) if record.recorded else 0
    if count or hashes.statistics_after in (None, hashes.statistics):
        return None
    return Finding(
        "bn-statistics-moved",
        "warning",
        "The backbone is frozen, but the moving statistics of its batch normalisation changed: it normalises with each "
        "batch in training and with other numbers on validation images.",
        {"before": hashes.statistics, "after": hashes.statistics_after},
        "Call the frozen backbone as `base(x, training=False)`.",
    )
