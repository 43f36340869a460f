"""How an image becomes a square: against plain arithmetic, and the same bits as before there was a choice."""

import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from core.config import DataConfig, setting
from core.data.images import load
from core.data.pipeline import Images
from core.data.rendering import FIT_WORDS, FITS, SQUARES, Rendering, content_box, content_size, to_square
from core.engine.features.features import features_key

WIDE, TALL = (90, 40), (31, 77)
OLD_KEY = "c5f86201bc2ccef7b4023997a0b9a6150a7bef48"
"""Of no images and the recipe below, computed by the version before there was a choice."""


def photo(width: int, height: int) -> Image.Image:
    small = np.random.default_rng(0).integers(0, 256, (6, 8, 3)).astype(np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


def encoded(image: Image.Image, form: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def array(image: Image.Image) -> NDArray[np.uint8]:
    return np.asarray(image, np.uint8)


def test_every_fit_has_its_words_and_the_setting_knows_them_all() -> None:
    assert setting("data.fit").metadata["choices"] == FITS == tuple(FIT_WORDS) == tuple(SQUARES)
    assert DataConfig().fit == Rendering().fit == "stretch"


@pytest.mark.parametrize("shape", [WIDE, TALL])
def test_a_letterbox_is_the_resized_image_between_two_bars(shape: tuple[int, int]) -> None:
    image, size = photo(*shape), 48
    width, height = content_size(*shape, size)
    assert max(width, height) == size
    inner = array(image.resize((width, height), Image.Resampling.BILINEAR))
    for fit in ("letterbox", "letterbox_black"):
        made = array(to_square(image, size, fit))
        assert made.shape == (size, size, 3)
        left, top = (size - width) // 2, (size - height) // 2
        np.testing.assert_array_equal(made[top : top + height, left : left + width], inner)
        bars = np.ones((size, size), bool)
        bars[top : top + height, left : left + width] = False
        edges = (inner[[0, -1]] if width > height else inner[:, [0, -1]]).reshape(-1, 3)
        colour = np.floor(edges.mean(axis=0) + 0.5) if fit == "letterbox" else np.zeros(3)
        assert (made[bars] == colour).all()


@pytest.mark.parametrize("shape", [WIDE, TALL])
def test_a_crop_is_the_resized_middle(shape: tuple[int, int]) -> None:
    image, side = photo(*shape), min(shape)
    left, top = (shape[0] - side) // 2, (shape[1] - side) // 2
    middle = image.crop((left, top, left + side, top + side)).resize((24, 24), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(array(to_square(image, 24, "crop")), array(middle))


def test_square_images_are_the_same_by_every_fit() -> None:
    for size in (24, 64):
        made = [array(to_square(photo(64, 64), size, fit)) for fit in FITS]
        assert all((one == made[0]).all() for one in made)


def test_the_longest_strips_keep_a_pixel() -> None:
    assert content_size(20_000, 1, 16) == (16, 1)
    assert array(to_square(photo(2000, 1), 16, "letterbox_black"))[7].any()
    assert to_square(photo(2000, 1), 16, "crop").size == (16, 16)


def test_the_box_is_where_the_image_is() -> None:
    assert content_box(80, 40, "letterbox") == (0.0, 0.25, 1.0, 0.75)
    assert content_box(40, 80, "letterbox_black") == (0.25, 0.0, 0.75, 1.0)
    assert content_box(80, 40, "crop") == content_box(80, 40, "stretch") == (0.0, 0.0, 1.0, 1.0)


def test_an_image_is_turned_upright_before_it_is_fitted() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = encoded(photo(90, 40), "PNG", exif=exif)
    upright = encoded(ImageOps.exif_transpose(Image.open(io.BytesIO(turned))), "PNG")
    for fit in FITS:
        np.testing.assert_array_equal(load(turned, 32, Rendering(fit)), load(upright, 32, Rendering(fit)))


_DEEP = Image.fromarray((np.arange(90 * 130).reshape(90, 130) * 5).astype(np.uint16))
_TURNED = Image.Exif()
_TURNED[0x0112] = 6

# SHA-256 of the pixels at 64 × 64, computed by the version before there was a choice of fits.
BEFORE = {
    "0a65960acbc76999": encoded(photo(640, 300), "JPEG", quality=90),
    "eaa9873883545ccc": encoded(photo(200, 900), "JPEG", quality=75, subsampling=0),
    "010c1a4dca413163": encoded(photo(640, 300), "JPEG", exif=_TURNED),
    "3f769b7ca9ee0cca": encoded(photo(300, 180), "PNG"),
    "60990a97dc910d8b": encoded(_DEEP, "PNG"),
    "8b4d59b67cddc923": encoded(photo(120, 60).convert("RGBA"), "PNG"),
    "cbd3f7f67fcc0814": encoded(photo(64, 64), "PNG"),
}


@pytest.mark.parametrize("digest", BEFORE)
def test_stretched_images_have_the_bits_they_always_had(digest: str) -> None:
    assert hashlib.sha256(load(BEFORE[digest], 64).tobytes()).hexdigest()[:16] == digest


def test_features_of_stretched_images_keep_their_key_and_others_have_their_own() -> None:
    recipe = {"backbone": "x", "weights": "0", "preprocessing": "backbone", "pooling": "average"}
    keys = [features_key(Images(Path(), [], 32, "none", 1, Rendering(fit)), 0, recipe) for fit in FITS]
    assert keys[0] == features_key(Images(Path(), [], 32, "none", 1), 0, recipe) == OLD_KEY
    assert len(set(keys)) == len(FITS)
