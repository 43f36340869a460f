"""After a training with a frozen backbone: how many labels look wrong, from the features that are there anyway."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core import files as disk
from core.checks.wrong_labels import FEWEST, labels_look_wrong
from core.data.scan import ImageFile
from core.data.split import AUTO, join_files
from core.engine.insight.label_issues import out_of_fold, positions
from core.engine.train.context import TrainingContext
from core.stats.label_noise import margins, wrong_shares

Parts = Sequence[tuple[str, Sequence[ImageFile], NDArray[np.float32]]]

_MOST_NUMBERS = 8e7
"""Images x width of the features x classes: above it five heads would take more than half a minute."""


def add_label_findings(context: TrainingContext, parts: Parts) -> None:
    """Adds to findings.json what is found; does nothing where nothing is.

    Args:
        context: TrainingContext. Trained.
        parts: sequence of name (`train`, `val`), files, and their features, float32 `(n, width)`.
    """
    files = [file for _, part, _ in parts for file in part]
    features = np.concatenate([rows for *_, rows in parts])
    classes = len(context.dataset.classes)
    if max(len(part) for _, part, _ in parts) < FEWEST or features.size * classes > _MOST_NUMBERS:
        return
    labels = context.dataset.labels(files)
    groups = positions(files, join_files(files, context.config.data.group_pattern or AUTO))
    probabilities = out_of_fold(features, labels, groups, classes)
    if probabilities is None:
        return
    part_of = np.repeat(np.arange(len(parts)), [len(part) for _, part, _ in parts])
    shares = wrong_shares(labels, probabilities, part_of)
    margin, agrees = margins(labels, probabilities)
    surest = np.argsort(-margin, kind="stable")
    added = []
    for number, (name, *_) in enumerate(parts):
        doubtful = [files[k].path for k in surest if part_of[k] == number and not agrees[k]]
        if found := labels_look_wrong(name, shares[number], classes, doubtful):
            added.append(found.to_dict())
    if added:
        run = context.reporter.run
        known = [one.to_dict() for one in run.findings() if one.id not in {new["id"] for new in added}]
        disk.write_json(run.path / "findings.json", {"findings": [*known, *added]})
