"""How many more seeds, or how many more images, would settle a difference; from what was seen so far.

Rough by nature: the spread is estimated from a few seeds, and the difference is taken for what it was measured to be.
All numbers are for a power of 80 %: with those at which the interval just excludes the 0, half of the repetitions would
settle nothing (52 % of 1,000 simulated ones did).

The images that would show a gap of two models are those of a two-sided test at 5 % with a power of 80 % (Miettinen
1968, The matched pairs design in the case of all-or-none responses, Biometrics 24:339, in the form of Connor 1987,
Sample size for testing differences in proportions for the paired-sample design, Biometrics 43:207), and 2 over the gap
more as the test is exact; where images belong together the variance is that over groups. Simulated at the number that
it gives, with gaps of 1 to 10 points: 80 to 94 % are shown.
"""

import bisect
import math
from collections.abc import Sequence

import numpy as np

from core.stats.paired_seeds import Estimate
from core.stats.reader_case import Crossed
from core.stats.student_t import two_sided

_CRITICAL, _POWER = 1.959964, 0.841621
"""Quantiles of the normal distribution: of 5 % to both sides, and of a power of 80 %."""

MOST_SEEDS, MOST_CASES = 1000, 10_000_000
"""Beyond these nothing is promised."""


def seeds_to_settle(seen: Estimate, margin: float, level: float) -> int | None:
    """Pairs of trainings after which the interval would lie on one side of 0, or inside the margin, in four of five
    cases, were difference and spread what they are now.

    Args:
        seen: Estimate. Of the differences.
        margin: float. Differences up to it do not matter.
        level: float. What the interval may miss.

    Returns:
        The number in all, not in addition; None where even `MOST_SEEDS` would not do.
    """
    room = max(abs(seen.value), margin - abs(seen.value))

    def settles(count: int) -> bool:
        return (two_sided(level, count - 1) + _POWER) * seen.spread / math.sqrt(count) <= room

    first = max(2, seen.seeds + 1)
    if not settles(MOST_SEEDS):
        return None
    return bisect.bisect_left(range(MOST_SEEDS + 1), x=True, lo=first, hi=MOST_SEEDS, key=settles)


def cases_to_settle(seen: Crossed, level: float = 0.05) -> int | None:
    """Images (or groups) with which the interval would exclude 0 in four of five cases, were the difference what it is
    now.

    Args:
        seen: Crossed.
        level: float. What the interval may miss. Defaults to 0.05.

    Returns:
        The number in all; None where the seeds alone leave 0 inside, or more than `MOST_CASES` would be needed.
    """
    if not seen.value:
        return None
    wanted = (seen.value / (two_sided(level, min(seen.freedom, 1e6)) + _POWER)) ** 2
    left = wanted - (seen.by_seeds - seen.by_both)
    if left <= 0:
        return None
    needed = math.ceil((seen.by_cases + seen.by_both) * seen.cases / left)
    return max(needed, 2) if needed <= MOST_CASES else None


def images_to_show(differences: Sequence[int], sizes: Sequence[int]) -> int | None:
    """Images with which the paired test would call a gap more than chance in four of five cases, were it this one.

    Args:
        differences: sequence of int. See `core.stats.grouped_gap.sign_flip`.
        sizes: sequence of int. How many images each group has.

    Returns:
        The number in all; None without a gap, with fewer than two groups, or where `MOST_CASES` would not do.
    """
    found, images = np.asarray(differences, np.float64), np.asarray(sizes, np.float64)
    if len(found) < 2 or not found.sum():
        return None
    gap, mean_size = float(found.sum() / images.sum()), float(images.mean())
    variance = float(np.var(found - gap * images, ddof=1)) / mean_size**2
    spread = _CRITICAL * math.sqrt(variance + gap**2) + _POWER * math.sqrt(variance)
    needed = mean_size * (spread / gap) ** 2 + 2 / abs(gap)
    return max(math.ceil(needed), int(images.sum()) + 1) if needed <= MOST_CASES else None
