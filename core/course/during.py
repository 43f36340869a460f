"""Checks during a training: findings from its epochs and its trace.

Every check states what was measured. A cause is named only as something the figures are consistent with: what the
same headline number can come from is distinguished by the other columns, and by a bisect. What was known before the
training is read first (core/course/causes.py).
"""

from collections.abc import Callable

from core.checks.finding import Finding
from core.course.causes import SIGNS_OF_EXCHANGE, explained
from core.course.contradictions import (
    answers_reversed,
    one_class_on_validation,
    validation_at_chance,
    validation_far_better,
)
from core.course.during_answers import (
    class_imbalance_baseline,
    constant_predictor,
    dead_relu_head,
    loss_near_ln_k,
    majority_accuracy_high_auc,
    overfitting,
)
from core.course.during_classes import class_not_found
from core.course.during_learning import no_better_than_chance, nothing_learnt, still_falling
from core.course.during_losses import penalty_in_loss, worse_than_equal
from core.course.during_weights import (
    base_moved_although_frozen,
    base_still_although_unfrozen,
    collapsed_features,
    diverged,
    loss_leapt,
    statistics_moved,
)
from core.course.elsewhere import base_still_elsewhere, statistics_moved_elsewhere
from core.course.recorded import recorded_order
from core.course.training_record import TrainingRecord
from core.store.runs import Run

CHECKS: tuple[Callable[[TrainingRecord], Finding | None], ...] = (
    diverged,
    loss_leapt,
    base_moved_although_frozen,
    base_still_although_unfrozen,
    statistics_moved,
    collapsed_features,
    answers_reversed,
    majority_accuracy_high_auc,
    one_class_on_validation,
    constant_predictor,
    dead_relu_head,
    loss_near_ln_k,
    nothing_learnt,
    class_imbalance_baseline,
    validation_at_chance,
    still_falling,
    class_not_found,
    validation_far_better,
    penalty_in_loss,
    overfitting,
    worse_than_equal,
    no_better_than_chance,
)
"""A cause comes before what it explains."""


RECORDED_CHECKS = (
    base_still_elsewhere,
    statistics_moved_elsewhere,
    *(check for check in CHECKS if check not in (base_moved_although_frozen, base_still_although_unfrozen,
                                                  statistics_moved, dead_relu_head, still_falling,
                                                  validation_far_better, penalty_in_loss, worse_than_equal,
                                                  no_better_than_chance, class_not_found)),
)  # fmt: skip
"""Those of a run recorded by the recorder: its settings are not known, so the other checks do not apply."""


def trace_findings(run: Run) -> list[Finding]:
    """What the epochs recorded so far show, each below what explains it; nothing on a healthy training.

    Args:
        run: Run. Running or ended.

    Returns:
        The worst first. A finding from before the training is among them where the epochs show what it does.
    """
    record = training_record(run)
    if record is None:
        return []
    checks = RECORDED_CHECKS if record.recorded else CHECKS
    return explained(record, [finding for check in checks if (finding := check(record)) is not None])


def run_findings(run: Run) -> list[Finding]:
    """What was found before and during a training, each once."""
    during = {finding.id: finding for finding in trace_findings(run)}
    taken = {below["id"] for finding in during.values() for below in finding.symptoms} & SIGNS_OF_EXCHANGE
    known = [finding for finding in findings_before(run) if finding.id not in taken]
    before = [during.pop(finding.id, finding) for finding in known]
    return [*before, *during.values()]


def findings_before(run: Run) -> list[Finding]:
    """What was found before a training."""
    return [Finding.of_record(one) for one in run.findings()]


def training_record(run: Run) -> TrainingRecord | None:
    """How a training has gone so far; None before its first epoch."""
    trace, data = run.trace(), run.data()
    if not trace or not trace.epochs or not data.val:
        return None
    return TrainingRecord(
        config=run.config(),
        epochs=trace.epochs,
        hashes=trace.hashes,
        samples=trace.samples,
        order=recorded_order(trace.epochs, trace.classes),
        classes=trace.classes,
        labels=[item["label"] for item in data.val],
        train_labels=[item["label"] for item in data.train],
        train_aucs={epoch.epoch: epoch.auc for epoch in run.epochs()},
        known={finding.id: finding for finding in findings_before(run)},
        recorded=run.recorded(),
    )
