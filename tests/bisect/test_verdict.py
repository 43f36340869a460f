"""Intervals and sides, with the numbers worked out by hand."""

import math
import statistics
from typing import Any

import pytest

from core.bisect import verdict
from core.bisect.verdict import Interval, Noise
from core.stats.metrics import wilson


def test_the_spread_is_pooled_over_groups_of_repeats() -> None:
    noise = verdict.pool([[0.8, 0.9, 0.85], [0.5, 0.5, 0.5]], 160)
    assert noise.freedom == 4
    assert noise.spread == pytest.approx(math.sqrt((statistics.variance([0.8, 0.9, 0.85]) * 2 + 0) / 4))
    assert verdict.pool([[0.8], [0.5]], 160) == Noise(0.0, 0, 160)


def test_an_interval_is_students_t_over_seeds_and_wilsons_over_images_in_quadrature() -> None:
    interval = verdict.estimate([0.8, 0.9], Noise(0.05, 4, 100))
    low, high = wilson(85, 100)
    half = math.hypot(2.776 * 0.05 / math.sqrt(2), (high - low) / 2)
    about: Any = pytest.approx  # stands for a number inside the record
    assert interval == Interval(about(0.85), about(0.85 - half), about(0.85 + half))


def test_equal_repeats_still_leave_the_images_uncertainty() -> None:
    interval = verdict.estimate([0.5, 0.5, 0.5], Noise(0.0, 4, 160))
    assert 0.15 < interval.high - interval.low < 0.16


@pytest.mark.parametrize(("freedom", "exact"), [(1, 12.706), (4, 2.776), (10, 2.228), (12, 2.179), (30, 2.042)])
def test_quantiles_of_students_t(freedom: int, exact: float) -> None:
    assert verdict._quantile(freedom) == pytest.approx(exact, abs=0.01)


def test_the_interval_of_a_difference_is_wider_than_either() -> None:
    gap = verdict.difference(Interval(0.9, 0.87, 0.93), Interval(0.5, 0.46, 0.54))
    assert (gap.value, gap.low, gap.high) == pytest.approx((0.4, 0.35, 0.45))


@pytest.mark.parametrize(
    ("interval", "side"),
    [
        (Interval(0.88, 0.8, 0.96), "good"),
        (Interval(0.55, 0.5, 0.6), "bad"),
        (Interval(0.7, 0.6, 0.8), "between"),
        (Interval(0.7, 0.45, 0.95), "unclear"),
        (Interval(0.7, 0.49, 0.8), "unclear"),
    ],
)
def test_sides_of_the_midpoint(interval: Interval, side: str) -> None:
    assert verdict.side(interval, good=0.9, bad=0.5) == side


def test_a_set_needed_together_is_joint() -> None:
    found = verdict.sets(frozenset("ab"), frozenset("a"), "abc")
    assert (found.verdict, found.factors) == ("joint", ("a", "b"))
    assert found.sentence == "a and b spoil the good run only together; switching a back cures the bad one."


def test_two_faults_that_hide_each_other_are_an_interaction() -> None:
    found = verdict.sets(frozenset("b"), frozenset("ab"), "abc")
    assert (found.verdict, found.factors) == ("interaction", ("a", "b"))
    assert found.sentence == (
        "b alone spoils the good run, but the bad run is cured only by switching back a and b together: "
        "each hides what the other does."
    )


def test_what_spoils_and_what_cures_may_have_nothing_in_common() -> None:
    found = verdict.sets(frozenset("a"), frozenset("c"), "abc")
    assert (found.verdict, found.factors) == ("interaction", ("a", "c"))
    assert "what one setting does depends on the others" in found.sentence


def test_a_single_factor_is_told_with_both_directions() -> None:
    ends = Interval(0.9, 0.85, 0.95), Interval(0.5, 0.42, 0.58)
    found = verdict.single("data.shuffle", Interval(0.5, 0.4, 0.6), Interval(0.88, 0.8, 0.96), ends)
    assert found.sentence == (
        "data.shuffle alone, switched in the good run, takes validation accuracy from 0.900 [0.850, 0.950] to "
        "0.500 [0.400, 0.600]; switched back in the bad run, it takes it from 0.500 [0.420, 0.580] to "
        "0.880 [0.800, 0.960]."
    )


def test_no_difference_says_whether_anything_could_have_mattered() -> None:
    gap = Interval(0.01, -0.05, 0.07)
    nothing = verdict.no_difference(gap, [], ["training.seed", "training.literal"])
    assert nothing.sentence.startswith(
        "Nothing that can change the result differs but training.seed and training.literal."
    )
    chance = verdict.no_difference(gap, ["model.dropout"], [])
    assert chance.sentence.endswith("0.010 [-0.050, 0.070] in validation accuracy: the interval holds 0, so chance "
                                    "explains it.")  # fmt: skip


def test_an_inconclusive_search_says_what_was_clear_all_the_same() -> None:
    tests = [
        {"factor": "data.shuffle", "direction": "sufficient", "side": "bad"},
        {"factor": "data.shuffle", "direction": "necessary", "side": "unclear"},
    ]
    found = verdict.inconclusive("The budget is spent.", tests)
    assert (found.verdict, found.factors) == ("inconclusive", ())
    assert found.sentence == (
        "The budget is spent. So far: switching data.shuffle in the good run spoils it."
    )  # fmt: skip
