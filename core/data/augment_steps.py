"""What the steps of an augmentation do to an image, each with random numbers of its own: pixels in, pixels out.

A step's change is a pure function of (seed, draw, file content, kind of step, how many of that kind came before): the
other steps of the list, threads and the order of calls change nothing. Steps that move pixels and follow each other
are computed in one go, so that they blur the image once. Scripts that repeat a run get this text as it is.
"""

import math
from collections.abc import Callable, Sequence
from functools import reduce

import numpy as np
import numpy.typing as npt
from PIL import Image

Array = npt.NDArray[np.float64]
Move = tuple[Array, str]
"""Output (x, y, 1) -> source (x, y, 1), both from the image's centre, in pixels; and how what lies beyond is filled."""

STREAMS = {
    "flip": 1, "rotation": 2, "shift": 3, "zoom": 4, "shear": 5, "crop": 6, "brightness": 7, "contrast": 8,
    "channel_shift": 9,
}  # fmt: skip
"""Keeps the random numbers of each kind of step apart from all others; fixed for ever."""


def apply_steps(
    pixels: npt.NDArray[np.uint8],
    steps: Sequence[tuple[str, float, float, tuple[str, ...]]],
    seed: int,
    draw: int,
    content: str,
    only: int | None = None,
) -> npt.NDArray[np.uint8]:
    """Changes an image by a list of steps, in their order.

    Args:
        pixels: uint8 array of shape `(height, width, 3)`.
        steps: Kind, ends of its range and words of each step, as `core/notation/augmentation.py` has them.
        seed: The data seed, at least 0.
        draw: Number of the draw, at least 0.
        content: SHA-256 of the file, or its first 16 digits, as hexadecimal text.
        only: Applies this step of the list alone, counted from 0, as it is among the others. Defaults to all.

    Returns:
        uint8 array of the same shape; `pixels` itself where there is nothing to do.
    """
    moves: list[Move] = []
    counts = dict.fromkeys(STREAMS, 0)
    for place, (kind, low, high, words) in enumerate(steps):
        counts[kind] += 1
        if only not in (None, place):
            continue
        rng = np.random.default_rng([seed, draw, int(content[:16], 16), STREAMS[kind], counts[kind]])
        if kind in MOVES:
            moves.append(_moved(kind, rng, (low, high), words, pixels.shape[:2]))
            continue
        pixels, moves = _move(pixels, moves), []
        pixels = _shade(pixels, SHADES[kind](rng, low, high, words, pixels))
    return _move(pixels, moves)


# ---- steps that move pixels: from a range to a matrix


def _moved(
    kind: str, rng: np.random.Generator, span: tuple[float, float], words: tuple[str, ...], shape: tuple[int, ...]
) -> Move:
    fills = [word for word in words if word in FILLED]
    return MOVES[kind](rng, span, words, shape), fills[0] if fills else "nearest"


def _flip(rng: np.random.Generator, span: tuple[float, float], words: tuple[str, ...], shape: tuple[int, ...]) -> Array:
    """Mirrored in half of all cases, along each axis for itself."""
    first, second = rng.random(2) < 0.5
    return np.diag(
        [
            -1.0 if first and "vertical" not in words else 1.0,
            -1.0 if second and "horizontal" not in words else 1.0,
            1.0,
        ]
    )


def _rotation(
    rng: np.random.Generator, span: tuple[float, float], words: tuple[str, ...], shape: tuple[int, ...]
) -> Array:
    turn = math.radians(rng.uniform(*span))
    return np.array([[math.cos(turn), -math.sin(turn), 0.0], [math.sin(turn), math.cos(turn), 0.0], [0.0, 0.0, 1.0]])


def _shift(
    rng: np.random.Generator, span: tuple[float, float], words: tuple[str, ...], shape: tuple[int, ...]
) -> Array:
    right, down = rng.uniform(*span, 2)
    matrix = np.eye(3)
    matrix[0, 2] = 0.0 if "vertical" in words else -right * shape[1]
    matrix[1, 2] = 0.0 if "horizontal" in words else -down * shape[0]
    return matrix


def _zoom(rng: np.random.Generator, span: tuple[float, float], words: tuple[str, ...], shape: tuple[int, ...]) -> Array:
    x, y = rng.uniform(*span, 2)
    y = x if "same" in words else y
    return np.diag([1.0 if "vertical" in words else x, 1.0 if "horizontal" in words else y, 1.0])


def _shear(
    rng: np.random.Generator, span: tuple[float, float], words: tuple[str, ...], shape: tuple[int, ...]
) -> Array:
    """As `ImageDataGenerator`: rows slide along each other, or columns; the other axis shrinks by the cosine."""
    lean = math.radians(rng.uniform(*span))
    if "vertical" in words:
        return np.array([[math.cos(lean), 0.0, 0.0], [-math.sin(lean), 1.0, 0.0], [0.0, 0.0, 1.0]])
    return np.array([[1.0, -math.sin(lean), 0.0], [0.0, math.cos(lean), 0.0], [0.0, 0.0, 1.0]])


def _crop(rng: np.random.Generator, span: tuple[float, float], words: tuple[str, ...], shape: tuple[int, ...]) -> Array:
    """A part with this share of both sides, from anywhere in the image, enlarged to the whole of it."""
    share, (x, y) = rng.uniform(*span), rng.random(2)
    matrix = np.diag([share, share, 1.0])
    matrix[0, 2], matrix[1, 2] = (x - 0.5) * (1 - share) * shape[1], (y - 0.5) * (1 - share) * shape[0]
    return matrix


MOVES: dict[str, Callable[..., Array]] = {
    "flip": _flip, "rotation": _rotation, "shift": _shift, "zoom": _zoom, "shear": _shear, "crop": _crop,
}  # fmt: skip


def _move(pixels: npt.NDArray[np.uint8], moves: list[Move]) -> npt.NDArray[np.uint8]:
    """Applies moves that follow each other as one, unless they fill in different ways or would look too far away."""
    if not moves:
        return pixels
    fills = {fill for matrix, fill in moves if not _is_exact(matrix)}
    whole = reduce(np.matmul, [matrix for matrix, _ in moves])
    if len(moves) > 1 and (len(fills) > 1 or _reach(whole, pixels.shape[:2]) > max(pixels.shape[:2])):
        for one in moves:
            pixels = _move(pixels, [one])
        return pixels
    return _resample(pixels, whole, fills.pop() if fills else "nearest")


def _is_exact(matrix: Array) -> bool:
    """Whether it does nothing but mirror."""
    return bool(np.array_equal(np.abs(matrix), np.eye(3)))


def _resample(pixels: npt.NDArray[np.uint8], matrix: Array, fill: str) -> npt.NDArray[np.uint8]:
    """Looks every pixel up at its source: linear interpolation, rounded down; mirroring alone is exact."""
    if _is_exact(matrix):
        return np.ascontiguousarray(pixels[:: int(matrix[1, 1]), :: int(matrix[0, 0])])
    height, width = pixels.shape[:2]
    pad = _reach(matrix, (height, width))
    rows, columns = FILLED[fill](height, pad), FILLED[fill](width, pad)
    padded = pixels.take(rows, axis=0).take(columns, axis=1)
    if fill == "black":
        padded[:pad], padded[pad + height :], padded[:, :pad], padded[:, pad + width :] = 0, 0, 0, 0
    # Pillow counts from the corner of the padded image, the matrix from the centre of the image.
    centre = np.array([width / 2, height / 2])
    offset = matrix[:2, 2] + centre + pad - matrix[:2, :2] @ centre
    data = (matrix[0, 0], matrix[0, 1], offset[0], matrix[1, 0], matrix[1, 1], offset[1])
    moved = Image.fromarray(padded).transform((width, height), Image.Transform.AFFINE, data, Image.Resampling.BILINEAR)
    return np.array(moved, dtype=np.uint8)


def _reach(matrix: Array, shape: tuple[int, ...]) -> int:
    """How many pixels of edge are needed on each side so that every source point lies inside."""
    half = np.array([shape[1] / 2, shape[0] / 2])
    corners = np.array([[-1.0, -1.0, 1.0, 1.0], [-1.0, 1.0, -1.0, 1.0]]) * half[:, None]
    source = np.abs(matrix[:2, :2] @ corners + matrix[:2, 2:])
    return math.ceil(max(0.0, float((source.max(axis=1) - half).max()))) + 1


def _nearest(length: int, pad: int) -> npt.NDArray[np.intp]:
    """0 0 0 1 2 ... n-1 n-1 n-1."""
    return np.clip(np.arange(-pad, length + pad), 0, length - 1)


def _reflect(length: int, pad: int) -> npt.NDArray[np.intp]:
    """1 0 0 1 2 ... n-1 n-1 n-2, as `fill_mode="reflect"`."""
    place = np.arange(-pad, length + pad) % (2 * length)
    return np.where(place < length, place, 2 * length - 1 - place)


def _wrap(length: int, pad: int) -> npt.NDArray[np.intp]:
    """n-2 n-1 0 1 2 ... n-1 0 1."""
    return np.arange(-pad, length + pad) % length


FILLED = {"nearest": _nearest, "reflect": _reflect, "wrap": _wrap, "black": _nearest}


# ---- steps that change grey levels: from a range to what each of the 256 becomes


def _brightness(
    rng: np.random.Generator, low: float, high: float, words: tuple[str, ...], pixels: npt.NDArray[np.uint8]
) -> Array:
    return np.tile(np.arange(256) * rng.uniform(low, high), (3, 1))


def _contrast(
    rng: np.random.Generator, low: float, high: float, words: tuple[str, ...], pixels: npt.NDArray[np.uint8]
) -> Array:
    """Away from the mean of each channel or towards it, as Keras' `RandomContrast`."""
    means: Array = pixels.reshape(-1, 3).sum(axis=0, dtype=np.int64)[:, None] / (pixels.size // 3)
    return means + (np.arange(256) - means) * rng.uniform(low, high)


def _channel_shift(
    rng: np.random.Generator, low: float, high: float, words: tuple[str, ...], pixels: npt.NDArray[np.uint8]
) -> Array:
    """The same for all channels and kept within the image's own grey levels, as `ImageDataGenerator`; or for each."""
    added = rng.uniform(low, high, 3)
    added = added if "each" in words else added[[0, 0, 0]]
    return np.clip(np.arange(256) + added[:, None], pixels.min(), pixels.max())


SHADES: dict[str, Callable[..., Array]] = {
    "brightness": _brightness, "contrast": _contrast, "channel_shift": _channel_shift,
}  # fmt: skip


def _shade(pixels: npt.NDArray[np.uint8], levels: Array) -> npt.NDArray[np.uint8]:
    """Replaces grey levels: three rows of 256, rounded to the nearest and kept within 0 to 255."""
    table = np.clip(np.rint(levels), 0, 255).astype(np.uint8)
    return np.stack([table[channel].take(pixels[..., channel]) for channel in range(3)], axis=-1)
