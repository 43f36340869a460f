"""Summary statistics of images, answers and arrays, as the trace keeps them."""

from collections.abc import Sequence
from typing import Any, SupportsFloat, TypedDict

import numpy as np
from numpy.typing import NDArray

from core.data.dataset_index import ImageFile
from core.engine.fingerprint import digest
from core.insight.answer import Probabilities
from core.stats import metrics
from core.store.record_types import known
from core.store.trace_record import MOST_CONFUSION, DataHashes


def data_hashes(train: Sequence[ImageFile], val: Sequence[ImageFile]) -> DataHashes:
    """Hashes of the training files, the validation files, and which label each file has; independent of names."""

    def of(lines: list[str]) -> str:
        return digest([np.frombuffer("\n".join(sorted(lines)).encode(), dtype=np.uint8)])

    return DataHashes(
        train=of([file.sha256 for file in train]),
        val=of([file.sha256 for file in val]),
        labels=of([f"{file.sha256} {file.label}" for file in (*train, *val)]),
    )


class AnswerFigures(TypedDict):
    """What answers have in common; see `describe_answers`."""

    val_log_loss: float | None
    positive_share: float | None
    predicted_class: str
    predicted_share: float
    prediction_std: float | None
    best_threshold_accuracy: float | None
    confidence: float | None
    confusion: list[list[int]]


def describe_answers(labels: metrics.Labels, probabilities: Probabilities, classes: list[str]) -> AnswerFigures:
    """What the answers on validation have in common: one class for all, no spread, a threshold in the wrong place.

    Args:
        labels: integer array of shape `(n,)`.
        probabilities: float array of shape `(n, classes)`.
        classes: list of str.
    """
    finite = bool(np.isfinite(probabilities).all())
    table = metrics.confusion(labels, metrics.decide(probabilities), len(classes))
    counts = table.sum(axis=0)
    spread = probabilities[:, 1].std() if len(classes) == 2 else probabilities.std(axis=0).mean()
    binary = len(classes) == 2 and finite
    return {
        "val_log_loss": short(metrics.cross_entropy(labels, probabilities)),
        "positive_share": short((counts[1] if len(classes) == 2 else counts.max()) / len(labels)),
        "predicted_class": classes[int(counts.argmax())],
        "predicted_share": float(f"{counts.max() / len(labels):.6g}"),
        "prediction_std": short(spread),
        "best_threshold_accuracy": best_threshold(labels, probabilities[:, 1]) if binary else None,
        "confidence": short(probabilities.max(axis=1).mean()) if finite else None,
        "confusion": table.tolist() if len(classes) <= MOST_CONFUSION else [],
    }


def best_threshold(labels: metrics.Labels, scores: NDArray[np.floating[Any]]) -> float:
    """The accuracy that the best threshold on the second class's probability would give.

    Args:
        labels: integer array of shape `(n,)`, 0 or 1.
        scores: float array of shape `(n,)`.
    """
    order = np.argsort(-scores, kind="stable")
    positive = labels[order] == 1
    # After the k highest scores are called positive: those that are, and the negatives left below.
    right = np.append(0, np.cumsum(positive)) + ((~positive).sum() - np.append(0, np.cumsum(~positive)))
    possible = np.append(True, np.append(np.diff(scores[order]) != 0, True))  # equal scores fall on one side
    return float(right[possible].max() / len(labels))


def describe_values(values: NDArray[Any]) -> dict[str, float | None]:
    """Range, mean and standard deviation of an array."""
    return {name: short(getattr(values, name)()) for name in ("min", "max", "mean", "std")}


def short(value: SupportsFloat | None) -> float | None:
    """Six significant digits: enough to compare, short enough to keep thousands; None for what is no number."""
    return None if value is None else known(float(f"{float(value):.6g}"))
