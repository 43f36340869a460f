"""Aligns pairs of small images and says how alike their details are then: what confirms a copy.

Gauss-Newton steps (Lucas and Kanade, IJCAI 1981; Baker and Matthews, IJCV 2004, compositional) over a matrix, a shift,
a gain and an offset of the grey levels, first at a quarter and half of the size. Images of one kind, aligned, agree in
what is coarse; only copies agree in their details: so it is the correlation of what a blur of nine pixels takes away
that counts.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_STEPS = ((16, 3), (32, 2), (64, 3))
"""Side, and steps at it: nearly all copies lie as they should after two steps at 32."""

_JUDGED = 32
"""Side from which on agreement is asked: at 16 pixels nearly all images of one kind agree."""

_CHUNK = 128
_THREADS = min(4, max(2, os.cpu_count() or 2))

MIN_OVERLAP = 0.45
"""Share of the image, its edges aside, that its copy must show."""

_LARGEST, _SMALLEST, _MOST_UNEVEN = 1.7, 0.58, 1.4
"""Scales of a copy against its image, and the one direction's against the other's."""


_BLACK = 3 / 255
_FLAT, _FEWEST_SQUARES, _MARGIN = 1 / 255, 6, 0.12
"""Standard deviation of a square without details, squares that must have some, and what the usual square may lack."""


class Alignment(NamedTuple):
    """How pairs lie on each other.

    Attributes:
        changes: float32 `(m, 2, 3)`. Where a place of the first lies in the second.
        details: float32 `(m,)`. Correlation of the details, -1 to 1; -1 where they cannot be laid on each other.
        worst: float32 `(m,)`. The same in squares of a quarter of the side, the third-lowest of those with details: a
            scene in which something has moved agrees as a whole, but not there.
    """

    changes: Floats
    details: Floats
    worst: Floats


def align(first: NDArray[np.uint8], second: NDArray[np.uint8], start: Floats, least: float = -1.0) -> Alignment:
    """Aligns the second image of each pair to the first.

    Args:
        first: uint8 `(m, 64, 64)`.
        second: uint8 `(m, 64, 64)`.
        start: float32 `(m, 2, 3)`. Where to begin.
        least: float. Correlation at half the size below which a pair is given up. Defaults to none.
    """
    begins = range(0, len(first), _CHUNK)
    with ThreadPoolExecutor(_THREADS) as pool:
        cuts = [slice(k, k + _CHUNK) for k in begins]
        parts = list(pool.map(lambda cut: _align(first[cut], second[cut], start[cut], least), cuts))
    if not parts:
        return Alignment(np.zeros((0, 2, 3), np.float32), np.zeros(0, np.float32), np.zeros(0, np.float32))
    changes, details, worst = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Alignment(changes, details, worst)


def _align(first: NDArray[np.uint8], second: NDArray[np.uint8], start: Floats, least: float) -> Alignment:
    change = start.astype(np.float32)
    details, worst = np.full(len(first), -1, np.float32), np.full(len(first), -1, np.float32)
    at_work = np.arange(len(first))
    for side, steps in _STEPS:
        if not len(at_work):
            break
        one, other = shrunk(first[at_work], side), shrunk(second[at_work], side)
        for _ in range(steps):
            change[at_work] = _step(one, other, change[at_work])
        if side < _JUDGED:
            continue
        details[at_work], worst[at_work] = _agreement(one, other, change[at_work])
        going = (details[at_work] >= least) & _is_likely(change[at_work])
        details[at_work[~going]] = -1
        at_work = at_work[going]
    return Alignment(change, details, worst)


def shrunk(images: NDArray[np.uint8], side: int) -> Floats:
    """Images of 64 pixels a side at 64, 32 or 16, a little smoothed, grey levels from 0 to 1."""
    sums = images.astype(np.uint16)
    while sums.shape[1] > side:  # by halves: a mean over blocks takes numpy several times as long
        sums = sums[:, ::2] + sums[:, 1::2]
        sums = sums[:, :, ::2] + sums[:, :, 1::2]
    return boxed(sums.astype(np.float32) / np.float32(255 * (images.shape[1] // side) ** 2), 1)


def boxed(images: Floats, radius: int) -> Floats:
    """Means over squares of `2 * radius + 1` pixels, edges repeated."""
    for axis in (1, 2):
        width = [(0, 0)] * 3
        width[axis] = (radius, radius)
        wide, size = np.pad(images, width, mode="edge"), images.shape[axis]
        parts = [wide[:, k : k + size] if axis == 1 else wide[:, :, k : k + size] for k in range(2 * radius + 1)]
        sums = parts[0] + parts[1]
        for part in parts[2:]:
            sums += part
        sums *= np.float32(1 / (2 * radius + 1))
        images = sums
    return images


def _places(side: int) -> tuple[Floats, Floats]:
    axis = ((np.arange(side, dtype=np.float32) + 0.5) * 2 / side - 1).astype(np.float32)
    x, y = np.meshgrid(axis, axis)
    return x, y


def edge_width(side: int) -> int:
    """Pixels at an edge that do not count: of a copy that was turned or framed they have mixed with what is beside."""
    return max(2, 3 * side // 64)


@cache
def _is_rim(side: int) -> NDArray[np.bool_]:
    """Which of the places of `_places`, in a row, lie at the edge."""
    rim = edge_width(side)
    edge = np.ones((side, side), bool)
    edge[rim:-rim, rim:-rim] = False
    return edge.ravel()


def warped(images: Floats, change: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Images read at the places that a change gives (bilinear), and where those count: within both images' edges."""
    count, side = images.shape[:2]
    x, y = _places(side)
    there = np.einsum("mij,jp->mip", change, np.stack([x.ravel(), y.ravel(), np.ones(side * side, np.float32)]))
    place = (there + 1) * (side / 2) - np.float32(0.5)
    rim = edge_width(side)
    inside = ((place >= rim) & (place <= side - 1 - rim)).all(axis=1) & ~_is_rim(side)
    place = np.clip(place, 0, side - 1.001)
    low = place.astype(np.int64)
    part = (place - low).astype(np.float32)
    flat = images.ravel()
    corner = low[:, 1] * side + low[:, 0] + np.arange(count)[:, None] * side * side
    across, down = part[:, 0], part[:, 1]
    left, right = flat.take(corner), flat.take(corner + 1)
    top = left + (right - left) * across
    left, right = flat.take(corner + side), flat.take(corner + (side + 1))
    below = left + (right - left) * across
    read = top + (below - top) * down
    return read.reshape(images.shape), inside.reshape(images.shape)


def _step(one: Floats, other: Floats, change: Floats) -> Floats:
    """One Gauss-Newton step: the better change."""
    side = one.shape[1]
    read, inside = warped(other, change)
    inside &= ~_is_empty(one, read)
    down, across = np.gradient(read, 2 / side, axis=(1, 2))
    x, y = _places(side)
    # Places that do not count are naught in all columns; the last is where they count.
    counts = inside.astype(np.float32)
    across, down = across * counts, down * counts
    columns = np.empty((len(one), 8, *one.shape[1:]), np.float32)
    for k, column in enumerate((across * x, across * y, across, down * x, down * y, down, read * counts, counts)):
        columns[:, k] = column
    columns = columns.reshape(len(one), 8, -1)
    # one = gain * (read + gradient @ delta) + offset
    normal = columns @ columns.transpose(0, 2, 1) + np.eye(8, dtype=np.float32) * np.float32(1e-3)
    right = (columns @ (one * inside).reshape(len(one), -1, 1))[:, :, 0]
    solved = np.linalg.solve(normal, right[:, :, None])[:, :, 0]
    gain = np.where(np.abs(solved[:, 6]) > 0.1, solved[:, 6], 1).astype(np.float32)
    delta = np.clip(solved[:, :6] / gain[:, None], -0.15, 0.15).reshape(-1, 2, 3)
    small = delta + np.eye(2, 3, dtype=np.float32)
    matrix = change[:, :, :2] @ small[:, :, :2]
    shift = (change[:, :, :2] @ small[:, :, 2:])[:, :, 0] + change[:, :, 2]
    return np.concatenate([matrix, shift[:, :, None]], axis=2).astype(np.float32)


def _agreement(one: Floats, other: Floats, change: Floats) -> tuple[Floats, Floats]:
    """Correlation of the details where both images are, in all and in the third-worst square of a sixteenth.

    -1 where too little of the image is there, or one is blank there.
    """
    read, inside = warped(other, change)
    # Corners that a turn leaves empty are no details, nor what is white after it was made lighter, nor the rim of that.
    empty = _is_empty(one, read).astype(np.float32)
    weight = (inside & (boxed(empty, 2) < _BLACK)).astype(np.float32)
    near = np.maximum(boxed(weight, 4), np.float32(1e-3))
    read = _toned(one, read, weight)
    first, second = ((image - boxed(image * weight, 4) / near) * weight for image in (one, read))
    product, left, right = (square_sums(np.asarray(v, np.float32)) for v in (first * second, first**2, second**2))
    energy = np.minimum(left.sum(axis=1), right.sum(axis=1))
    least = MIN_OVERLAP * np.mean(~_is_rim(one.shape[1]))
    enough = (inside.mean(axis=(1, 2)) >= least) & (energy > 1e-5 * one[0].size)
    whole = product.sum(axis=1) / np.sqrt(np.maximum(left.sum(axis=1) * right.sum(axis=1), 1e-12))
    strength = np.maximum(left, right)
    rich = strength >= 0.3 * strength.mean(axis=1, keepdims=True)
    single = np.where(rich, _correlations(product, left, right), 1)
    worst = np.minimum(np.sort(single, axis=1)[:, 2], _usual_square(_correlations(product, left, right), strength, one))
    return np.where(enough, whole, -1).astype(np.float32), np.where(enough, worst, -1).astype(np.float32)


def _toned(one: Floats, read: Floats, weight: Floats) -> Floats:
    """`read` under the tone curve, a cubic, that brings it nearest to `one`: what gamma and light do to grey levels."""
    count = len(one)
    level = 2 * read - 1
    powers = np.stack([np.ones_like(level), level, level**2, level**3], axis=1).reshape(count, 4, -1)
    counted = powers * weight.reshape(count, 1, -1)
    normal = counted @ powers.transpose(0, 2, 1) + np.eye(4, dtype=np.float32) * np.float32(1e-2)
    curve = np.linalg.solve(normal, counted @ one.reshape(count, -1, 1))
    return np.asarray((curve.transpose(0, 2, 1) @ powers).reshape(one.shape), np.float32)


def _is_empty(one: Floats, other: Floats) -> NDArray[np.bool_]:
    """Where one of two images is black or white."""
    empty: NDArray[np.bool_] = np.minimum(one, other) <= _BLACK
    return empty | (np.maximum(one, other) >= 1 - _BLACK)


def _correlations(product: Floats, left: Floats, right: Floats) -> Floats:
    """Correlation of each square."""
    return np.asarray(product / np.sqrt(np.maximum(left * right, 1e-12)), np.float32)


def _usual_square(single: Floats, strength: Floats, one: Floats) -> Floats:
    """Correlation of the middle one of the squares that are not blank, less a margin; -1 where they are few.

    Two horizons can be laid on each other, and then agree in nearly all the details there are: those of one line.
    """
    blank = strength < _FLAT**2 * one[0].size / 16
    count = (~blank).sum(axis=1)
    ordered = np.sort(np.where(blank, 2, single), axis=1)
    middle = ordered[np.arange(len(ordered)), np.maximum(count - 1, 0) // 2]
    return np.where(count >= _FEWEST_SQUARES, middle - _MARGIN, -1).astype(np.float32)


def square_sums(values: Floats) -> Floats:
    """Sums over the sixteen squares of each image: `(m, 16)`."""
    count, side = values.shape[:2]
    by = side // 4
    rows = values.reshape(count, 4, by, side).sum(axis=2)  # one axis at a time: both at once take numpy far longer
    return np.asarray(rows.reshape(count, 16, by).sum(axis=2), np.float32)


def _is_likely(change: Floats) -> NDArray[np.bool_]:
    """Whether a copy is made so: not much larger or smaller, and in both directions nearly alike."""
    scales = np.linalg.svd(change[:, :, :2], compute_uv=False)
    even = scales[:, 0] <= _MOST_UNEVEN * scales[:, 1]
    likely: NDArray[np.bool_] = even & (scales[:, 0] <= _LARGEST) & (scales[:, 1] >= _SMALLEST)
    return likely
