"""HEIC by pillow-heif against its own reader; orientation, several images, hostile files, and the missing reader."""

import io
import time
from typing import Any

import numpy as np
import pillow_heif
import pytest
from numpy.typing import NDArray
from PIL import Image

from core.data import heic, image_opening
from core.data.heic import is_heic
from core.data.images import decode, read_grey, read_header
from core.errors import UnreadableImage

RNG = np.random.default_rng(0)


def photo(width: int, height: int) -> Image.Image:
    small = RNG.integers(0, 256, (6, 8, 3)).astype(np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


def encoded(*pictures: Image.Image, **options: Any) -> bytes:
    file, out = pillow_heif.HeifFile(), io.BytesIO()
    for picture in pictures:
        file.add_from_pillow(picture)
    file.save(out, quality=90, **options)
    return out.getvalue()


def own(data: bytes) -> NDArray[np.uint8]:
    return np.asarray(pillow_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=True).to_pillow().convert("RGB"))


def test_a_photo_is_what_its_own_reader_sees() -> None:
    data = encoded(photo(90, 60))
    assert is_heic(data[:200])
    np.testing.assert_array_equal(np.asarray(decode(data)), own(data))
    header = read_header(data)
    assert (header.format, header.width, header.height, header.mode, header.pages) == ("HEIF", 90, 60, "RGB", 1)
    assert read_grey(data, 16)[0] == header


TURNS = {1: Image.Transpose.ROTATE_90, 2: Image.Transpose.ROTATE_180, 3: Image.Transpose.ROTATE_270}


@pytest.mark.parametrize("quarters", TURNS)
def test_a_turned_photo_stands_upright_once(quarters: int) -> None:
    """Phones store a photo as the sensor has it, and the turn as a property: here in place of that of the colours."""
    picture, exif = photo(128, 64), Image.Exif()
    exif[0x0112] = 6  # said twice, as phones do: the property alone counts
    picture.info["exif"] = exif.tobytes()
    data = encoded(picture)
    at, plain = data.index(b"colr"), np.asarray(decode(data))
    length = int.from_bytes(data[at - 4 : at], "big")
    turned = data[:at] + b"irot" + bytes([quarters]) + bytes(length - 9) + data[at - 4 + length :]
    upright, header = decode(turned), read_header(turned)
    assert ((header.width, header.height), header.orientation) == (upright.size, 1)
    np.testing.assert_array_equal(np.asarray(upright), np.asarray(Image.fromarray(plain).transpose(TURNS[quarters])))


def test_transparency_lies_over_white_and_of_several_images_the_first_is_read() -> None:
    clear = photo(64, 64).convert("RGBA")
    clear.putalpha(0)
    assert (np.asarray(decode(encoded(clear))) >= 250).all()
    data = encoded(photo(64, 64), photo(64, 64), photo(64, 64))
    assert read_header(data).pages == 3
    np.testing.assert_array_equal(np.asarray(decode(data)), own(data))


def test_hostile_files_are_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, started = encoded(photo(200, 120)), time.monotonic()
    at = whole.index(b"ispe")  # the size that the image claims: version, width, height
    claims = whole[: at + 8] + (60_000).to_bytes(4, "big") * 2 + whole[at + 16 :]
    cases = [
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99), whole[:60], whole[: len(whole) // 2],
        whole[:200] + bytes(len(whole) - 200), claims,
        whole[:28] + b"\xff" * 8 + whole[36:],
    ]  # fmt: skip
    for data in cases:
        with pytest.raises(UnreadableImage, match=r"is damaged|megapixels|header cannot be read"):
            decode(data)
    assert time.monotonic() - started < 5
    monkeypatch.setitem(image_opening._MOST, "HEIF", 20_000)
    with pytest.raises(UnreadableImage, match="megapixels; at most"):
        decode(whole)


def test_without_the_reader_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heic, "_registered", lambda: False)
    file = io.BytesIO(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99))
    file.name = "IMG_1.HEIC"
    said = r"^IMG_1\.HEIC is a HEIC image; to read such files: `pip install -r requirements-formats\.txt`\.$"
    with pytest.raises(UnreadableImage, match=said):
        decode(file)


def test_an_avif_under_a_general_brand_is_no_heic() -> None:
    start = b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf" + bytes(99)
    assert not is_heic(start)
    with pytest.raises(UnreadableImage, match="is an AVIF image, which is not read; save it as JPEG or PNG"):
        decode(start)
