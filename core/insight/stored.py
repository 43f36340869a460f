"""The predictions that a run keeps of its validation and test images (predictions.csv), as arrays."""

import csv
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.store.csv_tables import read_csv
from core.store.runs import Run


@dataclass(frozen=True)
class Stored:
    """What the saved model said of the images of one part.

    Attributes:
        classes: tuple of str.
        files: tuple of `n` str. Relative to the data set's root.
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
    try:
        return _parsed(read_csv(run.path / "predictions.csv"), part)
    except (OSError, UnicodeDecodeError, csv.Error, ValueError, IndexError):
        return None


def _parsed(rows: list[list[str]], part: str) -> Stored | None:
    """The columns are split, file, label, predicted, and `p(name)` for each class."""
    classes = tuple(name[2:-1] for name in rows[0][4:])
    index_of = {name: k for k, name in enumerate(classes)}
    chosen = [row for row in rows[1:] if row[0] == part]
    if not chosen or len(classes) < 2 or any(row[2] not in index_of for row in chosen):
        return None
    probabilities: NDArray[Any] = np.array([[float(value) for value in row[4:]] for row in chosen])
    if probabilities.shape != (len(chosen), len(classes)) or not ((probabilities >= 0) & (probabilities <= 1)).all():
        return None  # not-a-number is neither
    labels = np.array([index_of[row[2]] for row in chosen], dtype=np.int64)
    return Stored(classes, tuple(row[1] for row in chosen), labels, probabilities)
