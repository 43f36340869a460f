"""Means over seeds: intervals against scipy, the looks' levels, rounding, Holm."""

import numpy as np
import pytest
from scipy import stats

from core.stats.paired_seeds import AUC_LEVEL, LEVELS, LOOKS, estimate, holm, rounding_of


def test_the_interval_is_that_of_the_paired_t_test() -> None:
    a, b = [0.93, 0.92, 0.95, 0.90], [0.91, 0.92, 0.92, 0.89]
    found, exact = estimate([x - y for x, y in zip(a, b, strict=True)], 0.03), stats.ttest_rel(a, b)
    assert found.to_list() == pytest.approx(list(exact.confidence_interval(0.97)))
    assert (found.p_value, found.above) == pytest.approx((exact.pvalue, exact.pvalue / 2))
    assert (found.seeds, found.excludes_zero(), found.inside(0.05), found.inside(0.02)) == (4, False, True, False)
    assert found.reach == pytest.approx(found.high)


def test_the_looks_together_have_the_five_percent() -> None:
    assert sum(LEVELS) + AUC_LEVEL == pytest.approx(0.05)
    assert len(LOOKS) == len(LEVELS)


def test_one_seed_says_nothing() -> None:
    assert estimate([0.4], 0.05).to_list() == [-1.0, 1.0]
    assert estimate([], 0.05).seeds == 0


def test_equal_counts_of_few_images_are_no_certainty() -> None:
    """Three times 19 of 20 in one and 18 of 20 in the other: without its rounding that would be beyond all doubt."""
    assert estimate([0.05] * 3, 0.05).low == pytest.approx(0.05)
    assert not estimate([0.05] * 3, LEVELS[0], rounding_of((1, -1), 20)).excludes_zero()
    assert estimate([0.4] * 3, LEVELS[0], rounding_of((1, -1), 200)).excludes_zero()
    assert rounding_of((1, -1), 0) == 0.0


def test_the_interval_of_all_sign_flips_is_that_of_the_permutation_test() -> None:
    values = np.random.default_rng(3).normal(0.01, 0.02, 9)
    found = estimate(values.tolist(), 0.05)
    for shift, edge in ((found.low, "greater"), (found.high, "less")):
        for nudge, inside in ((1e-9, True), (-1e-9, False)):
            moved = values - shift - (nudge if edge == "greater" else -nudge)
            p = stats.permutation_test((moved,), np.mean, permutation_type="samples", alternative=edge).pvalue
            assert (p > 0.025) == inside
    assert found.above == stats.permutation_test(
        (values,), np.mean, permutation_type="samples", alternative="greater"
    ).pvalue  # fmt: skip


def test_one_failed_seed_does_not_hide_that_all_twelve_have_one_sign() -> None:
    """Student's interval of these is [-.050, .142]."""
    found = estimate([0.01] * 11 + [0.45], LEVELS[-1])
    assert found.excludes_zero() and found.p_value < 0.001
    assert not found.inside(0.1), "nor is a gap that one seed makes called small"
    assert not estimate([0.001, -0.001, 0.002] * 3 + [0.0, 0.001, 0.45], LEVELS[-1]).excludes_zero()


def test_of_two_times_twelve_equal_counts_of_few_images_rounding_stays_inside() -> None:
    constant, rounding = [0.05] * 12, rounding_of((1, -1), 20)
    assert estimate(constant, LEVELS[-1]).to_list() == pytest.approx([0.05, 0.05])
    assert estimate(constant, LEVELS[-1], rounding).high > 0.06
    none = estimate([0.0] * 12, LEVELS[-1], rounding)
    assert (none.inside(0.01), none.excludes_zero(), none.p_value) == (False, False, 1.0)


def test_an_accuracy_is_a_share_and_so_is_what_its_interval_holds() -> None:
    found = estimate([1.0, 0.99, 1.0], 0.05)
    assert found.high > 1 and found.share().to_list() == [found.low, 1.0]


def test_holm_rejects_step_by_step() -> None:
    assert holm([0.01, 0.04, 0.03], 0.05) == [True, False, False]
    assert holm([0.01, 0.02, 0.04], 0.05) == [True, True, True]
    assert holm([1.0, 0.02], 0.05) == [False, True]
    assert holm([], 0.05) == []


def test_the_mean_is_missed_as_rarely_over_all_looks_as_they_say() -> None:
    rng = np.random.default_rng(0)
    draws, missed = rng.normal(0, 0.01, (4000, LOOKS[-1])), np.zeros(4000, bool)
    for look, level in zip(LOOKS, LEVELS, strict=True):
        seen = [estimate(row[:look].tolist(), level) for row in draws]
        missed |= [one.excludes_zero() for one in seen]
    assert 0.025 < missed.mean() < 0.05
