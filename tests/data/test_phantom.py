"""Phantoms: the same seed draws the same body, and disease only adds light inside its lungs."""

import numpy as np
import pytest
from PIL import Image

from core.data import phantom
from core.data.phantom import draw_phantom


def drawn(seed, diseased=False):
    return draw_phantom(np.random.default_rng(seed), diseased)


def test_a_phantom_is_a_grey_image_of_224_pixels():
    image = drawn([1, 2])
    assert image.shape == (224, 224)
    assert image.dtype == np.uint8
    assert image.min() < 40
    assert image.max() > 180


@pytest.mark.parametrize("diseased", [False, True])
def test_the_same_seed_draws_the_same_image_and_another_number_another(diseased):
    assert drawn([1, 2], diseased).tobytes() == drawn([1, 2], diseased).tobytes()
    assert np.abs(drawn([1, 2], diseased).astype(int) - drawn([1, 3], diseased)).mean() > 2


@pytest.mark.parametrize("number", range(8))
def test_disease_adds_light_inside_the_lungs_and_changes_nothing_else(number):
    healthy, diseased = drawn([5, number]), drawn([5, number], True)
    _, _, lungs = phantom._healthy(np.random.default_rng([5, number]))
    added = diseased.astype(int) - healthy
    assert not added[lungs == 0].any()
    assert added.min() >= 0
    # Texture lets single pixels pass the peak; the brightest place as a whole stays near it.
    smooth = np.asarray(Image.fromarray(added.astype(np.float32)).reduce(8))
    assert 0.6 * phantom.OPACITY_PEAK * 255 < smooth.max() < 1.6 * phantom.OPACITY_PEAK * 255
    assert 0.03 < (added > 12).mean() < 0.35


def test_both_lungs_are_there_and_darker_than_what_surrounds_them():
    for number in range(8):
        grey, _, lungs = phantom._healthy(np.random.default_rng([6, number]))
        assert (lungs[:, :112] > 0.9).sum() > 2500
        assert (lungs[:, 112:] > 0.9).sum() > 1800
        middle = grey[60:160, 104:120].mean()
        assert middle - grey[lungs > 0.9].mean() > 0.25


def test_the_word_synthetic_is_burned_into_the_same_corner_of_every_image():
    mask = phantom._label()
    rows, columns = np.nonzero(mask)
    assert mask.sum() > 100
    assert rows.min() > 200
    assert columns.max() < 70
    for image in (drawn([1, 2]), drawn([1, 3], True)):
        assert (image[mask] == 210).all()
