"""How a decoded image becomes the square that a network sees: stretched, with bars (letterbox), or cropped."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from core.config import DataConfig
from core.data.deep import Window, window_limits
from core.errors import DataError

FITS = ("stretch", "letterbox", "letterbox_black", "crop")

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


@dataclass(frozen=True)
class Rendering:
    """What decides the pixels of an image beside its file and the side of the square.

    Attributes:
        fit: str. One of `FITS`; see `to_square`.
        window: Window. What becomes black and white in grey images of more than 8 bits.
    """

    fit: str = "stretch"
    window: Window = "full"


FIT_WORDS = {
    "stretch": "stretched to the square (bilinear)",
    "letterbox": "fitted into the square (bilinear), bars in the mean colour of the edges",
    "letterbox_black": "fitted into the square (bilinear), bars in black",
    "crop": "cropped to the centre square (bilinear)",
}
"""What happens to an image by each fit, for whoever prepares images elsewhere."""

SQUARES = {
    "stretch": "stretched to",
    "letterbox": "fitted with bars into",
    "letterbox_black": "fitted with black bars into",
    "crop": "centre-cropped and resized to",
}
"""The same in a few words, before the number of pixels."""

STRETCHED = Rendering()
"""What every image went through before there was a choice."""


def window_words(window: Window) -> str:
    """A window in a few words that go on after "grey values"; empty where it is that of the files themselves."""
    return "" if isinstance(window, str) else f"from {window[0]:g} (black) to {window[1]:g} (white)"


def rendering_of(data: DataConfig, measured: object) -> Rendering:
    """How a run renders its images.

    Args:
        data: DataConfig. Of the run.
        measured: The window that was measured for it, as its manifest has it: two numbers, or `full`.

    Raises:
        DataError: the window was measured, and is not known any more.
    """
    if data.window == "fixed":
        return Rendering(data.fit, (data.window_low, data.window_high))
    if data.window == "percentile" and measured != "full":
        limits = window_limits(measured)
        if limits is None:
            raise DataError(
                "this run has data.window=percentile, but its manifest.json lacks the measured values, so images "
                "cannot be prepared as in training; train it again, or with data.window=fixed"
            )
        return Rendering(data.fit, limits)
    return Rendering(data.fit)


def to_square(image: Image.Image, size: int, fit: str) -> Image.Image:
    """Makes an image square, by Pillow's bilinear filter with antialiasing.

    Args:
        image: Upright, RGB.
        size: Side of the square in pixels.
        fit: `stretch` changes width and height on their own; `letterbox` keeps the shape and fills the rest with the
            mean colour of the two edges beside it, `letterbox_black` with black; `crop` takes the middle square.
    """
    if image.width != image.height and fit == "crop":
        side = min(image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        # Cut first: with a box of its own `resize` would mix in what lies just outside.
        middle = image.crop((left, top, left + side, top + side))
        return middle.resize((size, size), Image.Resampling.BILINEAR)
    if image.width != image.height and fit.startswith("letterbox"):
        width, height = content_size(image.width, image.height, size)
        content = image.resize((width, height), Image.Resampling.BILINEAR)
        square = Image.new("RGB", (size, size), (0, 0, 0) if fit == "letterbox_black" else edge_colour(content))
        square.paste(content, ((size - width) // 2, (size - height) // 2))
        return square
    return image if image.size == (size, size) else image.resize((size, size), Image.Resampling.BILINEAR)


def content_size(width: int, height: int, size: int) -> tuple[int, int]:
    """Width and height of an image whose longer side is `size`; at least one pixel."""
    longer = max(width, height)
    return max(1, round(width * size / longer)), max(1, round(height * size / longer))


def edge_colour(image: Image.Image) -> tuple[int, ...]:
    """Mean colour, rounded, of the two longer edges of an RGB image: bars lie beside these."""
    pixels = np.asarray(image, dtype=np.int64)
    edges = pixels[[0, -1]] if image.width > image.height else pixels[:, [0, -1]]
    count = edges.shape[0] * edges.shape[1]
    return tuple(((edges.sum(axis=(0, 1)) * 2 + count) // (2 * count)).tolist())


def content_box(width: int, height: int, fit: str) -> Box:
    """Where an image lies in its square, in parts of the square's side: within the bars of a letterbox, else all of it.

    Args:
        width: Of the upright image.
        height: Of the upright image.
        fit: One of `FITS`.
    """
    if not fit.startswith("letterbox"):
        return 0.0, 0.0, 1.0, 1.0
    across, down = width / max(width, height), height / max(width, height)
    return (1 - across) / 2, (1 - down) / 2, (1 + across) / 2, (1 + down) / 2
