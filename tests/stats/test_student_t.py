"""Student's t against scipy."""

import math

import pytest
from scipy import stats

from core.stats.student_t import two_sided, upper_tail


@pytest.mark.parametrize("freedom", [1, 2, 3.7, 5, 11, 80, 1e6])
def test_tails_and_quantiles_are_those_of_scipy(freedom: float) -> None:
    for t in (-3.0, -1e-9, 0.0, 0.5, 2.0, 14.0, 60.0):
        assert upper_tail(t, freedom) == pytest.approx(stats.t.sf(t, freedom), rel=1e-8, abs=1e-14)
    for level in (0.5, 0.05, 0.004, 0.0001):
        assert two_sided(level, freedom) == pytest.approx(stats.t.isf(level / 2, freedom), rel=1e-8)


def test_the_ends_of_the_line() -> None:
    assert (upper_tail(math.inf, 2), upper_tail(-math.inf, 2)) == (0.0, 1.0)
