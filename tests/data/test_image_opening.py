"""Every bad image file is refused in a sentence of its own, and nothing but UnreadableImage gets out."""

import io
import re
import struct
import threading
import warnings

import numpy as np
import pytest
from PIL import Image

from core.data.images import decode, load, read_header
from core.errors import UnreadableImage
from tests.data.coded_images import colourful, encoded, png_header


def half(data: bytes) -> bytes:
    return data[: len(data) // 2]


def bad_crc() -> bytes:
    data = bytearray(encoded(colourful()))
    data[data.index(b"IEND") - 8] ^= 0xFF  # the last byte of IDAT's checksum: Pillow's decoder does not look at it
    return bytes(data)


NOT_AN_IMAGE = r"is not an image \(JPEG, PNG, WebP, BMP, GIF, TIFF, DICOM or HEIC\)\."
REFUSED = {
    "empty": (b"", r"is empty\."),
    "html": (b"<!doctype html><p>404", NOT_AN_IMAGE),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', NOT_AN_IMAGE),
    "half tiff": (half(encoded(colourful(), "TIFF")), r"is damaged: .*"),
    "eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n", NOT_AN_IMAGE),
    "pdf": (b"%PDF-1.7\n", r"is a PDF, which is not read; save its page or image as JPEG or PNG\."),
    "wave": (b"RIFF\x24\0\0\0WAVEfmt ", NOT_AN_IMAGE),
    "half jpeg": (half(encoded(colourful(), "JPEG")), r"is damaged: .*[Tt]runcated.*"),
    "half webp": (half(encoded(colourful(), "WEBP")), r"is damaged: .*"),
    "bad crc": (bad_crc(), r"is damaged: .*checksum.*|is damaged: .*CRC.*"),
    "bad header": (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, r"is damaged: its header cannot be read\."),
    "169 Mpx": (png_header(13000, 13000), r"has 169 megapixels; at most 40 are supported\."),
    "400 Mpx": (png_header(20000, 20000), r"has 400 megapixels; at most 40 are supported\."),
    "41 Mpx": (png_header(6410, 6400), r"has 41\.02 megapixels; at most 40 are supported\."),
    "bmp": (
        encoded(Image.new("1", (8, 8)), "BMP").replace(struct.pack("<II", 8, 8), struct.pack("<II", 60000, 60000)),
        r"has 3600 megapixels; at most 40 are supported\.",
    ),
    "ribbon": (png_header(30000, 10), r"is 30000 × 10 pixels; at most 20000 per side are supported\."),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_files_are_refused_in_one_sentence_with_the_name(tmp_path, case):
    data, message = REFUSED[case]
    path = tmp_path / "scan 7.jpg"
    path.write_bytes(data)
    with pytest.raises(UnreadableImage, match=rf"\Ascan 7\.jpg ({message})\Z"):
        decode(path)
    with pytest.raises(UnreadableImage, match=rf"\AThe image ({message})\Z"):
        load(data, 8)


def test_size_is_judged_by_the_header_without_pillows_warning_too():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as after someone's resetwarnings()
        with pytest.raises(UnreadableImage, match="has 169 megapixels"):
            read_header(png_header(13000, 13000))


def test_a_strip_that_is_long_enough_is_read():
    assert decode(encoded(Image.new("1", (20000, 2)))).size == (20000, 2)


def test_a_missing_file_a_folder_and_a_pipe_are_refused_without_waiting(tmp_path):
    import os

    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(UnreadableImage, match=r"pipe\.png is not a file\."):
        decode(tmp_path / "pipe.png")
    with pytest.raises(UnreadableImage, match=r"is not a file\."):
        decode(tmp_path)
    with pytest.raises(UnreadableImage, match=r"no\.png cannot be opened: No such file or directory\."):
        decode(tmp_path / "no.png")


def test_a_hostile_name_is_shown_harmless():
    file = io.BytesIO(b"")
    file.name = "../../x\n\x1b[31m" + "y" * 500 + ".png"
    with pytest.raises(UnreadableImage) as caught:
        decode(file)
    text = str(caught.value)
    assert "\n" not in text
    assert "\x1b" not in text
    assert len(text) < 140
    assert not text.startswith("..")


def test_threads_read_large_and_small_files_side_by_side():
    good, large, wrong = encoded(colourful()), png_header(13000, 13000), []

    def work():
        for _ in range(30):
            if decode(good).size != (48, 32):
                wrong.append("size")
            try:
                decode(large)
                wrong.append("not refused")
            except UnreadableImage:
                pass

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_damage_anywhere_raises_nothing_but_unreadable_image():
    rng = np.random.default_rng(0)
    seeds = [encoded(colourful(), kind) for kind in ("JPEG", "PNG", "WEBP", "BMP", "GIF")]
    outcomes = set()
    for i in range(1500):
        data = bytearray(seeds[i % len(seeds)])
        for at in rng.integers(0, min(len(data), 60 if i % 2 else 10**9), size=3):
            data[at] = rng.integers(0, 256)
        try:
            decode(bytes(data[: rng.integers(1, len(data))]) if i % 7 == 0 else bytes(data), 4)
            outcomes.add("read")
        except UnreadableImage as error:
            assert re.match(r"The image (is|has) .*\.\Z", str(error))
            outcomes.add("refused")
    assert outcomes == {"read", "refused"}
