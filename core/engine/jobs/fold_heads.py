"""Heads on the folds of a cross-validation: the features of the whole dataset are computed once and shared by all.

A head is trained by the same code as a trial of a bisect, and so has the numbers of a run on the same split: its
batches take the rows of its training images out of the one array, and the fold's images are predicted from their rows.
"""

import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from core.config import RunConfig
from core.cross_validation.store import chooses_epoch
from core.data.dataset import Dataset
from core.data.dataset_index import ImageFile
from core.data.folds import Folds
from core.data.order import Indices
from core.data.split import Split
from core.engine.jobs.head_fit import Head, HeadTrial, Tensors
from core.engine.jobs.head_trials import MOST_BYTES, HeadTrials, Kept, base_key
from core.engine.reporter import Reporter
from core.engine.train.context import StopRequested, TrainingContext
from core.engine.train.evaluate import keep_predictions
from core.engine.train.observe import Observed
from core.errors import DataError
from core.insight.answer import Probabilities
from core.stats import metrics
from core.store.fold_records import FoldHead
from core.store.record_types import known

_WHOLE = "Computing the features of all images, once."
_WHOLES = 3


class Answered(NamedTuple):
    """What a head says of the images of its fold.

    Attributes:
        probabilities: float32 array of shape `(n, classes)`.
        epochs: int. Epochs that were trained.
        kept: int. The epoch whose weights have answered.
    """

    probabilities: Probabilities
    epochs: int
    kept: int


class FoldHeads(HeadTrials):
    """Trains heads on parts of one dataset, whose features are computed for all its images at once."""

    def __init__(self) -> None:
        super().__init__()
        self._wholes: Kept[TrainingContext] = Kept(_WHOLES)

    def whole(self, config: RunConfig, dataset: Dataset, files: Sequence[ImageFile], reporter: Reporter[Any]) -> Any:
        """The network of a configuration, and a context in which all images are training images.

        Raises:
            DataError: their features are too large to be held in memory.
            UserError: the weights cannot be had.
        """
        known = self._base(config, dataset, reporter)
        width = int(known.base.output_shape[-1])
        if (size := len(files) * width * 4) > MOST_BYTES:
            raise DataError(
                f"The features of {len(files):,} images, {width:,} numbers each, take {size / 2**20:,.0f} MB, and "
                f"cross-validation holds {MOST_BYTES / 2**20:.0f} MB; choose another model.pooling or network."
            )
        key = (*base_key(config), tuple(file.path for file in files), config.data, config.training.feature_precision)

        def make() -> TrainingContext:
            context = TrainingContext(
                config, with_split(dataset, files), reporter, known.base, known.head, known.base_hash, known.cache
            )
            context.forward = known.forward
            return context

        return self._wholes.get_or(key, make)

    def answer(
        self, config: RunConfig, dataset: Dataset, files: Sequence[ImageFile], held_out: str, reporter: Reporter[Any]
    ) -> Answered | None:
        """Trains a head on a fold's training images and predicts those held out.

        Args:
            config: RunConfig. Its backbone is frozen.
            dataset: Dataset. Its split is the fold's.
            files: sequence of ImageFile. All images of the cross-validation, among them the fold's.
            held_out: str. The part that is answered, `val` or `test`.
            reporter: Reporter. Of the job.

        Returns:
            None where a stop was asked for.

        Raises:
            DataError: see `whole`.
        """
        whole = self.whole(config, dataset, files, reporter)
        context, head = self._prepared(config, dataset, reporter)
        trial = _FoldTrial(context, head, self._tensor, whole)
        try:
            fitted = trial.fit()
        except StopRequested:
            return None
        if fitted is None:
            return None
        progress = fitted.progress
        part = getattr(dataset.split, held_out)
        return Answered(trial.predict(part), progress.epoch, progress.best_epoch if fitted.restored else progress.epoch)


class _FoldTrial(HeadTrial):
    """One head on the images of some folds.

    Args:
        context: TrainingContext. Of the fold.
        head: Head.
        tensor: callable. See `Tensors`.
        whole: TrainingContext. Of all images.
    """

    def __init__(self, context: TrainingContext, head: Head, tensor: Tensors, whole: TrainingContext) -> None:
        super().__init__(context, head, tensor)
        self.message = context.reporter.status.message
        files = whole.dataset.split.train
        self._row_of = {file.path: row for row, file in enumerate(files)}
        self._whole, self._train = whole, self._rows_of(context.dataset.split.train)
        weights = context.sample_weights(context.dataset.labels(context.dataset.split.train))
        self._targets = tf.constant(context.targets(context.dataset.labels(files)))
        if weights is not None:
            table = np.zeros(len(files), np.float32)
            table[self._train] = weights
            self._weights = tf.constant(table)

    def _rows_of(self, part: Sequence[ImageFile]) -> Indices:
        return np.array([self._row_of[file.path] for file in part], dtype=np.intp)

    def _features(self, draw: int) -> Any:
        images = self._whole.train_images()
        return self._tensor(self._whole.key(images, draw), lambda: self._whole.features(images, draw, _WHOLE))

    def _rows(self, positions: Indices) -> Indices:
        return self._train[positions]

    def observe(self, part: Sequence[ImageFile]) -> Observed:
        """See `HeadTrial.observe`; from the rows of the whole array."""
        images = self._whole.images(self._whole.dataset.split.train, augmented=False)
        features = self._whole.features(images, 0, _WHOLE)
        return self._head.observer.on_features(np.asarray(features[self._rows_of(part)]))


def without_fold(
    dataset: Dataset, config: RunConfig, folds: Folds, repeat: int, fold: int
) -> tuple[Dataset, tuple[ImageFile, ...], str]:
    """The dataset as a fold's training sees it.

    Args:
        dataset: Dataset.
        config: RunConfig. Where it chooses an epoch by the validation loss, part of the training images is held out
            for that.
        folds: Folds. Of the repeat.
        repeat, fold: int. Counted from 1.

    Returns:
        The dataset with the fold's split, the images of the fold, and the part that they are: `val` or `test`.
    """
    inner = config.data.validation_split if chooses_epoch(config) else 0.0
    split = folds.split(fold - 1, inner, config.data.seed + repeat - 1)
    part = "test" if split.test else "val"
    return with_split(dataset, split.train, split.val, split.test), split.test or split.val, part


def keep_answers(
    path: Path,
    dataset: Dataset,
    held_out: Sequence[ImageFile],
    answered: Answered,
    place: tuple[int, int],
    began: float,
) -> FoldHead:
    """Writes what a head says of the images of its fold; gives the head's record.

    Args:
        path: Path. Where to; its folder need not be there.
        dataset: Dataset.
        held_out: sequence of ImageFile. The images of the fold.
        answered: Answered.
        place: tuple of (repeat, fold), counted from 1.
        began: float. When the head was begun, as `time.monotonic` has it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    keep_predictions(path, {"val": list(held_out)}, {"val": answered.probabilities}, list(dataset.classes))
    seconds = time.monotonic() - began
    return fold_head(place, dataset.labels(held_out), answered.probabilities, answered.epochs, seconds)


def fold_head(place: tuple[int, int], labels: Indices, answers: Probabilities, epochs: int, seconds: float) -> FoldHead:
    """The record of a head.

    Args:
        place: tuple of (repeat, fold), counted from 1.
        labels: integer array of shape `(n,)`. Of the images of the fold.
        answers: float array of shape `(n, classes)`.
        epochs: int. That were trained.
        seconds: float. That it took.
    """
    return {
        "repeat": place[0],
        "fold": place[1],
        "count": len(labels),
        "correct": int((metrics.decide(answers) == labels).sum()),
        "accuracy": metrics.accuracy(labels, answers),
        "auc": known(metrics.auc(labels, answers)),
        "loss": known(metrics.cross_entropy(labels, answers)),
        "epochs": epochs,
        "seconds": seconds,
    }


def with_split(
    dataset: Dataset, train: Sequence[ImageFile], val: Sequence[ImageFile] = (), test: Sequence[ImageFile] = ()
) -> Dataset:
    """The same dataset, divided otherwise."""
    return dataclasses.replace(dataset, split=Split(tuple(train), tuple(val), tuple(test)))
