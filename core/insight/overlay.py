"""Overlays a class activation map on an image; numpy and Pillow only."""

import io
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.data.rendering import content_box

INFERNO = (
    *("#000004", "#1b0c41", "#4a0c6b", "#781c6d", "#a52c60"),
    *("#cf4446", "#ed6925", "#fb9b06", "#f7d13d", "#fcffa4"),
)
"""The colour map inferno (van der Walt and Smith 2015) at ten even steps: its lightness rises evenly, so that equal
steps look equal, in grey and to colour-blind eyes too."""

USUAL_OPACITY = 0.6

Map = Sequence[Sequence[float]] | NDArray[np.floating]


def overlay(
    image: Image.Image, heat: Map, opacity: float = USUAL_OPACITY, form: str = "PNG", fit: str = "stretch"
) -> bytes:
    """Lays a map over an image.

    Args:
        image: Image. RGB.
        heat: `h` rows of `w` numbers, 0 to 1, of the square that the model saw.
        opacity: float. 0 shows the image alone, 1 the map alone. Defaults to 0.6.
        form: str. `PNG`, or `JPEG` for less to send. Defaults to `PNG`.
        fit: str. How the image became that square, `data.fit`. Defaults to `stretch`.

    Returns:
        The bytes of a file of the image's size.
    """
    colours = Image.fromarray(colour(smooth(heat, image.size, fit)))
    out = io.BytesIO()
    Image.blend(image.convert("RGB"), colours, min(1.0, max(0.0, opacity))).save(out, form)
    return out.getvalue()


def smooth(heat: Map, size: tuple[int, int], fit: str = "stretch") -> NDArray[np.float32]:
    """A map of the model's square at the size of an image, by bicubic interpolation, kept within 0 and 1.

    Args:
        heat: `h` rows of `w` numbers, 0 to 1.
        size: Width and height of the image.
        fit: How the image became the square. What lies on bars is left out; what a crop did not show is 0.

    Returns:
        float32 of shape `(height, width)`.
    """
    small = Image.fromarray(np.asarray(heat, np.float32))
    if fit != "crop":
        left, top, right, bottom = content_box(*size, fit)
        box = (left * small.width, top * small.height, right * small.width, bottom * small.height)
        return np.clip(np.asarray(small.resize(size, Image.Resampling.BICUBIC, box), np.float32), 0, 1)
    side = min(size)
    whole = Image.new("F", size)
    seen = small.resize((side, side), Image.Resampling.BICUBIC)
    whole.paste(seen, ((size[0] - side) // 2, (size[1] - side) // 2))
    return np.clip(np.asarray(whole, np.float32), 0, 1)


def colour(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Colours of values from 0 to 1: uint8 of shape `(*values.shape, 3)`."""
    steps = np.linspace(0, 1, len(INFERNO))
    table = np.array([[int(code[k : k + 2], 16) for k in (1, 3, 5)] for code in INFERNO])
    channels = [np.interp(values, steps, table[:, k]) for k in range(3)]
    return np.stack(channels, axis=-1).round().astype(np.uint8)


def scale_bar(width: int = 240, height: int = 12) -> bytes:
    """The colours from 0, on the left, to 1, as the bytes of a PNG."""
    out = io.BytesIO()
    Image.fromarray(colour(np.tile(np.linspace(0, 1, width), (height, 1)))).save(out, "PNG")
    return out.getvalue()


NOWHERE, EVERYWHERE = "nowhere", "everywhere alike"

_EVEN = 0.05
"""Parts of a map that differ by no more than this share of the highest are alike."""


def where(heat: Map) -> str:
    """The brightest part of a map in words, for somebody who cannot see it."""
    values = np.asarray(heat, np.float32)
    if values.max(initial=0) <= 0:
        return NOWHERE
    rows, columns = (_thirds(length) for length in values.shape)
    sums = [[values[top:bottom, left:right].mean() for left, right in columns] for top, bottom in rows]
    if values.size > 1 and np.ptp(sums) <= _EVEN * np.max(sums):
        return EVERYWHERE
    row, column = np.unravel_index(int(np.argmax(sums)), (len(rows), len(columns)))
    words = (_WORDS[len(rows)][0][row], _WORDS[len(columns)][1][column])
    return "in the middle" if words == ("middle", "middle") else f"at the {' '.join(dict.fromkeys(words))}"


_WORDS = {
    3: (("top", "middle", "bottom"), ("left", "middle", "right")),
    2: (("top", "bottom"), ("left", "right")),
    1: (("middle",), ("middle",)),
}


def _thirds(length: int) -> list[tuple[int, int]]:
    """A side cut into three parts, or as many as there are places."""
    edges = np.linspace(0, length, min(3, length) + 1).round().astype(int).tolist()
    return list(pairwise(edges))
