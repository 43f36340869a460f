"""Candidates for altered copies: a small descriptor of each image, compared under turns, mirrorings and crops.

An image becomes its lowest frequencies (a cosine transform under a round window, so that corners that a turn leaves
empty do not count), without mean and scale, so that brightness and contrast do not count either. Images of one kind are
alike in just these frequencies: so they are whitened by what the dataset itself varies in, and what is left is what
one image has and the others have not. Turning, mirroring and cropping are linear maps of the frequencies, so a dataset
is compared with all its altered versions by a few products of matrices.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from core.checks import copy_changes
from core.checks.copy_changes import FINE_SEARCH, FULL_SEARCH, TURNED_SEARCH

Floats = NDArray[np.float32]
Places = NDArray[np.int64]

_PRIOR = 200
"""Images that the usual fall of a photograph's frequencies counts as much as, beside those of the dataset."""

LEAST = 0.45
"""Cosine of two descriptors from which on a pair is examined closer."""

PER_IMAGE, MOST = 4, 5000
"""Pairs per image and direction that are examined closer, and in total: with more images fewer per image."""

_CHUNK = 1024


class Candidates(NamedTuple):
    """Pairs of images that may be one, each once.

    Attributes:
        rows: int `(m, 2)`. The two images; the first is below the second.
        changes: float `(m, 2, 3)`. Where a place of the first lies in the second: matrix and shift.
    """

    rows: NDArray[np.int64]
    changes: Floats


class _Near(NamedTuple):
    """Pairs of rows, the way in which they are alike, and how much."""

    first: Places
    second: Places
    way: Places
    similarity: Floats


def find_candidates(forms: NDArray[np.uint8]) -> Candidates:
    """Pairs that may be copies of each other.

    Args:
        forms: uint8 `(n, FORM, FORM)`.
    """
    # Of few images the products are so small that threads waiting for each other take several times as long.
    with threadpool_limits(1 if len(forms) <= FINE_SEARCH else None):
        return _found(forms)


def _found(forms: NDArray[np.uint8]) -> Candidates:
    sizes = (FINE_SEARCH, FULL_SEARCH, TURNED_SEARCH)
    size = next((most for most in sizes if len(forms) <= most), TURNED_SEARCH + 1)
    ways, maps = copy_changes.changes(size), copy_changes.maps(size)
    coefficients = copy_changes.coefficients(forms)
    usual = Usual.of(coefficients @ maps[0])
    plain = usual.whitened(coefficients @ maps[0])
    found, most = [], min(PER_IMAGE, max(1, round(MOST / max(1, len(forms)))))
    for begin in range(0, len(forms), _CHUNK):
        part = coefficients[begin : begin + _CHUNK]
        versions = [usual.whitened(part @ way) for way in maps]
        # Both of a pair are altered in turn: what a copy has lost at its edges cannot be found by altering the copy.
        for start in range(0, len(forms), _CHUNK):
            near = _best(plain[start : start + _CHUNK], versions, most, same=start == begin)
            found.append(_Near(near.first + start, near.second + begin, near.way, near.similarity))
    if not found:
        return Candidates(np.zeros((0, 2), np.int64), np.zeros((0, 2, 3), np.float32))
    first, second, way, similarity = (np.concatenate(column) for column in zip(*found, strict=True))
    near = _once(_likeliest(_Near(first, second, way, similarity), most))
    rows, turned = np.column_stack([near.first, near.second]), near.first > near.second
    placed = ways[near.way]
    placed[turned] = _inverted(placed[turned])
    rows[turned] = rows[turned, ::-1]
    return Candidates(rows, placed)


def _once(near: _Near) -> _Near:
    """Each pair of images once, by the way in which it is the most alike; the most alike where they are too many."""
    order = np.argsort(-near.similarity, kind="stable")
    pairs = np.sort(np.column_stack([near.first, near.second])[order], axis=1)
    kept = order[np.sort(np.unique(pairs, axis=0, return_index=True)[1])][: 2 * MOST]
    kept.sort()
    return _Near(near.first[kept], near.second[kept], near.way[kept], near.similarity[kept])


def _inverted(placed: Floats) -> Floats:
    """The changes back: `(m, 2, 3)`."""
    matrix = np.linalg.inv(placed[:, :, :2])
    return np.asarray(np.concatenate([matrix, -matrix @ placed[:, :, 2:]], axis=2), np.float32)


def described(forms: NDArray[np.uint8]) -> Floats:
    """What tells each image from the others of its set, a row of length 1: float32 `(n, _KEPT**2 - 1)`.

    Args:
        forms: uint8 `(n, FORM, FORM)`.
    """
    plain = copy_changes.coefficients(forms) @ copy_changes.described(np.eye(2, 3, dtype=np.float32))
    return Usual.of(plain).whitened(plain)


def _likeliest(near: _Near, most: int) -> _Near:
    """Of pairs from all blocks those that are among the likeliest of one of their images."""
    order = np.argsort(-near.similarity, kind="stable")
    kept = np.zeros(len(order), bool)
    for images in (near.first[order], near.second[order]):
        by_image = np.argsort(images, kind="stable")
        begins = np.flatnonzero(np.r_[True, np.diff(images[by_image]) != 0])
        rank = np.arange(len(order)) - np.repeat(begins, np.diff(np.r_[begins, len(order)]))
        kept[by_image[rank < most]] = True
    rows = np.sort(order[kept])
    return _Near(near.first[rows], near.second[rows], near.way[rows], near.similarity[rows])


def _best(rows: Floats, versions: list[Floats], count: int, *, same: bool) -> _Near:
    """Rows, columns and way of the likeliest pairs of a block."""
    best = np.full((len(rows), len(versions[0])), LEAST, np.float32)
    similarity = np.empty_like(best)
    for version in versions:
        np.maximum(best, np.matmul(rows, version.T, out=similarity), out=best)
    if same:
        np.fill_diagonal(best, -1)
    best[best <= LEAST] = -1
    most = np.zeros(best.shape, bool)
    for axis in (0, 1):
        kth = best.shape[axis] - min(count, best.shape[axis])
        least = np.partition(best, kth, axis=axis).take([kth], axis=axis)
        most |= best >= least
    row, column = np.nonzero(most & (best > LEAST))
    # The way is asked only of the few pairs that are left: to keep it for all takes longer than the products.
    ways = [np.einsum("md,md->m", rows[row], version[column]) for version in versions]
    return _Near(row, column, np.argmax(ways, axis=0).astype(np.int64), best[row, column])


class Usual(NamedTuple):
    """What the descriptors of a dataset are usually like: their mean, and what makes them vary alike."""

    mean: Floats
    whitening: Floats

    @classmethod
    def of(cls, plain: Floats) -> "Usual":
        """Of the unchanged images; held to the prior where they are few."""
        values = _unit(plain).astype(np.float64)
        count, width = values.shape
        mean = values.sum(axis=0) / (count + _PRIOR)
        spread = values - mean
        covariance = (spread.T @ spread + _PRIOR * np.eye(width) / width) / (count + _PRIOR)
        weights, axes = np.linalg.eigh(covariance)
        return cls(mean.astype(np.float32), (axes / np.sqrt(weights) @ axes.T).astype(np.float32))

    def whitened(self, described: Floats) -> Floats:
        """Descriptors of length 1 in which what is usual does not count."""
        return _unit(np.asarray((_unit(described) - self.mean) @ self.whitening, np.float32))


def _unit(rows: Floats) -> Floats:
    length = np.sqrt((rows**2).sum(axis=1, keepdims=True))
    return np.asarray(rows / np.maximum(length, np.float32(1e-6)), np.float32)
