"""Every mode of an image has one right RGB: bit depth, palette, inks, transparency."""

import numpy as np
import pytest
from PIL import Image

from core.data.images import decode, read_header
from tests.data.coded_images import colourful, encoded, pixel


@pytest.mark.parametrize("kind", ["PNG", "BMP", "WEBP", "GIF", "JPEG"])
def test_the_five_formats_become_rgb(kind):
    image = colourful()
    options = {"lossless": True} if kind == "WEBP" else {"quality": 95, "subsampling": 0} if kind == "JPEG" else {}
    found = np.asarray(decode(encoded(image, kind, **options)), dtype=int)
    tolerance = {"GIF": 60, "JPEG": 6}.get(kind, 0)  # a palette of 256 colours; a lossy code
    assert np.abs(found - np.asarray(image)).max() <= tolerance


def test_sixteen_bits_are_scaled_not_clipped():
    values = np.array([[0, 128, 257, 32768, 65279, 65535]], dtype=np.uint16)
    found = np.asarray(decode(encoded(Image.fromarray(values))))
    assert found.tolist() == [[[v] * 3 for v in (0, 0, 1, 128, 254, 255)]]


def test_sixteen_bits_with_a_transparent_grey_are_white_there():
    values = np.array([[0, 32768]], dtype=np.uint16)
    data = encoded(Image.fromarray(values), transparency=32768)
    assert [pixel(data), pixel(data, (1, 0))] == [(0, 0, 0), (255, 255, 255)]


def test_cmyk_jpeg_gives_the_colours_that_were_meant():
    inks = {(0, 0, 0, 0): (255, 255, 255), (255, 0, 0, 0): (0, 255, 255), (0, 0, 0, 255): (0, 0, 0)}
    for ink, expected in inks.items():
        data = encoded(Image.new("CMYK", (16, 16), ink), "JPEG", quality=100)
        assert read_header(data).mode == "CMYK"
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
    assert read_header(clear).transparent
    assert not read_header(encoded(image)).transparent
