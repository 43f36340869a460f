"""How many more seeds, or how many more images, would settle a difference; from what was seen so far.

Rough by nature: the spread is estimated from a few seeds, and the difference is taken for what it was measured to be.
"""

import bisect
import math

from core.stats.paired_seeds import Estimate
from core.stats.reader_case import Crossed
from core.stats.student_t import two_sided

MOST_SEEDS, MOST_CASES = 1000, 10_000_000
"""Beyond these nothing is promised."""


def seeds_to_settle(seen: Estimate, margin: float, level: float) -> int | None:
    """Pairs of trainings after which the interval would lie on one side of 0, or inside the margin.

    Args:
        seen: Estimate. Of the differences.
        margin: float. Differences up to it do not matter.
        level: float. What the interval may miss.

    Returns:
        The number in all, not in addition; None where even `MOST_SEEDS` would not do.
    """
    room = max(abs(seen.value), margin - abs(seen.value))

    def settles(count: int) -> bool:
        return two_sided(level, count - 1) * seen.spread / math.sqrt(count) <= room

    first = max(2, seen.seeds + 1)
    if not settles(MOST_SEEDS):
        return None
    return bisect.bisect_left(range(MOST_SEEDS + 1), x=True, lo=first, hi=MOST_SEEDS, key=settles)


def cases_to_settle(seen: Crossed, level: float = 0.05) -> int | None:
    """Images (or groups) with which the interval would exclude 0, were the difference what it is now.

    Args:
        seen: Crossed.
        level: float. What the interval may miss. Defaults to 0.05.

    Returns:
        The number in all; None where the seeds alone leave 0 inside, or more than `MOST_CASES` would be needed.
    """
    if not seen.value:
        return None
    wanted = (seen.value / two_sided(level, min(seen.freedom, 1e6))) ** 2
    left = wanted - (seen.by_seeds - seen.by_both)
    if left <= 0:
        return None
    needed = math.ceil((seen.by_cases + seen.by_both) * seen.cases / left)
    return max(needed, 2) if needed <= MOST_CASES else None
