"""The checks that want features: labels that look wrong, parts and classes that can be told apart by the backbone."""

import numpy as np
from numpy.typing import NDArray

from core import files as disk
from core.checks.backbone import Seen, seen_findings
from core.checks.context import Context
from core.checks.finding import Finding
from core.config import RunConfig
from core.data.dataset import Dataset
from core.data.dataset_index import ImageFile
from core.engine.insight.estimate_labels import Parts, answers_of, label_findings
from core.engine.train.context import TrainingContext
from core.models.catalogue import find


def add_feature_findings(context: TrainingContext, parts: Parts, *, augmented: bool) -> None:
    """Puts into a run's findings.json what features add to what was found before it.

    Args:
        context: TrainingContext. Trained.
        parts: sequence of name (`train`, `val`), files, and their features, float32 `(n, width)`.
        augmented: bool. Whether those of the training images are of augmented ones, which validation never is.
    """
    run = context.reporter.run
    added = feature_findings(context.config, context.dataset, parts, augmented=augmented)
    if added:
        new = {one.id: one.to_dict() for one in added}
        known = [new.pop(one.id, None) or one.to_dict() for one in run.findings()]
        disk.write_json(run.path / "findings.json", {"findings": [*known, *new.values()]})


def feature_findings(config: RunConfig, dataset: Dataset, parts: Parts, *, augmented: bool = False) -> list[Finding]:
    """What is found with features; see `add_feature_findings`."""
    answers = answers_of(config, dataset, parts)
    found = label_findings(dataset, parts, answers) if answers is not None else []
    if augmented:
        return found
    return found + seen_findings(Context(config, dataset), _seen(config, parts, answers))


def _seen(config: RunConfig, parts: Parts, answers: NDArray[np.float64] | None) -> Seen:
    files: list[ImageFile] = [file for _, part, _ in parts for file in part]
    rows = np.concatenate([rows for *_, rows in parts])
    features = {file.sha256: row for file, row in zip(files, rows, strict=True)}
    known = {} if answers is None else {file.sha256: row for file, row in zip(files, answers, strict=True)}
    return Seen(find(config.model.backbone).title, features, known)
