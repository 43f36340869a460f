"""Windows: which values of a grey image of more than 8 bits become black and which white, and what is between."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Limits = tuple[float, float]
"""The value that becomes black, and the higher one that becomes white."""

Curve = Callable[[NDArray[Any]], NDArray[np.uint8]]
"""From values to 0 to 255."""

Window = Limits | Literal["full", "used"]
"""`full`: the range that a file can hold, or the window that it names itself (DICOM); `used`: see `used_limits`."""

_ENDLESS = 1e300
"""No value of an image is as large."""

PERCENTILES = (0.5, 99.5)
"""Of all values that were looked at; beyond them lie dead pixels, labels burnt in and metal."""


@dataclass(frozen=True)
class Deep:
    """A grey image before its window.

    Attributes:
        values: Whole numbers, or floats where a file scales them, of shape `(height, width)`.
        limits: What `full` means for this file.
        curve: What `full` makes of the values where two limits cannot say it. Defaults to none.
        inverted: Whether its lowest value is white.
    """

    values: NDArray[Any]
    limits: Limits
    curve: Curve | None = None
    inverted: bool = False

    def shown(self, window: Window) -> Image.Image:
        """The image in 8 bits, mode `L`.

        Args:
            window: Which values become black and white.
        """
        if isinstance(window, str) and self.curve is not None:
            grey = self.curve(self.values)
        else:
            low, high = self.limits if window == "full" else used_limits(self) if window == "used" else window
            grey = eight_bits(self.values, float(low), float(high))
        return Image.fromarray(255 - grey if self.inverted else grey)


def eight_bits(values: NDArray[Any], low: float, high: float) -> NDArray[np.uint8]:
    """Values from `low` to `high` as 0 to 255, rounded; those beyond are cut off.

    Args:
        values: Of any shape. Of whole numbers of 16 bits a table is made, which takes less memory.
        low: Becomes 0.
        high: Becomes 255; above `low`.
    """
    if values.dtype in (np.uint16, np.int16):
        info = np.iinfo(values.dtype)
        table = eight_bits(np.arange(info.min, info.max + 1), low, high)
        taken: NDArray[np.uint8] = np.take(table, values.astype(np.int32) - info.min)
        return taken
    grey: NDArray[np.uint8] = np.floor((np.clip(values, low, high) - low) * 255 / (high - low) + 0.5).astype(np.uint8)
    return grey


def used_limits(image: Deep) -> Limits:
    """The range of the fewest bits (8 at least) that hold the image's values, so that it can be seen and measured.

    A window of each image's own would hide which one is darker; only files that leave upper bits empty (12-bit images
    in 16 bits) are shown brighter. Of values below 0, and of a file that names a window, it is the whole range.
    """
    low, high = image.limits
    if low != 0 or high != 65_535:
        return image.limits
    bits = max(8, int(image.values.max(initial=0)).bit_length())
    return 0.0, float(2**bits - 1)


def window_limits(record: Any) -> Limits | None:
    """Two numbers as JSON has them, the lower one first; None for anything else."""
    numbers = isinstance(record, list) and len(record) == 2 and all(isinstance(n, int | float) for n in record)
    if not numbers or not all(abs(n) < _ENDLESS for n in record) or record[0] >= record[1]:
        return None
    return float(record[0]), float(record[1])


def deep_values(image: Image.Image) -> Deep | None:
    """The grey values of a decoded PNG or TIFF of more than 8 bits; None for any other image.

    Args:
        image: Of modes `I;16` (in any order of bytes) or `I`, loaded.
    """
    if not image.mode.startswith("I"):
        return None
    values = np.asarray(image)
    tags = getattr(image, "tag_v2", {})  # of a TIFF
    if image.mode == "I" and tags.get(339, (1,))[0] == 2:  # SampleFormat: signed
        return Deep(values.astype(np.int16), (-32_768.0, 32_767.0))
    bits = tags.get(258, (16,))[0]
    wide = values.astype(np.uint16) if values.dtype.itemsize <= 2 else values.clip(0, 65_535).astype(np.uint16)
    return Deep(wide, (0.0, float(2 ** min(bits, 16) - 1)), inverted=tags.get(262) == 0)  # Photometric: 0 is white
