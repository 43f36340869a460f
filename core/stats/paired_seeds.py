"""Trainings paired over their seeds: is one better than the other on these very images? With looks fixed beforehand.

Both are trained with the same list of seeds, and the differences, one a seed, go into Student's paired t: what the
images do is the same in both and falls out, so the test is about seeds alone (Bouthillier et al., Accounting for
variance in machine learning benchmarks, MLSys 2021, on why seeds must be repeated and pairs kept together).

After 3 pairs one looks, and where that does not decide after 6, and at last after 12. Three looks at 5 % each would be
wrong in far more than 5 % of cases, so each look has a part of the 5 %, fixed before the first, and the parts add up
(Bonferroni's inequality; Slud and Wei, Two-sample repeated significance tests based on the modified Wilcoxon statistic,
JASA 1982, on giving out the level over looks). Whatever the looks have in common, the three intervals together hold the
truth in at least 95 % of cases.

Seeds are not always normal: one training in ten may fail, and a single such seed makes Student's interval so wide that
it holds 0 where all twelve differences have one sign. Where there are seeds enough for it (at the levels below, seven),
the interval is therefore that of the Fisher-Pitman test, which flips the signs of the differences in all ways. It is
exact for any symmetric distribution, normal or not, and almost as narrow as Student's for a normal one. Its ends are
means of subsets of the values (Hartigan, Using subsample values as typical values, JASA 1969; Maritz, A note on exact
robust confidence intervals for location, Biometrika 1979), so nothing is searched for.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from core.stats.student_t import two_sided, upper_tail

LOOKS = (3, 6, 12)
"""Pairs after which the differences are tested."""

LEVELS = (0.004, 0.012, 0.024)
"""What each look has of the 5 %. The hundredth that is left is for the AUC, looked at once, after the last pair."""

AUC_LEVEL = 0.01
"""See `LEVELS`."""

_MOST_FLIPPED = 16
"""Values whose subsets are listed, all of them; the mean of more is nearly normal."""

_DECIMALS = 12
"""Digits of a mean that count: a sum of differences that cancel is 0, not 1e-17."""


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds with its interval.

    Attributes:
        value: float. The mean.
        low, high: float. The interval, at the level of its look; all there is where there are fewer than two seeds.
        spread: float. Standard deviation of a single seed's value, what rounding may hide included.
        seeds: int. How many there are.
        p_value: float. Two-sided, of a mean of 0; not corrected for the looks.
        above: float. One-sided: the chance of a mean so far above 0 if the true one were 0 or less.
    """

    value: float
    low: float
    high: float
    spread: float
    seeds: int
    p_value: float
    above: float

    @property
    def reach(self) -> float:
        """The largest size of the mean that the interval does not exclude."""
        return max(abs(self.low), abs(self.high))

    def inside(self, margin: float) -> bool:
        """Whether the whole interval lies between minus the margin and the margin."""
        return -margin <= self.low and self.high <= margin

    def excludes_zero(self) -> bool:
        """Whether the interval lies on one side of 0."""
        return self.low > 0 or self.high < 0

    def share(self) -> "Estimate":
        """The same of a mean that lies between 0 and 1, as accuracies do: so does what its interval holds."""
        return replace(self, low=max(0.0, self.low), high=min(1.0, self.high))

    def difference(self) -> "Estimate":
        """The same of a mean difference of two figures between 0 and 1, which lies between -1 and 1."""
        return replace(self, low=max(-1.0, self.low), high=min(1.0, self.high))

    def to_list(self) -> list[float]:
        """The two ends of the interval."""
        return [self.low, self.high]


def estimate(values: Sequence[float], level: float, rounding: float = 0.0) -> Estimate:
    """The interval of a mean: of all sign flips where there are values enough for the level, else Student's.

    Args:
        values: sequence of float. One a seed: a difference, or a difference from a midpoint.
        level: float. What the interval may miss: 0.05 for 95 %.
        rounding: float. Standard deviation that the values' rounding may hide. Three accuracies of 20 images are often
            equal to the last digit, which must not read as no spread at all. Defaults to 0.
    """
    count = len(values)
    mean = sum(values) / count if count else 0.0
    if count < 2:
        return Estimate(mean, -1.0, 1.0, 0.0, count, 1.0, 1.0)
    variance = sum((value - mean) ** 2 for value in values) / (count - 1) + rounding**2
    if count <= _MOST_FLIPPED and _flips(count, level):
        low, high, above, below = _by_flips(values, mean, level, rounding)
    else:
        low, high, above, below = _by_student(mean, math.sqrt(variance / count), count, level)
    return Estimate(mean, low, high, math.sqrt(variance), count, min(1.0, 2 * min(above, below)), above)


def _by_student(mean: float, error: float, count: int, level: float) -> tuple[float, float, float, float]:
    """Both ends of Student's interval, and the chances of a mean so far above 0 and so far below."""
    t = mean / error if error else math.copysign(math.inf, mean) if mean else 0.0
    half, above = two_sided(level, count - 1) * error, upper_tail(t, count - 1)
    return mean - half, mean + half, above, 1 - above


def _flips(count: int, level: float) -> int:
    """Ways to flip signs that each end of the interval may leave out."""
    return math.floor(level / 2 * 2.0**count)


def _by_flips(values: Sequence[float], mean: float, level: float, rounding: float) -> tuple[float, float, float, float]:
    """The same by flipping signs.

    Flipped together, the values of a subset make the sum of differences from `x` no smaller when their mean lies at
    `x` or below: so the subsets with such a mean, and the empty one, are the flips that speak for `x`. What rounding
    alone could do is inside the interval as well.
    """
    count = len(values)
    means = np.sort((_subsets(count) @ np.asarray(values, float)).round(_DECIMALS))
    left_out, all_ways = _flips(count, level), 2.0**count
    above, below = ((1 + int(side.sum())) / all_ways for side in (means <= 0, means >= 0))
    low, high, *tails = _by_student(mean, rounding / math.sqrt(count), count, level)
    return (
        min(float(means[left_out - 1]), low),
        max(float(means[-left_out]), high),
        max(above, tails[0]),
        max(below, tails[1]),
    )


@cache
def _subsets(count: int) -> NDArray[np.float64]:
    """What each value counts in the mean of each subset but the empty one: `(2 ** count - 1, count)`."""
    members = (np.arange(1, 2**count)[:, None] >> np.arange(count)) & 1
    return np.asarray(members / members.sum(axis=1, keepdims=True), np.float64)


def rounding_of(weights: Sequence[float], images: int) -> float:
    """What counting whole images may hide of a weighted sum of accuracies, as a standard deviation.

    An accuracy of `n` images moves in steps of `1 / n`, so it stands for anything within half a step: a uniform
    distribution, whose standard deviation is a step over the root of 12.

    Args:
        weights: sequence of float. What each accuracy counts.
        images: int. How many images each is of; 0 for values that are not counts.
    """
    return math.sqrt(sum(weight**2 for weight in weights) / 12) / images if images else 0.0


def level_after(pairs: int) -> float:
    """The part of the 5 % that belongs to the look at so many pairs, or to the next one."""
    return next((level for look, level in zip(LOOKS, LEVELS, strict=True) if pairs <= look), LEVELS[-1])


def holm(p_values: Sequence[float], level: float) -> list[bool]:
    """Which hypotheses are rejected, with at most this chance of a single false one (Holm 1979).

    Args:
        p_values: sequence of float. One a hypothesis; 1 for one not tested yet.
        level: float. 0 to 1.
    """
    rejected = [False] * len(p_values)
    order = sorted(range(len(p_values)), key=lambda k: p_values[k])
    for place, k in enumerate(order):
        if p_values[k] > level / (len(p_values) - place):
            break
        rejected[k] = True
    return rejected
