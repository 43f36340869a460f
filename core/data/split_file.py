"""Split file beside the dataset: which image is train, val or test, whatever folder it lies in."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.data import sidecar
from core.data.dataset_index import DatasetIndex, ImageFile
from core.data.split import Split

NAME = "split"
VERSION = 1
PARTS = ("train", "val", "test")


@dataclass(frozen=True)
class SplitFile:
    """A split as its file has it.

    Attributes:
        place: Path. Where the file lies.
        part_of: dict from (path, SHA-256) to `train`, `val` or `test`.
        settings: dict. How it was made: share, seed, group pattern, day.
    """

    path: Path
    part_of: dict[tuple[str, str], str]
    settings: dict[str, Any]

    def divide(self, index: DatasetIndex) -> Split:
        """The split of a scan; images the file does not know serve what their folder says, or training.

        Args:
            index: DatasetIndex.
        """
        parts: dict[str, list[ImageFile]] = {part: [] for part in PARTS}
        for file in index.files:
            parts[self.part_of.get((file.path, file.sha256), file.split or "train")].append(file)
        for files in parts.values():
            files.sort(key=lambda file: (file.label, file.path))
        return Split(**{part: tuple(files) for part, files in parts.items()})

    def unknown(self, index: DatasetIndex) -> int:
        """Images that have come or changed since: nobody has seen to it that they leak nothing."""
        return sum((file.path, file.sha256) not in self.part_of for file in index.files)

    def to_dict(self, index: DatasetIndex) -> dict[str, Any]:
        """As JSON types: `{"file", "counts": {part: number}, "unknown", ...settings}`."""
        counts = Counter(self.part_of.values())
        return {
            "file": str(self.path),
            "counts": {part: counts[part] for part in PARTS},
            "unknown": self.unknown(index),
            **self.settings,
        }

    def sentence(self, index: DatasetIndex) -> str:
        """One sentence that says that this split is in use."""
        new = self.unknown(index)
        more = f" {new:,} new or changed images are not in it; split again to include them." if new else ""
        return f"The images are split by a split file ({self.path.name}), not by their folders.{more}"


def read_split(root: Path) -> SplitFile | None:
    """The split kept for a dataset; None where there is none that can be read.

    Args:
        root: Path. The dataset's folder, as `DatasetIndex.root` has it.
    """
    path, record = sidecar.find(root, NAME), sidecar.read(root, NAME)
    parts = record.get("parts") if record.get("version") == VERSION else None
    if path is None or not isinstance(parts, dict):
        return None
    part_of = {}
    for part in PARTS:
        entries = parts.get(part, {})
        for name, sha in entries.items() if isinstance(entries, dict) else ():
            part_of[name, str(sha)] = part
    settings = record.get("settings")
    return SplitFile(path, part_of, _plain(settings)) if part_of else None


def write_split(root: Path, parts: Mapping[str, Sequence[ImageFile]], settings: Mapping[str, Any]) -> Path:
    """Keeps a split for a dataset, in place of the one before; returns where it lies.

    Args:
        root: Path. The dataset's folder.
        parts: mapping from `train`, `val`, `test` to files.
        settings: mapping. How it was made, for whoever reads it later.

    Raises:
        DataError: it can be written nowhere.
    """
    record = {
        "about": "The split of the images for Parity, in place of their folders. Delete this file to use the folders "
        "again.",
        "version": VERSION,
        "settings": {**settings, "made": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())},
        "parts": {part: {file.path: file.sha256 for file in parts.get(part, ())} for part in PARTS},
    }
    return sidecar.write(root, NAME, record)


def split_record(root: Path) -> dict[str, Any]:
    """The split file of a dataset as it is, for `restore_split`; empty where there is none that can be read."""
    return sidecar.read(root, NAME)


def restore_split(root: Path, before: Mapping[str, Any], made: str) -> bool:
    """Puts a split file back as it was before another was written; returns whether it did.

    Args:
        root: Path. The dataset's folder.
        before: mapping. What `split_record` gave then; empty where there was none.
        made: str. When the one that is there was made (`settings`); another one than that stays.

    Raises:
        DataError: it cannot be written or removed.
    """
    there = read_split(root)
    if there is None or there.settings.get("made") != made:
        return False
    if before:
        sidecar.write(root, NAME, dict(before))
    else:
        remove_split(root)
    return True


def remove_split(root: Path) -> bool:
    """Goes by the folders again; returns whether there was a split file.

    Args:
        root: Path. The dataset's folder.

    Raises:
        DataError: the file cannot be removed.
    """
    return sidecar.remove(root, NAME)


def _plain(settings: Any) -> dict[str, Any]:
    """Settings as text and numbers only: the file may have come from elsewhere."""
    allowed = ("share", "test_share", "seed", "group_pattern", "groups", "made")
    given = settings if isinstance(settings, dict) else {}
    return {key: given[key] for key in allowed if isinstance(given.get(key), str | int | float)}
