"""Label corrections and excluded images, kept as a list beside the dataset; undone step by step.

The list is a history of steps, so that the last one can be undone. A change belongs to a file's place *and* content:
where the file was replaced since, it says nothing about the new one.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.data import sidecar
from core.data.dataset_index import DatasetIndex, ImageFile
from core.errors import DataError

NAME = "labels"
VERSION = 1
EXCLUDED = ""
"""Stands for a class where an image is taken out."""

MAX_STEPS = 1000


@dataclass(frozen=True)
class Change:
    """What was decided about one file.

    Attributes:
        path: str. The file, relative to the dataset's root.
        sha256: str. Its content when it was decided.
        label: str. The class it is to have; `EXCLUDED` for none; that of its folder restores it.
    """

    path: str
    sha256: str
    label: str


@dataclass(frozen=True)
class Applied:
    """What the list has done to a scan.

    Attributes:
        place: Path or None. Where the list lies; None where there is none.
        excluded: tuple of ImageFile. Images left out, as they are on disk.
        relabelled: tuple of (ImageFile, str). Images as they are on disk, and the class they have now.
        stale: int. Changes that say nothing any more: the file has gone or changed, or there is no such class.
        steps: int. Steps that can be undone.
    """

    path: Path | None = None
    excluded: tuple[ImageFile, ...] = ()
    relabelled: tuple[tuple[ImageFile, str], ...] = ()
    stale: int = 0
    steps: int = 0

    def to_dict(self) -> dict[str, Any]:
        """As JSON types: `{"file", "excluded": [path], "relabelled": [{"file", "from", "to"}], "stale"}`."""
        return {
            "file": str(self.path) if self.path else "",
            "excluded": [file.path for file in self.excluded],
            "relabelled": [{"file": f.path, "from": f.label, "to": label} for f, label in self.relabelled],
            "stale": self.stale,
        }

    def sentence(self) -> str:
        """One sentence on what was changed; empty where nothing was."""
        words = []
        if self.excluded:
            words.append(f"{_images(len(self.excluded))} left out")
        if self.relabelled:
            words.append(f"{_images(len(self.relabelled))} with a changed class")
        if self.stale:
            words.append(f"{_images(self.stale)} on the list but missing or changed since")
        return f"List of corrections: {', '.join(words)}." if words else ""


def correct(index: DatasetIndex) -> tuple[DatasetIndex, Applied]:
    """The scan with the list's changes made: labels replaced, excluded images left out.

    Args:
        index: DatasetIndex. As the folder is on disk.

    Returns:
        The same index where there is no list; and what was changed.
    """
    steps = _steps(index.root)
    if not steps:
        return index, Applied()
    todo = {(change.path, change.sha256): change.label for step in steps for change in step}
    kept, excluded, relabelled = [], [], []
    for file in index.files:
        label = todo.pop((file.path, file.sha256), file.label)
        if label == EXCLUDED:
            excluded.append(file)
        elif label in index.classes and label != file.label:
            relabelled.append((file, label))
            kept.append(dataclasses.replace(file, label=label))
        else:
            kept.append(file)
            if label != file.label:
                todo[file.path, file.sha256] = label
    kept.sort(key=lambda f: (f.split, f.label, f.path))
    filled = {file.label for file in kept}
    changed = dataclasses.replace(
        index, files=tuple(kept), empty_classes=tuple(name for name in index.classes if name not in filled)
    )
    path = sidecar.find(index.root, NAME)
    return changed, Applied(path, tuple(excluded), tuple(relabelled), len(todo), len(steps))


def change_labels(index: DatasetIndex, labels: Mapping[str, str]) -> Path:
    """Adds one step to the list.

    Args:
        index: DatasetIndex. As the folder is on disk, without corrections.
        labels: mapping from a file's path to the class it is to have, or to `EXCLUDED`.

    Returns:
        Where the list lies.

    Raises:
        DataError: there is no such image or class, or the list cannot be written.
    """
    files = {file.path: file for file in index.files}
    for path, label in labels.items():
        if path not in files:
            raise DataError(f"There is no readable image {path} in {index.root}; give its path below that folder.")
        if label not in (EXCLUDED, *index.classes):
            raise DataError(f"There is no class {label}; the classes are {', '.join(index.classes)}.")
    step = [Change(path, files[path].sha256, label) for path, label in labels.items()]
    return _write(index.root, [*_steps(index.root), step])


def undo_labels(root: Path) -> int:
    """Takes the last step off the list.

    Args:
        root: Path. The dataset's folder.

    Returns:
        Number of images that step was about; 0 where the list is empty.

    Raises:
        DataError: the list cannot be written.
    """
    steps = _steps(root)
    if not steps:
        return 0
    if len(steps) == 1:
        sidecar.remove(root, NAME)
    else:
        _write(root, steps[:-1])
    return len(steps[-1])


def _steps(root: Path) -> list[list[Change]]:
    """The list as it lies there, damaged entries left out: it may have come with the images from elsewhere."""
    record = sidecar.read(root, NAME)
    steps = record.get("steps") if record.get("version") == VERSION else None
    listed = [step for step in steps if isinstance(step, list)] if isinstance(steps, list) else []
    found = [[change for item in step if (change := _change(item))] for step in listed]
    return [step for step in found if step][-MAX_STEPS:]


def _change(item: Any) -> Change | None:
    values = [item.get(name) for name in ("path", "sha256", "label")] if isinstance(item, dict) else []
    if len(values) == 3 and all(isinstance(value, str) for value in values):
        return Change(*map(str, values))
    return None


def _write(root: Path, steps: Iterable[Iterable[Change]]) -> Path:
    about = "Corrected labels and excluded images, for Parity; the last entry counts. Delete this file to undo them."
    listed = [[dataclasses.asdict(change) for change in step] for step in steps]
    return sidecar.write_choice(root, NAME, VERSION, about, {"steps": listed})


def _images(number: int) -> str:
    return f"{number:,} {'image' if number == 1 else 'images'}"
