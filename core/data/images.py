"""Decodes an image file to RGB pixels (EXIF, resize, preprocessing); the one decoder of the whole program.

Two loaders disagree by up to 6 grey levels on a JPEG, by 90 degrees on a phone photo and by everything on a
16-bit PNG. A model trained through one and asked through the other fails without an error, so there is only this one.
"""

import io
import math
import re
import stat
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import (
    Image,
    PngImagePlugin,
    TiffImagePlugin,  # noqa: F401  (registers TIFF, as the next does WebP: no thread has to import every plugin there is)
    UnidentifiedImageError,
    WebPImagePlugin,  # noqa: F401
)

from core.data.deep import Deep, Window, deep_values
from core.data.dicom import dicom_image, dicom_pixels, is_dicom, read_dicom_header
from core.data.foreign import what_it_is
from core.data.heic import allow_heic, is_heic
from core.data.png_chunks import LenientStream
from core.data.refused import Refused
from core.data.rendering import STRETCHED, Rendering, to_square
from core.data.tiff import is_tiff, look_into
from core.errors import UnreadableImage

Source: TypeAlias = Path | bytes | BinaryIO
Pixels: TypeAlias = npt.NDArray[np.uint8]

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF")
FORMAT_WORDS = "JPEG, PNG, WebP, BMP, GIF, TIFF, DICOM or HEIC"
EXTENSIONS = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".dcm", ".dicom"}
    | {".heic", ".heif", ".hif"}
)
MAX_PIXELS = 40_000_000  # 120 MB once decoded to RGB; the largest phone and X-ray images have about 25
MAX_JPEG_PIXELS = 65_000_000  # of a JPEG, which is decoded at 1/2 of its size or less then; phones make 48 to 64
MAX_HEIC_PIXELS = 50_000_000  # phones make 48
MAX_SIDE = 20_000  # a 40 Mpx strip of 1 x 40,000,000 would cost more in bookkeeping than in pixels

_SIGNATURES = (b"\xff\xd8", b"\x89PNG", b"BM", b"GIF8", b"RIFF")
_BROKEN = (
    *(OSError, ValueError, SyntaxError, TypeError, LookupError, AttributeError, OverflowError, EOFError),
    *(RuntimeError, AssertionError, UserWarning, struct.error, zlib.error),
)
_MOST = {"JPEG": MAX_JPEG_PIXELS, "MPO": MAX_JPEG_PIXELS, "HEIF": MAX_HEIC_PIXELS}
_TRANSPOSE = {  # EXIF orientation -> what puts the image upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# Set once and for the whole process: swapping filters around each call (catch_warnings) is not thread-safe. Should
# something reset the first, Pillow only prints its warning and the check of the header below still refuses. The second
# is about EXIF that cannot be read: no reason to refuse the pixels, nor to fill a log.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
Image.preinit()


@dataclass(frozen=True)
class Preprocessing:
    """From pixels in 0..255 to a network's input: `pixel * scale + offset` for R, G and B, then reversed if `bgr`."""

    scale: tuple[float, float, float]
    offset: tuple[float, float, float]
    bgr: bool = False


# caffe and torch: ImageNet's mean (and standard deviation, of pixels in 0..1) as Keras' `imagenet_utils` has them.
PREPROCESSING: dict[str, Preprocessing] = {
    "caffe": Preprocessing((1.0, 1.0, 1.0), (-123.68, -116.779, -103.939), bgr=True),
    "tf": Preprocessing((1 / 127.5,) * 3, (-1.0,) * 3),
    "torch": Preprocessing(
        (1 / (255 * 0.229), 1 / (255 * 0.224), 1 / (255 * 0.225)), (-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225)
    ),
    "lite": Preprocessing((1 / 128,) * 3, (-127 / 128,) * 3),
    "raw": Preprocessing((1.0,) * 3, (0.0,) * 3),
    "rescale": Preprocessing((1 / 255,) * 3, (0.0,) * 3),
}


@dataclass(frozen=True)
class Header:
    """What an image file says about itself before its pixels are decoded.

    Attributes:
        width: Pixels from left to right as stored, that is before `orientation` is applied.
        height: Pixels from top to bottom as stored.
        mode: Pillow's name of the pixel format, e.g. `"RGB"`, `"L"`, `"I;16"`, `"CMYK"`, `"P"`.
        format: One of `FORMATS`, `"DICOM"`, `"HEIF"`, or `"MPO"` (several JPEGs in one file, as phones write).
        orientation: EXIF orientation, 1 (upright) to 8.
        transparent: Whether pixels may be see-through; they are laid over white.
        pages: Pages of a TIFF, frames of a DICOM file, images of a HEIC file, of which the first is read.
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


def preprocess(pixels: npt.NDArray[np.generic], kind: str) -> npt.NDArray[np.float32]:
    """Scales pixels for a network; never changes its argument.

    Args:
        pixels: Array of shape `(..., 3)`, RGB, values in 0..255, any dtype.
        kind: A key of `PREPROCESSING`; anything else is a KeyError.

    Returns:
        New float32 array of the same shape: one float32 multiplication and one float32 addition per value, in this
        order, so that stock Keras layers in the exported model give the same bits.
    """
    rule = PREPROCESSING[kind]
    step = -1 if rule.bgr else 1
    out = np.array(pixels[..., ::step], dtype=np.float32, order="C")
    # A view with whole rows as its last axis: numpy is several times faster along them than along 3 channels.
    rows = out.reshape(*out.shape[:-2], math.prod(out.shape[-2:]))
    rows *= np.tile(np.array(rule.scale[::step], np.float32), rows.shape[-1] // 3)
    rows += np.tile(np.array(rule.offset[::step], np.float32), rows.shape[-1] // 3)
    return out


def read_header(source: Source) -> Header:
    """Reads size, mode and orientation without decoding any pixel.

    Args:
        source: Path, the file's bytes, or a binary file object (its `name` is used in messages).

    Raises:
        UnreadableImage: if it is no image of a kind that is read, or larger than is read.
    """
    with _opened(source) as (file, name):
        if is_dicom(_start(file)):
            return _dicom_header(file, name)
        with _open_image(file, name) as image:
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
    with _opened(source) as (file, name):
        if is_dicom(_start(file)):
            _dicom_header(file, name)
            with _damage_named(name):
                found = dicom_pixels(file)
                return found if isinstance(found, Deep) else None
        with _open_image(file, name) as image, _damage_named(name):
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
    with _opened(source) as (file, name):
        if not is_dicom(_start(file)):
            with _open_image(file, name) as image:
                tables = _tables(image)
                if image.mode == "RGB" and _is_jfif(image):
                    header = _header(image, file)
                    with _damage_named(name):
                        _scale_down(image, size, "YCbCr")
                        image.load()
                        whole = image.transpose(_TRANSPOSE[header.orientation]) if header.orientation != 1 else image
                    return Coloured(header, whole.getchannel(0), whole.copy(), tables)
        else:
            tables = (0.0, 0.0)
    header, colour = _read(source, size, "used", grey=False)
    return Coloured(header, colour.convert("L"), colour, tables)


def _is_jfif(image: Image.Image) -> bool:
    """Whether a JPEG's three channels are luma and colours for sure: others' cannot be had as they are stored."""
    return image.format == "JPEG" and "jfif" in image.info and getattr(image, "layers", 0) == 3


def _tables(image: Image.Image) -> tuple[float, float]:
    means = [sum(table) / max(1, len(table)) for _, table in sorted(getattr(image, "quantization", {}).items())]
    return (means[0], means[min(1, len(means) - 1)]) if means else (0.0, 0.0)


def _read(source: Source, size: int | None, window: Window, *, grey: bool) -> tuple[Header, Image.Image]:
    with _opened(source) as (file, name):
        if is_dicom(_start(file)):
            header = _dicom_header(file, name)
            with _damage_named(name):
                return header, dicom_image(file, window).convert("L" if grey else "RGB")
        with _open_image(file, name) as image:
            header = _header(image, file)
            with _damage_named(name):
                _scale_down(image, size, "L" if grey else None)
                image.load()
                upright = _to_grey(image, window) if grey else _to_rgb(image, window)
                if header.orientation != 1:
                    upright = upright.transpose(_TRANSPOSE[header.orientation])
        if header.format == "PNG":
            _check_png(file, name)
    upright.info = {}  # comments, GPS and colour profiles stay behind
    return header, upright


@contextmanager
def _damage_named(name: str) -> Iterator[None]:
    """Whatever a decoder raises becomes a sentence about the file."""
    try:
        yield
    except MemoryError as error:
        raise UnreadableImage(f"{name} needs more memory to decode than is available.") from error
    except Refused as error:
        raise UnreadableImage(f"{name} {error}.") from error
    except _BROKEN as error:
        raise UnreadableImage(f"{name} is damaged: {_reason(error)}.") from error


def _dicom_header(file: BinaryIO, name: str) -> Header:
    with _damage_named(name):
        said = read_dicom_header(file)
    _refuse_large(name, said.width, said.height, MAX_PIXELS)
    return Header(said.width, said.height, said.mode, "DICOM", 1, False, said.pages, said.patient)


def _scale_down(image: Image.Image, size: int | None, mode: str | None) -> None:
    """Lets a JPEG be decoded smaller: as `decode` says, and so that it has `MAX_PIXELS` at most."""
    width, height = image.size
    wanted = None if size is None else (2 * size, 2 * size)
    if width * height > MAX_PIXELS:
        half = (width // 2, height // 2)
        wanted = half if wanted is None else (min(wanted[0], half[0]), min(wanted[1], half[1]))
    if wanted is not None:
        image.draft(mode, wanted)


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


@contextmanager
def _opened(source: Source) -> Iterator[tuple[BinaryIO, str]]:
    """Yields a file at its start, and the name for messages; closes only what it opened itself."""
    if isinstance(source, Path):
        name = display_name(source.name)
        try:
            # A pipe or device would block for ever when it is opened.
            if not stat.S_ISREG(source.stat().st_mode):
                raise UnreadableImage(f"{name} is not a file.")
            file: BinaryIO = source.open("rb")
        except OSError as error:
            raise UnreadableImage(f"{name} cannot be opened: {error.strerror or error}.") from error
        with file:
            yield file, name
        return
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    file.seek(0)
    yield file, display_name(PurePosixPath(str(getattr(file, "name", "") or "The image")).name)


def is_image_name(name: str) -> bool:
    """Whether a file is an image by its extension."""
    return PurePosixPath(name).suffix.lower() in EXTENSIONS


def display_name(name: str) -> str:
    """Makes a file name fit for a message: no control or undecodable characters, at most 120 characters."""
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)
    return shown if len(shown) <= 120 else shown[:80] + "…" + shown[-39:]


def _start(file: BinaryIO) -> bytes:
    """The first bytes of a file, which is left at its start."""
    file.seek(0)
    start = file.read(200)
    file.seek(0)
    return start


def _open_image(file: BinaryIO, name: str) -> Image.Image:
    """Opens what Pillow reads and refuses by the header what is too large to decode."""
    start = _start(file)
    if not start:
        raise UnreadableImage(f"{name} is empty.")
    with _damage_named(name):
        if is_tiff(start):
            look_into(file)
        if is_heic(start):
            allow_heic()
    PngImagePlugin.PngStream = LenientStream  # type: ignore[misc]  # for the whole process
    try:
        image = Image.open(file, formats=("HEIF",) if is_heic(start) else FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        found = re.search(r"\((\d+) pixels\)", str(error))
        raise _too_many(name, int(found[1]) if found else 2 * MAX_PIXELS, MAX_PIXELS) from error
    except UnidentifiedImageError as error:
        if begins_as_image(start):
            kind = "HEIC " if is_heic(start) else ""
            raise UnreadableImage(f"{name} is damaged: its {kind}header cannot be read.") from error
        known = what_it_is(start) or f"is not an image ({FORMAT_WORDS})"
        raise UnreadableImage(f"{name} {known}.") from error
    except _BROKEN as error:
        raise UnreadableImage(f"{name} is damaged: {_reason(error)}.") from error
    _refuse_large(name, image.width, image.height, _MOST.get(image.format or "", MAX_PIXELS))
    return image


def _refuse_large(name: str, width: int, height: int, most: int) -> None:
    if width * height > most:
        raise _too_many(name, width * height, most)
    if max(width, height) > MAX_SIDE:
        raise UnreadableImage(f"{name} is {width} × {height} pixels; at most {MAX_SIDE} per side are supported.")


def begins_as_image(start: bytes) -> bool:
    """Whether a file begins as one of the kinds that are read does; `start` are its first bytes, 200 if there are."""
    known = start.startswith(_SIGNATURES) and (start[:4] != b"RIFF" or start[8:12] == b"WEBP")
    return known or is_tiff(start) or is_dicom(start) or is_heic(start)


def _too_many(name: str, pixels: int, most: int) -> UnreadableImage:
    return UnreadableImage(f"{name} has {pixels / 1e6:.4g} megapixels; at most {most // 10**6} are supported.")


def _reason(error: BaseException) -> str:
    """First line of a library's message, without its full stop."""
    text = (str(error) or type(error).__name__).splitlines()[0]
    return display_name(text.rstrip("."))


def _header(image: Image.Image, file: BinaryIO) -> Header:
    pages = look_into(file).pages if image.format == "TIFF" else 1
    pages = getattr(image, "n_frames", 1) if image.format == "HEIF" else pages
    try:
        orientation = image.getexif().get(0x0112, 1)
    except _BROKEN:  # unreadable EXIF is no reason to refuse the pixels
        orientation = 1
    # Pillow turns a TIFF upright as it loads it, and its HEIC reader too.
    orientation = orientation if orientation in _TRANSPOSE and image.format not in ("TIFF", "HEIF") else 1
    transparent = bool(image.has_transparency_data)
    return Header(image.width, image.height, _mode(image), image.format or "", orientation, transparent, pages)


def _mode(image: Image.Image) -> str:
    """Pillow's mode; `RGB;16` for colours of 16 bits, of which Pillow gives the upper 8."""
    deep = image.mode == "RGB" and any(";16" in str(tile.args) for tile in getattr(image, "tile", [])[:1])
    return "RGB;16" if deep else image.mode


def _to_rgb(image: Image.Image, window: Window = "full") -> Image.Image:
    """Any mode to RGB; a new image."""
    deep = deep_values(image)
    if deep is not None:
        return _windowed(image, deep, window).convert("RGB")
    if image.mode == "La":  # a TIFF's, whose alpha is multiplied in
        image = image.convert("LA")
    if not image.has_transparency_data or _is_alpha_unused(image):
        return image.convert("RGB")
    white = Image.new("RGBA", image.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")


def _is_alpha_unused(image: Image.Image) -> bool:
    """Whether a BMP has only zeros where others have alpha: many programs leave that byte empty and mean no glass."""
    return image.format == "BMP" and image.mode == "RGBA" and image.getchannel("A").getextrema() == (0, 0)


def _to_grey(image: Image.Image, window: Window = "full") -> Image.Image:
    """Any mode to 8-bit luma; a new image."""
    plain = image.mode == "L" and not image.has_transparency_data
    return image.copy() if plain else _to_rgb(image, window).convert("L")


def _windowed(image: Image.Image, deep: Deep, window: Window) -> Image.Image:
    """Grey values of more than 8 bits by a window; what is see-through is white."""
    shown, clear = deep.shown(window), image.info.get("transparency")
    if isinstance(clear, int):
        shown.paste(255, mask=Image.fromarray(deep.values == clear))
    return shown


def _check_png(file: BinaryIO, name: str) -> None:
    """Compares the checksums of a PNG, which Pillow does not do for the pixels when it decodes them."""
    file.seek(0)
    try:
        with Image.open(file, formats=("PNG",)) as image:
            image.verify()
    except _BROKEN as error:
        raise UnreadableImage(f"{name} is damaged: {_reason(error)}.") from error
