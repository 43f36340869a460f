"""Kinds of image files that people met: large profiles, misnamed ones, pointers, empty alpha, 48 megapixels."""

import io
import os
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.data.images import decode, load, read_grey, read_header
from core.data.scan import scan
from core.errors import UnreadableImage

RED = (200, 30, 30)


def coded(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


PNG = coded(Image.new("RGB", (40, 30), RED), "PNG")
JPEG = coded(Image.new("RGB", (40, 30), RED), "JPEG")
GIF = coded(Image.new("P", (40, 30)), "GIF")
GIF_FRAME = b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\2\2\x44\1\0"
DICOM_SYNTAX = b"\2\0\x10\0UI\x14\x001.2.840.10008.1.2.1\0"
LARGE = zlib.compress(np.random.default_rng(0).bytes(1_400_000))


@pytest.mark.parametrize(
    "part",
    [
        chunk(b"iCCP", b"p\0\0" + LARGE),
        chunk(b"zTXt", b"Comment\0\0" + LARGE),
        chunk(b"iTXt", b"Comment\0\1\0\0\0" + LARGE),
    ],
    ids=["iCCP", "zTXt", "iTXt"],
)
@pytest.mark.parametrize("behind", [False, True])
def test_a_large_profile_or_text_is_no_damage(part: bytes, behind: bool) -> None:
    at = len(PNG) - 12 if behind else 33
    image = decode(PNG[:at] + part + PNG[at:])
    assert image.getcolors() == [(1200, RED)]
    broken = bytearray(part)
    broken[-1] ^= 1
    with pytest.raises(UnreadableImage, match="is damaged"):
        decode(PNG[:at] + bytes(broken) + PNG[at:])


def test_an_orientation_in_a_text_still_counts() -> None:
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><r tiff:Orientation="6"/></x:xmpmeta>'
    part = chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp)
    assert decode(PNG[:33] + part + PNG[33:]).size == (30, 40)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\0\0\0\x1cftypavif" + bytes(99), "is an AVIF image, which is not read; save it as JPEG or PNG."),
        (b"\0\0\0\x1cftypmp42" + bytes(99), "is a video, not an image."),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "is a Git LFS pointer, not the image itself; "
                                                                         "fetch it by `git lfs pull`."),
        (b"/annex/objects/SHA256E-s9--00.jpg\n", "fetch it by `git annex get`."),
        (b"%PDF-1.7\n", "is a PDF, which is not read"),
        (b"no image", "is not an image (JPEG, PNG, WebP, BMP, GIF, TIFF, DICOM or HEIC)."),
    ],
)  # fmt: skip
def test_what_is_named_jpg_is_refused_as_what_it_is(content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(UnreadableImage) as error:
        decode(tmp_path / "a.jpg")
    assert str(error.value).startswith("a.jpg is ")
    assert words in str(error.value)


def bmp(alpha: list[int]) -> bytes:
    """A BMP of 2 by 1 pixels with a mask for alpha."""
    pixels = b"".join(bytes([30, 30, 200, value]) for value in alpha)
    masks = struct.pack("<4L", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    head = struct.pack("<LllHHLLllLL", 124, 2, 1, 1, 32, 3, len(pixels), 0, 0, 0, 0) + masks + b"BGRs" + bytes(64)
    return b"BM" + struct.pack("<LHHL", 138 + len(pixels), 0, 0, 138) + head + pixels


def test_alpha_that_is_zero_everywhere_is_none_in_a_bmp_alone() -> None:
    assert decode(bmp([0, 0])).getcolors() == [(2, RED)]
    assert read_grey(bmp([0, 0]), 8)[1].getcolors() == [
        (2, Image.new("RGB", (1, 1), RED).convert("L").getpixel((0, 0)))
    ]
    mixed = decode(bmp([0, 255]))
    assert [mixed.getpixel((k, 0)) for k in (0, 1)] == [(255, 255, 255), RED]
    assert decode(coded(Image.new("RGBA", (2, 1), (*RED, 0)), "PNG")).getcolors() == [(2, (255, 255, 255))]


def test_a_jpeg_of_48_megapixels_is_read_at_a_part_of_its_size() -> None:
    photo = coded(Image.new("RGB", (8064, 6048), (90, 120, 60)), "JPEG")
    assert decode(photo).size == (4032, 3024)
    assert load(photo, 224).reshape(-1, 3).tolist() == [[90, 120, 60]] * 224**2
    assert read_grey(photo, 256)[1].size == (1008, 756)
    large = photo.replace(struct.pack(">HH", 6048, 8064), struct.pack(">HH", 9000, 9000))
    with pytest.raises(UnreadableImage, match=r"has 81 megapixels; at most 65 are supported"):
        decode(large)
    with pytest.raises(UnreadableImage, match=r"has 41\.02 megapixels; at most 40 are supported"):
        decode(
            PNG[:16]
            + struct.pack(">II", 6410, 6400)
            + PNG[24:29]
            + struct.pack(">I", zlib.crc32(PNG[12:16] + struct.pack(">II", 6410, 6400) + PNG[24:29]))
            + PNG[33:]
        )


@pytest.mark.parametrize(("name", "size"), [("a.HEIC", 12), ("c.avif", 12)])
def test_a_jpeg_with_the_extension_of_another_image_is_scanned(
    image_folder: Callable[..., Path], name: str, size: int
) -> None:
    folder = image_folder(train=(2, 2), val=(1, 1), size=size) / "train"
    (folder / "a" / name).write_bytes(coded(Image.new("RGB", (size, size), RED), "JPEG"))
    (folder / "b" / "d.avif").write_bytes(b"\0\0\0\x1cftypavif" + bytes(99))
    index = scan(folder)
    assert [file.format for file in index.files if file.path == f"a/{name}"] == ["JPEG"]
    assert index.skipped == (("b/d.avif", "is an AVIF image, which is not read; save it as JPEG or PNG"),)


@pytest.mark.parametrize("content", [
    PNG[:33] + chunk(b"tEXt", b"k\0v") * 110_000 + PNG[33:],
    JPEG[:2] + b"\xff" * 310_000 + JPEG[2:],
    GIF[:-1] + GIF_FRAME * 160_000 + b";",
    bytes(128) + b"DICM\2\0\0\0UL\4\0\x1c\0\0\0" + DICOM_SYNTAX + bytes.fromhex("090001004c4f0000") * 310_000,
], ids=["PNG", "JPEG", "GIF", "DICOM"])  # fmt: skip
def test_a_file_of_more_parts_than_any_image_has_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableImage, match="has more parts than any image; save it again with another program"):
        read_header(content)


def test_a_jpeg_that_goes_through_its_pixels_too_often_is_refused() -> None:
    progressive = coded(Image.new("RGB", (40, 30), RED), "JPEG", progressive=True)
    last = progressive[progressive.rindex(b"\xff\xda") : -2]
    scans = progressive.count(b"\xff\xda")
    assert decode(progressive[:-2] + last * (100 - scans) + progressive[-2:]).size == (40, 30)
    with pytest.raises(UnreadableImage, match=r"^The image has 101 scans; at most 100 are supported\.$"):
        decode(progressive[:-2] + last * (101 - scans) + progressive[-2:])


def test_a_file_of_more_than_two_gigabytes_is_refused_before_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(JPEG)
    os.truncate(tmp_path / "a.jpg", 2_000_000_001)
    with pytest.raises(UnreadableImage, match=r"^a\.jpg has 2,000 MB; at most 2,000 are supported\.$"):
        decode(tmp_path / "a.jpg")


@pytest.mark.parametrize("kind", [b"tEXt", b"eXIf", b"prVt"])
@pytest.mark.parametrize("behind", [False, True])
def test_a_chunk_that_no_pixels_need_takes_no_memory(kind: bytes, behind: bool) -> None:
    at = len(PNG) - 12 if behind else 33
    content = PNG[:at] + chunk(kind, b"k\0" + bytes(30_000_000)) + PNG[at:]
    tracemalloc.start()
    try:
        image = decode(content)
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()
    assert image.getcolors() == [(1200, RED)]
