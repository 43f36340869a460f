"""Checks during a training: findings from its epochs and its trace.

Every check states what was measured. A cause is named only as something the figures are consistent with: what the
same headline number can come from is told apart by the other columns, and by a bisect.
"""

from collections.abc import Callable

from core.checks.finding import Finding
from core.course.during_answers import (
    class_imbalance_baseline,
    constant_predictor,
    dead_relu_head,
    loss_near_ln_k,
    majority_accuracy_high_auc,
    overfitting,
)
from core.course.during_weights import (
    base_moved_although_frozen,
    base_still_although_unfrozen,
    collapsed_features,
    diverged,
    statistics_moved,
)
from core.course.elsewhere import base_still_elsewhere, statistics_moved_elsewhere
from core.course.recorded import recorded_order
from core.course.training_record import TrainingRecord
from core.store.runs import Run

CHECKS: tuple[Callable[[TrainingRecord], Finding | None], ...] = (
    diverged,
    base_moved_although_frozen,
    base_still_although_unfrozen,
    statistics_moved,
    collapsed_features,
    majority_accuracy_high_auc,
    constant_predictor,
    dead_relu_head,
    loss_near_ln_k,
    class_imbalance_baseline,
    overfitting,
)


RECORDED_CHECKS = (
    base_still_elsewhere,
    statistics_moved_elsewhere,
    *(check for check in CHECKS if check not in (base_moved_although_frozen, base_still_although_unfrozen,
                                                  statistics_moved, dead_relu_head)),
)  # fmt: skip
"""Those of a run that was recorded elsewhere: what the others say of the settings is not known of it."""


def trace_findings(run: Run) -> list[Finding]:
    """What the epochs recorded so far show; nothing on a healthy training.

    Args:
        run: Run. At work or ended.
    """
    record, labels = run.trace(), [item["label"] for item in run.data().val]
    if not record or not record.epochs or not labels:
        return []
    common = max(sorted(set(labels)), key=labels.count)
    training_record = TrainingRecord(
        config=run.config(),
        epochs=record.epochs,
        hashes=record.hashes,
        samples=record.samples,
        order=recorded_order(record.epochs, record.classes),
        classes=record.classes,
        majority=(common, labels.count(common) / len(labels)),
        count=len(labels),
        recorded=run.recorded(),
    )
    checks = RECORDED_CHECKS if training_record.recorded else CHECKS
    return [finding for check in checks if (finding := check(training_record)) is not None]
