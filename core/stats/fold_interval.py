"""Intervals of what a cross-validation measures: the corrected resampled t interval of Nadeau and Bengio.

The folds of a repeated cross-validation share their training images, so their figures vary together, and the interval
of independent figures is far too narrow. Nadeau and Bengio (Inference for the generalization error, Machine Learning
52, 2003) widen it by the share of images held out; Bouckaert and Frank (2004) recommend it for repeated
cross-validation.
Whole groups lie in one fold, so that what images of a patient have in common is in the variance between folds.

With few folds all may have the same accuracy by chance, which must not read as certainty: the variance between folds is
taken to be no less than that of counting as many independent images (of an accuracy moved towards one half as by
Agresti and Coull, 1998). docs/cross-validation.md has the coverage, measured by tests/bench/simulate_folds.py.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from core.stats.student_t import two_sided, upper_tail


class FoldInterval(NamedTuple):
    """A mean over folds.

    Attributes:
        value: float. The mean.
        low, high: float. The 95 % CI.
        p_value: float. Two-sided, of a true value of 0.
    """

    value: float
    low: float
    high: float
    p_value: float


def corrected_t(
    values: Sequence[float], held_out: float, least_variance: float = 0.0, counts: Sequence[int] = ()
) -> FoldInterval:
    """The mean of figures of folds with its interval.

    Args:
        values: sequence of float. One a fold and repeat, at least two.
        held_out: float. Images of a fold, as a part of those that train beside it: 1 / (k - 1) of k folds.
        least_variance: float. The variance between folds is taken to be no less. Defaults to 0.
        counts: sequence of int. Images of each fold, by which the mean is weighted: that of accuracies is then the
            accuracy over all images. Defaults to equal weights.
    """
    count = len(values)
    weights = [part / sum(counts) for part in counts] if counts else [1 / count] * count
    mean = sum(weight * value for weight, value in zip(weights, values, strict=True))
    spread = sum(weight * (value - mean) ** 2 for weight, value in zip(weights, values, strict=True))
    variance = max(least_variance, spread * count / (count - 1))
    error = math.sqrt((1 / count + held_out) * variance)
    half = two_sided(0.05, count - 1) * error
    p_value = 2 * upper_tail(abs(mean) / error, count - 1) if error else float(mean == 0)
    return FoldInterval(mean, mean - half, mean + half, p_value)


def counting_variance(share: float, images: int, folds: int) -> float:
    """The variance between folds of a share of independent images, whatever the share that was found.

    Args:
        share: float. 0 to 1, of all images.
        images: int. How many there are in all.
        folds: int. Into how many folds they are divided.
    """
    shrunk = (share * images + 2) / (images + 4)
    return shrunk * (1 - shrunk) * folds / images


def within(interval: FoldInterval) -> list[float]:
    """The interval of a share, cut off at 0 and 1."""
    return [max(0.0, interval.low), min(1.0, interval.high)]
