"""What is measured of an image, against what is known of it."""

from collections import Counter
from math import log2

import numpy as np
import pytest
from PIL import Image, ImageFilter

from core.data.quality import SIDE, blur_effect, measure


def texture(size: int = 256, seed: int = 0) -> Image.Image:
    """Structure at several scales, as in photographs."""
    rng = np.random.default_rng(seed)
    layers = [
        np.asarray(Image.fromarray(rng.integers(0, 256, (n, n), np.uint8)).resize((size, size)), float)
        for n in (4, 16, 64, 256)
    ]
    return Image.fromarray((sum(layers, np.zeros((size, size))) / len(layers)).astype(np.uint8))


def obvious_blur(grey: Image.Image) -> float:
    """The blur effect as the paper has it, in floats and loops."""
    pixels = np.asarray(grey, float)
    worst = 0.0
    for image in (pixels, pixels.T):
        rows = np.pad(image, ((0, 0), (4, 4)), mode="edge")
        again = np.stack([rows[:, k : k + 9].mean(axis=1) for k in range(image.shape[1])], axis=1)
        sharp, soft = np.abs(np.diff(image)), np.abs(np.diff(again))
        lost = np.maximum(0, sharp - soft).sum()
        worst = max(worst, 1 - lost / sharp.sum())
    return worst


@pytest.mark.parametrize("radius", [0, 1, 2, 4, 8])
def test_the_blur_effect_is_that_of_the_paper(radius):
    image = texture(128).filter(ImageFilter.GaussianBlur(radius))
    # Whole grey levels instead of floats: where hardly a level lies between neighbours, that shows a little.
    assert blur_effect(image) == pytest.approx(obvious_blur(image), abs=0.04 if radius < 8 else 0.1)


def test_the_blur_effect_grows_with_the_blur_and_does_not_depend_on_contrast():
    image = texture()
    values = [measure(image.filter(ImageFilter.GaussianBlur(radius))).blur for radius in (0, 2, 4, 8, 16)]
    assert values[:-1] == sorted(values[:-1])
    assert values[0] < 0.5
    assert values[-1] > 0.7
    faint = image.point([100 + level // 4 for level in range(256)])
    assert measure(faint).blur == pytest.approx(values[0], abs=0.05)


def test_an_image_blurred_in_one_direction_only_is_blurred():
    still = texture()
    moved = still.filter(ImageFilter.BoxBlur((25, 0)))
    assert measure(moved).blur > measure(still).blur + 0.2


@pytest.mark.parametrize("level", [0, 130, 255])
def test_a_blank_image_has_no_blur_and_no_information(level):
    shade = round(level / 255, 4)
    assert measure(Image.new("L", (300, 200), level)) == (0.0, shade, shade, 0.0)


def test_percentiles_and_entropy_are_those_of_the_grey_levels():
    image = texture(SIDE)
    levels = np.sort(np.asarray(image).ravel())
    found = measure(image)
    assert found.shadow == pytest.approx(levels[int(np.ceil(0.05 * levels.size)) - 1] / 255, abs=1e-4)
    assert found.highlight == pytest.approx(levels[int(np.ceil(0.99 * levels.size)) - 1] / 255, abs=1e-4)
    shares = [count / levels.size for count in Counter(levels.tolist()).values()]
    assert found.entropy == pytest.approx(-sum(share * log2(share) for share in shares), abs=1e-4)


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (2, 2), (5000, 3), (28, 28)])
def test_any_size_is_measured(size):
    found = measure(Image.effect_noise(size, 60).convert("L"))
    assert all(0 <= value <= 8 for value in found)


def test_size_of_the_file_does_not_decide():
    small, large = texture(256), texture(256).resize((1024, 1024), Image.Resampling.BICUBIC)
    assert measure(large).blur == pytest.approx(measure(small).blur, abs=0.05)
