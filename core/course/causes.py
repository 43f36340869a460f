"""What explains what a training shows: settings and findings from before it come first, one cause leads its symptoms.

A finding of the training is a symptom where something that was known before it (weights that were not loaded, a dropout
of 0.95, an order by class) is enough to explain it; then that one leads, with the symptom below it. Else the most
telling of the symptoms of one kind leads, and only then it is said what it is consistent with.
"""

from collections.abc import Sequence
from dataclasses import replace

from core.checks.finding import SEVERITIES, Finding
from core.course.training_record import TrainingRecord

STRONG_DROPOUT = 0.8
"""Measured: with 0.7 a head learns what it learns without, a little later; with 0.95 it stays near chance."""

_RATES = ("base-not-frozen", "unfreeze-high-lr")
_PARTS = ("train-val-preprocess-mismatch", "grayscale-channels", "parts-differ", "split-after-sort")
_IMAGES = ("constant-class", *_PARTS)
_LEAKS = (
    "leak-exact-duplicate",
    "leak-near-duplicate",
    "leak-altered-copy",
    "leak-patient",
    "leak-group",
    "leak-sequence",
)
_FEW_STEPS = ("too-few-updates", "rate-falls-early")
_WRONG = (
    "class-ordered-batches", "weights-not-loaded", "batch-norm-of-one", "double-rescale", *_RATES,
    "collapsed-features", "diverged", "lr-out-of-range", "dropout-too-strong", "augmentation-hides-object",
)  # fmt: skip
_BLIND = (*_WRONG, *_FEW_STEPS)

EXPLAINED_BY: dict[str, tuple[str, ...]] = {
    "diverged": (*_RATES, "lr-out-of-range"),
    "loss-leapt": (*_RATES, "lr-out-of-range"),
    "collapsed-features": _RATES,
    "majority-accuracy-high-auc": ("class-ordered-batches", *_IMAGES, "class-weight-mismatch", "prior-shift-val"),
    "one-class-on-validation": (
        "loss-leapt", "class-ordered-batches", "answers-reversed", *_IMAGES, "majority-accuracy-high-auc",
        "class-weight-mismatch", "class-imbalance-baseline",
    ),
    "constant-predictor": ("class-weight-mismatch", *_BLIND),
    "dead-relu-head": (*_BLIND, "constant-predictor"),
    "loss-near-ln-k": (*_BLIND, "constant-predictor", "dead-relu-head"),
    "nothing-learnt": (*_BLIND, "constant-predictor", "dead-relu-head", "loss-near-ln-k", "class-weight-mismatch"),
    "class-imbalance-baseline": (
        *_WRONG, "few-of-a-class", "class-weight-mismatch", *_FEW_STEPS, "class-imbalance-baseline",
    ),
    "validation-at-chance": ("answers-reversed", "one-class-on-validation", "weights-not-loaded",
                             "class-ordered-batches", "train-labels-look-wrong", *_IMAGES),
    "class-not-found": (
        "class-ordered-batches", "answers-reversed", "majority-accuracy-high-auc", "one-class-on-validation",
        "constant-predictor", "few-of-a-class", "class-weight-mismatch", "class-imbalance-baseline",
        "validation-at-chance", "still-falling", "conflicting-labels", "val-labels-look-wrong",
        "train-labels-look-wrong", *_IMAGES,
    ),
    "still-falling": ("lr-out-of-range", "too-few-updates", "weights-not-loaded", "dropout-too-strong"),
    "validation-far-better": (
        "weights-not-loaded", "dropout-too-strong", "lr-out-of-range", "loss-leapt", "still-falling", *_LEAKS,
        "label-breaking-augmentation", "augmentation-hides-object", "train-labels-look-wrong",
    ),
    "overfitting": (
        "answers-reversed", "one-class-on-validation", "validation-at-chance", "diverged", "loss-leapt",
        "lr-out-of-range", "class-ordered-batches", "val-labels-look-wrong", "train-labels-look-wrong", *_IMAGES,
        "class-not-found",
    ),
    "no-better-than-chance": (*_BLIND, "diverged", "still-falling", "train-labels-look-wrong", *_IMAGES),
    "worse-than-equal": (
        "diverged", "answers-reversed", "majority-accuracy-high-auc", "one-class-on-validation",
        "validation-at-chance", "still-falling", "lr-out-of-range", "class-ordered-batches", "val-labels-look-wrong",
        "train-labels-look-wrong", *_IMAGES, "overfitting",
    ),
}  # fmt: skip
"""Id of a finding of the training to what explains it, the first that is there; ids of both kinds."""

SIGNS_OF_EXCHANGE = {
    "parts-differ",
    "train-val-preprocess-mismatch",
    "train-labels-look-wrong",
    "val-labels-look-wrong",
}
"""What checks of the images say of classes that are exchanged in one part."""

_LOW_RATE = ("loss-near-ln-k", "nothing-learnt", "class-imbalance-baseline", "still-falling")
"""What a learning rate gives that is too low."""

_EITHER_RATE = ("loss-near-ln-k", "nothing-learnt", "validation-far-better", "no-better-than-chance")
"""What a rate gives that is too low or too high: hidden units that have died leave the loss of equal probabilities."""


def explained(record: TrainingRecord, found: Sequence[Finding]) -> list[Finding]:
    """Findings of the training with each symptom below what explains it.

    Args:
        record: TrainingRecord. What was known before is in `known`.
        found: sequence of Finding. Of the training; causes stand before their symptoms.

    Returns:
        Those that lead, some of them from before the training.
    """
    leads: dict[str, Finding] = {}
    below: dict[str, list[Finding]] = {}
    lead_of: dict[str, str] = {}
    for finding in found:
        cause = _cause(record, finding, leads, lead_of)
        if cause is None:
            key = f"course {finding.id}"
            leads[key] = finding
        else:
            key, lead = cause
            leads.setdefault(key, lead)
            below.setdefault(key, []).append(finding)
        lead_of[finding.id] = key
    return sorted(
        (_led(record, key, lead, below.get(key, [])) for key, lead in leads.items()),
        key=lambda finding: SEVERITIES.index(finding.severity),
    )


def _cause(
    record: TrainingRecord, finding: Finding, leads: dict[str, Finding], lead_of: dict[str, str]
) -> tuple[str, Finding] | None:
    """What leads a finding, under its key; None where nothing that is known explains it."""
    for cause in EXPLAINED_BY.get(finding.id, ()):
        if cause == "overfitting" and record.config.training.early_stopping:
            continue  # the epoch that is kept is from before it
        if cause in lead_of and cause != finding.id:  # of the training; where that is a symptom itself, what leads it
            return lead_of[cause], leads[lead_of[cause]]
        known = record.known.get(cause)
        if known is not None and _is_enough(record, known, finding):
            return f"known {cause}", known
    return None


def _is_enough(record: TrainingRecord, known: Finding, finding: Finding) -> bool:
    """Whether what was found before the training is strong enough to explain a finding of it."""
    if known.id == "dropout-too-strong":
        return finding.id == "validation-far-better" or record.config.model.whole_head.dropout >= STRONG_DROPOUT
    if known.id == "lr-out-of-range":
        return (known.evidence.get("rate_is") == "low") == (finding.id in _LOW_RATE) or finding.id in _EITHER_RATE
    if known.id in _RATES:
        return record.base_moved
    if known.id == "class-ordered-batches":
        return record.order.is_class_ordered or not record.order.batches
    few = known.id in _FEW_STEPS and finding.id not in (
        *_LOW_RATE,
        "no-better-than-chance",
    )
    # A class without any weight makes all answers one; a rare class alone does not.
    rare = (known.id, known.severity, finding.id) == ("class-weight-mismatch", "warning", "constant-predictor")
    return not few and not rare and (known.severity != "info" or known.id == finding.id)


def _signs_below(record: TrainingRecord, finding: Finding) -> list[Finding]:
    """What was known before the training and comes from what a finding of it has found; it needs no finding of its own.

    Exchanged classes make labels look wrong, and images of a class differ between the parts. Where all classes differ
    in the same way that is no sign of an exchange: it stays, and may be the cause.
    """
    if finding.id != "answers-reversed":
        return []
    known = [one for id, one in record.known.items() if id in SIGNS_OF_EXCHANGE]
    return [one for one in known if one.id != "parts-differ" or one.evidence.get("class")]


def _led(record: TrainingRecord, key: str, lead: Finding, symptoms: Sequence[Finding]) -> Finding:
    if key.startswith("course "):
        lead = replace(lead, claim=f"{lead.claim}{_consistent(record, lead)}")
        symptoms = [*symptoms, *_signs_below(record, lead)]
    return lead.with_symptoms(symptoms) if symptoms else lead


def _consistent(record: TrainingRecord, finding: Finding) -> str:
    """What else was recorded that would explain a finding that nothing known explains; never a claimed cause."""
    if finding.id not in ("constant-predictor", "dead-relu-head", "loss-near-ln-k", "nothing-learnt"):
        return ""
    if record.order.is_class_ordered:
        return f" The recorded order is class by class ({record.order.words()}); this is consistent with it."
    if record.base_moved:
        return " The backbone's weights have moved; this is consistent with a learning rate too high for it."
    if finding.id in ("loss-near-ln-k", "nothing-learnt"):
        return (
            f" Neither the settings nor the checks before the training explain it, and {record.order.words()}; it "
            "is consistent with labels that cannot be predicted from the images, or images that show little."
        )
    return (
        f" The backbone is unchanged, {record.order.words()}, and the checks before the training do not explain it; "
        "this is consistent with too high a learning rate."
    )
