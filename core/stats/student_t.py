"""Student's t distribution: tail probabilities and quantiles, with the standard library alone.

The tail is a regularised incomplete beta function, whose continued fraction is 8.17.22 in the Digital Library of
Mathematical Functions (https://dlmf.nist.gov/8.17).
"""

import math
from functools import cache

_TERMS = 500
_TINY = 1e-300


def upper_tail(t: float, freedom: float) -> float:
    """Probability that t comes out above a value.

    Args:
        t: float. Any value; infinite ones are allowed.
        freedom: float. Degrees of freedom, above 0; need not be whole.
    """
    if math.isinf(t):
        return 0.0 if t > 0 else 1.0
    half = 0.5 * _incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t))
    return half if t >= 0 else 1 - half


@cache
def two_sided(level: float, freedom: float) -> float:
    """The value that t exceeds, to either side, with this probability.

    Args:
        level: float. 0 to 1, both excluded; 0.05 for a 95 % CI.
        freedom: float. Degrees of freedom, above 0.
    """
    low, high = 0.0, 1.0
    while 2 * upper_tail(high, freedom) > level:
        low, high = high, 2 * high
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if 2 * upper_tail(middle, freedom) > level else (low, middle)
    return (low + high) / 2


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function of x, 0 to 1."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):  # there the fraction converges slowly; the other tail is the same function
        return 1 - _incomplete_beta(b, a, 1 - x)
    beta = math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
    return math.exp(a * math.log(x) + b * math.log1p(-x) - beta) / a / _fraction(a, b, x)


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction, by Lentz's method."""
    value, c, d = 1.0, 1.0, 0.0
    for m in range(1, _TERMS):
        k = m // 2
        if m % 2:
            term = -(a + k) * (a + b + k) * x / ((a + 2 * k) * (a + 2 * k + 1))
        else:
            term = k * (b - k) * x / ((a + 2 * k - 1) * (a + 2 * k))
        d = 1 / (1 + term * d or _TINY)
        c = 1 + term / c or _TINY
        value *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return value
