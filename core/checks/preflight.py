"""Preflight: all checks of a configuration and a dataset before a run starts, and the one call that makes them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from core.checks import (
    altered,
    augmentation,
    blank,
    class_marks,
    class_traces,
    cut_off,
    effects,
    few_groups,
    folders,
    freezing,
    head,
    image_size,
    labels,
    learning_rate,
    name_tokens,
    order,
    parts_differ,
    scaling,
    schedule,
    sequences,
    smoothing,
    split,
    storage,
)
from core.checks.context import Check, Context
from core.checks.coverage import FEATURE_IDS
from core.checks.finding import SEVERITIES, Finding
from core.config import RunConfig
from core.data.dataset import Dataset
from core.progress import Progress

CHECKS: tuple[Check, ...] = (
    order.class_ordered_batches,
    order.single_class_batches,
    order.steps_zero,
    order.partial_batch_dropped,
    order.tiny_last_batch,
    split.split_after_sort,
    split.leak_exact_duplicate,
    split.leak_near_duplicate,
    altered.leak_altered_copy,
    altered.altered_copy_within_split,
    altered.altered_copy_in_two_classes,
    split.leak_patient,
    name_tokens.leak_group,
    sequences.leak_sequence,
    split.group_pattern,
    split.val_too_small,
    split.test_as_validation,
    split.prior_shift_val,
    split.duplicate_within_split,
    folders.part_named_class,
    folders.class_in_one_part,
    folders.folders_left_out,
    labels.conflicting_labels,
    labels.class_index_mismatch,
    labels.hidden_dir_as_class,
    labels.class_imbalance_baseline,
    labels.class_weight_mismatch,
    labels.few_of_a_class,
    labels.lexicographic_class_order,
    labels.positive_class_inverted,
    labels.skipped_files,
    blank.blank_images,
    blank.constant_class,
    cut_off.cut_off_images,
    few_groups.val_from_few_groups,
    parts_differ.parts_differ,
    parts_differ.test_images_differ,
    class_marks.class_told_by_mark,
    class_traces.class_told_by_compression,
    class_traces.class_told_by_looks,
    scaling.double_rescale,
    scaling.train_val_preprocess_mismatch,
    scaling.wrong_preprocess_for_backbone,
    storage.mode_reveals_class,
    storage.grayscale_channels,
    image_size.input_too_small,
    storage.sixteen_bit_png,
    storage.deep_colour,
    storage.several_pages,
    storage.alpha_dropped,
    storage.exif_orientation,
    image_size.aspect_stretch_vs_crop,
    image_size.size_upscaled,
    storage.corrupt_image,
    augmentation.bottleneck_one_draw,
    augmentation.label_breaking_augmentation,
    augmentation.augmentation_hides_object,
    freezing.base_not_frozen,
    freezing.unfreeze_high_lr,
    freezing.finetune_from_random_head,
    freezing.weights_not_loaded,
    freezing.freeze_index_wrong,
    learning_rate.lr_out_of_range,
    schedule.rate_falls_early,
    head.too_few_updates,
    head.batch_norm_of_one,
    head.dropout_too_strong,
    smoothing.label_smoothing_strong,
    head.flatten_vs_gap,
    head.last_vs_best_weights,
    head.mixed_precision,
    effects.setting_without_effect,
)
"""Every check there is; docs/checks.md has a row for each. A check's id is its name with hyphens."""

CHECK_IDS = tuple(check.__name__.replace("_", "-") for check in CHECKS)

_OF_IMAGES = {
    module.__name__
    for module in (altered, blank, class_marks, class_traces, cut_off, few_groups, image_size, labels, name_tokens,
                   parts_differ, scaling, sequences, split, storage)
}  # fmt: skip
_OF_SETTINGS = {
    "double-rescale", "wrong-preprocess-for-backbone", "input-too-small", "aspect-stretch-vs-crop", "size-upscaled",
    "class-weight-mismatch", "split-after-sort",
}  # fmt: skip
"""Findings of those modules that depend on the settings."""


def preflight(config: RunConfig, dataset: Dataset, progress: Progress | None = None) -> list[Finding]:
    """Findings before a run is trained; none on a healthy dataset with sensible settings.

    Args:
        config: RunConfig.
        dataset: Dataset. Split as the configuration says.
        progress: callable of (done, total) images decoded; the first look at a dataset decodes each image once.
            Defaults to none.

    Returns:
        List of findings, errors first.

    Raises:
        UserError: there is no such backbone, or an image has gone or changed since the scan.
    """
    return findings_of(Context(config, dataset, progress))


def findings_of(context: Context) -> list[Finding]:
    """The same of a context."""
    return _joined([finding for check in CHECKS if (finding := check(context)) is not None])


def merged(findings: Sequence[Finding], seen: Sequence[Finding]) -> list[Finding]:
    """Findings with those that features have given, which stand for what was found without."""
    new = {finding.id: finding for finding in seen}
    return _joined([new.pop(one.id, one) for one in _apart(findings)] + list(new.values()))


def of_images(findings: Sequence[Finding]) -> list[Finding]:
    """Those that are about the images and labels, whatever the settings."""
    ids = {check.__name__.replace("_", "-") for check in CHECKS if check.__module__ in _OF_IMAGES}
    return [one for one in findings if one.id in (ids | {*FEATURE_IDS}) - _OF_SETTINGS]


def _apart(findings: Sequence[Finding]) -> list[Finding]:
    """Findings without symptoms, which stand beside them."""
    found = []
    for one in findings:
        below = [
            Finding(said["id"], said["severity"], said["claim"], said["evidence"], said["remedy"], said["change"])
            for said in one.symptoms
        ]
        found += [replace(one, symptoms=()), *below]
    return found


def _joined(findings: list[Finding]) -> list[Finding]:
    """One cause, one finding: what another one is enough to explain is listed below it; errors first."""
    known = {finding.id: finding for finding in findings}
    for id, lead_id in _SAME_CAUSE.items():
        finding, lead = known.get(id), known.get(lead_id)
        if finding and lead and _is_same(finding, lead):
            known[lead_id] = lead.with_symptoms([finding])
            del known[id]
    return sorted(known.values(), key=lambda finding: SEVERITIES.index(finding.severity))


_SAME_CAUSE = {
    "class-weight-mismatch": "few-of-a-class",
    "leak-sequence": "leak-group",
    "leak-altered-copy": "leak-near-duplicate",
    "train-val-preprocess-mismatch": "parts-differ",
    "test-images-differ": "parts-differ",
    "grayscale-channels": "parts-differ",
    "class-told-by-looks": "class-told-by-mark",
    "blank-images": "double-rescale",
}
"""Id of a finding to that of the one which shows the same cause with more of it."""

OF_ONE_CAUSE = frozenset((*_SAME_CAUSE, "parts-differ", *FEATURE_IDS))
"""Ids of findings of the images that may stand below another one, also below one of the training."""

_KINDS = {"train-val-preprocess-mismatch": "brightness", "grayscale-channels": "colour"}


def _is_same(finding: Finding, lead: Finding) -> bool:
    """Whether both speak of the same: of the same class, or of the same kind of difference."""
    if finding.id in _KINDS:
        return _KINDS[finding.id] in (lead.evidence.get("by"), *lead.evidence.get("also_by", ()))
    if finding.id == "blank-images":  # of images that are nearly black as they are stored
        return "pixels" in lead.evidence
    if finding.id == "test-images-differ" and lead.evidence.get("by") != finding.evidence.get("by"):
        return False
    return bool(finding.evidence.get("class") == lead.evidence.get("class"))


def findings_record(findings: list[Finding]) -> dict[str, Any]:
    """Findings as findings.json holds them: `{"findings": [{"id", "severity", "claim", ...}]}`."""
    return {"findings": [finding.to_dict() for finding in findings]}
