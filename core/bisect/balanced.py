"""Whether the run with the higher accuracy is the better one by balanced accuracy, too: the mean of the recalls.

Where classes are of unequal size, a run that nearly always says the largest class has a high accuracy.
"""

import math
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import NamedTuple

from core.stats.paired_seeds import estimate, level_after, rounding_of
from core.stats.percent import percent
from core.store.runs import Run


class Balanced(NamedTuple):
    """Balanced accuracy of one training.

    Attributes:
        value: float. Mean of the recalls, as a share.
        rounding: float. What counting whole images may hide of it, as a standard deviation.
    """

    value: float
    rounding: float


Recalls = Mapping[int, Balanced]
"""Training seed to what came out."""


def balanced(run: Run, part: str) -> Balanced | None:
    """The mean of the recalls of the classes that have images; None where they are not known.

    Args:
        run: Run. Evaluated.
        part: str. `val` or `test`.
    """
    figures = run.figures(part)
    classes = [one for one in figures.per_class if one.support] if figures else []
    recalls = [one.recall for one in classes if one.recall is not None]
    if len(recalls) < 2 or len(recalls) < len(classes):
        return None
    steps = [rounding_of([1.0], one.support) for one in classes]
    return Balanced(fmean(recalls), math.hypot(*steps) / len(steps))


def balanced_sentence(good: Recalls, bad: Recalls, factors: Sequence[str]) -> str:
    """What balanced accuracy says against accuracy, beyond chance; empty where it says nothing else.

    Args:
        good: mapping. Of the run with the higher accuracy.
        bad: mapping. Of the other.
        factors: sequence of str. Settings at fault; empty where accuracy shows no difference.
    """
    seeds = sorted(good.keys() & bad.keys())
    rounding = max((math.hypot(good[seed].rounding, bad[seed].rounding) for seed in seeds), default=0.0)
    gap = estimate([good[seed].value - bad[seed].value for seed in seeds], level_after(len(seeds)), rounding)
    if gap.seeds < 2 or not gap.excludes_zero() or (factors and gap.value > 0):
        return ""
    means = [percent(fmean(one[seed].value for seed in seeds)) for one in (good, bad)]
    span = f"over {len(seeds)} seeds, a difference of {100 * min(abs(gap.low), abs(gap.high)):.1f} points at least"
    if factors:
        return (
            "“Good” and “bad” are by accuracy alone: in balanced accuracy, the mean of the classes' recalls, the good "
            f"run is the worse one, {means[0]} against {means[1]} {span}. It finds the larger classes at the cost of "
            "the smaller."
        )
    low, high = means if gap.value < 0 else means[::-1]
    return f"In balanced accuracy, the mean of the classes' recalls, the two do differ: {low} and {high} {span}."
