"""After a training with a frozen backbone: how many labels look wrong, from the features that are there anyway."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.checks.finding import Finding
from core.checks.wrong_labels import FEWEST, labels_look_wrong
from core.config import RunConfig
from core.data.dataset import Dataset
from core.data.dataset_index import ImageFile
from core.data.split import AUTO, join_files
from core.engine.insight.label_issues import out_of_fold, positions
from core.stats.label_noise import margins, wrong_shares

Parts = Sequence[tuple[str, Sequence[ImageFile], NDArray[np.float32]]]

_MOST_NUMBERS = 8e7
"""Images x width of the features x classes: above it five heads would take more than half a minute."""


def answers_of(config: RunConfig, dataset: Dataset, parts: Parts) -> NDArray[np.float64] | None:
    """Answers of heads that have seen neither an image nor its group, `(n, classes)`, in the order of the parts.

    Args:
        config: RunConfig.
        dataset: Dataset.
        parts: sequence of name (`train`, `val`), files, and their features, float32 `(n, width)`.

    Returns:
        None where there are too few images for them, or too many numbers; see `why_no_answers`.
    """
    if why_no_answers(dataset, parts):
        return None
    files = [file for _, part, _ in parts for file in part]
    features = np.concatenate([rows for *_, rows in parts])
    groups = positions(files, join_files(files, config.data.group_pattern or AUTO))
    return out_of_fold(features, dataset.labels(files), groups, len(dataset.classes))


def why_no_answers(dataset: Dataset, parts: Parts) -> str:
    """Why labels are not judged, as the end of a sentence; empty where they are."""
    if max(len(part) for _, part, _ in parts) < FEWEST:
        return f"neither part has {FEWEST} images"
    if sum(rows.size for *_, rows in parts) * len(dataset.classes) > _MOST_NUMBERS:
        return "images times features times classes are too many for a few seconds"
    return ""


def label_findings(dataset: Dataset, parts: Parts, probabilities: NDArray[np.float64]) -> list[Finding]:
    """What is found on the labels of each part.

    Args:
        dataset: Dataset.
        parts: See `answers_of`.
        probabilities: float64 `(n, classes)`. From `answers_of`.
    """
    if np.isnan(probabilities).any():
        return []  # of features that are not numbers nothing is learned
    files, classes = [file for _, part, _ in parts for file in part], len(dataset.classes)
    labels = dataset.labels(files)
    part_of = np.repeat(np.arange(len(parts)), [len(part) for _, part, _ in parts])
    shares = wrong_shares(labels, probabilities, part_of)
    margin, agrees = margins(labels, probabilities)
    surest = np.argsort(-margin, kind="stable")
    added = []
    for number, (name, *_) in enumerate(parts):
        doubtful = [files[k].path for k in surest if part_of[k] == number and not agrees[k]]
        if found := labels_look_wrong(name, shares[number], classes, doubtful):
            added.append(found)
    return added
