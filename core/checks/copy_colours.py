"""Whether the colours of two registered images are those of one image: hearts of two colours have the same details.

Light and contrast change all channels in the same way, a colour cast scales each; images saved with red and blue
exchanged, or in grey, are copies too. A drawing that was made in another colour is none of these.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.checks.copy_alignment import Floats, shrunk, warped
from core.data.dataset_index import ImageFile
from core.data.images import read_colour
from core.data.quality import SIDE as _MEASURED

_SIDE = 32

_LEAST = 0.96
"""Correlation of the colours from which on two images are one. See docs/checks.md for what copies reach."""

_GREY = 4 / 255
"""Mean distance of the channels from their mean (root mean square) below which an image has no colours."""

_FULL = 252 / 255
"""Level from which on a channel is at its end: what lies above it is lost in one image, and does not count there."""

_CAST = (0.7, 1.4)
"""Gains that a channel may have beside the others."""

_CHUNK = 256
_THREADS = min(8, max(2, os.cpu_count() or 2))


def same_colours(root: Path, files: Sequence[ImageFile], rows: NDArray[np.int64], changes: Floats) -> NDArray[np.bool_]:
    """Which pairs of files may be one image by their colours: bool `(m,)`. Only images of these pairs are decoded.

    Args:
        root: Path. The folder that the files' paths are relative to.
        files: sequence of ImageFile.
        rows: int `(m, 2)`. The pairs.
        changes: float32 `(m, 2, 3)`. From `align`.

    Raises:
        UnreadableImage: a file has gone or changed since the scan.
    """
    grey = np.array([file.is_grey for file in files])
    asked = np.flatnonzero(~grey[rows].any(axis=1))
    images = np.unique(rows[asked])
    with ThreadPoolExecutor(_THREADS) as pool:
        small = list(pool.map(lambda k: _coloured(root / files[k].path), images.tolist()))
    place = np.searchsorted(images, rows[asked])
    same = np.ones(len(rows), bool)
    for begin in range(0, len(asked), _CHUNK):
        part = place[begin : begin + _CHUNK]
        first, second = (np.stack([small[k] for k in part[:, side]]) for side in (0, 1))
        rows_of_part = asked[begin : begin + _CHUNK]
        same[rows_of_part] = colour_agreement(first, second, changes[rows_of_part]) >= _LEAST
    return same


def _coloured(path: Path) -> NDArray[np.uint8]:
    image = read_colour(path, _MEASURED).colour.convert("RGB")
    return np.array(image.resize((_SIDE, _SIDE), Image.Resampling.BILINEAR))


def colour_agreement(first: NDArray[np.uint8], second: NDArray[np.uint8], changes: Floats) -> Floats:
    """How far the colours of pairs agree, -1 to 1; 1 where one of both has none.

    Args:
        first: uint8 `(m, 32, 32, 3)`.
        second: uint8 `(m, 32, 32, 3)`.
        changes: float32 `(m, 2, 3)`. From `align`.
    """
    one = np.stack([shrunk(first[..., channel], _SIDE) for channel in range(3)], axis=1)
    laid = [warped(shrunk(second[..., channel], _SIDE), changes) for channel in range(3)]
    other, inside = np.stack([image for image, _ in laid], axis=1), laid[0][1][:, None]
    ways = [
        how(one, read, _counts(one, read, inside))
        for how, read in ((_alike, other), (_alike, other[:, ::-1]), (_with_cast, other))
    ]
    grey = np.minimum(_chroma(one, inside), _chroma(other, inside)) < _GREY
    return np.where(grey, 1, np.max(ways, axis=0)).astype(np.float32)


def _counts(one: Floats, other: Floats, inside: NDArray[np.bool_]) -> Floats:
    """1 where a channel says something: within both images, and not at its end in one alone."""
    return np.asarray(inside & ((one >= _FULL) == (other >= _FULL)), np.float32)


def _alike(one: Floats, other: Floats, counts: Floats) -> Floats:
    """Correlation over all places and channels: one gain and one offset for all of them."""
    a, b = _centred(one, counts), _centred(other, counts)
    power = np.sqrt((a**2).sum(axis=(1, 2, 3)) * (b**2).sum(axis=(1, 2, 3)))
    return np.asarray((a * b).sum(axis=(1, 2, 3)) / np.maximum(power, 1e-9), np.float32)


def _with_cast(one: Floats, other: Floats, counts: Floats) -> Floats:
    """The same as a share explained, with a gain for each channel and no offset: white turns coloured, too."""
    power = (other**2 * counts).sum(axis=(2, 3))
    gain = np.clip((one * other * counts).sum(axis=(2, 3)) / np.maximum(power, 1e-9), *_CAST)
    left = ((one - gain[:, :, None, None] * other) ** 2 * counts).sum(axis=(1, 2, 3))
    whole = (_centred(one, counts) ** 2).sum(axis=(1, 2, 3))
    return np.asarray(np.sqrt(np.clip(1 - left / np.maximum(whole, 1e-9), 0, 1)), np.float32)


def _centred(image: Floats, counts: Floats) -> Floats:
    """Without the mean of all places and channels that count; 0 where they do not."""
    mean = (image * counts).sum(axis=(1, 2, 3), keepdims=True) / np.maximum(
        counts.sum(axis=(1, 2, 3), keepdims=True), 1
    )
    return np.asarray((image - mean) * counts, np.float32)


def _chroma(image: Floats, inside: NDArray[np.bool_]) -> Floats:
    distance = ((image - image.mean(axis=1, keepdims=True)) ** 2 * inside).sum(axis=(1, 2, 3))
    return np.asarray(np.sqrt(distance / np.maximum(3 * inside.sum(axis=(1, 2, 3)), 1)), np.float32)
