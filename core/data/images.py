"""Decodes an image file to upright RGB pixels of the size that is wanted; the one decoder of the whole program.

Two loaders disagree by up to 6 grey levels on a JPEG, by 90 degrees on a phone photo and by everything on a
16-bit PNG. A model trained through one and asked through the other fails without an error, so there is only this one.
"""

import io
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.data.deep import Deep, Window, deep_values
from core.data.dicom import dicom_image, dicom_pixels
from core.data.dicom_header import is_dicom, read_dicom_header
from core.data.image_modes import MAX_PIXELS, TRANSPOSE, scale_down, to_grey, to_rgb
from core.data.image_opening import (
    DECODER_ERRORS,
    Source,
    check_png,
    damage_named,
    open_image,
    opened,
    refuse_large,
    start_of,
)
from core.data.refused import Refused
from core.data.rendering import STRETCHED, Rendering, to_square
from core.data.tiff import look_into

Pixels: TypeAlias = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Header:
    """What an image file says about itself before its pixels are decoded.

    Attributes:
        width: Pixels from left to right as stored, that is before `orientation` is applied.
        height: Pixels from top to bottom as stored.
        mode: Pillow's name of the pixel format, e.g. `"RGB"`, `"L"`, `"I;16"`, `"CMYK"`, `"P"`.
        format: One of `image_opening.FORMATS`, `"DICOM"`, `"HEIF"`, or `"MPO"` (several JPEGs in a file, of phones).
        orientation: EXIF orientation, 1 (upright) to 8.
        transparent: Whether pixels may be see-through; they are laid over white.
        pages: Pages of a TIFF, frames of a DICOM file or an animation, images of a HEIC file: the first is
            read.
        patient: Hash of a DICOM file's patient id; empty where there is none.
    """

    width: int
    height: int
    mode: str
    format: str
    orientation: int
    transparent: bool
    pages: int = 1
    patient: str = ""


def read_header(source: Source) -> Header:
    """Reads size, mode and orientation without decoding any pixel.

    Args:
        source: Path, the file's bytes, or a binary file object (its `name` is used in messages).

    Raises:
        UnreadableImage: if it is no image of a kind that is read, or larger than is read.
    """
    with opened(source) as (file, name):
        if is_dicom(start_of(file)):
            return _dicom_header(file, name)
        with open_image(file, name) as image:
            return _header(image, file)


def decode(source: Source, size: int | None = None, window: Window = "full") -> Image.Image:
    """Decodes a whole image file into an upright RGB image.

    Grey and palette become RGB, more than 8 bits become 8 by the window, CMYK is converted, transparency is laid over
    white, of an animation the first frame is taken, of a file with several pages the first one.

    Args:
        source: Path, the file's bytes, or a binary file object (its `name` is used in messages).
        size: If the image will be shrunk to about this many pixels a side, a JPEG may be decoded at 1/2, 1/4 or 1/8
            of its size (DCT scaling) as long as both sides stay at least twice as long as `size`; one of more than
            `MAX_PIXELS` always is. It depends on nothing but the file and `size`, and the whole file is still read
            and checked.
        window: What becomes black and white in a grey image of more than 8 bits. Defaults to `full`.

    Raises:
        UnreadableImage: if the file is empty, no image of a kind that is read, too large or damaged.
    """
    return _read(source, size, window, grey=False)[1]


def deep_of(source: Source) -> Deep | None:
    """The values of a grey image of more than 8 bits before any window; None for other images.

    Args:
        source: Path, bytes or binary file object. Raises what `decode` raises.
    """
    with opened(source) as (file, name):
        if is_dicom(start_of(file)):
            _dicom_header(file, name)
            with damage_named(name):
                found = dicom_pixels(file)
                return found if isinstance(found, Deep) else None
        with open_image(file, name) as image, damage_named(name):
            image.load()
            return deep_values(image)


def read_grey(source: Source, size: int) -> tuple[Header, Image.Image]:
    """Header and luma (8 bits) of an image by one opening of its file, for what is measured and compared in grey.

    Args:
        source: Path, bytes or binary file object.
        size: As in `decode`, whose rules hold here too; of a JPEG the colours are not even decoded. Raises what
            `decode` raises. Values of more than 8 bits are shown by the bits that are `used`.
    """
    return _read(source, size, "used", grey=True)


class Coloured(NamedTuple):
    """What `read_colour` gives.

    Attributes:
        header: Header.
        grey: The same as `read_grey` gives, but for a grey level at most.
        colour: Mode `RGB` or `YCbCr`.
        tables: Means of the quantisation tables of a JPEG, for luma and for colours; zeros for others.
    """

    header: Header
    grey: Image.Image
    colour: Image.Image
    tables: tuple[float, float]


def read_colour(source: Source, size: int) -> Coloured:
    """Header, luma and colours of an image by one opening and decoding; see `read_grey`.

    Of a usual JPEG luma and colours are taken as they are stored, so that luma is what `read_grey` gives.
    """
    with opened(source) as (file, name):
        if not is_dicom(start_of(file)):
            with open_image(file, name) as image:
                tables = _tables(image)
                if image.mode == "RGB" and _is_jfif(image):
                    header = _header(image, file)
                    with damage_named(name):
                        scale_down(image, size, "YCbCr")
                        image.load()
                        whole = image.transpose(TRANSPOSE[header.orientation]) if header.orientation != 1 else image
                    return Coloured(header, whole.getchannel(0), whole.copy(), tables)
        else:
            tables = (0.0, 0.0)
    header, colour = _read(source, size, "used", grey=False)
    return Coloured(header, colour.convert("L"), colour, tables)


def load(source: Source, size: int, rendering: Rendering = STRETCHED) -> Pixels:
    """Decodes an image and makes it a square.

    Args:
        source: Path, bytes or binary file object.
        size: Side in pixels.
        rendering: How it becomes square, and by which window. Defaults to `STRETCHED`.

    Returns:
        uint8 array of shape `(size, size, 3)`, RGB. Raises what `decode` raises.
    """
    return np.array(to_square(decode(source, size, rendering.window), size, rendering.fit), dtype=np.uint8)


def thumbnail(source: Source, side: int) -> bytes:
    """Makes a small JPEG for display: aspect kept, never enlarged, without EXIF, comment or colour profile.

    Args:
        source: Path, bytes or binary file object.
        side: Length of the longer side in pixels, at most. Raises what `decode` raises.
    """
    image = decode(source, side, "used")
    image.thumbnail((side, side), Image.Resampling.BILINEAR)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()


def _read(source: Source, size: int | None, window: Window, *, grey: bool) -> tuple[Header, Image.Image]:
    with opened(source) as (file, name):
        if is_dicom(start_of(file)):
            header = _dicom_header(file, name)
            with damage_named(name):
                return header, dicom_image(file, window).convert("L" if grey else "RGB")
        with open_image(file, name) as image:
            header = _header(image, file)
            with damage_named(name):
                scale_down(image, size, "L" if grey else None)
                image.load()
                upright = to_grey(image, window) if grey else to_rgb(image, window)
                if header.orientation != 1:
                    upright = upright.transpose(TRANSPOSE[header.orientation])
        if header.format == "PNG":
            check_png(file, name)
    upright.info = {}  # comments, GPS and colour profiles stay behind
    return header, upright


def _header(image: Image.Image, file: BinaryIO) -> Header:
    mode = _mode(image)  # before EXIF is asked for, which of a PNG decodes the pixels
    pages = look_into(file).pages if image.format == "TIFF" else _frames(image)
    try:
        orientation = image.getexif().get(0x0112, 1)
    except Refused:
        raise
    except DECODER_ERRORS:  # unreadable EXIF is no reason to refuse the pixels
        orientation = 1
    # Pillow turns a TIFF upright as it loads it, and its HEIC reader too.
    orientation = orientation if orientation in TRANSPOSE and image.format not in ("TIFF", "HEIF") else 1
    transparent = bool(image.has_transparency_data)
    return Header(image.width, image.height, mode, image.format or "", orientation, transparent, pages)


def _frames(image: Image.Image) -> int:
    """Images of a HEIC file, frames of an animation; what cannot be counted is one."""
    if image.format not in ("HEIF", "GIF", "WEBP", "PNG"):
        return 1
    try:
        return int(getattr(image, "n_frames", 1))
    except Refused:
        raise
    except DECODER_ERRORS:  # damage behind the first frame is no reason to refuse that
        image.seek(0)
        return 1


def _dicom_header(file: BinaryIO, name: str) -> Header:
    with damage_named(name):
        said = read_dicom_header(file)
    refuse_large(name, said.width, said.height, MAX_PIXELS)
    return Header(said.width, said.height, said.mode, "DICOM", 1, False, said.pages, said.patient)


def _mode(image: Image.Image) -> str:
    """Pillow's mode; `RGB;16` for colours of 16 bits, of which Pillow gives the upper 8."""
    deep = image.mode == "RGB" and any(";16" in str(tile.args) for tile in getattr(image, "tile", [])[:1])
    return "RGB;16" if deep else image.mode


def _is_jfif(image: Image.Image) -> bool:
    """Whether a JPEG's three channels are luma and colours for sure: others' cannot be had as they are stored."""
    return image.format == "JPEG" and "jfif" in image.info and getattr(image, "layers", 0) == 3


def _tables(image: Image.Image) -> tuple[float, float]:
    means = [sum(table) / max(1, len(table)) for _, table in sorted(getattr(image, "quantization", {}).items())]
    return (means[0], means[min(1, len(means) - 1)]) if means else (0.0, 0.0)
