"""Evaluates a trained model: saves model.keras, evaluation.json and predictions.csv of the held-out images."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from core import files
from core.data.dataset import Dataset
from core.data.dataset_index import ImageFile
from core.data.split import AUTO, join_files
from core.engine.train.context import TrainingContext
from core.errors import ConfigError
from core.insight.answer import Probabilities
from core.models.build import join
from core.stats import metrics
from core.stats.grouped_share import share_interval
from core.store import records
from core.store.predictions import FILE, write_predictions
from core.store.record_types import known
from core.store.run_records import ClassFigures, Evaluation, Mistake, PartFigures, Roc
from core.store.runs import Run

WORST = 24
"""Mistakes shown as images."""

Predict = Callable[[Sequence[ImageFile]], Probabilities]
"""Files to probabilities of shape `(n, classes)`."""


@dataclass(frozen=True)
class Figures:
    """What a trained network makes of the held-out images.

    Attributes:
        record: Evaluation. For evaluation.json.
        parts: mapping. Name of a part to its files.
        probabilities: dict. Name of a part to an array of shape `(n, classes)`.
    """

    record: Evaluation
    parts: Mapping[str, Sequence[ImageFile]]
    probabilities: dict[str, Probabilities]


def keep_results(context: TrainingContext, predict: Predict, weights: str) -> None:
    """Saves model.keras, evaluation.json and predictions.csv.

    Args:
        context: TrainingContext. Trained.
        predict: callable. Files to probabilities of shape `(n, classes)`.
        weights: str. Which weights these are, in words.
    """
    reporter = context.reporter
    reporter.phase("evaluating", "Evaluating on the held-out images.")
    found = figures(context.dataset, predict, weights, context.config.data.group_pattern)
    reporter.phase("saving", "Saving the model.")
    save_model(join(context.base, context.head), reporter.run.path / "model.keras")
    write_figures(reporter.run, found)


def figures(dataset: Dataset, predict: Predict, weights: str, pattern: str) -> Figures:
    """Evaluates a trained network on the parts that it was not trained on; see `keep_results` and `evaluate`."""
    split, classes = dataset.split, list(dataset.classes)
    # The very tuples of the split: what is kept of the validation images is known by it.
    parts = {name: part for name, part in (("val", split.val), ("test", split.test)) if part}
    probabilities = {name: predict(part) for name, part in parts.items()}
    found = {
        name: evaluate(part, dataset.labels(part), probabilities[name], classes, pattern)
        for name, part in parts.items()
    }
    return Figures(Evaluation(classes=classes, weights=weights, **found), parts, probabilities)


def write_figures(run: Run, found: Figures) -> None:
    """Writes evaluation.json and predictions.csv."""
    keep_predictions(run.path / FILE, found.parts, found.probabilities, found.record.classes)
    records.write(run.path / "evaluation.json", found.record)


def evaluate(
    part: Sequence[ImageFile],
    labels: metrics.Labels,
    probabilities: Probabilities,
    classes: list[str],
    pattern: str = AUTO,
) -> PartFigures:
    """The figures of one part, as evaluation.json keeps them.

    Args:
        part: sequence of ImageFile of length `n`.
        labels: integer array of shape `(n,)`.
        probabilities: float array of shape `(n, classes)`.
        classes: list of str.
        pattern: str. How file names tell what belongs together (`data.group_pattern`): the interval is of other groups,
            such as patients. Defaults to what is recognised by itself.
    """
    predicted, groups = metrics.decide(probabilities), _groups(part, pattern)
    number = {file.path: k for k, group in enumerate(groups) for file in group}
    together = np.array([number[file.path] for file in part], dtype=np.int64)
    correct, counts = int((predicted == labels).sum()), np.bincount(labels, minlength=len(classes))
    table = metrics.confusion(labels, predicted, len(classes))
    return PartFigures(
        count=len(labels),
        correct=correct,
        accuracy=correct / len(labels),
        interval=list(share_interval(predicted == labels, together)),
        groups=len(groups) if len(groups) < len(part) else None,
        auc=known(metrics.auc(labels, probabilities)),
        loss=known(metrics.cross_entropy(labels, probabilities)),
        majority_class=classes[int(counts.argmax())],
        majority_share=float(counts.max() / len(labels)),
        confusion=table.tolist(),
        per_class=[ClassFigures(**row._asdict()) for row in metrics.per_class(table, classes)],
        roc=_curves(labels, probabilities, classes),
        worst=_worst(part, labels, probabilities, classes),
    )


def _groups(part: Sequence[ImageFile], pattern: str) -> list[tuple[ImageFile, ...]]:
    """What belongs together; by content and the table of labels alone where the names cannot be searched, for which no
    training may be lost."""
    try:
        return join_files(part, pattern)
    except ConfigError:
        return join_files(part, "")


def save_model(model: keras.Model, path: Path) -> None:
    """Saves a model so that a crash leaves the old file or the new one (Keras overwrites in place)."""
    beside = path.with_name(f".{path.stem}.{os.getpid()}.tmp{path.suffix}")
    try:
        model.save(beside)
        with beside.open("rb+") as file:
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    files.sync_folder(path.parent)


def keep_predictions(
    path: Path, parts: Mapping[str, Sequence[ImageFile]], probabilities: dict[str, Probabilities], classes: list[str]
) -> None:
    """One line an image: part, file, true class, predicted class, and the probability of each class.

    Probabilities have as many digits as tell one float32 from its neighbours, so that AUC and loss computed from the
    file are those of evaluation.json also where the answers crowd at 0 and 1.
    """
    rows: list[list[str]] = []
    for name, part in parts.items():
        predicted = metrics.decide(probabilities[name])
        for image, k, row in zip(part, predicted, probabilities[name], strict=True):
            rows.append([name, image.path, image.label, classes[k], *map(_digits, row)])
    write_predictions(path, classes, rows)


def _digits(probability: float) -> str:
    """The shortest decimal that gives the float32 back, never in powers of ten."""
    return np.format_float_positional(np.float32(probability), unique=True, trim="0")


def _curves(labels: metrics.Labels, probabilities: Probabilities, classes: list[str]) -> dict[str, Roc]:
    """ROC curves: of the second class where there are two, else of each class against the rest; none where a
    probability is not a number."""
    curves: dict[str, Roc] = {}
    if np.isnan(probabilities).any():
        return curves
    for k in [1] if len(classes) == 2 else range(len(classes)):
        if 0 < (labels == k).sum() < len(labels):
            false_rate, true_rate = metrics.roc(labels == k, probabilities[:, k])
            pair = np.stack([1 - probabilities[:, k], probabilities[:, k]], axis=1)
            area = metrics.auc((labels == k).astype(int), pair)
            curves[classes[k]] = Roc(false_positive_rate=false_rate, true_positive_rate=true_rate, auc=known(area))
    return curves


def _worst(
    part: Sequence[ImageFile], labels: metrics.Labels, probabilities: Probabilities, classes: list[str]
) -> list[Mistake]:
    predicted = metrics.decide(probabilities)
    sureness = probabilities[np.arange(len(labels)), predicted]
    wrong = np.flatnonzero(predicted != labels)
    return [
        Mistake(
            file=part[i].path,
            label=classes[labels[i]],
            predicted=classes[predicted[i]],
            probability=known(float(sureness[i])),
            true_probability=known(float(probabilities[i, labels[i]])),
        )
        for i in wrong[np.argsort(-sureness[wrong], kind="stable")][:WORST]
    ]
