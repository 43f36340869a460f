"""Duplicates and near-duplicates: candidates by a 32x32 difference hash, confirmed by correlation of thumbnails.

The usual 64-bit hashes are useless on images of one kind: on chest X-rays three quarters of the validation images
have a training image within 2 bits. With 1,024 bits the nearest pair that is no duplicate differs in 13 %.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core import files as disk
from core import paths
from core.checks import copies as altered
from core.data.dataset_index import ImageFile, by_content
from core.data.thumbnails import SIDE, Small, Thumbnails, thumbnails
from core.progress import Progress
from core.stats.components import components

MAX_BITS = 51  # 5 % of 1,024
MIN_CORRELATION = 0.99
_CHUNK = 2048  # images compared at once: two sides of it make 16 MB of distances


class Pair(NamedTuple):
    """Two files that look alike: of two parts the first is trained on, the second is not."""

    train: ImageFile
    other: ImageFile
    bits: int
    correlation: float


def near_pairs(small: Thumbnails, train: Sequence[ImageFile], others: Sequence[ImageFile]) -> list[Pair]:
    """Every pair of a training and another image that look alike but are not the same file.

    Args:
        small: dict. From `thumbnails`.
        train: sequence of ImageFile.
        others: sequence of ImageFile. Validation and test images.

    Returns:
        List of Pair, in the order of `others`.
    """
    ours, theirs = _Side.of(small, train), _Side.of(small, others)
    found = []
    for row, column, bits in _alike(theirs, ours):
        a, b = train[column], others[row]
        correlation = 0.0 if a.sha256 == b.sha256 else _correlation(small[a.sha256], small[b.sha256])
        if correlation > MIN_CORRELATION:
            found.append(Pair(a, b, bits, correlation))
    return found


def near_groups(
    root: Path, files: Sequence[ImageFile], progress: Progress | None = None
) -> list[tuple[ImageFile, ...]]:
    """Groups of images that look alike, whatever part they are in; identical files count as one image.

    Altered copies (turned, mirrored, cut, ...) are among them.

    What was found is kept on disk until a file comes, goes or changes.

    Args:
        root: Path. The folder that the files' paths are relative to.
        files: sequence of ImageFile.
        progress: callable of (done, total) images decoded. Defaults to none.

    Returns:
        Groups in the order of their first file, each with every file of its images; an image that is near to one of
        a group belongs to it.

    Raises:
        UnreadableImage: a file has gone or changed since the scan.
    """
    copies = by_content(files)
    ones = [same[0] for same in copies.values()]
    pairs = _known(root, ones)
    if pairs is None:
        pairs = [(a.sha256, b.sha256) for a, b, *_ in _pairs_among(thumbnails(root, ones, progress), ones)]
        pairs += [(one.first, one.second) for one in altered.altered_copies(root, ones, progress)]
        _keep_pairs(root, ones, pairs)
    return [tuple(f for sha in group for f in copies[sha]) for group in _joined(list(copies), pairs)]


def _pairs_among(small: Thumbnails, files: Sequence[ImageFile]) -> list[Pair]:
    """Every pair of these images that look alike, once."""
    side, found = _Side.of(small, files), []
    for row, column, bits in _alike(side, side, once=True):
        a, b = files[row], files[column]
        correlation = _correlation(small[a.sha256], small[b.sha256])
        if correlation > MIN_CORRELATION:
            found.append(Pair(a, b, bits, correlation))
    return found


class _Side(NamedTuple):
    """Images of one side of a comparison, one a row.

    Attributes:
        signs: float32 `(n, SIDE * SIDE)`: the difference hash, +1 where a pixel is brighter than its left neighbour,
            else -1.
        forms: float32 `(n, SIDE * (SIDE + 1))`: the small image with mean 0 and length 1; zeros for a blank one.
    """

    signs: NDArray[np.float32]
    forms: NDArray[np.float32]

    @classmethod
    def of(cls, small: Thumbnails, files: Sequence[ImageFile]) -> "_Side":
        if not files:
            return cls(np.zeros((0, SIDE * SIDE), np.float32), np.zeros((0, SIDE * (SIDE + 1)), np.float32))
        grey = np.stack([small[file.sha256] for file in files])
        signs = np.where(grey[:, :, 1:] > grey[:, :, :-1], np.float32(1), np.float32(-1)).reshape(len(files), -1)
        forms = grey.reshape(len(files), -1).astype(np.float32)
        forms -= forms.mean(axis=1, keepdims=True)
        length = np.sqrt((forms**2).sum(axis=1, keepdims=True))
        forms /= np.where(length > 0, length, np.float32(1))
        return cls(signs, forms)

    def part(self, start: int) -> "_Side":
        return _Side(self.signs[start : start + _CHUNK], self.forms[start : start + _CHUNK])


def _alike(rows: _Side, columns: _Side, *, once: bool = False) -> Iterator[tuple[int, int, int]]:
    """Yields (row, column, differing bits) of what may be a pair, row by row within a chunk.

    `once`, for two sides that are the same: each pair comes once, its row first, and none with itself.
    """
    for start in range(0, len(rows.signs), _CHUNK):
        for begin in range(start if once else 0, len(columns.signs), _CHUNK):
            one, other = rows.part(start), columns.part(begin)
            # Of +1 and -1, so that the product counts equal bits minus different ones: BLAS does it in no time.
            agreement = one.signs @ other.signs.T
            close = agreement >= SIDE * SIDE - 2 * MAX_BITS
            if once and start == begin:
                close = np.triu(close, 1)
            if not close.any():
                continue
            # Flat images agree in nearly every bit, thousands of them with each other: only then is this needed.
            close &= one.forms @ other.forms.T > MIN_CORRELATION - 1e-3
            for row, column in np.argwhere(close):
                yield start + int(row), begin + int(column), int(SIDE * SIDE - agreement[row, column]) // 2


def _correlation(a: Small, b: Small) -> float:
    """Pearson's correlation of two small images; 0 where one of them is blank."""
    first, second = a.astype(np.float64).ravel(), b.astype(np.float64).ravel()
    first, second = first - first.mean(), second - second.mean()
    scale = float(np.sqrt((first @ first) * (second @ second)))
    return float(first @ second) / scale if scale else 0.0


def _joined(contents: list[str], pairs: Sequence[tuple[str, str]]) -> list[list[str]]:
    """Contents that are linked by pairs, also by way of a third."""
    index_of = {sha: i for i, sha in enumerate(contents)}
    found = components(len(contents), [(index_of[a], index_of[b]) for a, b in pairs])
    return [[contents[i] for i in group] for group in found if len(group) > 1]


def _path(root: Path) -> Path:
    return paths.cache_folder() / "duplicates" / f"{hashlib.sha256(os.fsencode(root)).hexdigest()[:32]}.json"


def _digest(files: Sequence[ImageFile]) -> str:
    """What the pairs depend on: the images in their order and the limits."""
    text = "\n".join(
        [f"{SIDE} {MAX_BITS} {MIN_CORRELATION} {altered.VERSION}", *(f"{f.sha256} {f.path}" for f in files)]
    )
    return hashlib.sha256(os.fsencode(text)).hexdigest()


def _known(root: Path, files: Sequence[ImageFile]) -> list[tuple[str, str]] | None:
    record: Any = disk.read_json(_path(root))
    if not isinstance(record, dict) or record.get("digest") != _digest(files):
        return None
    there = {file.sha256 for file in files}
    pairs = record.get("pairs")
    if not isinstance(pairs, list):
        return None
    whole = [(p[0], p[1]) for p in pairs if isinstance(p, list) and len(p) == 2 and there.issuperset(map(str, p))]
    return whole if len(whole) == len(pairs) else None


def _keep_pairs(root: Path, files: Sequence[ImageFile], pairs: Sequence[tuple[str, str]]) -> None:
    with suppress(OSError):  # it only saves time
        disk.write_json(_path(root), {"digest": _digest(files), "pairs": pairs})
