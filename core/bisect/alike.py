"""When two ends may be called alike: a training that fails in some seeds only may show in none of a few.

In one that fails in every tenth seed, six seeds are all well in 53 % of cases; their differences then lie close
together, and by Student's t, which supposes that all seeds are like those seen, the gap lies inside the margin. No
interval of a mean from so few values can exclude that (Bahadur and Savage, The nonexistence of certain statistical
procedures in nonparametric problems, 1956). So more is looked at than the differences: what the two runs themselves
have, which often are compared because one of them failed; and what each end does by itself.
"""

import math
from collections.abc import Mapping
from statistics import fmean, variance

from core.stats.paired_seeds import Estimate, estimate, rounding_of
from core.stats.student_t import two_sided

Known = Mapping[int, float]
"""The accuracies of one end by seed."""


def with_own(a: Known, b: Known, own: tuple[float, float] | None, images: int, level: float) -> Estimate:
    """The gap between the ends, were the two runs themselves one seed more.

    They were chosen because they differ, so a difference is never inferred from them: they only speak against there
    being none. Where they fit what other seeds do, they hardly change the interval.

    Args:
        a: mapping. Run A's end; see `Known`.
        b: mapping. Run B's end.
        own: tuple of float. Accuracies of the two runs, run A's first; None where they do not count.
        images: int. Images that each accuracy is a share of.
        level: float. What the interval may miss.
    """
    differences = [a[seed] - b[seed] for seed in a if seed in b]
    if own is not None:
        differences.append(own[0] - own[1])
    return estimate(differences, level, rounding_of((1, -1), images))


def reach_unpaired(a: Known, b: Known, level: float) -> float:
    """The largest gap between the ends that their own spreads do not exclude.

    It is large where both fail in the same seeds, though no pair differs. Welch's standard error, with the degrees of
    freedom of one end, which are the fewest it can have.

    Args:
        a: mapping. Run A's end; see `Known`.
        b: mapping. Run B's end.
        level: float. What the interval may miss.

    Returns:
        Infinite with fewer than two seeds in common.
    """
    ends = [[end[seed] for seed in a if seed in b] for end in (a, b)]
    seeds = len(ends[0])
    if seeds < 2:
        return math.inf
    error = math.sqrt(sum(variance(end) for end in ends) / seeds)
    return abs(fmean(ends[0]) - fmean(ends[1])) + two_sided(level, seeds - 1) * error
