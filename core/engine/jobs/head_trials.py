"""Many short trainings of a head on cached features in one process: of one bisect, the trials whose backbone is frozen.

The data set, the backbone and the arrays of features are opened once and shared, and a head that differs from another
in its seed alone is put back to new instead of being built and traced anew. An epoch is one call of TensorFlow. The
numbers are those that the same run would have on its own; what is left out is what nobody looks at in a trial: the
trace, checkpoints, event files and the model itself.
"""

import gc
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar

import keras
import numpy as np
import tensorflow as tf

from core.config import RunConfig
from core.data.dataset import Dataset, open_dataset
from core.data.feature_cache import feature_cache
from core.data.order import batches_per_epoch
from core.data.scan import ImageFile
from core.engine.reporter import Reporter
from core.engine.train.checkpoint import Progress
from core.engine.train.context import (
    Probabilities,
    StopRequested,
    TrainingContext,
    class_probabilities,
    make_training_context,
)
from core.engine.train.data_watch import kept_manifest
from core.engine.train.devices import passes_images
from core.engine.train.epoch_figures import EpochFigures
from core.engine.train.evaluate import figures, write_figures
from core.engine.train.observe import Observer
from core.engine.train.phases import compile_model, order
from core.engine.train.traced import TracedSequential
from core.engine.train.training import arrays, assign, judge, rate_of, reduced
from core.environment import environment
from core.models.build import head_for
from core.models.optimizer_plan import plan_optimizer
from core.store.records import write as write_record
from core.store.runs import Run

MOST_BYTES = 2**29
"""Features that may be held in memory; a data set with a larger array is trained on in the usual way."""

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


class Head:
    """A compiled head on cached features that can be put back to new with another seed.

    Args:
        context: TrainingContext. Its head is trained, with its optimizer.
    """

    def __init__(self, context: TrainingContext) -> None:
        self.head = context.head
        self.observer = Observer(context.base, context.head)
        self.model = TracedSequential(
            [keras.Input(context.head.input_shape[1:]), context.head], name="head_on_features"
        )
        compile_model(context, self.model)
        self._scheduled = context.config.training.schedule != "none"
        self._new = [value if value.any() else 0 for value in arrays(self.model.optimizer.variables)]
        self.epoch = tf.function(self._epoch, jit_compile=False)

    def renew(self, config: RunConfig, classes: int) -> None:
        """First weights, dropout and optimizer as in a run of that configuration."""
        width = int(self.head.input_shape[-1])
        assign(self.head.variables, arrays(head_for(config, width, classes).variables))
        for variable, value in zip(self.model.optimizer.variables, self._new, strict=True):
            variable.assign(tf.zeros_like(variable) if isinstance(value, int) else value)
        self.set_rate(config.training.learning_rate)
        gc.collect()  # a network is a circle of references: those of the trials before would stay for a while

    def set_rate(self, rate: float) -> None:
        """Sets the learning rate of the steps that follow; a schedule has its own."""
        if not self._scheduled:
            self.model.optimizer.learning_rate.assign(rate)

    def _epoch(self, features: Any, targets: Any, weights: Any, positions: Any, bounds: Any) -> None:
        """Trains on the batches `positions[bounds[k]:bounds[k + 1]]`; `weights` is empty where samples have none."""
        weighted = weights.shape[0] != 0
        for k in tf.range(tf.shape(bounds)[0] - 1):
            tf.autograph.experimental.set_loop_options(parallel_iterations=1)  # else ten batches lie in memory
            batch = positions[bounds[k] : bounds[k + 1]]
            data = (tf.gather(features, batch), tf.gather(targets, batch))
            self.model.train_step((*data, tf.gather(weights, batch)) if weighted else data)


class HeadTrials:
    """Trains heads on cached features, one run after the other."""

    def __init__(self) -> None:
        self._datasets: Kept[Dataset] = Kept(_BASES)
        self._works: Kept[TrainingContext] = Kept(_BASES)
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
        reporter.phase("data", "Looks through the data set.", status="running", started=time.time())
        context, head = self._prepared(config, reporter)
        if len(context.dataset.split.train) * int(context.base.output_shape[-1]) * 4 > MOST_BYTES:
            return ""
        write_record(reporter.run.path / "manifest.json", kept_manifest(config, context.dataset))
        trial = _Trial(context, head, self._tensor)
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
        self._works.clear()
        self._heads.clear()

    def _prepared(self, config: RunConfig, reporter: Reporter[Run]) -> tuple[TrainingContext, Head]:
        data, model, training = config.data, config.model, config.training
        split = (config.dataset, data.validation_split, data.group_pattern, data.seed)
        dataset = self._datasets.get_or(split, lambda: open_dataset(config.dataset, data, reporter.progress))
        base = (data.image_size, data.preprocessing, model.backbone, model.weights, model.pooling, training.precision)
        seed = data.seed if model.weights == "none" else 0
        known = self._works.get_or((*base, seed), lambda: make_training_context(config, dataset, reporter))
        batches = batches_per_epoch(len(dataset.split.train), data.batch_size, data.drop_remainder)
        planned = plan_optimizer(training, batches, finetuning=False)
        key = (*base, seed, len(dataset.classes), model.whole_head, training.label_smoothing, planned.key)

        def make() -> Head:
            new = head_for(config, int(known.base.output_shape[-1]), len(dataset.classes))
            return Head(TrainingContext(config, dataset, reporter, known.base, new, known.base_hash, feature_cache()))

        head = self._heads.get_or(key, make)
        context = TrainingContext(config, dataset, reporter, known.base, head.head, known.base_hash, feature_cache())
        context.forward = known.forward
        return context, head

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


class _Trial:
    """One training.

    Args:
        context: TrainingContext.
        head: Head.
        tensor: callable. See `HeadTrials._tensor`.
    """

    def __init__(
        self, context: TrainingContext, head: Head, tensor: Callable[[Hashable, Callable[[], Any]], Any]
    ) -> None:
        self._work, self._head, self._tensor = context, head, tensor
        self._images = context.train_images()
        labels = context.dataset.labels(context.dataset.split.train)
        weights = context.sample_weights(labels)
        self._targets = tf.constant(context.targets(labels))
        self._weights = tf.constant(np.zeros(0, np.float32) if weights is None else weights)
        self.seconds = 0.0

    def run(self) -> bool:
        """Trains and evaluates; whether it came to its end."""
        context, training, progress = self._work, self._work.config.training, Progress(phase="training")
        context.reporter.phase("training", "Trains on cached features.", epochs=training.epochs)
        self._head.renew(context.config, len(context.dataset.classes))
        rate, best, records = training.learning_rate, list[Any](), list[tuple[int, float, EpochFigures]]()
        while not progress.complete:
            if context.reporter.stop_requested():
                return False
            began, before = time.monotonic(), context.seconds["features"]
            record = self._epoch(progress.epoch, rate)
            seconds = time.monotonic() - began
            self.seconds += seconds - (context.seconds["features"] - before)
            progress = judge(progress, record.val_loss, training.early_stopping, training.epochs)
            if training.early_stopping and progress.waited == 0:
                best = arrays(self._head.head.variables)
            rate = reduced(rate, progress, training.reduce_on_plateau)
            records.append((progress.epoch, seconds, record))
        if best and progress.best_epoch != progress.epoch:
            assign(self._head.head.variables, best)
        self._keep(records, progress, restored=bool(best) and progress.best_epoch != progress.epoch)
        return True

    def _epoch(self, epoch: int, rate: float) -> EpochFigures:
        """One epoch, and its figures as a run's events have them."""
        context, model = self._work, self._head.model
        self._head.set_rate(rate)
        draw = context.draw(epoch)
        features = self._tensor(
            context.key(self._images, draw),
            lambda: context.features(self._images, draw, "Computes the features of the training images."),
        )
        batches = order(context, epoch)
        bounds = np.cumsum([0, *map(len, batches)])
        model.reset_metrics()
        self._head.epoch(
            features, self._targets, self._weights, tf.constant(np.concatenate(batches)), tf.constant(bounds)
        )
        logs = {name: float(value) for name, value in model.get_metrics_result().items()}
        validation = context.dataset.split.val
        labels, probabilities = context.dataset.labels(validation), self._predict(validation)
        return EpochFigures.of(logs, rate_of(model), labels, probabilities)

    def _predict(self, part: Sequence[ImageFile]) -> Probabilities:
        images = self._work.images(part, augmented=False)
        features = self._work.features(images, 0, "Computes the features of the held-out images, once.")
        return class_probabilities(self._head.observer.on_features(features)[0])

    def _keep(self, records: Sequence[tuple[int, float, EpochFigures]], progress: Progress, *, restored: bool) -> None:
        """Only now, so that a training that was broken off leaves no epochs for the next one to follow."""
        run = self._work.reporter.run
        said = f"epoch {progress.best_epoch}, the best" if restored else f"epoch {progress.epoch}, the last"
        found = figures(self._work.dataset, self._predict, said)
        for epoch, seconds, record in records:
            run.add_event("epoch", epoch=epoch, phase="training", seconds=seconds, **record._asdict())
        write_figures(run, found)
        self._work.reporter.set_status(epoch=progress.epoch)
