"""Traits of an image beside what it shows: brightness, colour, sharpness, noise, compression, size, edges, border.

Measured on the pixels that the scan decodes anyway (JPEGs of 512 pixels and more at a half or less), of a part of the
images that stands for all, and kept by the content of the file.

* **Noise**: the median size of the Laplacian in the flattest quarter of the blocks of 8 x 8 pixels.
* **Compression**: coefficients of the DCT of a block that was once quantised in steps of `s` lie at multiples of `s`,
  also after saving again; the mean of `cos(2 pi c / s)` shows that and hardly depends on what the image shows (Fan and
  de Queiroz, IEEE Transactions on Image Processing 2003).
"""

import hashlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.data.array_cache import ArrayCache, HasContent
from core.data.images import Coloured, read_colour
from core.data.quality import SIDE as _MEASURED
from core.progress import Progress

SAMPLE = 1_200
"""Images of a dataset that are measured: enough to tell parts or classes apart, and the same time for any set."""

_MOST = 100  # of a class in a part
_MIDDLE = 176  # pixels a side of the middle part; larger arrays are asked of the system each time, which takes longer
STEPS = (2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 17, 20, 24, 29)
"""Steps of quantisation that are looked for."""

_TURNS = np.array([2 * np.pi / step for step in STEPS], np.float32)
_LOW = ((0, 1), (1, 0), (1, 1))
_FAR, _FEWEST = 36.0, 40  # a coefficient that tells, and how many there must be
_SIDES = ("top", "bottom", "left", "right")

Floats = NDArray[np.float32]

TRAITS: dict[str, tuple[str, ...]] = {
    "brightness": ("darkest 5 %", "lower quarter", "median grey level", "upper quarter", "brightest 5 %", "contrast"),
    "colour": (
        "red minus green",
        "blue minus green",
        "saturation",
        "red with green",
        "blue with green",
        "red with blue",
    ),
    "sharpness": ("finest details", "fine details", "middle details", "coarse details"),
    "noise": ("noise of flat areas", "spread of flat areas"),
    "compression": tuple(f"quantised by {step}" for step in STEPS),
    "quality of the JPEG": ("mean of the quantisation table", "mean of that for colours"),
    "size": ("width", "height", "width over height"),
    "direction of edges": ("upright over level edges", "rising over falling edges", "straight over slanted edges"),
    "border": tuple(f"{what} {side}" for side in _SIDES for what in ("grey level at the", "step at the")),
}
"""Names of the traits, by kind."""

WIDTH = sum(map(len, TRAITS.values()))


class Located(Protocol):
    """What is asked of a file to be chosen: its place, its class and its part."""

    @property
    def path(self) -> str: ...

    @property
    def label(self) -> str: ...


T = TypeVar("T", bound=Located)


def choose(cells: Iterable[Sequence[T]], factor: int = 1) -> list[T]:
    """A part of the images that stands for all: the same number of each class and part, in an order by chance.

    Args:
        cells: Images of one class in one part each.
        factor: How many times more of each. Defaults to 1.
    """
    filled = [cell for cell in cells if cell]
    most = factor * min(_MOST, max(2, SAMPLE // max(1, len(filled))))
    return [file for cell in filled for file in sorted(cell, key=_by_chance)[:most]]


def _by_chance(file: Located) -> str:
    return hashlib.sha256(os.fsencode(file.path)).hexdigest()


def measure(image: Coloured) -> Floats:
    """All traits of one image as it was decoded, at least twice 128 pixels a side where the file has as many.

    Returns:
        float32 `(WIDTH,)`, in the order of `TRAITS`.
    """
    grey = np.asarray(image.grey)
    middle = _middle(grey)
    small = np.asarray(image.colour.resize((48, 48), Image.Resampling.NEAREST).convert("RGB"), np.float32)
    octaves = _octaves(middle)
    scale = max(image.header.width, image.header.height) / max(image.grey.size)
    width, height = (length * scale for length in image.grey.size)
    parts = (
        *(_brightness(image.grey, octaves[0]), _colour(small), _sharpness(octaves), _noise(middle)),
        *(_compression(middle, scale), np.log1p(image.tables), np.log((width, height, width / height))),
        *(_directions(octaves[1]), _border(grey)),
    )
    row = np.concatenate([np.asarray(part, np.float32).ravel() for part in parts])
    return np.asarray(np.nan_to_num(row, nan=0.0, posinf=0.0, neginf=0.0), np.float32)


def parted(rows: Floats) -> dict[str, Floats]:
    """Rows of traits by kind: float32 `(n, traits of it)`."""
    found, begin = {}, 0
    for kind, names in TRAITS.items():
        found[kind] = rows[:, begin : begin + len(names)]
        begin += len(names)
    return found


def _brightness(image: Image.Image, grey: Floats) -> list[float]:
    levels = np.cumsum(image.histogram())
    at = np.searchsorted(levels, np.array((0.05, 0.25, 0.5, 0.75, 0.95)) * levels[-1]).tolist()
    return [*at, float(grey.std())]


def _colour(small: Floats) -> list[float]:
    flat = small.reshape(-1, 3)
    red, green, blue = flat.T
    spread = float((flat.max(axis=1) - flat.min(axis=1)).mean())
    found = [float((red - green).mean()), float((blue - green).mean()), spread]
    return [*found, _correlation(red, green), _correlation(blue, green), _correlation(red, blue)]


def _correlation(one: Floats, other: Floats) -> float:
    a, b = one - one.mean(), other - other.mean()
    scale = float(np.sqrt((a * a).sum() * (b * b).sum()))  # no `@`: its threads cost more than this takes
    return float((a * b).sum()) / scale if scale > 1e-3 else 1.0


def _middle(grey: NDArray[np.uint8]) -> Floats:
    """The middle of an image, at most `_MIDDLE` pixels a side, that begins at a multiple of 8; at least 16."""
    top, left = (max(0, length - _MIDDLE) // 16 * 8 for length in grey.shape)
    middle = grey[top : top + _MIDDLE, left : left + _MIDDLE].astype(np.float32)
    if min(middle.shape) < 16:
        middle = np.pad(middle, [(0, max(0, 16 - length)) for length in middle.shape], mode="edge")
    return middle


def _octaves(grey: Floats) -> list[Floats]:
    """An image, and that at a half, a quarter, ... of the size, five in all."""
    found = [grey]
    for _ in range(4):
        height, width = (side // 2 * 2 for side in grey.shape)
        rows = grey[:height:2, :width] + grey[1:height:2, :width]
        grey = (rows[:, ::2] + rows[:, 1::2]) * np.float32(0.25)
        found.append(grey)
    return found


def _sharpness(octaves: Sequence[Floats]) -> list[float]:
    """Logarithm of what each octave holds of the differences, against the one below it."""
    energies = [0.03 + sum(_size(np.diff(grey, axis=axis)) for axis in (0, 1)) for grey in octaves]
    return np.diff(-np.log(energies)).tolist()  # type: ignore[no-any-return]


def _size(values: Floats) -> float:
    """Mean size of the values; 0 where there are none."""
    return float(np.abs(values).sum()) / max(1, values.size)


def _blocks(grey: Floats, side: int) -> Floats:
    """Blocks of `side` x `side` pixels, a row of each: `(n, side * side)`."""
    height, width = (length // side * side for length in grey.shape)
    blocks = grey[:height, :width].reshape(height // side, side, width // side, side).transpose(0, 2, 1, 3)
    return blocks.reshape(-1, side * side)


def _noise(grey: Floats) -> list[float]:
    """Logarithm of the noise of the flattest quarter of the blocks, and of the spread within the flattest tenth."""
    around = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    laplacian = np.abs(4 * grey[1:-1, 1:-1] - around)
    found = []
    for values, share in ((_blocks(laplacian, 8).mean(axis=1), 8), (_spread(_blocks(grey, 8)), 10)):
        k = len(values) // share
        found.append(float(np.log(np.partition(values, k)[k] + 0.25)))
    return found


def _spread(rows: Floats) -> Floats:
    """Standard deviation of each row; `std` takes three times as long."""
    return np.asarray(np.sqrt(np.maximum((rows * rows).mean(axis=1) - rows.mean(axis=1) ** 2, 0)), np.float32)


def _waves(side: int) -> Floats:
    """Rows of the orthonormal DCT of `side` points."""
    k, n = np.arange(side)[:, None], np.arange(side)
    waves = np.cos(k * (2 * n + 1) * np.pi / (2 * side)) * np.sqrt(2 / side)
    waves[0] /= np.sqrt(2)
    return np.asarray(waves, np.float32)


_WAVES = {
    side: np.stack([np.outer(waves[i], waves[j]).ravel() for i, j in _LOW], axis=1) * (8 / side)
    for side in (4, 8)
    if (waves := _waves(side)) is not None
}
"""The lowest waves of blocks as columns; those of half the size are halved where a JPEG was decoded at a half."""


def _compression(grey: Floats, scale: float) -> list[float]:
    """How far one of the lowest coefficients of the blocks lies at multiples of each step, up to 1; -1 if unknown.

    Coefficients near zero are multiples of everything; too few others tell nothing.
    """
    side = {1: 8, 2: 4}.get(round(scale), 0)
    unknown = [-1.0] * len(STEPS)
    if not side or min(grey.shape) < 4 * side:
        return unknown
    waves = np.einsum("nk,kj->jn", _blocks(grey, side), _WAVES[side])  # no `@`: its threads cost more
    found = [
        np.cos(np.outer(_TURNS, low)).mean(axis=1) for row in waves if len(low := row[np.abs(row) > _FAR]) >= _FEWEST
    ]
    return np.max(found, axis=0).tolist() if found else unknown


def _directions(grey: Floats) -> list[float]:
    """Mean cosine and sine of twice, and cosine of four times the gradient's angle, by its squared length; -1 to 1."""
    down, across = grey[2:, 1:-1] - grey[:-2, 1:-1], grey[1:-1, 2:] - grey[1:-1, :-2]
    squares = across**2 + down**2 + np.float32(1e-3)
    cosine, sine, whole = across**2 - down**2, 2 * across * down, float(squares.sum())
    return [float(part.sum()) / whole for part in (cosine, -sine, (cosine**2 - sine**2) / squares)]


def _border(grey: NDArray[np.uint8]) -> list[float]:
    """Of each side the mean level of the outermost 2 %, and the step to the 6 % behind it."""
    found = []
    for image in (grey, grey[::-1], grey.T, grey.T[::-1]):
        edge = max(1, round(0.02 * len(image)))
        behind = image[2 * edge : 5 * edge] if len(image) > 2 * edge else image
        outer, inner = (part.mean(axis=0, dtype=np.float32) for part in (image[:edge], behind))
        found += [float(outer.mean()), float(np.abs(outer - inner).mean())]
    return found


def _made(path: Path) -> Floats:
    return measure(read_colour(path, _MEASURED))


KEPT = ArrayCache("traits", version=2, shape=(WIDTH,), dtype=np.float32, make=_made)


def traits(root: Path, files: Sequence[HasContent], progress: Progress | None = None) -> Floats:
    """Traits of images: float32 `(len(files), WIDTH)`; see `ArrayCache.arrays`."""
    return KEPT.stacked(root, files, progress)
