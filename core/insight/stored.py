"""The predictions that a run keeps of its validation and test images (predictions.csv), as arrays."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.store.predictions import read_predictions
from core.store.runs import Run


@dataclass(frozen=True)
class Stored:
    """What the saved model said of the images of one part.

    Attributes:
        classes: tuple of str.
        files: tuple of `n` str. Relative to the dataset's root.
        labels: integer array of shape `(n,)`. The true classes.
        probabilities: float array of shape `(n, classes)`. As the file has them: those of a float32,
            or six decimals where an older version has written it.
    """

    classes: tuple[str, ...]
    files: tuple[str, ...]
    labels: NDArray[np.int64]
    probabilities: NDArray[np.float64]


def stored_predictions(run: Run, part: str) -> Stored | None:
    """Reads the predictions of a part; None where there are none, or the file is damaged.

    Args:
        run: Run.
        part: str. `val` or `test`.
    """
    predictions = read_predictions(run.path)
    chosen = predictions.of(part) if predictions else []
    if predictions is None or not chosen:
        return None
    probabilities = np.array([row.probabilities for row in chosen])
    if np.isnan(probabilities).any():
        return None
    index_of = {name: k for k, name in enumerate(predictions.classes)}
    labels = np.array([index_of[row.label] for row in chosen], dtype=np.int64)
    return Stored(predictions.classes, tuple(row.file for row in chosen), labels, probabilities)
