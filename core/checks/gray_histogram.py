"""Grey histogram of a few training images, as preprocessing gets them; kept on disk between calls."""

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core import files, paths
from core.data import images
from core.data.augment import augment
from core.data.dataset import Dataset
from core.data.dataset_index import ImageFile
from core.data.preprocessing import PREPROCESSING, preprocess
from core.data.rendering import STRETCHED, Rendering

VERSION = 1
"""Part of every name: to be raised when decoding, resizing or augmentation change their numbers."""

LOOKED_AT = 16
"""Images counted, evenly spread over the training files: the same ones whatever their order in a run."""


@dataclass(frozen=True)
class GrayHistogram:
    """How often each grey level occurs.

    Attributes:
        counts: integer array of shape `(256, 3)`: pixels of each level in red, green and blue.
        images: int. How many images were counted.
    """

    counts: NDArray[np.int64]
    image_count: int

    @classmethod
    def of(cls, pixels: images.Pixels) -> "GrayHistogram":
        """Counts pixels, uint8 of shape `(n, height, width, 3)`."""
        channels = [np.bincount(pixels[..., channel].ravel(), minlength=256) for channel in range(3)]
        return cls(np.stack(channels, axis=1).astype(np.int64), len(pixels))

    def statistics(self, preprocessing: str = "raw", divided_by: float = 1.0) -> dict[str, float]:
        """Smallest, largest, mean and standard deviation of the values that a preprocessing makes of the pixels.

        Args:
            preprocessing: str. A key of `core.data.preprocessing.PREPROCESSING`. Defaults to `raw`, the grey levels.
            divided_by: float. What the values are divided by afterwards. Defaults to 1.
        """
        every_level = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
        values = preprocess(every_level, preprocessing).astype(np.float64) / divided_by
        counts = self.counts[:, ::-1] if PREPROCESSING[preprocessing].bgr else self.counts
        seen = values[counts > 0]
        mean = float(np.average(values, weights=counts))
        std = float(np.sqrt(np.average((values - mean) ** 2, weights=counts)))
        return {"min": float(seen.min()), "max": float(seen.max()), "mean": mean, "std": std}


def training_histogram(
    dataset: Dataset, *, size: int, augmentation: str, seed: int, rendering: Rendering = STRETCHED
) -> GrayHistogram:
    """The grey levels of a few training images as preprocessing gets them.

    Args:
        dataset: Dataset. With at least one training image.
        size: int. Side in pixels.
        augmentation: str. Its first random version is taken.
        seed: int. The data seed.
        rendering: Rendering. How images become square. Defaults to `STRETCHED`.

    Raises:
        UnreadableImage: a file has gone or changed since the scan.
    """
    train = dataset.split.train
    chosen = [train[k] for k in np.unique(np.linspace(0, len(train) - 1, LOOKED_AT).round().astype(int))]
    path = paths.cache_folder() / "levels" / f"{_name(chosen, size, augmentation, seed, rendering)}.json"
    kept = _read(path)
    if kept is None:
        pixels = [
            augment(images.load(dataset.root / file.path, size, rendering), augmentation, seed, 0, file.sha256)
            for file in chosen
        ]
        kept = GrayHistogram.of(np.stack(pixels))
        with suppress(OSError):  # it only saves time: a full or read-only disk is no reason to fail
            files.write_json(path, {"counts": kept.counts.tolist(), "pictures": kept.image_count})
    return kept


def _name(chosen: Sequence[ImageFile], size: int, augmentation: str, seed: int, rendering: Rendering) -> str:
    facts = [VERSION, [file.sha256 for file in chosen], size, augmentation, seed if augmentation != "none" else None]
    if rendering != STRETCHED:
        facts.append(asdict(rendering))
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]


def _read(path: Path) -> GrayHistogram | None:
    """What was kept; whatever is wrong with it, the images are decoded again."""
    record = files.read_json(path)
    try:
        counts = np.array(record["counts"], dtype=np.int64)
        image_count = int(record["pictures"])
    except (TypeError, KeyError, ValueError, OverflowError):
        return None
    return (
        GrayHistogram(counts, image_count)
        if counts.shape == (256, 3) and counts.sum() > 0 and counts.min() >= 0
        else None
    )
