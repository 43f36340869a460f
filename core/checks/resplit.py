"""Repairs a leaking split: patients and duplicates stay together, every class keeps its share in every part."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.checks.altered import leak_altered_copy
from core.checks.context import Context
from core.checks.duplicates import near_groups
from core.checks.finding import Finding
from core.checks.name_tokens import leak_group
from core.checks.split import leak_exact_duplicate, leak_near_duplicate, leak_patient
from core.config import RunConfig
from core.data.corrections import correct
from core.data.dataset import Dataset
from core.data.dataset_index import DatasetIndex, ImageFile
from core.data.split import AUTO, choose_groups, group_names, join_files
from core.data.split_file import write_split
from core.data.thumbnails import MAX_COMPARED
from core.data.undivided import why_undivided
from core.errors import DataError
from core.progress import Progress

_LEAKS = (leak_exact_duplicate, leak_near_duplicate, leak_altered_copy, leak_patient, leak_group)


@dataclass(frozen=True)
class Resplit:
    """A split that was made and kept.

    Attributes:
        place: Path. Where its file lies.
        parts: dict from `train`, `val`, `test` to files.
        groups: int. Groups of two and more images that were kept together.
        grouped: int. Images in them.
    """

    path: Path
    parts: dict[str, tuple[ImageFile, ...]]
    groups: int
    grouped: int

    def counts(self) -> dict[str, dict[str, int]]:
        """Images by part and class."""
        return {part: dict(sorted(Counter(f.label for f in files).items())) for part, files in self.parts.items()}

    def to_dict(self) -> dict[str, Any]:
        """As JSON types."""
        return {"file": str(self.path), "counts": self.counts(), "groups": self.groups, "grouped": self.grouped}


def leaks(dataset: Dataset, config: RunConfig, progress: Progress | None = None) -> list[Finding]:
    """The findings of the checks for leaks on a dataset as it is split now; these alone.

    Args:
        dataset: Dataset.
        config: RunConfig. Its group pattern counts.
        progress: callable of (done, total) images, where small versions are missing. Defaults to none.
    """
    context = Context(config, dataset, progress)
    return [finding for check in _LEAKS if (finding := check(context)) is not None]


def resplit(
    index: DatasetIndex, share: float, seed: int, pattern: str = AUTO, progress: Progress | None = None
) -> Resplit:
    """Re-splits all images, whatever folder they are in, and keeps the split next to the dataset.

    A test part is made where there is one on disk, with as many images as it has there.

    Args:
        index: DatasetIndex. As the folder is on disk; the list of corrections is applied.
        share: float. Part of each class's images to validate on, above 0 and below 1.
        seed: int. Decides which, at least 0.
        pattern: str. How file names tell what belongs together; see `group_names`. Empty counts as `auto`, as in the
            check for leaks.
        progress: callable of (done, total) images, where small versions are missing. Defaults to none.

    Raises:
        DataError: a part would be empty, or the split can be written nowhere.
        ConfigError: the pattern is no regular expression.
    """
    corrected, _ = correct(index)
    files = corrected.files
    pattern = pattern or AUTO
    alike = near_groups(index.root, files, progress) if len(files) <= MAX_COMPARED else []
    groups = join_files(files, pattern, alike)
    test_share = _test_share(index)
    test = _taken(groups, test_share, seed)
    rest = [group for group in groups if group[0].path not in test]
    val = _taken(rest, share / (1 - test_share), seed) if test_share < 1 else set()
    parts = {
        "train": tuple(f for f in files if f.path not in test | val),
        "val": tuple(f for f in files if f.path in val),
        **({"test": tuple(f for f in files if f.path in test)} if test else {}),
    }
    names = {file.path: name for file, name in zip(files, group_names(files, pattern), strict=True)}
    _require(parts, why_undivided(groups, names, pattern))
    together = [group for group in groups if len(group) > 1]
    settings = {"share": share, "seed": seed, "group_pattern": pattern, "groups": len(together)}
    path = write_split(index.root, parts, settings | ({"test_share": round(test_share, 4)} if test else {}))
    return Resplit(path, parts, len(together), sum(map(len, together)))


def _test_share(index: DatasetIndex) -> float:
    """Part of the images that lie in a test folder of their own."""
    return sum(file.split == "test" for file in index.files) / max(1, len(index.files))


def _taken(groups: list[tuple[ImageFile, ...]], share: float, seed: int) -> set[str]:
    """Paths of whole groups that make up this part of each class."""
    return {file.path for group in choose_groups(groups, share, seed) for file in group} if share else set()


def _require(parts: dict[str, tuple[ImageFile, ...]], why: str) -> None:
    for part, files in parts.items():
        if not files:
            ends = why or "Use another fraction, or a data.group_pattern that groups fewer images."
            raise DataError(
                f"The {'training' if part == 'train' else 'validation'} part would be empty: too many images belong "
                f"together to be split. {ends}"
            )
