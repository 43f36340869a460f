"""One reading of an image file whatever it comes as: first frame, orientation, size, square, thumbnail."""

import io
import warnings

import numpy as np
import pytest
from PIL import Image

from core.data.images import decode, load, read_header, thumbnail
from tests.data.coded_images import colourful, encoded, pixel


def test_of_an_animation_the_first_frame_is_taken():
    frames = [Image.new("RGB", (4, 4), c) for c in ("red", "blue")]
    for kind, options in (("GIF", {}), ("WEBP", {"lossless": True}), ("PNG", {})):
        data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)
        assert pixel(data) == (255, 0, 0), kind


def test_a_phone_file_of_several_jpegs_is_read():
    data = encoded(colourful(), "MPO", save_all=True, append_images=[colourful(seed=90)])
    assert read_header(data).format == "MPO"
    assert decode(data).size == (48, 32)
    assert load(data, 8).shape == (8, 8, 3)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_exif_orientation_6_comes_out_upright(kind):
    upright = colourful()
    exif = Image.Exif()
    exif[0x0112] = 6
    options = {"lossless": True} if kind == "WEBP" else {"quality": 95, "subsampling": 0} if kind == "JPEG" else {}
    data = encoded(upright.transpose(Image.Transpose.ROTATE_90), kind, exif=exif, **options)
    header = read_header(data)
    assert (header.orientation, header.width, header.height) == (6, 32, 48)
    found = np.asarray(decode(data), dtype=int)
    assert np.abs(found - np.asarray(upright)).max() <= 6
    assert Image.open(io.BytesIO(thumbnail(data, 24))).size == (24, 16)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_each_orientation_agrees_with_pillows_own(orientation):
    from PIL import ImageOps

    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(colourful(), exif=exif)
    with Image.open(io.BytesIO(data)) as image:
        expected = ImageOps.exif_transpose(image)
    assert np.array_equal(np.asarray(decode(data)), np.asarray(expected))


def test_unreadable_exif_does_not_refuse_the_pixels():
    exif = Image.Exif()
    exif[0x0112] = 6
    data = bytearray(encoded(colourful(), "JPEG", exif=exif))
    at = data.index(b"Exif\0\0") + 6
    data[at + 4 : at + 8] = b"\xff\xff\xff\x7f"  # the table of tags now lies far outside
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        assert decode(bytes(data)).size == (48, 32)
        assert read_header(bytes(data)).orientation == 1


def test_the_name_does_not_matter_the_content_does(tmp_path):
    path = tmp_path / "cat.jpg"
    path.write_bytes(encoded(colourful(), "WEBP", lossless=True))
    assert read_header(path).format == "WEBP"
    assert np.array_equal(np.asarray(decode(path)), np.asarray(colourful()))


def test_path_bytes_and_file_give_the_same_pixels(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(encoded(colourful(400, 300), "JPEG"))
    with path.open("rb") as file:
        file.read(7)  # wherever the file happens to stand
        found = [load(source, 60) for source in (path, path.read_bytes(), file)]
        assert not file.closed
    assert np.array_equal(found[0], found[1])
    assert np.array_equal(found[0], found[2])


def test_one_pixel_is_enough():
    found = load(encoded(Image.new("RGB", (1, 1), (1, 2, 3))), 5)
    assert found.shape == (5, 5, 3)
    assert (found == (1, 2, 3)).all()


def test_load_stretches_with_antialiasing():
    stripes = np.zeros((64, 128, 3), dtype=np.uint8)
    stripes[:, ::2] = 255
    found = load(encoded(Image.fromarray(stripes)), 16)
    assert found.shape == (16, 16, 3)
    assert found.dtype == np.uint8
    assert found.flags.writeable
    assert np.abs(found.astype(int) - 127).max() <= 24  # nearest would give 0 or 255


def test_load_of_a_large_jpeg_is_close_to_the_full_decoding_and_repeatable():
    data = encoded(colourful(1600, 1200), "JPEG", quality=95)
    full = decode(data).resize((150, 150), Image.Resampling.BILINEAR)
    found = load(data, 150)
    assert np.abs(found.astype(int) - np.asarray(full)).max() <= 3
    assert np.array_equal(found, load(data, 150))


@pytest.mark.parametrize(("sides", "expected"), [((1600, 1200), (400, 300)), ((599, 1600), (599, 1600))])
def test_a_jpeg_is_only_shrunk_in_decoding_while_twice_the_size_is_left(sides, expected):
    assert decode(encoded(Image.new("RGB", sides), "JPEG"), 150).size == expected


def test_a_thumbnail_keeps_the_aspect_and_nothing_private():
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    data = encoded(colourful(200, 100), "JPEG", exif=exif, comment=b"secret note")
    small = thumbnail(data, 50)
    with Image.open(io.BytesIO(small)) as image:
        assert (image.format, image.size, dict(image.getexif())) == ("JPEG", (50, 25), {})
    assert b"secret" not in small
    with Image.open(io.BytesIO(thumbnail(data, 500))) as image:
        assert image.size == (200, 100)
