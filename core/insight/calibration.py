"""Calibration: reliability diagram, expected calibration error, temperature scaling.

Guo et al. 2017, "On calibration of modern neural networks": dividing the scores in front of softmax by one temperature,
fitted on held-out images, changes how sure the answers are but never which class comes first.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.insight.answer import Prediction
from core.stats.metrics import Labels, Probabilities, cross_entropy, wilson

BINS = 10
FOLDS = 5

FEWEST = 30
"""With fewer images nothing is fitted: a bin would hold a handful."""

COLDEST, HOTTEST = 0.05, 20.0
"""Temperatures are sought in between."""

_CLOSE = 1e-12
"""Part of 1/T by which it still changes when it is found."""

_LEAST_GAIN = 1.92
"""Log-likelihood, in nats over all images, that a temperature must gain over 1: half the 95 % quantile of chi-square
with one degree of freedom."""

_FLOOR = 5e-7
"""A probability counts as at least this: older versions kept six decimals, and half of the last stands for 0."""


@dataclass(frozen=True)
class Calibration:
    """What temperature scaling does on the images it was fitted on, and on images it was not fitted on.

    Attributes:
        count: int. Images.
        temperature: float. Above 1 the predictions were overconfident, below 1 underconfident; 1 where nothing was
            fitted.
        ece: tuple of float. Expected calibration error as it was, after fitting on the same images, and
            cross-validated: each fifth of the images judged at the temperature of the other four.
        loss: tuple of float. Cross-entropy in nats, in the same order.
        refusal: str. Why nothing was fitted; else empty.
    """

    count: int
    temperature: float
    ece: tuple[float, float, float]
    loss: tuple[float, float, float]
    refusal: str = ""

    @property
    def helps(self) -> bool:
        """Whether it makes the probabilities better on images it was not fitted on, by error and cross-entropy."""
        return not self.refusal and self.loss[2] < self.loss[0] and self.ece[2] < self.ece[0]

    def describe(self) -> str:
        """What was found, in plain words."""
        if self.refusal:
            return f"The probabilities are unchanged: {self.refusal}."
        limit = ", a limit of the search" if _is_a_limit(self.temperature) else ""
        tendency = "overconfident" if self.temperature > 1 else "underconfident"
        before, after, crossed = (f"{100 * value:.1f} %" for value in self.ece)
        losses = f"cross-entropy {self.loss[0]:.3f} before, {self.loss[2]:.3f} cross-validated"
        verdict = (
            f"It also helps on images it was not fitted on ({losses})."
            if self.helps
            else f"On images it was not fitted on there is no clear gain ({losses})."
        )
        return (
            f"Temperature {self.temperature:.2f}{limit}, fitted on these same {self.count:,} validation images: the "
            f"predictions were {tendency}. Expected calibration error {before} before and {after} after; {crossed} "
            f"cross-validated ({FOLDS} folds, each evaluated at the temperature of the others). {verdict}"
        )


def calibrate(labels: Labels, probabilities: Probabilities) -> Calibration:
    """Fits a temperature and measures its effect.

    Args:
        labels: integer array of shape `(n,)`.
        probabilities: float array of shape `(n, classes)`, rows summing to 1.
    """
    ece, loss = expected_calibration_error(labels, probabilities), cross_entropy(labels, probabilities)
    if refusal := _refusal(labels, probabilities):
        return Calibration(len(labels), 1.0, (ece,) * 3, (loss,) * 3, refusal)
    temperature = fit_temperature(labels, probabilities)
    after = scale(probabilities, temperature)
    fitted = cross_entropy(labels, after)
    if (loss - fitted) * len(labels) < _LEAST_GAIN:
        return Calibration(len(labels), 1.0, (ece,) * 3, (loss,) * 3, _nothing_to_calibrate(len(labels), loss, fitted))
    crossed = cross_validated(labels, probabilities)
    return Calibration(
        len(labels),
        temperature,
        (ece, expected_calibration_error(labels, after), expected_calibration_error(labels, crossed)),
        (loss, fitted, cross_entropy(labels, crossed)),
    )


def scale(probabilities: Probabilities, temperature: float) -> Probabilities:
    """Probabilities at another temperature: raised to 1/T and brought back to a sum of 1.

    Args:
        probabilities: float array of shape `(n, classes)`.
        temperature: float. Above 0; 1 changes nothing but what lies below 5e-7.
    """
    return _softmax(_scores(probabilities) / temperature)


def apply_temperature(answer: Prediction, temperature: float) -> Prediction:
    """An answer at another temperature; at 1, and without an answer, the same."""
    if temperature == 1 or not answer.label:
        return answer
    names = list(answer.probabilities)
    row = scale(np.array([list(answer.probabilities.values())]), temperature)[0]
    values = dict(zip(names, map(float, row), strict=True))
    return dataclasses.replace(answer, probability=values[answer.label], probabilities=values)


def fit_temperature(labels: Labels, probabilities: Probabilities) -> float:
    """The temperature with the smallest cross-entropy, between 0.05 and 20.

    The cross-entropy is convex in 1/T, so its slope there has one change of sign: Newton's steps lead to it, and halves
    of what is left where such a step would leave it.
    """
    scores = _scores(probabilities)
    true = scores[np.arange(len(labels)), labels].mean()

    def slope(sharpness: float) -> tuple[float, float]:
        """Of the mean cross-entropy, along 1/T, and how fast it rises: expected score less the true one; variance."""
        shares = _softmax(scores * sharpness)
        expected = (shares * scores).sum(axis=1)
        return float(expected.mean() - true), float(((shares * scores**2).sum(axis=1) - expected**2).mean())

    low, high, at = 1 / HOTTEST, 1 / COLDEST, 1.0
    for _ in range(60):
        value, rise = slope(at)
        low, high = (at, high) if value < 0 else (low, at)
        step = at - value / rise if rise > 0 else low
        step = step if low < step < high else (low + high) / 2
        done, at = abs(step - at) <= _CLOSE * at, step
        if done:
            break
    return 1 / at


def cross_validated(labels: Labels, probabilities: Probabilities) -> Probabilities:
    """Each image's probabilities at the temperature fitted without its part of the images."""
    parts, scaled = folds(labels), np.empty_like(probabilities, dtype=np.float64)
    for part in range(FOLDS):
        inside = parts == part
        scaled[inside] = scale(probabilities[inside], fit_temperature(labels[~inside], probabilities[~inside]))
    return scaled


def folds(labels: Labels) -> Labels:
    """Number of the part, 0 to 4, of each image: at random, each class spread evenly."""
    order = np.random.default_rng(0).permutation(len(labels))
    parts = np.empty(len(labels), np.int64)
    parts[order[np.argsort(labels[order], kind="stable")]] = np.arange(len(labels)) % FOLDS
    return parts


def reliability(labels: Labels, probabilities: Probabilities) -> list[dict[str, Any]]:
    """How often the answers were right, by how sure they were.

    Returns:
        One record for each tenth of the scale in which an answer lies: `low`, `high`, `count`, `sure` (mean probability
        of the predicted class), `right` (share that is right) and `interval` (Wilson's, 95 %).
    """
    sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    bin_of = np.minimum((sure * BINS).astype(int), BINS - 1)
    records = []
    for k in np.unique(bin_of).tolist():
        inside = bin_of == k
        count, hits = int(inside.sum()), int(right[inside].sum())
        records.append(
            {"low": k / BINS, "high": (k + 1) / BINS, "count": count, "sure": float(sure[inside].mean()),
             "right": hits / count, "interval": list(wilson(hits, count))}
        )  # fmt: skip
    return records


def expected_calibration_error(labels: Labels, probabilities: Probabilities) -> float:
    """Mean gap between how sure the answers are and how often they are right, over ten bins weighted by their size."""
    bins = reliability(labels, probabilities)
    return float(sum(one["count"] * abs(one["sure"] - one["right"]) for one in bins)) / len(labels)


def _refusal(labels: Labels, probabilities: Probabilities) -> str:
    if len(labels) < FEWEST:
        return f"{len(labels)} images are too few to fit a temperature; at least {FEWEST} are needed"
    if (probabilities.argmax(axis=1) == labels).all():
        return "no image was misclassified, so no temperature can be fitted"
    return ""


def _nothing_to_calibrate(count: int, before: float, fitted: float) -> str:
    return (
        f"there is nothing to calibrate; on these {count:,} validation images no temperature is significantly better "
        f"than 1 (cross-entropy {before:.3f} at 1, {fitted:.3f} at the best)"
    )


def _is_a_limit(temperature: float) -> bool:
    return not COLDEST * 1.01 < temperature < HOTTEST / 1.01


def _scores(probabilities: Probabilities) -> Probabilities:
    return np.log(np.clip(probabilities.astype(np.float64), _FLOOR, 1))


def _softmax(scores: Probabilities) -> Probabilities:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
