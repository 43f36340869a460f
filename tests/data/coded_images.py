"""Image files in memory, for the tests of decoding."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

from core.data.images import decode


def encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def colourful(width=48, height=32, seed=0) -> Image.Image:
    """Smooth colours, so that JPEG keeps them within a few levels."""
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.stack([x * 255 / width, y * 255 / height, np.full_like(x, 40 + seed, dtype=float)], axis=-1)
    return Image.fromarray(pixels.astype(np.uint8))


def png_header(width: int, height: int, body: bytes = b"") -> bytes:
    """A 1-bit grey PNG whose header is right and whose pixels are `body`."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b"")


def pixel(source, at=(0, 0)) -> tuple[int, ...]:
    """The decoded pixel at (x, y)."""
    found = decode(source).getpixel(at)
    assert isinstance(found, tuple)
    return found
