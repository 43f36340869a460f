"""The grey levels behind the pixel checks, against the images themselves."""

from typing import Any

import numpy as np
import pytest

from core import paths
from core.checks.gray_histogram import GrayHistogram, training_histogram
from core.config import DataConfig
from core.data import images
from core.data.augment import augment
from core.data.dataset import open_dataset
from core.data.preprocessing import preprocess

CHOICE: dict[str, Any] = {"size": 40, "augmentation": "question", "seed": 3}


@pytest.mark.parametrize("kind", ["raw", "rescale", "tf", "torch", "caffe", "lite"])
def test_statistics_are_those_of_the_preprocessed_pixels(kind):
    pixels = np.random.default_rng(0).integers(10, 240, (5, 7, 7, 3), np.uint8)
    pixels[..., 0] //= 2  # channels must not be mixed up
    values = preprocess(pixels, kind).astype(np.float64) / 2
    wanted = {"min": values.min(), "max": values.max(), "mean": values.mean(), "std": values.std()}
    assert GrayHistogram.of(pixels).statistics(kind, divided_by=2) == pytest.approx(wanted, abs=1e-9)


def test_levels_are_counted_once_and_kept(image_folder, monkeypatch):
    dataset = open_dataset(str(image_folder(train=(12, 12), val=(5, 5), size=40)), DataConfig())
    levels = training_histogram(dataset, **CHOICE)
    pixels = [
        augment(images.load(dataset.root / file.path, 40), "question", 3, 0, file.sha256)
        for file in (dataset.split.train[round(k * 23 / 15)] for k in range(16))
    ]
    assert np.array_equal(levels.counts, GrayHistogram.of(np.stack(pixels)).counts)
    monkeypatch.setattr(images, "decode", None)  # the second look decodes nothing
    again = training_histogram(dataset, **CHOICE)
    assert (again.image_count, again.counts.tolist()) == (16, levels.counts.tolist())


@pytest.mark.parametrize(
    "kept", ["", "[]", '{"counts": [[1, 2, 3]], "pictures": 16}', '{"counts": "x", "pictures": 1}']
)
def test_damaged_levels_are_counted_again(image_folder, kept):
    dataset = open_dataset(str(image_folder(train=(5, 5), val=(5, 5), size=40)), DataConfig())
    levels = training_histogram(dataset, **CHOICE)
    (path,) = (paths.cache_folder() / "levels").glob("*.json")
    path.write_text(kept, encoding="utf-8")
    assert training_histogram(dataset, **CHOICE).counts.tolist() == levels.counts.tolist()
