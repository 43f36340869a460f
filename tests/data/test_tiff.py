"""TIFF against numpy arrays and tifffile: kinds of pixels, windows, pages; what is not read, and what would harm."""

import io
import struct
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from core.data.deep import Deep, eight_bits, used_limits
from core.data.images import decode, load, read_grey, read_header
from core.data.rendering import Rendering
from core.data.tiff import MAX_PAGES, look_into
from core.errors import UnreadableImage
from tests.data.deep_files import tiff as written

Array = NDArray[Any]
RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (40, 50), np.uint8)
RGB = RNG.integers(0, 256, (40, 50, 3), np.uint8)
DEEP = RNG.integers(0, 65_536, (40, 50), np.uint16)
TWELVE = (DEEP >> 4).astype(np.uint16)
SIGNED = (DEEP.astype(np.int32) - 32_768).astype(np.int16)


def pillow(values: Array, **options: Any) -> bytes:
    out = io.BytesIO()
    Image.fromarray(values).save(out, "TIFF", **options)
    return out.getvalue()


def shown(data: bytes, **options: Any) -> Array:
    return np.asarray(decode(data, **options))


def grey(values: Array) -> Array:
    return np.repeat(values[..., None], 3, axis=2)


def rounded(values: Array, low: float, high: float) -> Array:
    """The rule in other words: to the nearest of 255 steps."""
    part = (np.clip(values.astype(np.float64), low, high) - low) / (high - low)
    return np.floor(part * 255 + 0.5).astype(np.uint8)


PLAIN = {
    "grey": (written(GREY), grey(GREY)),
    "white is zero": (written(255 - GREY, photometric="miniswhite"), grey(GREY)),
    "colour": (written(RGB), RGB),
    "big-endian": (written(RGB, byteorder=">"), RGB),
    "deflated": (written(RGB, compression="zlib"), RGB),
    "predicted": (pillow(RGB, compression="tiff_lzw", tiffinfo={317: 2}), RGB),
    "packbits": (pillow(RGB, compression="packbits"), RGB),
    "tiled": (written(RGB, tile=(16, 32)), RGB),
    "deflated tiles": (written(GREY, tile=(16, 16), compression="zlib"), grey(GREY)),
    "in strips": (written(RGB, rowsperstrip=7), RGB),
    "planes": (written(np.moveaxis(RGB, 2, 0).copy(), planarconfig="separate", photometric="rgb"), RGB),
    "deflated planes": (
        written(np.moveaxis(RGB, 2, 0).copy(), planarconfig="separate", photometric="rgb", compression="zlib"),
        RGB,
    ),
    "64 bits of file": (written(RGB, bigtiff=True), RGB),
    "one bit": (written(GREY > 128, photometric="minisblack"), grey(np.where(GREY > 128, 255, 0).astype(np.uint8))),
    "fax": (pillow(GREY > 128, compression="group4"), grey(np.where(GREY > 128, 255, 0).astype(np.uint8))),
    "16 bits of grey": (written(DEEP), grey(rounded(DEEP, 0, 65_535))),
    "16 bits, big-endian": (written(DEEP, byteorder=">"), grey(rounded(DEEP, 0, 65_535))),
    "16 bits, deflated": (written(DEEP, compression="zlib"), grey(rounded(DEEP, 0, 65_535))),
    "16 bits, big-endian, deflated": (
        written(DEEP, byteorder=">", compression="zlib", predictor=True),
        grey(rounded(DEEP, 0, 65_535)),
    ),
    "16 bits, tiled": (written(DEEP, tile=(16, 16)), grey(rounded(DEEP, 0, 65_535))),
    "16 bits, white is zero": (written(DEEP, photometric="miniswhite"), grey(255 - rounded(DEEP, 0, 65_535))),
    "16 bits, signed": (written(SIGNED), grey(rounded(SIGNED, -32_768, 32_767))),
    "16 bits, signed, deflated": (written(SIGNED, compression="zlib"), grey(rounded(SIGNED, -32_768, 32_767))),
    "16 bits, signed, big-endian": (written(SIGNED, byteorder=">"), grey(rounded(SIGNED, -32_768, 32_767))),
    "16 bits of colour": (written(RGB.astype(np.uint16) * 257), RGB),
    "16 bits of colour, big-endian, deflated": (
        written(RGB.astype(np.uint16) * 257, byteorder=">", compression="zlib"),
        RGB,
    ),
    "palette": (pillow(GREY % 16), grey(GREY % 16)),
}


@pytest.mark.parametrize("kind", PLAIN)
def test_a_tiff_gives_the_values_that_were_written(kind: str) -> None:
    data, expected = PLAIN[kind]
    np.testing.assert_array_equal(shown(data), expected)
    header = read_header(data)
    assert (header.format, header.width, header.height, header.pages) == ("TIFF", 50, 40, 1)
    assert header.mode.startswith("I") == (kind.startswith("16 bits") and "colour" not in kind)
    assert read_grey(data, 16)[0] == header


def test_tifffile_reads_the_same() -> None:
    for kind in ("grey", "colour", "deflated", "tiled", "planes", "16 bits of grey", "16 bits, tiled"):
        data, _ = PLAIN[kind]
        values = tifffile.imread(io.BytesIO(data))
        values = np.moveaxis(values, 0, 2) if values.shape[0] == 3 else values
        values = rounded(values, 0, 65_535) if values.dtype == np.uint16 else values
        np.testing.assert_array_equal(shown(data), grey(values) if values.ndim == 2 else values)


def test_transparency_lies_over_white() -> None:
    alpha = RNG.integers(0, 256, (40, 50), np.uint8)
    expected = np.asarray(
        Image.alpha_composite(Image.new("RGBA", (50, 40), "white"), Image.fromarray(np.dstack([RGB, alpha]))).convert(
            "RGB"
        )
    )
    straight = written(np.dstack([RGB, alpha]), extrasamples=["unassalpha"])
    np.testing.assert_array_equal(shown(straight), expected)
    levels = written(np.dstack([GREY, alpha]), photometric="minisblack", extrasamples=["unassalpha"])
    assert read_header(levels).transparent


@pytest.mark.parametrize("turn", range(1, 9))
def test_orientation_is_applied_once(turn: int) -> None:
    data = pillow(RGB, tiffinfo={274: turn})
    png = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = turn
    Image.fromarray(RGB).save(png, "PNG", exif=exif)
    np.testing.assert_array_equal(shown(data), shown(png.getvalue()))
    header, upright = read_header(data), decode(data)
    assert ((header.width, header.height), header.orientation) == (upright.size, 1)


def test_of_several_pages_the_first_is_read_and_their_number_is_told() -> None:
    pages = np.stack([GREY, 255 - GREY, GREY])
    for options in ({}, {"bigtiff": True}, {"byteorder": ">"}):
        data = written(pages, photometric="minisblack", **options)
        assert read_header(data).pages == 3
        np.testing.assert_array_equal(shown(data), grey(GREY))


@pytest.mark.parametrize(
    ("window", "low", "high"), [((0, 4095), 0, 4095), ((100.5, 900.25), 100.5, 900.25), ((-50, 70_000), -50, 70_000)]
)
def test_a_window_says_what_is_black_and_what_is_white(window: Any, low: float, high: float) -> None:
    data = written(TWELVE)
    np.testing.assert_array_equal(shown(data, window=window), grey(rounded(TWELVE, low, high)))
    png = io.BytesIO()
    Image.fromarray(TWELVE).save(png, "PNG")
    np.testing.assert_array_equal(shown(png.getvalue(), window=window), shown(data, window=window))
    np.testing.assert_array_equal(shown(written(RGB), window=window), RGB)  # of 8 bits nothing changes
    square = load(data, 32, Rendering("letterbox", window))
    assert square.shape == (32, 32, 3)
    assert square.max() > 10


def test_twelve_bits_in_sixteen_are_black_unless_a_window_is_set_and_are_measured_as_seen() -> None:
    data = written(TWELVE)
    assert shown(data).max() <= 16
    _, seen = read_grey(data, 16)
    np.testing.assert_array_equal(np.asarray(seen), rounded(TWELVE, 0, 4095))
    assert used_limits(Deep(DEEP, (0.0, 65_535.0))) == (0.0, 65_535.0)
    assert used_limits(Deep(SIGNED, (-32_768.0, 32_767.0))) == (-32_768.0, 32_767.0)


def test_every_16_bit_value_has_the_grey_it_always_had() -> None:
    values = np.arange(65_536).astype(np.uint16)
    old = ((values.astype(np.int64) * 255 + 32_767) // 65_535).astype(np.uint8)
    np.testing.assert_array_equal(eight_bits(values, 0, 65_535), old)


@pytest.mark.parametrize(
    ("values", "options", "words"),
    [
        (GREY.astype(np.float32), {}, "1 × 32 bits, floating point, grey"),
        (GREY.astype(np.uint32), {}, "1 × 32 bits, grey"),
        (GREY.astype(np.int8), {}, "1 × 8 bits, signed, grey"),
        (RNG.integers(0, 256, (40, 50, 7), np.uint8), {"photometric": "minisblack", "planarconfig": "contig"},
         "7 × 8 bits, grey"),
        (np.moveaxis(RGB.astype(np.uint16), 2, 0).copy(), {"planarconfig": "separate"}, "3 × 16 bits, RGB"),
        (SIGNED, {"byteorder": ">", "compression": "zlib"}, "1 × 16 bits, signed, big-endian and compressed, grey"),
        (RGB, {"photometric": "cielab"}, "3 × 8 bits, Lab"),
    ],
)  # fmt: skip
def test_other_kinds_are_refused_by_what_they_are(values: Array, options: dict[str, Any], words: str) -> None:
    data = io.BytesIO(written(values, **options))
    data.name = "scan.tif"
    message = rf"^scan\.tif is an unsupported kind of TIFF \({words}\); save it with 8 bits, or in grey with 16\.$"
    with pytest.raises(UnreadableImage, match=message):
        decode(data)


def test_a_raw_image_with_its_preview_is_no_image() -> None:
    data = written(RGB, subfiletype=1)
    with pytest.raises(UnreadableImage, match=r"is a camera raw image, or begins with a preview; save it as JPEG"):
        decode(data)


def test_packed_values_of_12_bits_fill_their_own_range() -> None:
    values = TWELVE[:4, :6]
    first, second = values[:, ::2], values[:, 1::2]
    packed = np.stack([first >> 4, (first & 15) << 4 | second >> 8, second & 255], axis=-1).astype(np.uint8).tobytes()
    tags = [(256, 4, 1, 6), (257, 4, 1, 4), (258, 3, 1, 12), (259, 3, 1, 1), (262, 3, 1, 1), (277, 3, 1, 1)]
    place = 8 + 2 + 12 * 9 + 4
    data = page([*tags[:5], (273, 4, 1, place), tags[5], (278, 4, 1, 4), (279, 4, 1, len(packed))]) + packed
    np.testing.assert_array_equal(shown(data), grey(rounded(values, 0, 4095)))


def page(tags: list[tuple[int, int, int, int]], following: int = 0, place: int = 8) -> bytes:
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return (
        struct.pack("<2sHI", b"II", 42, place) + struct.pack("<H", len(tags)) + entries + struct.pack("<I", following)
    )


SIZE = [(256, 4, 1, 50), (257, 4, 1, 40), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1)]


def hostile() -> dict[str, tuple[bytes, str]]:
    whole = written(GREY)
    return {
        "nothing behind the head": (b"II*\0", "is damaged: the TIFF's list of tags is cut short"),
        "a directory beyond the end": (struct.pack("<2sHI", b"II", 42, 10**9), "cut short"),
        "tags cut off": (page(SIZE)[:40], "cut short"),
        "65,535 tags": (struct.pack("<2sHIH", b"II", 42, 8, 65_535) + bytes(65_535 * 12), "at most 1,000"),
        "a tag of 4 GB": (page([*SIZE, (270, 2, 2**32 - 1, 8)]), "has more than 32 MB of tags"),
        "many tags of one place": (
            page([*SIZE, *((k, 1, 1_000_000, 8) for k in range(40_000, 40_100))]), "has more than 32 MB of tags",
        ),
        "60,000 pixels a side": (
            page([(256, 4, 1, 60_000), (257, 4, 1, 60_000), *SIZE[2:], (273, 4, 1, 8)]), "megapixels",
        ),
        "a long strip": (page([(256, 4, 1, 30_000), (257, 4, 1, 10), *SIZE[2:], (273, 4, 1, 8)]), "20000 per side"),
        "a tile of 4 gigapixels": (page([*SIZE, (322, 4, 1, 65_536), (323, 4, 1, 65_536)]), "tiles of more than 40"),
        "no size": (page(SIZE[2:]), "does not say how large it is"),
        "no pixels": (page(SIZE), "damaged"),
        "cut in the middle": (whole[: len(whole) // 2], "damaged"),
        "a deflated strip that is none": (
            page([*SIZE[:3], (259, 3, 1, 8), SIZE[4], (273, 4, 1, 8), (279, 4, 1, 40)]), "damaged",
        ),
        "no offsets of 64 bits": (b"II+\0\x08\0\0\0" + b"\xff" * 8, "damaged"),
    }  # fmt: skip


@pytest.mark.parametrize("kind", hostile())
def test_a_hostile_tiff_is_refused_at_once(kind: str) -> None:
    data, words = hostile()[kind]
    started = time.monotonic()
    for ask in (read_header, decode):
        if ask is read_header and kind in ("no pixels", "cut in the middle", "a deflated strip that is none"):
            continue
        with pytest.raises(UnreadableImage, match=words):
            ask(data)
    assert time.monotonic() - started < 2


def test_pages_that_lead_in_a_circle_are_counted_once_and_a_long_chain_ends() -> None:
    assert look_into(io.BytesIO(page(SIZE, following=8))).pages == 1
    chain = b"".join(struct.pack("<HI", 0, 8 + len(SIZE) * 12 + 6 + 6 * (k + 1)) for k in range(20_000))
    assert look_into(io.BytesIO(page(SIZE, following=8 + len(SIZE) * 12 + 6) + chain)).pages == MAX_PAGES


def test_the_name_is_not_trusted(tmp_path: Path) -> None:
    """A TIFF under a PNG's name, and the other way round."""
    path = tmp_path / "scan.png"
    path.write_bytes(written(RGB))
    np.testing.assert_array_equal(np.asarray(decode(path)), RGB)
    other = tmp_path / "scan.tif"
    Image.fromarray(RGB).save(other, "PNG")
    assert read_header(other).format == "PNG"
