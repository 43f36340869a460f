"""Checks of a dataset alone, from its scan, before there is a split or a configuration."""

from core.checks.context import Context
from core.checks.finding import Finding
from core.checks.folders import class_in_one_part, folders_left_out, part_named_class
from core.checks.labels import skipped_files
from core.checks.split import test_as_validation
from core.checks.storage import corrupt_image
from core.config import RunConfig
from core.data.dataset import Dataset
from core.data.dataset_index import DatasetIndex
from core.data.split import Split

_CHECKS = (
    test_as_validation,
    part_named_class,
    class_in_one_part,
    folders_left_out,
    corrupt_image,
    skipped_files,
)


def data_findings(index: DatasetIndex) -> list[Finding]:
    """Findings on a dataset before training; none on a healthy one."""
    context = Context(RunConfig(), Dataset(index, Split((), ())))
    return [finding for check in _CHECKS if (finding := check(context)) is not None]
