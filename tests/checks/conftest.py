"""A healthy run before it starts, and the same with one thing wrong; nothing of it lies on the disk."""

import hashlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from core.checks.context import Context
from core.checks.copies import Search
from core.checks.gray_histogram import GrayHistogram
from core.config import make_config
from core.data.dataset import Dataset
from core.data.dataset_index import DatasetIndex, ImageFile
from core.data.split import Split

MakeContext = Callable[..., Context]
HEALTHY = {"train": {"cat": 120, "dog": 120}, "val": {"cat": 60, "dog": 60}}


def image_file(split: str, label: str, number: int, **facts: Any) -> ImageFile:
    """One image of 320 x 240 pixels."""
    path = f"{split}/{label}/{label}{number:03}.jpg" if split else f"{label}/{label}{number:03}.jpg"
    sha = hashlib.sha256(path.encode()).hexdigest()
    usual = {"width": 320, "height": 240, "mode": "RGB", "format": "JPEG", "orientation": 1}
    return ImageFile(**{"path": path, "label": label, "split": split, "sha256": sha, "bytes": 999, **usual, **facts})


@lru_cache(maxsize=64)
def _usual_files(split: str, label: str, count: int) -> tuple[ImageFile, ...]:
    return tuple(image_file(split, label, number) for number in range(count))


@lru_cache(maxsize=64)
def _drawn(size: int, count: int) -> tuple[GrayHistogram, NDArray[np.uint8], NDArray[np.uint8]]:
    """Grey levels of images of one size, and so many thumbnails and forms, all by lot."""
    rng = np.random.default_rng(0)
    histogram = GrayHistogram.of(rng.integers(0, 256, (16, size, size, 3), np.uint8))
    small = rng.integers(0, 256, (count, 32, 33), np.uint8)
    small.setflags(write=False)
    return histogram, small, rng.integers(0, 256, (count, 64, 64), np.uint8)


def split_of(files: list[ImageFile]) -> Split:
    train, val, test = (tuple(f for f in files if f.split == name) for name in ("train", "val", "test"))
    return Split(train, val, test)


@pytest.fixture
def make_context() -> MakeContext:
    """A function `make_context({"data.shuffle": "none"}, preset=..., counts=..., edit=..., pixels=..., **index)`.

    `edit` gets each file and gives what is to stand for it; further arguments go to the index.
    """

    def make(
        settings: dict[str, Any] | None = None,
        *,
        preset: str = "recommended",
        counts: dict[str, dict[str, int]] | None = None,
        edit: Callable[[ImageFile], ImageFile] | None = None,
        pixels: Any = None,
        dataset: str = "/data/animals",
        **index: Any,
    ) -> Context:
        files = [
            file
            for split, classes in (counts or HEALTHY).items()
            for label, count in classes.items()
            for file in _usual_files(split, label, count)
        ]
        files = [edit(file) for file in files] if edit else files
        classes = tuple(sorted({label for part in (counts or HEALTHY).values() for label in part}))
        facts = {"root": Path(dataset), "layout": "splits", "classes": classes, "files": tuple(files), **index}
        config = make_config(dataset, settings or {}, preset=preset)
        context = Context(config, Dataset(DatasetIndex(**facts), split_of(files)))
        histogram, small, forms = _drawn(config.data.image_size, len(files))
        context.__dict__.update(
            gray_histogram=histogram if pixels is None else GrayHistogram.of(pixels),
            thumbnails=dict(zip([file.sha256 for file in files], small, strict=True)),
            forms=forms,
            altered_copies=[],
            _search=Search((), gave_up=False),
            sample=None,
            test_sample=None,
        )  # computed already, as it were
        return context

    return make
