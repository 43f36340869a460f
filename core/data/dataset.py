"""Dataset: a folder's scan and its split into train, val and test; the manifest that a run keeps of it."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import paths
from core.config import DataConfig
from core.data.corrections import Applied, correct
from core.data.dataset_index import DatasetIndex, ImageFile
from core.data.layout_choice import Choice, parse_choice
from core.data.positive import with_positive
from core.data.rendering import Rendering
from core.data.sample import ensure_sample
from core.data.scan import scan
from core.data.split import Split, require_trainable, split_files
from core.data.split_file import SplitFile, read_split
from core.data.window import choose_window
from core.errors import ConfigError, LayoutQuestion
from core.progress import Progress

SAMPLE = "sample"
"""The word that stands for the built-in sample set wherever a folder may be named."""


@dataclass(frozen=True)
class Dataset:
    """A scanned and split dataset.

    Attributes:
        index: DatasetIndex. What the scan found.
        split: Split. Which file serves what.
        corrections: Applied. What the list of corrections has changed in it.
        split_file: SplitFile or None. The split of our own that is in use.
    """

    index: DatasetIndex
    split: Split
    corrections: Applied = field(default_factory=Applied)
    split_file: SplitFile | None = None

    @property
    def root(self) -> Path:
        """Folder that the files' paths are relative to."""
        return self.index.root

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names; a label is a position in it."""
        return self.index.classes

    def labels(self, files: Sequence[ImageFile]) -> NDArray[np.int64]:
        """Integer labels of shape `(len(files),)`."""
        index_of = {name: k for k, name in enumerate(self.classes)}
        return np.array([index_of[file.label] for file in files], dtype=np.int64)

    def rendering(self, data: DataConfig) -> Rendering:
        """How the images become the network's squares.

        Args:
            data: DataConfig. Its fit, and its window, which may be measured now.

        Raises:
            UnreadableImage: an image has gone or changed since the scan.
        """
        return Rendering(data.fit, choose_window(data, self.root, self.index.files))

    def manifest(self) -> dict[str, Any]:
        """What a run keeps of it: root, classes, corrections, and each part's files with their hashes."""
        parts = {"train": self.split.train, "val": self.split.val, "test": self.split.test}
        return {
            "root": str(self.root),
            "classes": list(self.classes),
            "test_as_validation": self.index.test_as_validation,
            "layout": self.index.reading,
            "corrections": self.corrections.to_dict(),
            "split_file": self.split_file.to_dict(self.index) if self.split_file else None,
            **{part: [_record(file) for file in files] for part, files in parts.items()},
        }


def _record(file: ImageFile) -> dict[str, Any]:
    """A file as manifests have it; most are in no fold and opaque, which is not said of each."""
    record = asdict(file)
    for name in ("fold", "transparent"):
        if not record[name]:
            del record[name]
    return record


def locate(reference: str, progress: Progress | None = None) -> Path:
    """The folder behind a reference: the sample set (drawn now if need be) or a folder.

    Args:
        reference: str. A folder, or the word `sample`.
        progress: callable of (done, total) images drawn. Defaults to none.
    """
    if reference == SAMPLE:
        return ensure_sample(paths.samples_folder(), progress)
    path = Path(reference)
    with suppress(RuntimeError):  # "~name" of nobody: as a folder of that very name it is then found missing
        path = path.expanduser()
    return path


def scan_dataset(reference: str, progress: Progress | None = None, choice: Choice | None = None) -> DatasetIndex:
    """The scan of a referenced dataset, taken from the cache for files that have not changed.

    Args:
        reference: str. A folder, or the word `sample`.
        progress: callable of (done, total) images. Defaults to none.
        choice: Choice. How its folders are to be read. Defaults to what is remembered, else found.

    Raises:
        DataError: the folder is missing or is no dataset.
    """
    folder = locate(reference, progress)
    return scan(folder, choice=choice, cache_dir=paths.cache_folder() / "scan", progress=progress)


def open_dataset(reference: str, config: DataConfig, progress: Progress | None = None, layout: str = "") -> Dataset:
    """Scans, corrects and splits a referenced dataset and makes sure that it can be trained on.

    Args:
        reference: str. A folder, or the word `sample`.
        config: DataConfig. See `prepare`.
        progress: callable of (done, total) images. Defaults to none.
        layout: str. How a run that goes on has read the folder, as its manifest says: the choice that is remembered
            beside the images may be another by now, or lie on another machine. Defaults to what is remembered.

    Raises:
        DataError: the folder is missing, is no dataset, or a split or class is too small.
    """
    dataset = prepare(_scanned_as(layout, reference, progress), config)
    require_trainable(dataset.index, dataset.split, config.group_pattern)
    return dataset


def _scanned_as(layout: str, reference: str, progress: Progress | None) -> DatasetIndex:
    try:
        index = scan_dataset(reference, progress)
        if not layout or index.reading == layout:
            return index
    except LayoutQuestion:
        if not layout:
            raise
    try:
        choice = parse_choice(layout)
    except ConfigError:  # a table of labels, which only its own record can name
        choice = None
    return scan_dataset(reference, progress, choice)


def prepare(index: DatasetIndex, config: DataConfig) -> Dataset:
    """A scan as it is trained on: with the corrections and the split that are kept beside it, else as settings say.

    Args:
        index: DatasetIndex. As the folder is on disk.
        config: DataConfig. Its split settings count where there is no split file and the folder is not split.

    Raises:
        ConfigError: the split settings cannot be used.
    """
    corrected, applied = correct(index)
    return divide(corrected, config, applied)


def divide(index: DatasetIndex, config: DataConfig, applied: Applied | None = None) -> Dataset:
    """A corrected scan with its split.

    Args:
        index: DatasetIndex. From `correct`.
        config: DataConfig. See `prepare`.
        applied: Applied. What the corrections have changed. Defaults to nothing.

    Raises:
        ConfigError: the split settings or the positive class cannot be used.
    """
    index = with_positive(index, config.positive_class)
    own, applied = read_split(index.root), applied or Applied()
    if own is not None:
        return Dataset(index, own.divide(index), applied, own)
    return Dataset(index, split_files(index, config.validation_split, config.seed, config.group_pattern), applied)
