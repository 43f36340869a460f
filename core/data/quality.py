"""Image quality figures: blur, dark and light percentiles, entropy, measured on a small grey version of an image.

* **Blur**: the blur effect of Crété, Dolmiere, Ladret and Nicolas ("The blur effect: perception and estimation with a
  new no-reference perceptual blur metric", SPIE 2007). A sharp image loses most of the differences between
  neighbours when it is blurred once more, a blurred one hardly any. It is a share, so contrast does not matter.
* **Shadow and highlight**: the 5th and the 99th percentile of luma (ITU-R BT.601), as a histogram in a camera shows
  under- and over-exposure.
* **Entropy** of the grey levels in bits (Shannon, 1948): 0 for a blank image, 8 where all 256 levels are as frequent.
"""

from bisect import bisect_left
from itertools import accumulate
from math import log2
from operator import mul
from typing import NamedTuple

from PIL import Image, ImageChops, ImageFilter

SIDE = 128
"""Pixels of the longer side that everything is measured at, so that images of all sizes are judged alike: what is
lost below it no usual network would see (their inputs have 150 to 300 pixels)."""

_RADIUS = 4  # a window of 9, as in the paper
_LEVELS = range(256)
_SHARP = 0.5


class Measures(NamedTuple):
    """Four numbers of one image.

    Attributes:
        blur: Share of the differences between neighbours that survives another blur, 0 (sharp) to 1.
        shadow: 5th percentile of luma, 0 (black) to 1 (white).
        highlight: 99th percentile of luma, 0 to 1.
        entropy: Of the grey levels, 0 to 8 bits.
    """

    blur: float
    shadow: float
    highlight: float
    entropy: float


def measure(grey: Image.Image) -> Measures:
    """Measures an image.

    Args:
        grey: Mode `L`, upright, at least `SIDE` pixels a side where the file has as many.

    Returns:
        The four numbers, rounded to 4 decimals so that a cache gives back what was measured.
    """
    small = _reduce(grey, SIDE)
    levels = small.histogram()
    blur = blur_effect(small)
    if blur > _SHARP:
        # Of a strong blur hardly a grey level is left between neighbours, of which rounding makes steps; not so at
        # half the size. A sharp image has its larger value at the full one.
        blur = max(blur, blur_effect(_reduce(small, SIDE // 2)))
    figures = (blur, _percentile(levels, 0.05), _percentile(levels, 0.99), _entropy(levels))
    return Measures(*(round(value, 4) for value in figures))


def blur_effect(grey: Image.Image) -> float:
    """The blur effect of an image as it is, along the axis where it is the larger.

    Args:
        grey: Mode `L`.

    Returns:
        0 (sharp) to 1; 0 for a blank image, in which nothing can be blurred.
    """
    return max(_blur_along(grey, horizontal=True), _blur_along(grey, horizontal=False))


def _blur_along(grey: Image.Image, *, horizontal: bool) -> float:
    """How much of the differences between neighbours along one axis survives a box blur along it."""
    width, height = grey.size
    step = (1, 0) if horizontal else (0, 1)
    if width <= step[0] or height <= step[1]:
        return 0.0
    blurred = grey.filter(ImageFilter.BoxBlur((_RADIUS * step[0], _RADIUS * step[1])))
    first, second = (0, 0, width - step[0], height - step[1]), (*step, width, height)
    sharp = ImageChops.difference(grey.crop(first), grey.crop(second))
    again = ImageChops.difference(blurred.crop(first), blurred.crop(second))
    whole = _sum(sharp)
    return 1 - _sum(ImageChops.subtract(sharp, again)) / whole if whole else 0.0


def _sum(image: Image.Image) -> int:
    return sum(map(mul, _LEVELS, image.histogram()))


def _reduce(grey: Image.Image, side: int) -> Image.Image:
    """The image with its longer side at `side` pixels, never enlarged."""
    longer = max(grey.size)
    if longer <= side:
        return grey
    size = tuple(max(1, round(length * side / longer)) for length in grey.size)
    return grey.resize((size[0], size[1]), Image.Resampling.BILINEAR)


def _percentile(levels: list[int], share: float) -> float:
    """The lowest grey level that at least this share of the pixels does not exceed, as a part of white."""
    return min(255, bisect_left(list(accumulate(levels)), share * sum(levels))) / 255


def _entropy(levels: list[int]) -> float:
    whole = sum(levels)
    return sum(-count / whole * log2(count / whole) for count in levels if count)
