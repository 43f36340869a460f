"""Share of wrong labels from the answers of a classifier that has not seen the images, with an interval.

An image that hardly shows its class gets an unsure answer: the surer the answer, the more often a right label agrees
with it, up to always. A wrong label disagrees however sure the answer is. So agreement as a function of the margin
between the two likeliest classes rises to 1 where labels are right, and to 1 minus their share where some are wrong: a
psychometric function with a lapse rate (Wichmann and Hill, "The psychometric function: I", 2001). The share is that
rate, its interval by profile likelihood: where the answers are never sure the curve does not level off, and the
interval holds 0 and much else.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SHARES = np.concatenate([np.linspace(0, 0.1, 41), np.linspace(0.105, 0.5, 80)])
"""Shares of wrong labels that are tried."""

_BINS = 60
_SLOPES = np.geomspace(0.2, 30, 28)
_POWERS = (0.8, 1.0, 1.3)
_OFFSETS = (0.0, 0.5, 1.0, 1.5, 2.0)
"""Shapes of the curve: how fast it rises, how it bends, and, of more than two classes, where it begins."""

_DROP = 1.92
"""Half the 95 % quantile of chi-square with one degree of freedom."""


_NEXT_TO_NONE = 0.01
"""Share of wrong labels that no set is free of."""


class WrongShare(NamedTuple):
    """An estimate of the share of wrong labels.

    Attributes:
        share: float. Likeliest, 0 to 0.5.
        low: float. Lower end of the 95 % CI.
        high: float. Upper end; 0.5 where more cannot be excluded.
        evidence: float. By how much the logarithm of the likelihood falls where at most 1 % are wrong; 3.3 by chance in
            one set of 200.
        agreement: float. How often label and answer agree.
        labels: int. How many labels.
        chance: float. How often they would agree if the answers were given at random, each class as often as it was
            given: the agreement that Cohen's kappa leaves out (A coefficient of agreement for nominal scales, 1960).
            Where nine of ten images are of one class, to name it always agrees with nine of ten labels.
    """

    share: float
    low: float
    high: float
    evidence: float
    agreement: float
    labels: int
    chance: float = 0.0


def wrong_shares(
    labels: NDArray[np.int64], probabilities: NDArray[np.floating], parts: NDArray[np.int64]
) -> list[WrongShare]:
    """The share of wrong labels in each part; the curve is the same for all, the share is not.

    Args:
        labels: int `(n,)`, 0 to `classes - 1`.
        probabilities: float `(n, classes)`, of a classifier that has not seen the image; they need not be calibrated.
        parts: int `(n,)`. The part of each image: 0, 1, ..., none empty.
    """
    classes = probabilities.shape[1]
    margin, agrees = margins(labels, probabilities)
    bins, middle = _binned(margin)
    right = _curves(middle, classes)
    rows = [parts == part for part in range(int(parts.max()) + 1)]
    found = np.stack([_likelihood(right, bins[own], agrees[own], classes) for own in rows])
    best = found.max(axis=2, keepdims=True)  # of each part and shape
    profiles = (found + best.sum(axis=0) - best).max(axis=1)
    answers = probabilities.argmax(axis=1)
    return [
        _told(profile, agrees[own])._replace(chance=chance_agreement(labels[own], answers[own], classes))
        for profile, own in zip(profiles, rows, strict=True)
    ]


def chance_agreement(labels: NDArray[np.integer], answers: NDArray[np.integer], classes: int) -> float:
    """How often labels and answers would agree, were the answers given at random; see `WrongShare.chance`.

    Args:
        labels: int `(n,)`, 0 to `classes - 1`.
        answers: int `(n,)`, likewise.
        classes: int.
    """
    shares = [np.bincount(values, minlength=classes) / len(values) for values in (labels, answers)]
    return float(shares[0] @ shares[1])


def margins(labels: NDArray[np.int64], probabilities: NDArray[np.floating]) -> tuple[Floats, NDArray[np.bool_]]:
    """Logarithm of the likeliest over the second likeliest class, and whether the label is the likeliest.

    Args:
        labels: int `(n,)`.
        probabilities: float `(n, classes)`.
    """
    logs = np.log(np.maximum(probabilities.astype(np.float64), 1e-12))
    two = np.partition(logs, -2, axis=1)[:, -2:]
    return two[:, 1] - two[:, 0], logs.argmax(axis=1) == labels


def _told(profile: Floats, agrees: NDArray[np.bool_]) -> WrongShare:
    inside = SHARES[profile >= profile.max() - _DROP]
    share, evidence = float(SHARES[profile.argmax()]), float(profile.max() - profile[SHARES <= _NEXT_TO_NONE].max())
    return WrongShare(share, float(inside[0]), float(inside[-1]), evidence, float(agrees.mean()), len(agrees))


def _binned(margin: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Bins of equally many images, the bin of each, and the mean of each bin, in medians."""
    count = min(_BINS, max(2, len(margin) // 5))
    edges = np.unique(np.quantile(margin, np.linspace(0, 1, count + 1)[1:-1]))
    bins = np.searchsorted(edges, margin)
    totals = np.bincount(bins, margin, len(edges) + 1)
    means = totals / np.maximum(np.bincount(bins, minlength=len(edges) + 1), 1)
    return bins, means / max(float(np.median(margin)), 1e-6)


def _curves(middle: Floats, classes: int) -> Floats:
    """How often the likeliest class is the true one, in each bin, for every shape: `(shapes, bins)`."""
    offsets: Sequence[float] = (0.0,) if classes == 2 else _OFFSETS
    shapes = [(a, p, o) for a in _SLOPES for p in _POWERS for o in offsets]
    slope, power, offset = np.array(shapes).T[:, :, None]
    return np.asarray(1 / (1 + np.exp(np.clip(offset - slope * middle**power, -40, 40))))


def _likelihood(right: Floats, bins: NDArray[np.int64], agrees: NDArray[np.bool_], classes: int) -> Floats:
    """Logarithm of the likelihood of what agrees, for each shape and share: `(shapes, len(SHARES))`."""
    number = right.shape[1]
    yes = np.bincount(bins[agrees], minlength=number).astype(float)
    no = np.bincount(bins[~agrees], minlength=number).astype(float)
    made = np.empty((len(right), len(SHARES)))
    for k, share in enumerate(SHARES):
        agree = np.clip((1 - share) * right + share * (1 - right) / (classes - 1), 1e-9, 1 - 1e-9)
        made[:, k] = np.log(agree) @ yes + np.log1p(-agree) @ no
    return made
