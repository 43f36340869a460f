"""Difference of two paired shares: McNemar's exact test, and the interval (Newcombe 1998, method 10)."""

import math
from fractions import Fraction

from core.stats.grouped_gap import sign_flip
from core.stats.metrics import wilson

_Z = 1.959964

_MANY = 1000
"""Disagreements up to which chances are whole numbers; of 10,000 these take nine seconds."""


def mcnemar(only_a: int, only_b: int) -> float:
    """Exact two-sided p-value: the chance of a split of the disagreements at least this uneven, were it a coin's.

    Args:
        only_a: int. Images that only the first model calls right.
        only_b: int. Images that only the second calls right.
    """
    total, fewer = only_a + only_b, min(only_a, only_b)
    if total > _MANY:
        return sign_flip([1] * only_a + [-1] * only_b)
    tail = sum(math.comb(total, k) for k in range(fewer + 1))
    return float(min(Fraction(1), Fraction(2 * tail, 2**total)))


def gap_interval(both: int, only_a: int, only_b: int, neither: int) -> tuple[float, float]:
    """95 % CI of the difference of two paired proportions (Newcombe 1998, method 10).

    It joins Wilson's intervals of both, and so keeps inside -1 to 1 and is not empty when the models never disagree.
    """
    count = both + only_a + only_b + neither
    p, q = (both + only_a) / count, (both + only_b) / count
    (low_p, high_p), (low_q, high_q) = wilson(both + only_a, count, _Z), wilson(both + only_b, count, _Z)
    phi = _correlation(both, only_a, only_b, neither)
    gap = p - q

    def reach(up: float, down: float) -> float:
        return math.sqrt(max(0.0, up**2 - 2 * phi * up * down + down**2))

    return max(-1.0, gap - reach(p - low_p, high_q - q)), min(1.0, gap + reach(high_p - p, q - low_q))


def _correlation(both: int, only_a: int, only_b: int, neither: int) -> float:
    """Newcombe's phi, with his correction where it is positive; 0 where a margin is empty."""
    margins = (both + only_a) * (only_b + neither) * (both + only_b) * (only_a + neither)
    if margins == 0:
        return 0.0
    count, product = both + only_a + only_b + neither, both * neither - only_a * only_b
    corrected = max(product - count / 2, 0) if product > 0 else product
    return corrected / math.sqrt(margins)
