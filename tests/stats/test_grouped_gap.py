"""Gaps of groups: the test against all sign vectors, the interval against the test, and both by simulation."""

from itertools import product

import numpy as np
import pytest

from core.stats.grouped_gap import grouped_interval, sign_flip
from core.stats.paired_share import mcnemar


def every_sign(differences: list[float]) -> float:
    """The obvious test: the share of all sign vectors whose sum is at least as far from 0."""
    sums = [abs(sum(s * d for s, d in zip(signs, differences, strict=True))) for signs in _signs(len(differences))]
    return float(np.mean([value >= abs(sum(differences)) - 1e-9 for value in sums]))


def _signs(count: int) -> list[tuple[int, ...]]:
    return list(product((-1, 1), repeat=count))


def test_the_test_agrees_with_all_sign_vectors() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        differences = rng.integers(-6, 9, rng.integers(1, 9)).tolist()
        assert sign_flip(differences) == pytest.approx(every_sign(differences))
    assert sign_flip([]) == sign_flip([0, 0]) == 1.0


def test_with_one_image_in_each_group_it_is_mcnemars() -> None:
    for one, other in product(range(9), repeat=2):
        assert sign_flip([1] * one + [-1] * other + [0] * 3) == pytest.approx(mcnemar(one, other))
    assert sign_flip([1] * 3000) == 0.0


def test_the_interval_has_the_gaps_that_the_obvious_test_does_not_reject() -> None:
    differences, sizes = [5, 3, -1, 4, 2, 6, 0, 3], [9, 8, 7, 10, 4, 9, 6, 8]
    low, high = grouped_interval(differences, sizes, sign_flip(differences))
    kept = [
        gap
        for gap in np.linspace(-1, 1, 201)
        if every_sign([d - gap * n for d, n in zip(differences, sizes, strict=True)]) >= 0.05
    ]
    assert (low, high) == pytest.approx((min(kept), max(kept)), abs=0.011)


def test_fewer_than_six_groups_tell_nothing() -> None:
    assert grouped_interval([5] * 5, [5] * 5, sign_flip([5] * 5)) == (-1.0, 1.0)
    assert sign_flip([5] * 5) > 0.05 > sign_flip([5] * 6)


@pytest.mark.parametrize(("groups", "each"), [(10, 20), (20, 10), (40, 5), (100, 2)])
def test_patients_who_differ_much_make_no_gap_of_equal_models(groups: int, each: int) -> None:
    """Of 200 draws at 5 % more than 17 are wrong in one in 50; McNemar's test of the images is wrong in up to 41 %."""
    rng = np.random.default_rng(2)
    wrong = contradicted = 0
    for _ in range(200):
        counts = [rng.binomial(each, rng.beta(2, 0.5, groups)) for _ in range(2)]
        differences = (counts[0] - counts[1]).tolist()
        p_value = sign_flip(differences)
        low, high = grouped_interval(differences, [each] * groups, p_value)
        wrong += p_value < 0.05
        contradicted += (p_value < 0.05) != (low > 0 or high < 0)
    assert wrong <= 17
    assert contradicted == 0


def test_a_gap_that_most_patients_show_is_found() -> None:
    rng = np.random.default_rng(3)
    found = covered = 0
    for _ in range(100):
        chance = rng.beta(4, 0.4, 20)
        differences = (rng.binomial(10, chance) - rng.binomial(10, 0.8 * chance)).tolist()
        low, high = grouped_interval(differences, [10] * 20, sign_flip(differences))
        found += low > 0
        covered += low <= 0.2 * 4 / 4.4 <= high
    assert found >= 90
    assert covered >= 88
