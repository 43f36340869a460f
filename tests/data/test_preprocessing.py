"""Scaling of pixels by known values, by a second computation, and for odd shapes."""

import numpy as np
import pytest

from core.data.preprocessing import PREPROCESSING, preprocess


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
    assert set(expected) == set(PREPROCESSING)
    for kind, channels in expected.items():
        found = preprocess(pixels, kind)
        assert found.dtype == np.float32
        assert found.flags["C_CONTIGUOUS"]
        np.testing.assert_allclose(found, np.stack(channels, axis=-1), rtol=1e-5, atol=1e-5, err_msg=kind)


@pytest.mark.parametrize("kind", sorted(PREPROCESSING))
def test_preprocessing_multiplies_then_adds_in_float32_and_leaves_its_argument_alone(kind):
    pixels = np.random.default_rng(1).uniform(0, 255, (2, 5, 5, 3)).astype(np.float32)
    before = pixels.copy()
    rule = PREPROCESSING[kind]
    scaled = np.multiply(pixels, np.array(rule.scale, np.float32), dtype=np.float32)
    expected = np.add(scaled, np.array(rule.offset, np.float32), dtype=np.float32)
    found = preprocess(pixels, kind)
    assert np.array_equal(found, expected[..., ::-1] if rule.bgr else expected)
    assert np.array_equal(pixels, before)
    assert not np.shares_memory(found, pixels)


def test_preprocessing_takes_one_pixel_and_none():
    assert preprocess(np.array([1, 2, 3], np.uint8), "raw").tolist() == [1, 2, 3]
    assert preprocess(np.zeros((0, 4, 4, 3), np.uint8), "caffe").shape == (0, 4, 4, 3)
