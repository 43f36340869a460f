"""Nadeau and Bengio's interval against its formula by hand, and its floor."""

import math

import pytest

from core.stats.fold_interval import corrected_t, counting_variance, within


def test_by_hand_for_five_folds() -> None:
    values = [0.80, 0.85, 0.90, 0.75, 0.95]
    found = corrected_t(values, 1 / 4)
    spread = sum((value - 0.85) ** 2 for value in values) / 4
    half = 2.7764451 * math.sqrt((1 / 5 + 1 / 4) * spread)
    assert (found.value, found.low, found.high) == pytest.approx((0.85, 0.85 - half, 0.85 + half), abs=1e-7)
    assert found.p_value < 0.001


def test_weights_make_it_the_mean_over_images_and_equal_folds_are_no_certainty() -> None:
    assert corrected_t([1.0, 0.5], 1.0, counts=[30, 10]).value == pytest.approx(0.875)
    floor = counting_variance(1.0, 100, 5)
    assert floor == pytest.approx(102 / 104 * 2 / 104 / 20)
    low, high = within(corrected_t([1.0] * 5, 1 / 4, floor))
    assert 0.9 < low < 0.96
    assert high == 1.0
    assert corrected_t([0.0] * 5, 1 / 4).p_value == 1.0
