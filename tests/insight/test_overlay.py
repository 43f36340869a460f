"""The map over the image: colours, place, words."""

import io

import numpy as np
import plotly.colors
import pytest
from PIL import Image

from core.insight.overlay import INFERNO, colour, overlay, smooth, where

GREY = Image.new("RGB", (60, 40), (100, 100, 100))
CORNER = [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)))


def test_the_colours_are_infernos() -> None:
    assert list(INFERNO) == plotly.colors.sequential.Inferno
    assert colour(np.array([0.0, 1.0])).tolist() == [[0, 0, 4], [252, 255, 164]]


def test_lightness_rises_evenly_with_the_value() -> None:
    grey = np.asarray(Image.fromarray(colour(np.linspace(0, 1, 101)[None])).convert("L")).astype(int)[0]
    assert (np.diff(grey) >= 0).all()
    assert np.abs(np.diff(grey)).max() <= 5


def test_no_opacity_is_the_image_and_full_opacity_the_map() -> None:
    assert (pixels(overlay(GREY, CORNER, 0)) == 100).all()
    full = pixels(overlay(GREY, CORNER, 1))
    assert full.shape == (40, 60, 3)
    np.testing.assert_array_equal(full, colour(smooth(CORNER, (60, 40))))
    half = pixels(overlay(GREY, CORNER, 0.5)).astype(int)
    assert np.abs(half - (full.astype(int) + 100) / 2).max() <= 1


def test_a_map_of_the_square_lies_where_the_image_was_in_it() -> None:
    """Of an image of 80 × 40: a letterbox has it in the middle rows, a crop shows its middle columns only."""
    rows = np.zeros((8, 8))
    rows[2:4] = 1  # of eight rows of the square the middle four are the image
    boxed = smooth(rows, (80, 40), "letterbox")
    assert boxed.shape == (40, 80)
    assert boxed[5:15].min() > 0.9
    assert boxed[25:].max() < 0.1
    np.testing.assert_array_equal(boxed, smooth(rows, (80, 40), "letterbox_black"))
    cropped = smooth(np.ones((8, 8)), (80, 40), "crop")
    assert (cropped[:, 20:60] == 1).all()
    assert cropped[:, :20].max() == cropped[:, 60:].max() == 0
    np.testing.assert_array_equal(smooth(rows, (40, 40), "letterbox"), smooth(rows, (40, 40)))
    half = pixels(overlay(Image.new("RGB", (80, 40)), rows, 1, fit="letterbox"))
    np.testing.assert_array_equal(half, colour(boxed))


def test_the_map_lies_where_it_belongs() -> None:
    light = pixels(overlay(GREY, CORNER, 1)).astype(int).sum(axis=2)
    assert np.unravel_index(light.argmax(), light.shape) < (14, 20)
    assert light[:10, :12].mean() > 5 * light[25:, 40:].mean()


@pytest.mark.parametrize(
    ("heat", "words"),
    [
        (CORNER, "at the top left"),
        ([[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]], "in the middle"),
        ([[0.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]], "at the middle right"),
        (np.pad([[1.0]], ((6, 0), (3, 3))), "at the bottom middle"),
        ([[0.0, 1.0], [0.0, 0.0]], "at the top right"),
        ([[1.0]], "in the middle"),
        ([[0.0, 0.0]], "nowhere"),
        (np.full((7, 7), 0.8), "everywhere alike"),
        (np.full((6, 6), 1.0) - np.eye(6) * 0.03, "everywhere alike"),
    ],
)
def test_the_brightest_part_in_words(heat: object, words: str) -> None:
    assert where(heat) == words  # type: ignore[arg-type]
