"""Many short trainings of a head on cached features in one process: of one bisect, the trials whose backbone is frozen.

The dataset, the backbone and the arrays of features are opened once and shared, and a head that differs from another
in its seed alone is put back to new instead of being built and traced again. An epoch is one call of TensorFlow. The
numbers are those that the same run would have on its own; what is left out is what nobody looks at in a trial: the
trace, checkpoints, event files and the model itself.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import numpy as np
import tensorflow as tf

from core.config import RunConfig
from core.data.dataset import Dataset, open_dataset
from core.data.feature_cache import feature_cache
from core.data.order import batches_per_epoch, require_batches
from core.engine.jobs.head_fit import Head, HeadTrial
from core.engine.reporter import Reporter
from core.engine.train.context import (
    StopRequested,
    TrainingContext,
    make_training_context,
)
from core.engine.train.data_watch import kept_manifest
from core.engine.train.devices import passes_images
from core.environment import environment
from core.models.build import head_for
from core.models.loss_plan import plan_loss
from core.models.optimizer_plan import plan_optimizer
from core.store.records import write as write_record
from core.store.runs import Run

MOST_BYTES = 2**29
"""Features that may be held in memory; a dataset with a larger array is trained on in the usual way."""

_HELD_BYTES = 2**27
"""Features kept in memory for the next epochs and trials. Of more draws than that holds, each epoch reads its own: ten
of 800 x 32,000 numbers took 490 MB and saved nothing, as the oldest had always gone when its turn came."""

_BASES, _HEADS = 3, 8
"""Backbones and heads kept at a time."""

T = TypeVar("T")


class Kept(OrderedDict[Hashable, T]):
    """What was made last, by key; the oldest goes when there are too many."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def get_or(self, key: Hashable, make: Callable[[], T]) -> T:
        """What is kept under a key, else what `make` gives."""
        if key not in self:
            self[key] = make()
            while len(self) > self._most:
                self.popitem(last=False)
        self.move_to_end(key)
        return self[key]


class HeadTrials:
    """Trains heads on cached features, one run after the other."""

    def __init__(self) -> None:
        self._datasets: Kept[Dataset] = Kept(_BASES)
        self._contexts: Kept[TrainingContext] = Kept(_BASES)
        self._heads: Kept[Head] = Kept(_HEADS)
        self._tensors: OrderedDict[Hashable, tuple[int, Any]] = OrderedDict()
        self._held = 0

    @staticmethod
    def takes(config: RunConfig) -> bool:
        """Whether a run can be trained in this way: a frozen backbone, and no server that is told of every epoch."""
        return not passes_images(config) and not environment().mlflow_uri

    def train(self, reporter: Reporter[Run]) -> str:
        """Trains a run to its end, or to a stop, and writes manifest, epochs, evaluation and predictions.

        Returns:
            `finished` or `stopped`; empty where its features are too large to be held, and nothing was done.

        Raises:
            UserError: something the person can put right, in one sentence.
        """
        started, config = time.monotonic(), reporter.run.config()
        reporter.phase("data", "Scanning the dataset.", status="running", started=time.time())
        context, head = self._prepared(config, self._opened(config, reporter), reporter)
        if len(context.dataset.split.train) * int(context.base.output_shape[-1]) * 4 > MOST_BYTES:
            return ""
        write_record(reporter.run.path / "manifest.json", kept_manifest(config, context.dataset))
        trial = HeadTrial(context, head, self._tensor)
        try:
            finished = trial.run()
        except StopRequested:
            finished = False
        total = time.monotonic() - started
        reporter.set_status(
            seconds={"features": context.seconds["features"], "training": trial.seconds, "total": total}
        )
        return "finished" if finished else "stopped"

    def forget(self) -> None:
        """Lets go of networks: Keras' session has been cleared under them."""
        self._contexts.clear()
        self._heads.clear()

    def _opened(self, config: RunConfig, reporter: Reporter[Run]) -> Dataset:
        data = config.data
        split = (config.dataset, data.validation_split, data.group_pattern, data.seed, data.positive_class)
        return self._datasets.get_or(split, lambda: open_dataset(config.dataset, data, reporter.progress))

    def _prepared(self, config: RunConfig, dataset: Dataset, reporter: Reporter[Any]) -> tuple[TrainingContext, Head]:
        data, model, training = config.data, config.model, config.training
        base, known = base_key(config), self._base(config, dataset, reporter)
        require_batches(len(dataset.split.train), data.batch_size, data.drop_remainder)
        batches = batches_per_epoch(len(dataset.split.train), data.batch_size, data.drop_remainder)
        planned = plan_optimizer(training, batches, finetuning=False)
        loss = plan_loss(training, len(dataset.classes))
        key = (*base, len(dataset.classes), model.whole_head, loss.key, planned.key)

        def make() -> Head:
            new = head_for(config, int(known.base.output_shape[-1]), len(dataset.classes))
            return Head(TrainingContext(config, dataset, reporter, known.base, new, known.base_hash, feature_cache()))

        head = self._heads.get_or(key, make)
        context = TrainingContext(config, dataset, reporter, known.base, head.head, known.base_hash, feature_cache())
        context.forward = known.forward
        return context, head

    def _base(self, config: RunConfig, dataset: Dataset, reporter: Reporter[Any]) -> TrainingContext:
        """The network that gives the features, built once."""
        return self._contexts.get_or(base_key(config), lambda: make_training_context(config, dataset, reporter))

    def _tensor(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Features in memory; the least recently used go first."""
        if key not in self._tensors:
            array = np.asarray(make(), np.float32)
            while self._tensors and self._held + array.nbytes > _HELD_BYTES:
                _, (size, _) = self._tensors.popitem(last=False)
                self._held -= size
            self._tensors[key] = (array.nbytes, tf.constant(array))
            self._held += array.nbytes
        self._tensors.move_to_end(key)
        return self._tensors[key][1]


def base_key(config: RunConfig) -> tuple[Hashable, ...]:
    """What decides the network that gives the features."""
    data, model, training = config.data, config.model, config.training
    seed = data.seed if model.weights == "none" else 0
    base = (data.image_size, data.preprocessing, model.backbone, model.weights, model.pooling)
    return (*base, training.precision, training.runtime, seed)
