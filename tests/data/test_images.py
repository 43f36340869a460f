"""Every kind of image file has one right reading, and every bad one its own sentence."""

import io
import re
import struct
import threading
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.data import images
from core.errors import UnreadableImage


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
    found = images.decode(source).getpixel(at)
    assert isinstance(found, tuple)
    return found


# --- what is read, and as what


@pytest.mark.parametrize("kind", ["PNG", "BMP", "WEBP", "GIF", "JPEG"])
def test_the_five_formats_become_rgb(kind):
    image = colourful()
    options = {"lossless": True} if kind == "WEBP" else {"quality": 95, "subsampling": 0} if kind == "JPEG" else {}
    found = np.asarray(images.decode(encoded(image, kind, **options)), dtype=int)
    tolerance = {"GIF": 60, "JPEG": 6}.get(kind, 0)  # a palette of 256 colours; a lossy code
    assert np.abs(found - np.asarray(image)).max() <= tolerance


def test_sixteen_bits_are_scaled_not_clipped():
    values = np.array([[0, 128, 257, 32768, 65279, 65535]], dtype=np.uint16)
    found = np.asarray(images.decode(encoded(Image.fromarray(values))))
    assert found.tolist() == [[[v] * 3 for v in (0, 0, 1, 128, 254, 255)]]


def test_sixteen_bits_with_a_transparent_grey_are_white_there():
    values = np.array([[0, 32768]], dtype=np.uint16)
    data = encoded(Image.fromarray(values), transparency=32768)
    assert [pixel(data), pixel(data, (1, 0))] == [(0, 0, 0), (255, 255, 255)]


def test_cmyk_jpeg_gives_the_colours_that_were_meant():
    inks = {(0, 0, 0, 0): (255, 255, 255), (255, 0, 0, 0): (0, 255, 255), (0, 0, 0, 255): (0, 0, 0)}
    for ink, expected in inks.items():
        data = encoded(Image.new("CMYK", (16, 16), ink), "JPEG", quality=100)
        assert images.read_header(data).mode == "CMYK"
        assert np.abs(np.subtract(pixel(data, (8, 8)), expected)).max() <= 2


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (Image.new("RGBA", (4, 4), (255, 0, 0, 0)), (255, 255, 255)),
        (Image.new("RGBA", (4, 4), (0, 0, 0, 128)), (127, 127, 127)),
        (Image.new("RGBA", (4, 4), (10, 20, 30, 255)), (10, 20, 30)),
        (Image.new("LA", (4, 4), (0, 0)), (255, 255, 255)),
        (Image.new("LA", (4, 4), (90, 255)), (90, 90, 90)),
        (Image.new("L", (4, 4), 77), (77, 77, 77)),
        (Image.new("1", (4, 4), 1), (255, 255, 255)),
        (Image.new("1", (4, 4), 0), (0, 0, 0)),
    ],
    ids=["clear", "half clear", "opaque", "LA clear", "LA opaque", "grey", "bit on", "bit off"],
)
def test_every_mode_has_its_colour_over_white(image, expected):
    assert np.abs(np.subtract(pixel(encoded(image)), expected)).max() <= 1


def test_a_palette_gives_its_colours_and_its_clear_entry_is_white():
    image = Image.new("P", (2, 1))
    image.putpalette([200, 10, 20, 30, 40, 50])
    image.putdata([0, 1])
    assert [pixel(encoded(image)), pixel(encoded(image), (1, 0))] == [(200, 10, 20), (30, 40, 50)]
    clear = encoded(image, transparency=1)
    assert [pixel(clear), pixel(clear, (1, 0))] == [(200, 10, 20), (255, 255, 255)]
    assert images.read_header(clear).transparent
    assert not images.read_header(encoded(image)).transparent


def test_of_an_animation_the_first_frame_is_taken():
    frames = [Image.new("RGB", (4, 4), c) for c in ("red", "blue")]
    for kind, options in (("GIF", {}), ("WEBP", {"lossless": True}), ("PNG", {})):
        data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)
        assert pixel(data) == (255, 0, 0), kind


def test_a_phone_file_of_several_jpegs_is_read():
    data = encoded(colourful(), "MPO", save_all=True, append_images=[colourful(seed=90)])
    assert images.read_header(data).format == "MPO"
    assert images.decode(data).size == (48, 32)
    assert images.load(data, 8).shape == (8, 8, 3)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_exif_orientation_6_comes_out_upright(kind):
    upright = colourful()
    exif = Image.Exif()
    exif[0x0112] = 6
    options = {"lossless": True} if kind == "WEBP" else {"quality": 95, "subsampling": 0} if kind == "JPEG" else {}
    data = encoded(upright.transpose(Image.Transpose.ROTATE_90), kind, exif=exif, **options)
    header = images.read_header(data)
    assert (header.orientation, header.width, header.height) == (6, 32, 48)
    found = np.asarray(images.decode(data), dtype=int)
    assert np.abs(found - np.asarray(upright)).max() <= 6
    assert Image.open(io.BytesIO(images.thumbnail(data, 24))).size == (24, 16)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_each_orientation_agrees_with_pillows_own(orientation):
    from PIL import ImageOps

    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(colourful(), exif=exif)
    with Image.open(io.BytesIO(data)) as image:
        expected = ImageOps.exif_transpose(image)
    assert np.array_equal(np.asarray(images.decode(data)), np.asarray(expected))


def test_unreadable_exif_does_not_refuse_the_pixels():
    exif = Image.Exif()
    exif[0x0112] = 6
    data = bytearray(encoded(colourful(), "JPEG", exif=exif))
    at = data.index(b"Exif\0\0") + 6
    data[at + 4 : at + 8] = b"\xff\xff\xff\x7f"  # the table of tags now lies far outside
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        assert images.decode(bytes(data)).size == (48, 32)
        assert images.read_header(bytes(data)).orientation == 1


def test_the_name_does_not_matter_the_content_does(tmp_path):
    path = tmp_path / "cat.jpg"
    path.write_bytes(encoded(colourful(), "WEBP", lossless=True))
    assert images.read_header(path).format == "WEBP"
    assert np.array_equal(np.asarray(images.decode(path)), np.asarray(colourful()))


def test_path_bytes_and_file_give_the_same_pixels(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(encoded(colourful(400, 300), "JPEG"))
    with path.open("rb") as file:
        file.read(7)  # wherever the file happens to stand
        found = [images.load(source, 60) for source in (path, path.read_bytes(), file)]
        assert not file.closed
    assert np.array_equal(found[0], found[1])
    assert np.array_equal(found[0], found[2])


def test_one_pixel_is_enough():
    found = images.load(encoded(Image.new("RGB", (1, 1), (1, 2, 3))), 5)
    assert found.shape == (5, 5, 3)
    assert (found == (1, 2, 3)).all()


# --- load and thumbnail


def test_load_stretches_with_antialiasing():
    stripes = np.zeros((64, 128, 3), dtype=np.uint8)
    stripes[:, ::2] = 255
    found = images.load(encoded(Image.fromarray(stripes)), 16)
    assert found.shape == (16, 16, 3)
    assert found.dtype == np.uint8
    assert found.flags.writeable
    assert np.abs(found.astype(int) - 127).max() <= 24  # nearest would give 0 or 255


def test_load_of_a_large_jpeg_is_close_to_the_full_decoding_and_repeatable():
    data = encoded(colourful(1600, 1200), "JPEG", quality=95)
    full = images.decode(data).resize((150, 150), Image.Resampling.BILINEAR)
    found = images.load(data, 150)
    assert np.abs(found.astype(int) - np.asarray(full)).max() <= 3
    assert np.array_equal(found, images.load(data, 150))


@pytest.mark.parametrize(("sides", "expected"), [((1600, 1200), (400, 300)), ((599, 1600), (599, 1600))])
def test_a_jpeg_is_only_shrunk_in_decoding_while_twice_the_size_is_left(sides, expected):
    assert images.decode(encoded(Image.new("RGB", sides), "JPEG"), 150).size == expected


def test_a_thumbnail_keeps_the_aspect_and_nothing_private():
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    data = encoded(colourful(200, 100), "JPEG", exif=exif, comment=b"secret note")
    small = images.thumbnail(data, 50)
    with Image.open(io.BytesIO(small)) as image:
        assert (image.format, image.size, dict(image.getexif())) == ("JPEG", (50, 25), {})
    assert b"secret" not in small
    with Image.open(io.BytesIO(images.thumbnail(data, 500))) as image:
        assert image.size == (200, 100)


# --- what is refused


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
        images.decode(path)
    with pytest.raises(UnreadableImage, match=rf"\AThe image ({message})\Z"):
        images.load(data, 8)


def test_size_is_judged_by_the_header_without_pillows_warning_too():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as after someone's resetwarnings()
        with pytest.raises(UnreadableImage, match="has 169 megapixels"):
            images.read_header(png_header(13000, 13000))


def test_a_strip_that_is_long_enough_is_read():
    assert images.decode(encoded(Image.new("1", (20000, 2)))).size == (20000, 2)


def test_a_missing_file_a_folder_and_a_pipe_are_refused_without_waiting(tmp_path):
    import os

    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(UnreadableImage, match=r"pipe\.png is not a file\."):
        images.decode(tmp_path / "pipe.png")
    with pytest.raises(UnreadableImage, match=r"is not a file\."):
        images.decode(tmp_path)
    with pytest.raises(UnreadableImage, match=r"no\.png cannot be opened: No such file or directory\."):
        images.decode(tmp_path / "no.png")


def test_a_hostile_name_is_shown_harmless():
    file = io.BytesIO(b"")
    file.name = "../../x\n\x1b[31m" + "y" * 500 + ".png"
    with pytest.raises(UnreadableImage) as caught:
        images.decode(file)
    text = str(caught.value)
    assert "\n" not in text
    assert "\x1b" not in text
    assert len(text) < 140
    assert not text.startswith("..")


def test_threads_read_large_and_small_files_side_by_side():
    good, large, wrong = encoded(colourful()), png_header(13000, 13000), []

    def work():
        for _ in range(30):
            if images.decode(good).size != (48, 32):
                wrong.append("size")
            try:
                images.decode(large)
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
            images.decode(bytes(data[: rng.integers(1, len(data))]) if i % 7 == 0 else bytes(data), 4)
            outcomes.add("read")
        except UnreadableImage as error:
            assert re.match(r"The image (is|has) .*\.\Z", str(error))
            outcomes.add("refused")
    assert outcomes == {"read", "refused"}


# --- preprocessing


def test_preprocessing_of_known_values():
    pixels = np.array([[[0, 127, 255], [255, 128, 1]]], dtype=np.uint8)
    r, g, b = (pixels[..., i].astype(float) for i in range(3))
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    expected = {
        "caffe": (b - 103.939, g - 116.779, r - 123.68),
        "tf": (r / 127.5 - 1, g / 127.5 - 1, b / 127.5 - 1),
        "torch": tuple((c / 255 - m) / s for c, m, s in zip((r, g, b), mean, std, strict=True)),
        "lite": ((r - 127) / 128, (g - 127) / 128, (b - 127) / 128),
        "raw": (r, g, b),
        "rescale": (r / 255, g / 255, b / 255),
    }
    assert set(expected) == set(images.PREPROCESSING)
    for kind, channels in expected.items():
        found = images.preprocess(pixels, kind)
        assert found.dtype == np.float32
        assert found.flags["C_CONTIGUOUS"]
        np.testing.assert_allclose(found, np.stack(channels, axis=-1), rtol=1e-5, atol=1e-5, err_msg=kind)


@pytest.mark.parametrize("kind", sorted(images.PREPROCESSING))
def test_preprocessing_multiplies_then_adds_in_float32_and_leaves_its_argument_alone(kind):
    pixels = np.random.default_rng(1).uniform(0, 255, (2, 5, 5, 3)).astype(np.float32)
    before = pixels.copy()
    rule = images.PREPROCESSING[kind]
    scaled = np.multiply(pixels, np.array(rule.scale, np.float32), dtype=np.float32)
    expected = np.add(scaled, np.array(rule.offset, np.float32), dtype=np.float32)
    found = images.preprocess(pixels, kind)
    assert np.array_equal(found, expected[..., ::-1] if rule.bgr else expected)
    assert np.array_equal(pixels, before)
    assert not np.shares_memory(found, pixels)


def test_preprocessing_takes_one_pixel_and_none():
    assert images.preprocess(np.array([1, 2, 3], np.uint8), "raw").tolist() == [1, 2, 3]
    assert images.preprocess(np.zeros((0, 4, 4, 3), np.uint8), "caffe").shape == (0, 4, 4, 3)


def test_extensions_are_lower_case_suffixes():
    assert all(re.fullmatch(r"\.[a-z]+", e) and Path(f"x{e}").suffix == e for e in images.EXTENSIONS)
