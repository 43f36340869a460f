"""The chosen dataset in a page: scanned once for all viewers, split as the Train page says, with progress."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core import paths
from core.config import DataConfig, keys, make_config, setting
from core.data.collections import published_of
from core.data.corrections import Applied, correct
from core.data.dataset import SAMPLE, Dataset, divide, scan_dataset
from core.data.dataset_index import DatasetIndex, ImageFile
from core.data.ingest import skipped_files
from core.data.sample import sample_is_ready
from core.data.set_names import set_name
from core.data.split import Split, require_trainable
from core.data.split_file import SplitFile
from core.data.tables import is_table_name
from core.errors import ConfigError, DataError, UserError
from pages.shared.shell.sample_images import draw_sample
from pages.shared.state import field_key
from pages.shared.widgets.progress_bar import with_bar

SPLITS = {"train": "Training", "val": "Validation", "test": "Test"}

_KEPT = 8
"""Scans kept in memory; one of 5,000 images has about 3 MB."""


@dataclass(frozen=True)
class View:
    """A dataset as the pages show it.

    Attributes:
        reference: What `choose_dataset` was given.
        index: What the scan found, corrected.
        split: Which file serves what.
        problem: Why it cannot be trained on; empty if it can.
        skipped: Files that were left out, with the reason.
        on_disk: What the scan found, as it is on disk.
        corrections: What the list of corrections has changed.
        split_file: The split of our own that is in use.
    """

    reference: str
    index: DatasetIndex
    split: Split
    problem: str
    skipped: tuple[tuple[str, str], ...]
    on_disk: DatasetIndex
    corrections: Applied
    split_file: SplitFile | None

    def dataset(self) -> Dataset:
        """The same for the core."""
        return Dataset(self.index, self.split, self.corrections, self.split_file)

    def find(self, path: str) -> ImageFile | None:
        """The image of that path, corrected; None where it is not there or was left out."""
        return next((file for file in self.index.files if file.path == path), None)

    def part(self, split: str) -> tuple[ImageFile, ...]:
        """Files of `train`, `val` or `test`."""
        files: tuple[ImageFile, ...] = getattr(self.split, split)
        return files

    def counts(self) -> dict[str, int]:
        """Images by split."""
        return {split: len(self.part(split)) for split in SPLITS}

    def labels(self) -> NDArray[np.int64]:
        """Labels of the training images, in the order on disk."""
        return self.dataset().labels(self.split.train)

    def path(self, file: ImageFile) -> Path:
        """Where a file lies."""
        return self.index.root / file.path


def title_of(reference: str) -> str:
    """What to call a dataset."""
    if reference == SAMPLE:
        return "Built-in sample"
    published, name = published_of(Path(reference)), set_name(reference)
    return published.label if published and name == published.folder.name else name


def without_path(reference: str, error: UserError) -> str:
    """An error's sentence with the dataset's name in place of where it lies on the server."""
    text = str(error)
    for path in {reference, str(Path(reference).resolve())} if reference != SAMPLE else ():
        text = text.replace(path, title_of(reference))
    return text


def open_view(reference: str) -> View:
    """Scans (the sample is drawn first if need be) and splits, with a progress bar while it lasts.

    Raises:
        DataError: the folder is missing or is no dataset.
    """
    if reference == SAMPLE:
        draw_sample()
    kept, key = _scans(), (reference, str(paths.home()), _stamp(reference))
    index = kept.get(key)
    if index is None:
        index = with_bar("Reading all images", lambda progress: scan_dataset(reference, progress))
        kept[key] = index
        while len(kept) > _KEPT:
            kept.pop(next(iter(kept)), None)
    data = _divide(*correct(index))
    skipped = index.skipped if reference == SAMPLE else (*index.skipped, *skipped_files(Path(reference)))
    problem = _problem(data.index, data.split)
    return View(reference, data.index, data.split, problem, skipped, index, data.corrections, data.split_file)


def peek(reference: str) -> View | None:
    """The same, but None for the sample set while it is not drawn: its counts are known without.

    Raises:
        DataError: the folder is missing or is no dataset.
    """
    if reference == SAMPLE and not sample_is_ready(paths.samples_folder()):
        return None
    return open_view(reference)


def forget_scans() -> None:
    """Makes the next look read the folder again."""
    _scans().clear()


def data_config() -> DataConfig:
    """The data settings as the Train page has them; the defaults where they cannot be used."""
    data_keys = [key for key in keys() if key.startswith("data.")]
    values = {key: st.session_state.get(field_key(key), setting(key).default) for key in data_keys}
    try:
        return make_config(SAMPLE, values).data
    except ConfigError:
        return DataConfig()


@st.cache_resource(show_spinner=False)
def _scans() -> dict[tuple[str, str, tuple[int, ...]], DatasetIndex]:
    """Scans by reference, home and stamp, shared by all viewers; an index never changes."""
    return {}


def _stamp(reference: str) -> tuple[int, ...]:
    """Times of the folder, two levels below and its tables: they change when files come or go; cheap to ask for."""
    if reference == SAMPLE:
        return ()
    level, times = [Path(reference)], []
    try:
        for depth in range(3):
            times += [folder.stat().st_mtime_ns for folder in level]
            if depth < 2:
                inside = [child for folder in level for child in sorted(folder.iterdir())]
                times += [child.stat().st_mtime_ns for child in inside if is_table_name(child.name)]
                level = [child for child in inside if child.is_dir()]
    except OSError:
        return ()  # the scan says what is wrong
    return tuple(times)


def _divide(index: DatasetIndex, applied: Applied) -> Dataset:
    """As the split file or the Train page says; by the defaults where those cannot be used (that page says so)."""
    try:
        return divide(index, data_config(), applied)
    except ConfigError:
        return _divide_without_positive(index, applied)


def _divide_without_positive(index: DatasetIndex, applied: Applied) -> Dataset:
    """The positive class may be that of a dataset chosen before; what else the Train page says counts all the same."""
    try:
        return divide(index, replace(data_config(), positive_class=""), applied)
    except ConfigError:
        return divide(index, DataConfig(), applied)


def _problem(index: DatasetIndex, split: Split) -> str:
    try:
        require_trainable(index, split, data_config().group_pattern)
    except DataError as error:
        return str(error)
    return ""
