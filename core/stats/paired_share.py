"""Difference of two paired shares with its interval (Newcombe 1998, method 10)."""

import math

from core.stats.metrics import wilson

_Z = 1.959964


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
