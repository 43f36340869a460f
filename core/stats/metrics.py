"""Metrics of predictions: accuracy with its Wilson interval, AUC, ROC, confusion matrix, per-class figures."""

import math
from typing import Any, NamedTuple, TypedDict

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.integer[Any]]
Probabilities = NDArray[np.floating[Any]]

EPSILON = 1e-7
"""Probabilities are kept this far from 0 and 1 before the logarithm, as Keras does where it knows no logits."""


def cross_entropy(labels: Labels, probabilities: Probabilities) -> float:
    """Mean of -ln of the probability given to the true class, in nats.

    Args:
        labels: integer array of shape `(n,)`.
        probabilities: float array of shape `(n, classes)`, rows summing to 1.
    """
    true = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return float(-np.log(np.clip(true, EPSILON, 1 - EPSILON)).mean())


def objective(labels: Labels, logits: Probabilities, smoothing: float = 0.0, penalty: float = 0.0) -> float:
    """What a training makes smaller, as Keras' `evaluate` says it: cross-entropy of smoothed labels, and the penalty.

    It is taken from the logits: a probability that is 0 or 1 in float32 says no more how sure it was. With smoothing or
    a penalty it is no proper score of the probabilities; `cross_entropy` is.

    Args:
        labels: integer array of shape `(n,)`.
        logits: float array, before the sigmoid `(n, 1)` of two classes, or before the softmax `(n, classes)`.
        smoothing: float. Share of a label that is spread evenly over all classes. Defaults to none.
        penalty: float. Of the weights. Defaults to none.
    """
    z, binary = logits.astype(np.float64), logits.shape[1] == 1
    with np.errstate(invalid="ignore", over="ignore"):  # logits of a training that has blown up: not a number
        losses = _of_sigmoid(labels, z[:, 0], smoothing) if binary else _of_softmax(labels, z, smoothing)
        return float(losses.mean() + penalty)


def focal_objective(
    labels: Labels,
    logits: Probabilities,
    gamma: float,
    alpha: float = 0.0,
    smoothing: float = 0.0,
    penalty: float = 0.0,
) -> float:
    """The same of a training with the focal loss, as Keras defines it: of each class -t (1 - p) ** gamma ln p.

    Args:
        labels: integer array of shape `(n,)`.
        logits: float array, before the sigmoid `(n, 1)` of two classes, or before the softmax `(n, classes)`.
        gamma: float. Exponent; more than 0.
        alpha: float. Weight of the second of two classes, 1 - alpha of the first; of more classes a factor of the
            loss. Defaults to no weights.
        smoothing: float. See `objective`.
        penalty: float. See `objective`.
    """
    z, binary = logits.astype(np.float64), logits.shape[1] == 1
    with np.errstate(invalid="ignore", over="ignore"):  # see `objective`
        losses = _focal_of_sigmoid if binary else _focal_of_softmax
        return float(losses(labels, z[:, 0] if binary else z, gamma, alpha, smoothing).mean() + penalty)


def _focal_of_sigmoid(
    labels: Labels, z: NDArray[np.float64], gamma: float, alpha: float, smoothing: float
) -> NDArray[np.float64]:
    """With smoothed labels t: (1 - t p - (1 - t)(1 - p)) ** gamma times the cross-entropy."""
    wanted, small = labels * (1 - smoothing) + smoothing / 2, np.exp(-np.abs(z))
    second, first = np.where(z >= 0, 1.0, small) / (1 + small), np.where(z >= 0, small, 1.0) / (1 + small)
    missed = wanted * first + (1 - wanted) * second
    weight = wanted * alpha + (1 - wanted) * (1 - alpha) if alpha else 1.0
    return np.asarray(weight * missed**gamma * _of_sigmoid(labels, z, smoothing))


def _focal_of_softmax(
    labels: Labels, z: NDArray[np.float64], gamma: float, alpha: float, smoothing: float
) -> NDArray[np.float64]:
    """Probabilities are kept away from 0 and 1, as Keras does here whatever it knows of the logits."""
    classes = z.shape[1]
    wanted = np.eye(classes)[labels] * (1 - smoothing) + smoothing / classes
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    shares = np.clip(powers / powers.sum(axis=1, keepdims=True), EPSILON, 1 - EPSILON)
    return np.asarray((alpha or 1.0) * (-wanted * (1 - shares) ** gamma * np.log(shares)).sum(axis=1))


def _of_sigmoid(labels: Labels, z: NDArray[np.float64], smoothing: float) -> NDArray[np.float64]:
    """-t ln s(z) - (1 - t) ln(1 - s(z)) of each sample, without a power of e that could overflow."""
    wanted = labels * (1 - smoothing) + smoothing / 2
    return np.asarray(np.maximum(z, 0) - z * wanted + np.log1p(np.exp(-np.abs(z))))


def _of_softmax(labels: Labels, z: NDArray[np.float64], smoothing: float) -> NDArray[np.float64]:
    """Of each sample: the logarithm of the softmax, weighted by the smoothed label."""
    classes = z.shape[1]
    wanted = np.eye(classes)[labels] * (1 - smoothing) + smoothing / classes
    below = z - z.max(axis=1, keepdims=True)
    surprise = np.log(np.exp(below).sum(axis=1, keepdims=True)) - below
    return np.asarray((wanted * surprise).sum(axis=1))


def accuracy(labels: Labels, probabilities: Probabilities) -> float:
    """Share of samples whose most probable class is the true one, 0 to 1; `decide` says how ties fall."""
    return float((decide(probabilities) == labels).mean())


def decide(probabilities: Probabilities) -> NDArray[np.int64]:
    """The predicted class: the most probable one; at exactly one half of two classes the first, as Keras decides."""
    return np.asarray(probabilities.argmax(axis=1), dtype=np.int64)


def auc(labels: Labels, probabilities: Probabilities) -> float | None:
    """Area under the ROC curve: the chance that a sample of a class gets a higher score than one of another.

    Exact (Mann and Whitney's U with ties counted half), not approximated by thresholds. With more than two classes
    the unweighted mean over the classes, each against the rest.

    Returns:
        Float, 0 to 1; None where a class has no sample or all samples, so that there is nothing to compare, or where a
        score is not a number, which has no place in an order.
    """
    if np.isnan(probabilities).any():
        return None
    classes = range(1, 2) if probabilities.shape[1] == 2 else range(probabilities.shape[1])
    areas = [_binary_auc(labels == k, probabilities[:, k]) for k in classes]
    known = [area for area in areas if area is not None]
    return float(np.mean(known)) if known else None


def wilson(correct: float, count: float, z: float = 1.959964) -> tuple[float, float]:
    """Wilson's score interval of a proportion (Wilson 1927), 95 % by default.

    Args:
        correct: float. Successes; no whole number where it is a mean share of `count`.
        count: float. How many were tried, or how many independent ones say as much; with 0 the interval is all of 0
            to 1.
        z: float. Quantile of the normal distribution.
    """
    if count == 0:
        return 0.0, 1.0
    share, square = correct / count, z * z
    middle = (share + square / (2 * count)) / (1 + square / count)
    half = z * math.sqrt(share * (1 - share) / count + square / (4 * count * count)) / (1 + square / count)
    low = 0.0 if correct == 0 else max(0.0, middle - half)  # rounding would leave out what was found
    return low, 1.0 if correct == count else min(1.0, middle + half)


def confusion(labels: Labels, predicted: Labels, classes: int) -> NDArray[np.int64]:
    """Counts of shape `(classes, classes)`: row the true class, column the predicted one."""
    table = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(table, (labels, predicted), 1)
    return table


class AtThreshold(TypedDict):
    """The figures of two classes at a threshold; see `at_threshold`."""

    threshold: float
    confusion: list[list[int]]
    sensitivity: float | None
    specificity: float | None
    precision: float | None
    accuracy: float | None


class OfClass(NamedTuple):
    """The figures of one class; None where there is nothing to divide by."""

    name: str
    precision: float | None
    recall: float | None
    f1: float | None
    support: int


def at_threshold(positive: NDArray[np.bool_], scores: Probabilities, threshold: float) -> AtThreshold:
    """The figures of two classes when the positive one is predicted above a threshold of its score.

    Args:
        positive: bool array of shape `(n,)`. Which samples truly are of the positive class.
        scores: float array of shape `(n,)`, 0 to 1.
        threshold: float. At exactly this score the negative class is predicted; 0.5 is what `decide` does.

    Returns:
        `threshold`, `confusion` (2 by 2, row the true class, the negative one first), `sensitivity`, `specificity`,
        `precision`, `accuracy`; None where there is nothing to divide by.
    """
    table = confusion(positive.astype(int), (scores > threshold).astype(int), 2)
    (true_negative, false_positive), (false_negative, true_positive) = table.tolist()
    return {
        "threshold": threshold,
        "confusion": table.tolist(),
        "sensitivity": _ratio(true_positive, true_positive + false_negative),
        "specificity": _ratio(true_negative, true_negative + false_positive),
        "precision": _ratio(true_positive, true_positive + false_positive),
        "accuracy": _ratio(true_positive + true_negative, len(positive)),
    }


def per_class(table: NDArray[np.int64], names: list[str]) -> list[OfClass]:
    """Precision, recall, F1 and support of each class; None where there is nothing to divide by."""
    rows = []
    for k, name in enumerate(names):
        hit, said, true = int(table[k, k]), int(table[:, k].sum()), int(table[k].sum())
        precision, recall = _ratio(hit, said), _ratio(hit, true)
        f1 = _ratio(2 * hit, said + true)
        rows.append(OfClass(name, precision, recall, f1, true))
    return rows


def balanced_accuracy(table: NDArray[np.int64]) -> float | None:
    """The mean recall of the classes that have images: always naming one of K classes gives 1 / K, however rare.

    Args:
        table: integer array of shape `(classes, classes)`, row the true class.
    """
    true = table.sum(axis=1)
    there = true > 0
    return float((np.diag(table)[there] / true[there]).mean()) if there.any() else None


def average_precision(positive: NDArray[np.bool_], scores: Probabilities) -> float | None:
    """The precision at each threshold, weighted by the recall it adds; for random scores it is the share of positives.

    Without interpolation, which is too kind (Davis and Goadrich, 2006). None without a positive, or where a
    score is not a number.
    """
    if not positive.any() or np.isnan(scores).any():
        return None
    recall, precision = precision_recall(positive, scores, len(positive) + 1)
    return float(np.sum(np.diff(recall) * precision[1:]))


def precision_recall(
    positive: NDArray[np.bool_], scores: Probabilities, points: int = 400
) -> tuple[list[float], list[float]]:
    """The precision-recall curve of one class against the rest.

    Args:
        positive: bool array of shape `(n,)`, at least one of them true.
        scores: float array of shape `(n,)`, higher for more likely positive.
        points: int. Most points returned; a longer curve is thinned evenly.

    Returns:
        Two lists, recall, from 0 and rising, and precision, each from 0 to 1; at recall 0 the precision of the surest.
    """
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(positive[order])
    last = np.append(np.diff(scores[order]) != 0, True)  # equal scores are one threshold
    precision = (hits / np.arange(1, len(hits) + 1))[last]
    recall = np.append(0.0, hits[last] / max(1, hits[-1]))
    precision = np.append(precision[0], precision)
    keep = np.unique(np.linspace(0, len(recall) - 1, min(points, len(recall))).astype(int))
    return recall[keep].tolist(), precision[keep].tolist()


def roc(positive: NDArray[np.bool_], scores: Probabilities, points: int = 400) -> tuple[list[float], list[float]]:
    """The ROC curve of one class against the rest.

    Args:
        positive: bool array of shape `(n,)`.
        scores: float array of shape `(n,)`, higher for more likely positive.
        points: int. Most points returned; a longer curve is thinned evenly.

    Returns:
        Two lists, false positive rate and true positive rate, each from 0 to 1 and rising.
    """
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(positive[order])
    # Equal scores are one threshold: only the last of them is a point of the curve.
    last = np.append(np.diff(scores[order]) != 0, True)
    true_rate = np.append(0.0, hits[last] / max(1, hits[-1]))
    false_rate = np.append(0.0, (np.arange(1, len(hits) + 1) - hits)[last] / max(1, (~positive).sum()))
    keep = np.unique(np.linspace(0, len(true_rate) - 1, min(points, len(true_rate))).astype(int))
    return false_rate[keep].tolist(), true_rate[keep].tolist()


def _binary_auc(positive: NDArray[np.bool_], scores: Probabilities) -> float | None:
    count = int(positive.sum())
    if count in (0, len(positive)):
        return None
    _, group, sizes = np.unique(scores, return_inverse=True, return_counts=True)
    # Rank of a group of ties: the mean of the places it takes.
    ranks = np.cumsum(sizes) - (sizes - 1) / 2
    above = ranks[group][positive].sum() - count * (count + 1) / 2
    return float(above / (count * (len(positive) - count)))


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
