"""Augmentation is a pure function, and `question` is what Keras does."""

import hashlib
import time

import numpy as np
import pytest

from core.data.augment import Parameters, augment, draw_parameters, warp
from core.errors import ConfigError
from core.notation.augmentation import PRESETS

CONTENT = hashlib.sha256(b"an image").hexdigest()


def noise(height=40, width=40, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("kind", PRESETS)
def test_same_arguments_same_pixels_and_the_argument_is_left_alone(kind):
    pixels = noise()
    before = pixels.copy()
    first = augment(pixels, kind, 3, 5, CONTENT)
    np.random.default_rng().random(9)
    assert np.array_equal(first, augment(pixels, kind, 3, 5, CONTENT))
    assert np.array_equal(pixels, before)
    assert (first.shape, first.dtype) == (pixels.shape, np.dtype(np.uint8))


@pytest.mark.parametrize("kind", ["light", "question"])
def test_seed_draw_and_content_each_change_the_result(kind):
    other = hashlib.sha256(b"another").hexdigest()
    drawn = {
        draw_parameters(kind, *arguments)
        for arguments in [(1, 1, CONTENT), (2, 1, CONTENT), (1, 2, CONTENT), (1, 1, other)]
    }
    assert len(drawn) == 4


def test_none_changes_nothing():
    pixels = noise()
    assert augment(pixels, "none", 1, 1, CONTENT) is pixels
    assert draw_parameters("none", 1, 1, CONTENT) == Parameters()
    assert np.array_equal(warp(pixels, Parameters()), pixels)


def test_an_unknown_kind_is_refused():
    with pytest.raises(ConfigError, match=r'^data\.augmentation: step 1, "stronger": no such step; '):
        augment(noise(), "stronger", 1, 1, CONTENT)
    with pytest.raises(ValueError, match=r"The augmentation is 'strong'; drawn together are none, light and question"):
        draw_parameters("strong", 1, 1, CONTENT)


def test_question_draws_keras_ranges():
    drawn = [draw_parameters("question", 0, i, CONTENT) for i in range(2000)]
    shear = np.array([p.shear for p in drawn])
    zooms = np.array([(p.zoom_x, p.zoom_y) for p in drawn])
    assert np.abs(shear).max() <= 0.2  # degrees, not radians and not a share
    assert np.abs(shear).max() > 0.19
    assert zooms.min() >= 0.8
    assert zooms.max() <= 1.2
    assert abs(np.corrcoef(zooms.T)[0, 1]) < 0.08
    assert 0.45 < np.mean([p.flip for p in drawn]) < 0.55
    assert {(p.rotation, p.shift_x, p.shift_y, p.brightness) for p in drawn} == {(0.0, 0.0, 0.0, 1.0)}


def test_light_stays_small_and_never_flips():
    drawn = [draw_parameters("light", 0, i, CONTENT) for i in range(2000)]
    assert max(abs(p.rotation) for p in drawn) <= 5
    assert all(0.95 <= p.zoom_x <= 1.05 and p.zoom_x == p.zoom_y for p in drawn)
    assert max(max(abs(p.shift_x), abs(p.shift_y)) for p in drawn) <= 0.03
    assert all(0.9 <= p.brightness <= 1.1 for p in drawn)
    assert not any(p.flip or p.shear for p in drawn)


def test_whole_pixel_shifts_repeat_the_edge():
    pixels = noise(10, 20)
    right = warp(pixels, Parameters(shift_x=0.1))  # the source lies two pixels to the right
    assert np.array_equal(right[:, :18], pixels[:, 2:])
    assert np.array_equal(right[:, 18:], np.repeat(pixels[:, -1:], 2, axis=1))
    down = warp(pixels, Parameters(shift_y=0.3))
    assert np.array_equal(down[:7], pixels[3:])
    assert np.array_equal(down[7:], np.repeat(pixels[-1:], 3, axis=0))


def test_flip_exchanges_left_and_right():
    pixels = noise()
    assert np.array_equal(warp(pixels, Parameters(flip=True)), pixels[:, ::-1])


def test_zooming_out_keeps_the_centre_and_the_edge_colours():
    pixels = noise(41, 41)
    found = warp(pixels, Parameters(zoom_x=1.2, zoom_y=1.2))
    for at in [(20, 20), (0, 0)]:  # the source of a corner lies outside; values are rounded down
        assert np.abs(found[at].astype(int) - pixels[at]).max() <= 1


def test_brightness_scales_and_clips():
    pixels = np.array([[[0, 100, 250]]], dtype=np.uint8)
    assert warp(pixels, Parameters(brightness=1.1)).tolist() == [[[0, 110, 255]]]
    assert warp(pixels, Parameters(brightness=0.9)).tolist() == [[[0, 90, 225]]]


def test_a_flat_image_stays_flat():
    flat = np.full((30, 30, 3), 200, dtype=np.uint8)
    for draw in range(20):
        assert (augment(flat, "question", 0, draw, CONTENT) == 200).all()


def test_it_takes_about_a_millisecond():
    pixels, best = noise(150, 150), 1.0
    for draw in range(30):
        start = time.perf_counter()
        augment(pixels, "question", 0, draw, CONTENT)
        best = min(best, time.perf_counter() - start)
    assert best < 0.003  # 0.7 ms on two shared cores; the best of 30 on a busy machine


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # TensorFlow's import
@pytest.mark.parametrize("kind", ["question", "light"])
def test_agrees_with_keras_own_transform(kind):
    from keras.src.legacy.preprocessing.image import apply_affine_transform

    pixels = noise(150, 150)
    for draw in range(12):
        p = draw_parameters(kind, 7, draw, CONTENT)
        expected = apply_affine_transform(
            pixels.astype(np.float64),
            theta=p.rotation,
            tx=p.shift_x * 150,
            ty=p.shift_y * 150,
            shear=p.shear,
            zx=p.zoom_x,
            zy=p.zoom_y,
            row_axis=0,
            col_axis=1,
            channel_axis=2,
        )
        expected = expected[:, ::-1] if p.flip else expected
        geometry = Parameters(p.rotation, p.shear, p.zoom_x, p.zoom_y, p.shift_x, p.shift_y, 1.0, p.flip)
        assert np.abs(warp(pixels, geometry) - expected).max() <= 1.0 + 1e-6
