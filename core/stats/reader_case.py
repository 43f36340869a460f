"""Would a difference hold on other images? Readers are the seeds, cases are images or groups such as patients.

The design of a multi-reader, multi-case study of radiology, fully crossed: every training reads every image, with both
settings. A difference of the mean is uncertain in two ways, other seeds and other images, and the variance of it is

    Var = S / r + C

with `S` the variance of the readers' differences, `r` their number, and `C` the covariance, due to the cases, between
the differences of two readers (Obuchowski and Rockette 1995, in the form of Hillis 2014, A marginal-mean ANOVA approach
for analyzing multireader multicase radiological imaging data, Statistics in Medicine 33:330; degrees of freedom by
Hillis 2007, Statistics in Medicine 26:596). For accuracies this is the unbiased one-shot estimate of Gallas, Pennello
and Myers 2007 (Multireader multicase variance analysis for binary data, JOSA A 24:B70). For AUCs the covariances are
those of DeLong, DeLong and Clarke-Pearson 1988. Cases of one group are added up first, so that ten films of one patient
count as one case (Obuchowski 1997, Nonparametric analysis of clustered ROC curve data, Biometrics 53:567).

Where the answers of both differ in no image, or in all alike, the estimate of C is 0, though other images may well tell
them apart. So C is never less than what two images more would make of it, of which each side wins one half: Agresti and
Min 2005 (Simple improved confidence intervals for comparing matched proportions, Statistics in Medicine 24:729).
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.stats.student_t import two_sided

Array = NDArray[Any]


@dataclass(frozen=True)
class Crossed:
    """A difference of two means over readers and cases.

    Attributes:
        value: float. The difference.
        low, high: float. Its interval, for other readers and other cases.
        by_seeds: float. The part of its variance that more seeds would lower.
        by_cases: float. The part that more cases would lower.
        by_both: float. What of `by_seeds` more cases would lower too: a seed's luck with single cases.
        freedom: float. Degrees of freedom of the interval.
        cases: int. Images, or groups.
        seeds: int. Readers.
    """

    value: float
    low: float
    high: float
    by_seeds: float
    by_cases: float
    by_both: float
    freedom: float
    cases: int
    seeds: int


@dataclass(frozen=True)
class Reading:
    """What one training makes of the images.

    Attributes:
        value: float. Its accuracy or AUC.
        parts: mapping. Each case to its part in the value's deviation from the truth: they add up to 0, and the sum of
            their squares is the value's variance due to the cases.
        images: int. How many it has read.
    """

    value: float
    parts: Mapping[Hashable, float]
    images: int


def accuracy_reading(cases: Sequence[Hashable], correct: Array) -> Reading:
    """Accuracy.

    Args:
        cases: sequence of length `n`. The case that each image belongs to.
        correct: bool array of shape `(n,)`.
    """
    value = float(correct.mean())
    return Reading(value, _added(cases, (correct - value) / len(correct)), len(correct))


def auc_reading(cases: Sequence[Hashable], labels: Array, probabilities: Array) -> Reading | None:
    """AUC as `core.stats.metrics.auc` has it, with DeLong's structural components; None where a class is empty.

    Args:
        cases: sequence of length `n`. The case that each image belongs to.
        labels: integer array of shape `(n,)`.
        probabilities: float array of shape `(n, classes)`.
    """
    classes = [1] if probabilities.shape[1] == 2 else range(probabilities.shape[1])
    found = [_one_class(labels == k, probabilities[:, k]) for k in classes if 0 < (labels == k).sum() < len(labels)]
    if not found:
        return None
    value = float(np.mean([area for area, _ in found]))
    return Reading(value, _added(cases, np.mean([parts for _, parts in found], axis=0)), len(labels))


def crossed(a: Sequence[Reading], b: Sequence[Reading], level: float = 0.05) -> Crossed | None:
    """The difference of two settings over readers and cases.

    Cases that only one side has are allowed: what the two sides have in common is paired, the rest is not.

    Args:
        a: sequence of Reading. One a seed.
        b: sequence of Reading. The same seeds in the same order.
        level: float. What the interval may miss. Defaults to 0.05.

    Returns:
        `a - b`; None with fewer than two seeds or two cases.
    """
    cases = sorted({case for reading in (*a, *b) for case in reading.parts}, key=str)
    if len(a) < 2 or len(cases) < 2:
        return None
    differences = np.array([one.value - other.value for one, other in zip(a, b, strict=True)])
    parts = np.array([[p.parts.get(c, 0.0) - q.parts.get(c, 0.0) for c in cases] for p, q in zip(a, b, strict=True)])
    seeds, count = len(differences), len(cases)
    products = parts @ parts.T * count / (count - 1)
    shared = float((products.sum() - np.trace(products)) / (seeds * (seeds - 1)))
    least = 1 / (min(reading.images for reading in (*a, *b)) + 2) ** 2
    by_seeds, by_cases = float(differences.var(ddof=1)) / seeds, max(shared, least)
    by_both = min(max(float(np.trace(products)) / seeds - max(shared, 0.0), 0.0) / seeds, by_seeds)
    variance = by_seeds + by_cases
    freedom = (seeds - 1) * (variance / by_seeds) ** 2 if by_seeds else math.inf
    half = two_sided(level, min(freedom, 1e6)) * math.sqrt(variance)
    value = float(differences.mean())
    return Crossed(
        value, max(-1.0, value - half), min(1.0, value + half), by_seeds, by_cases, by_both, freedom, count, seeds
    )


def _one_class(positive: Array, scores: Array) -> tuple[float, Array]:
    """Area, and each image's part in its deviation: how much of the other class it stands above, ties counted half."""
    scores = scores.astype(np.float64)
    above, below = scores[positive], scores[~positive]
    ordered = np.sort(below)
    beats = (np.searchsorted(ordered, above, "left") + np.searchsorted(ordered, above, "right")) / (2 * len(below))
    ordered = np.sort(above)
    loses = (np.searchsorted(ordered, below, "left") + np.searchsorted(ordered, below, "right")) / (2 * len(above))
    area = float(beats.mean())
    parts = np.empty(len(scores))
    parts[positive] = (beats - area) / len(above)
    parts[~positive] = (1 - loses - area) / len(below)
    return area, parts


def _added(cases: Sequence[Hashable], parts: Array) -> dict[Hashable, float]:
    found: dict[Hashable, float] = {}
    for case, part in zip(cases, parts.tolist(), strict=True):
        found[case] = found.get(case, 0.0) + part
    return found
