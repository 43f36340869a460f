"""Difference of two paired shares where images belong together, such as those of one patient: test and interval.

Ten films of one patient are not ten pieces of evidence: a model that misses the patient misses all ten. What is
independent is the group, so the groups are exchanged between the two models as a whole: if both are equally good, each
group's difference could as well have had the other sign (Fisher 1935, The Design of Experiments, section 21). That is
exact where the differences of groups are symmetric about 0, and holds approximately for many groups where they are not
(Canay, Romano and Shaikh 2017, Econometrica 85:1013).
With one image in every group it is McNemar's exact test.

Equally good models, patients who differ much (their accuracies are drawn from Beta(2, 0.5) for each model), 1,500 draws
of 200 images: 10 x 20, 20 x 10, 40 x 5 and 100 x 2 are called more than chance in 3.5, 4.4, 4.1 and 3.9 %; by McNemar's
test of the images in 41, 28, 16 and 6 %. The worst found, one model right on 80 % of each patient's images, the other
on all or none: 12, 8, 4 and 3 %. Of models 10 points apart 12, 20, 30 and 45 % are told apart.

The interval has every gap that the same test does not reject. It takes no search: a gap is rejected where too few
random subsets of the groups, each group in or out like the side of a coin, have a gap on its other side, so the bounds
are quantiles of the subsets' gaps (Hartigan 1969, Using subsample values as typical values, JASA 64:1303).
"""

import math
from collections import Counter
from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.05
"""What test and interval may miss."""

Floats = NDArray[np.float64]

_LEAST_LOG = -690.0
"""Of a chance of 1e-300, less than which nothing is added up."""

_DRAWN = 9_999
_ALL_BELOW = 13
"""With up to so many groups every subset is taken; of more, `_DRAWN` at random."""


def sign_flip(differences: Sequence[int]) -> float:
    """Exact two-sided p-value: the chance of a sum at least this far from 0, were each sign that of a coin.

    Args:
        differences: sequence of int. Of each group, how many images only the first model calls right, less those that
            only the second does.
    """
    sizes = [abs(value) for value in differences if value]
    first = sum(value for value in differences if value > 0)
    further = max(first, sum(sizes) - first)
    begin, chances = _chances_of_sums(Counter(sizes))
    return float(min(1.0, 2 * chances[max(0, further - begin) :].sum()))


def _chances_of_sums(sizes: Counter[int]) -> tuple[int, Floats]:
    """The smallest sum that the groups of one sign may have, and the chance of it and of each that follows it.

    Groups of one size have a binomial distribution, so the work grows with the number of sizes, not of groups: 400,000
    images that two models disagree on take less than a second.
    """
    begin, chances = 0, np.ones(1)
    for size, count in sorted(sizes.items()):
        fewest, binomial = _coins(count)
        spaced = np.zeros((len(binomial) - 1) * size + 1)
        spaced[::size] = binomial
        begin, chances = begin + fewest * size, np.convolve(chances, spaced)
    return begin, chances


def _coins(count: int) -> tuple[int, Floats]:
    """Of so many coins the fewest heads whose chance is above 1e-300, and the chances from there on."""
    ways = np.cumsum(np.log(np.arange(count, 0, -1) / np.arange(1, count + 1)))  # logarithms of binomial coefficients
    logs = np.concatenate([[0.0], ways]) - count * math.log(2)
    there = np.flatnonzero(logs > _LEAST_LOG)
    return int(there[0]), np.exp(logs[there[0] : there[-1] + 1])


def grouped_interval(differences: Sequence[int], sizes: Sequence[int], p_value: float) -> tuple[float, float]:
    """Interval of the gap, 95 % over other groups: it leaves out 0 where, and only where, the test rejects it.

    Args:
        differences: sequence of int. See `sign_flip`.
        sizes: sequence of int. How many images each group has.
        p_value: float. What `sign_flip` says of the differences.
    """
    gaps = np.sort(_gaps(Counter(zip(differences, sizes, strict=True))))
    beyond = math.ceil(LEVEL / 2 * (len(gaps) + 1)) - 1
    if beyond < 1:
        return -1.0, 1.0
    low, high = float(gaps[beyond - 1]), float(gaps[-beyond])
    if p_value >= LEVEL:
        return min(low, 0.0), max(high, 0.0)
    if sum(differences) > 0:  # drawn subsets may miss by a little what the test, of all of them, has rejected
        return (low if low > 0 else float(gaps[gaps > 0].min())), high
    return low, (high if high < 0 else float(gaps[gaps < 0].max()))


def _gaps(kinds: Counter[tuple[int, int]]) -> Floats:
    """The gaps of subsets of the groups, without the empty one; groups of one difference and size are alike."""
    groups = np.array(sorted(kinds), np.float64).reshape(-1, 2)
    counts = np.array([kinds[kind] for kind in sorted(kinds)])
    if counts.sum() <= _ALL_BELOW:
        every = np.repeat(groups, counts, axis=0)
        taken = np.array(list(product((0, 1), repeat=len(every))))[1:]
        sums = taken @ every
    else:
        taken = np.random.default_rng(0).binomial(counts, 0.5, (_DRAWN, len(counts)))
        sums = taken[taken.any(axis=1)] @ groups
    return np.asarray(sums[:, 0] / sums[:, 1])
