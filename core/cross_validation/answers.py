"""What the heads of a cross-validation have said of the images, repeat by repeat and averaged over the repeats."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.cross_validation.store import CrossValidation
from core.store.csv_tables import ENCODING
from core.store.json_values import Damaged
from core.store.predictions import PredictionRow, parse_predictions

Answers = NDArray[np.float64]


def fold_answers(job: CrossValidation, repeat: int, fold: int, classes: Sequence[str]) -> tuple[PredictionRow, ...]:
    """What a head has said of its fold; nothing where there is no such file, it is damaged, or of other classes.

    Args:
        job: CrossValidation.
        repeat, fold: int. Counted from 1.
        classes: sequence of str. The names that the dataset has.
    """
    return read_fold(job.answers(repeat, fold), classes)


def read_fold(path: Path, classes: Sequence[str]) -> tuple[PredictionRow, ...]:
    """What is in the file of a fold; nothing where there is none, it is damaged, or of other classes."""
    try:
        found = parse_predictions(path.read_text(encoding=ENCODING))
    except (OSError, UnicodeDecodeError, Damaged):
        return ()
    return found.rows if found.classes == tuple(classes) else ()


def mean_answers(job: CrossValidation, classes: Sequence[str]) -> dict[tuple[str, str], Answers]:
    """Probabilities of every image, by its path and the hash of its content, averaged over the repeats.

    An average of several heads is a little better than one of them: it is for judging labels, not for saying how good
    a head is.

    Args:
        job: CrossValidation.
        classes: sequence of str. As the dataset has them.

    Returns:
        Empty where there are no answers, or they are of other classes.
    """
    hashes = {item["path"]: item.get("sha256", "") for item in job.out_of_fold().data().val}
    said: dict[tuple[str, str], list[Answers]] = defaultdict(list)
    for repeat in range(1, job.repeats() + 1):
        for fold in range(1, job.folds() + 1):
            for row in fold_answers(job, repeat, fold, classes):
                if row.file in hashes and not np.isnan(row.probabilities).any():
                    said[row.file, hashes[row.file]].append(np.array(row.probabilities))
    return {image: np.mean(answers, axis=0) for image, answers in said.items()}
