"""Opens an image file: refuses in one sentence what is no image, too large by its header, or damaged."""

import io
import re
import stat
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO, TypeAlias, cast

from PIL import (
    Image,
    PngImagePlugin,
    TiffImagePlugin,  # noqa: F401  (registers TIFF, as the next does WebP: no thread has to import every plugin there is)
    UnidentifiedImageError,
    WebPImagePlugin,  # noqa: F401
)

from core.data.counted_reads import CountedReads
from core.data.dicom_header import is_dicom
from core.data.file_names import display_name
from core.data.foreign import what_it_is
from core.data.heic import allow_heic, is_heic
from core.data.image_modes import MAX_PIXELS
from core.data.png_chunks import LenientStream
from core.data.refused import Refused
from core.data.tiff import is_tiff, look_into
from core.errors import UnreadableImage

Source: TypeAlias = Path | bytes | BinaryIO

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF")
FORMAT_WORDS = "JPEG, PNG, WebP, BMP, GIF, TIFF, DICOM or HEIC"
MAX_JPEG_PIXELS = 65_000_000  # of a JPEG, which is decoded at 1/2 of its size or less then; phones make 48 to 64
MAX_HEIC_PIXELS = 50_000_000  # phones make 48
MAX_BYTES = 2_000_000_000  # every byte is hashed; the largest images have a third, films in DICOM some more
MAX_SCANS = 100  # of a JPEG, each of which goes through all pixels again; programs make 10
MAX_SIDE = 20_000  # a 40 Mpx strip of 1 x 40,000,000 would cost more in bookkeeping than in pixels

_SIGNATURES = (b"\xff\xd8", b"\x89PNG", b"BM", b"GIF8", b"RIFF")
DECODER_ERRORS = (  # what Pillow and its plugins have raised on damaged files
    *(OSError, ValueError, SyntaxError, TypeError, LookupError, AttributeError, OverflowError, EOFError),
    *(RuntimeError, AssertionError, UserWarning, struct.error, zlib.error),
)
_MOST = {"JPEG": MAX_JPEG_PIXELS, "MPO": MAX_JPEG_PIXELS, "HEIF": MAX_HEIC_PIXELS}

# Set once and for the whole process: swapping filters around each call (catch_warnings) is not thread-safe. Should
# something reset the first, Pillow only prints its warning and the check of the header below still refuses. The second
# is about EXIF that cannot be read: no reason to refuse the pixels, nor to fill a log.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
Image.preinit()


@contextmanager
def opened(source: Source) -> Iterator[tuple[BinaryIO, str]]:
    """Yields a file at its start, and the name for messages; closes only what it opened itself.

    Args:
        source: Path, the file's bytes, or a binary file object (its `name` is used in messages).

    Raises:
        UnreadableImage: a path that is no file or cannot be opened.
    """
    if isinstance(source, Path):
        name = display_name(source.name)
        try:
            info = source.stat()
            # A pipe or device would block for ever when it is opened.
            if not stat.S_ISREG(info.st_mode):
                raise UnreadableImage(f"{name} is not a file.")
            if info.st_size > MAX_BYTES:
                most = MAX_BYTES / 1e6
                raise UnreadableImage(f"{name} has {info.st_size / 1e6:,.0f} MB; at most {most:,.0f} are supported.")
            file: BinaryIO = source.open("rb")
        except OSError as error:
            raise UnreadableImage(f"{name} cannot be opened: {error.strerror or error}.") from error
        with file, _refusal_named(name):
            yield cast(BinaryIO, CountedReads(file)), name
        return
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    file.seek(0)
    name = display_name(PurePosixPath(str(getattr(file, "name", "") or "The image")).name)
    with _refusal_named(name):
        yield cast(BinaryIO, CountedReads(file)), name


def start_of(file: BinaryIO) -> bytes:
    """The first 200 bytes of a file, which is left at its start."""
    file.seek(0)
    start = file.read(200)
    file.seek(0)
    return start


def open_image(file: BinaryIO, name: str) -> Image.Image:
    """Opens what Pillow reads and refuses by the header what is too large to decode.

    Args:
        file: At any place.
        name: What the message calls it.

    Raises:
        UnreadableImage: it is empty, no image of `FORMATS` or HEIC, too large, or its header is damaged.
    """
    start = start_of(file)
    if not start:
        raise UnreadableImage(f"{name} is empty.")
    with damage_named(name):
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
    except Refused:
        raise  # `opened` says it
    except DECODER_ERRORS as error:
        raise UnreadableImage(f"{name} is damaged: {_reason(error)}.") from error
    refuse_large(name, image.width, image.height, _MOST.get(image.format or "", MAX_PIXELS))
    if image.info.get("progressive"):
        _refuse_scans(file, name)
    return image


def _refuse_scans(file: BinaryIO, name: str) -> None:
    """Raises UnreadableImage for a JPEG of more than `MAX_SCANS` scans; its place in the file stays."""
    at, scans, end = file.tell(), 0, b""
    file.seek(0)
    while piece := file.read(2**20):
        scans += (end + piece).count(b"\xff\xda")
        end = piece[-1:]
    file.seek(at)
    if scans > MAX_SCANS:
        raise UnreadableImage(f"{name} has {scans:,} scans; at most {MAX_SCANS} are supported.")


def begins_as_image(start: bytes) -> bool:
    """Whether a file begins as one of the kinds that are read does; `start` are its first bytes, 200 if there are."""
    known = start.startswith(_SIGNATURES) and (start[:4] != b"RIFF" or start[8:12] == b"WEBP")
    return known or is_tiff(start) or is_dicom(start) or is_heic(start)


def refuse_large(name: str, width: int, height: int, most: int) -> None:
    """Raises UnreadableImage for more than `most` pixels in all, or `MAX_SIDE` of them on a side."""
    if width * height > most:
        raise _too_many(name, width * height, most)
    if max(width, height) > MAX_SIDE:
        raise UnreadableImage(f"{name} is {width} × {height} pixels; at most {MAX_SIDE} per side are supported.")


@contextmanager
def _refusal_named(name: str) -> Iterator[None]:
    """A refusal that nobody has put into words yet becomes UnreadableImage."""
    try:
        yield
    except Refused as error:
        raise UnreadableImage(f"{name} {error}.") from error


@contextmanager
def damage_named(name: str) -> Iterator[None]:
    """Whatever a decoder raises inside the block becomes UnreadableImage: one sentence about the file `name`."""
    try:
        yield
    except MemoryError as error:
        raise UnreadableImage(f"{name} needs more memory to decode than is available.") from error
    except Refused as error:
        raise UnreadableImage(f"{name} {error}.") from error
    except DECODER_ERRORS as error:
        raise UnreadableImage(f"{name} is damaged: {_reason(error)}.") from error


def check_png(file: BinaryIO, name: str) -> None:
    """Compares the checksums of a PNG, which Pillow does not do for the pixels when it decodes them.

    Raises:
        UnreadableImage: one of them is wrong.
    """
    file.seek(0)
    try:
        with Image.open(file, formats=("PNG",)) as image:
            image.verify()
    except Refused:
        raise
    except DECODER_ERRORS as error:
        raise UnreadableImage(f"{name} is damaged: {_reason(error)}.") from error


def _too_many(name: str, pixels: int, most: int) -> UnreadableImage:
    return UnreadableImage(f"{name} has {pixels / 1e6:.4g} megapixels; at most {most // 10**6} are supported.")


def _reason(error: BaseException) -> str:
    """First line of a library's message, without its full stop."""
    text = (str(error) or type(error).__name__).splitlines()[0]
    return display_name(text.rstrip("."))
