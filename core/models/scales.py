"""Finds the scale of pixels that a model was trained on: by its accuracy on labelled images with each candidate.

Accuracies are paired, as all candidates see the same images: one is distinguished from the best where the 95 % CI of
the difference (Newcombe 1998) lies above 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.errors import ModelError
from core.stats import metrics
from core.stats.paired_share import gap_interval

_WHAT_NEXT = "give more labelled images, or say the scale yourself (--pixels, or the field beside the file)"


@dataclass(frozen=True)
class Scales:
    """What the candidates gave.

    Attributes:
        chosen: str. The scale with the highest accuracy; of equal ones that with the least loss.
        rows: list of dict, best first: `scale`, `accuracy`, `interval`, `loss`, and `told_apart` from the best.
        images: int. Number of images.
    """

    chosen: str
    rows: list[dict[str, Any]]
    images: int

    def notes(self) -> list[str]:
        """What whoever asks the model has to know."""
        best, *others = self.rows
        low, high = best["interval"]
        rest = ", ".join(f"{row['scale']} {row['accuracy']:.2f}" for row in others)
        words = [
            f"Pixels of {self.chosen} were found with {self.images} labelled images: accuracy "
            f"{best['accuracy']:.2f} (95 % CI {low:.2f} to {high:.2f}); the others: {rest}."
        ]
        alike = [row["scale"] for row in others if not row["told_apart"]]
        if alike:
            words.append(f"Not distinguished from it: {', '.join(alike)}; {_WHAT_NEXT}.")
        return words


def find_scale(labels: metrics.Labels, answers: Mapping[str, metrics.Probabilities], classes: list[str]) -> Scales:
    """Which scale fits.

    Args:
        labels: integer array of shape `(n,)`.
        answers: By the name of a scale a float array of shape `(n, classes)`.
        classes: list of str.

    Raises:
        ModelError: no scale is better than always saying the most frequent class, or no answers are numbers.
    """
    usable = {name: found for name, found in answers.items() if np.isfinite(found).all()}
    if not usable:
        raise ModelError("its outputs for the labelled images are not finite with any scale of pixels")
    rows = sorted((_row(name, labels, found) for name, found in usable.items()), key=_order)
    counts = np.bincount(labels, minlength=len(classes))
    if rows[0]["interval"][0] <= counts.max() / len(labels):
        raise ModelError(
            f"no scale of pixels was found: the best ({rows[0]['scale']}) classifies {rows[0]['accuracy']:.2f} of "
            f"{len(labels)} labelled images correctly, always predicting {classes[int(counts.argmax())]} gives "
            f"{counts.max() / len(labels):.2f}; check the order of the classes, {_WHAT_NEXT}"
        )
    right = {name: metrics.decide(found) == labels for name, found in usable.items()}
    best = right[rows[0]["scale"]]
    for row in rows:
        row["told_apart"] = row["scale"] != rows[0]["scale"] and _gap(best, right[row["scale"]])[0] > 0
    return Scales(rows[0]["scale"], rows, len(labels))


def _row(name: str, labels: metrics.Labels, answers: metrics.Probabilities) -> dict[str, Any]:
    correct = int((metrics.decide(answers) == labels).sum())
    interval = list(metrics.wilson(correct, len(labels)))
    loss = metrics.cross_entropy(labels, answers)
    return {"scale": name, "accuracy": correct / len(labels), "interval": interval, "loss": loss}


def _order(row: dict[str, Any]) -> tuple[float, float]:
    return -row["accuracy"], row["loss"]


def _gap(a: Any, b: Any) -> tuple[float, float]:
    return gap_interval(int((a & b).sum()), int((a & ~b).sum()), int((~a & b).sum()), int((~a & ~b).sum()))
