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
from core.stats.components import components, joined

MAX_BITS = 51  # 5 % of 1,024
MIN_CORRELATION = 0.99
_CHUNK = 1024
"""Images compared at once: two sides of it make 12 MB of distances."""

_MOST = 20
"""Pairs that are named of one image, among the images it is compared with at once: where all look alike, there are
millions, and a person looks at a few."""


class Pair(NamedTuple):
    """Two files that look alike: of two parts the first is trained on, the second is not."""

    train: ImageFile
    other: ImageFile
    bits: int
    correlation: float


def near_pairs(small: Thumbnails, train: Sequence[ImageFile], others: Sequence[ImageFile]) -> list[Pair]:
    """Pairs of a training and another image that look alike but are not the same file.

    Args:
        small: dict. From `thumbnails`.
        train: sequence of ImageFile.
        others: sequence of ImageFile. Validation and test images.

    Returns:
        List of Pair, in the order of `others`: at least one for each of `others` that looks like a training image, and
        all of those that look like a few.
    """
    ours, theirs = _contents(train), _contents(others)
    found = []
    for near in _alike(_grey(small, others), _grey(small, train)):
        differing = near.only(ours[near.columns] != theirs[near.rows])
        found += [
            Pair(train[column], others[row], int(bits), float(correlation))
            for row, column, bits, correlation in zip(*differing.only(_rank(differing.rows) < _MOST), strict=True)
        ]
    return found


def look_alike(a: Small, b: Small) -> bool:
    """Whether two small images are a pair of `near_pairs`."""
    return any(len(near.rows) for near in _alike(a[None], b[None]))


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
        pairs = _links(thumbnails(root, ones, progress), ones)
        pairs += [(one.first, one.second) for one in altered.altered_copies(root, ones, progress)]
        _keep_pairs(root, ones, pairs)
    return [tuple(f for sha in group for f in copies[sha]) for group in _joined(list(copies), pairs)]


def _links(small: Thumbnails, files: Sequence[ImageFile]) -> list[tuple[str, str]]:
    """Contents of these images that look alike, also by way of a third: each with the first of its group."""
    grey, groups = _grey(small, files), np.arange(len(files))
    for near in _alike(grey, grey, once=True):
        groups = joined(groups, near.rows, near.columns)
    return [(files[first].sha256, files[k].sha256) for k, first in enumerate(groups.tolist()) if first != k]


class _Near(NamedTuple):
    """Pairs, one an element, row by row.

    Attributes:
        rows, columns: int64. Which images.
        bits: int64. Differing bits of their difference hashes.
        correlation: float64. Pearson's, of the small images; 0 where one of them is blank.
    """

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    bits: NDArray[np.int64]
    correlation: NDArray[np.float64]

    def only(self, wanted: NDArray[np.bool_]) -> "_Near":
        return _Near(self.rows[wanted], self.columns[wanted], self.bits[wanted], self.correlation[wanted])


def _alike(rows: NDArray[np.uint8], columns: NDArray[np.uint8], *, once: bool = False) -> Iterator[_Near]:
    """Yields what looks alike of two sides, chunk by chunk.

    `once`, for two sides that are the same: each pair comes once, its row first, and none with itself.
    """
    for start in range(0, len(rows), _CHUNK):
        one = rows[start : start + _CHUNK]
        for begin in range(start if once else 0, len(columns), _CHUNK):
            other = columns[begin : begin + _CHUNK]
            # Of +1 and -1, so that the product counts equal bits minus different ones: BLAS does it in no time.
            agreement = _signs(one) @ _signs(other).T
            close = agreement >= SIDE * SIDE - 2 * MAX_BITS
            if once and start == begin:
                close = np.triu(close, 1)
            if not close.any():
                continue
            # Flat images agree in nearly every bit, thousands of them with each other: only then is this needed.
            correlation = _forms(one) @ _forms(other).T
            row, column = np.nonzero(close & (correlation > MIN_CORRELATION))
            bits = (SIDE * SIDE - agreement[row, column].astype(np.int64)) // 2
            yield _Near(start + row, begin + column, bits, correlation[row, column])


def _grey(small: Thumbnails, files: Sequence[ImageFile]) -> NDArray[np.uint8]:
    """The small images, `(n, SIDE, SIDE + 1)`."""
    return np.stack([small[file.sha256] for file in files]) if files else np.zeros((0, SIDE, SIDE + 1), np.uint8)


def _signs(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The difference hash, one a row: +1 where a pixel is brighter than its left neighbour, else -1."""
    return np.where(grey[:, :, 1:] > grey[:, :, :-1], np.float32(1), np.float32(-1)).reshape(len(grey), -1)


def _forms(grey: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The small images with mean 0 and length 1, one a row; zeros for a blank one."""
    forms = grey.reshape(len(grey), -1).astype(np.float64)
    forms -= forms.mean(axis=1, keepdims=True)
    length = np.sqrt((forms**2).sum(axis=1, keepdims=True))
    return forms / np.where(length > 0, length, 1.0)


def _contents(files: Sequence[ImageFile]) -> NDArray[np.object_]:
    return np.array([file.sha256 for file in files], object)


def _rank(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many elements before each have the same number; equal ones follow each other."""
    places = np.arange(len(rows))
    begins = np.diff(rows, prepend=-1) != 0
    return places - np.maximum.accumulate(np.where(begins, places, 0))


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
