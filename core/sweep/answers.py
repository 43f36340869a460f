"""What a trial of a sweep said of each validation image, and which of these images belong together."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.compare.cases import cases_of_part
from core.store.predictions import read_predictions
from core.store.runs import RunStore

_LEAST_PROBABILITY = 1e-7


@dataclass(frozen=True)
class Answers:
    """The answers of one trial.

    Attributes:
        right: bool array of shape `(images,)`.
        losses: float array of shape `(images,)`.
    """

    right: NDArray[np.bool_]
    losses: NDArray[np.float64]


def answers_of(run_id: str) -> Answers | None:
    """The answers of a trial's run; None when its predictions are gone."""
    predictions = read_predictions(RunStore().root / run_id)
    if predictions is None:
        return None
    rows, classes = predictions.of("val"), predictions.classes
    sureness = [max(_LEAST_PROBABILITY, row.probabilities[classes.index(row.label)]) for row in rows]
    right = np.array([row.label == row.predicted for row in rows])
    return Answers(right, np.array([-math.log(p) for p in sureness]))


def groups_of(run_id: str) -> NDArray[np.int64] | None:
    """Which validation images belong together: of one patient or the like, or equal byte for byte.

    A split keeps the same together; see `core.data.split.join_files`.

    Returns:
        A number for each image, from 0 on; one that belongs to no other has its own. None when the run is gone.

    Raises:
        ConfigError: its pattern is no regular expression, or takes too long.
        RunError: its configuration cannot be read.
    """
    run = RunStore().by_id(run_id)
    if run is None or read_predictions(run.path) is None:
        return None
    cases = cases_of_part(run, "val")
    found = np.zeros(sum(map(len, cases)), np.int64)
    for number, members in enumerate(cases):
        found[members] = number
    return found
