"""Findings that the scan of a data set alone can show."""

from core.data.scan import DatasetIndex
from core.diagnosis.finding import Finding

_NAMED = 20
"""File names listed as evidence; the scan lists them all."""


def data_findings(index: DatasetIndex) -> list[Finding]:
    """What is worth knowing about a data set before it is trained on; nothing on a healthy one."""
    checks = (_test_as_validation, _corrupt_images, _skipped_files)
    return [finding for check in checks if (finding := check(index)) is not None]


def _test_as_validation(index: DatasetIndex) -> Finding | None:
    if not index.test_as_validation:
        return None
    return Finding(
        "test-as-validation",
        "warning",
        "There is no val folder, so the test pictures serve as validation and no untouched test is left.",
        {"pictures": sum(index.counts().get("val", {}).values())},
        "Make a val folder, or put all pictures into one folder of classes and let data.validation_split divide them.",
    )


def _corrupt_images(index: DatasetIndex) -> Finding | None:
    if not index.unreadable:
        return None
    return Finding(
        "corrupt-image",
        "warning",
        f"Picture files left out because they cannot be read: {len(index.unreadable)}.",
        {"files": [file.path for file in index.unreadable[:_NAMED]]},
        "Repair or remove them.",
    )


def _skipped_files(index: DatasetIndex) -> Finding | None:
    if not index.skipped:
        return None
    return Finding(
        "skipped-files",
        "info",
        f"Files left out because of their kind or place: {len(index.skipped)}.",
        {"files": [path for path, _ in index.skipped[:_NAMED]]},
        "Convert pictures of other kinds to JPEG or PNG.",
    )
