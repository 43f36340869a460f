"""One training of a head on cached features: an epoch is one call of TensorFlow, and the numbers are a run's own."""

import gc
import time
from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from core.config import RunConfig
from core.data.dataset_index import ImageFile
from core.data.order import Indices
from core.engine.train.checkpoint import Progress
from core.engine.train.context import TrainingContext
from core.engine.train.early_stopping import judge, reduced
from core.engine.train.epoch_figures import EpochFigures, validation_loss
from core.engine.train.evaluate import figures, write_figures
from core.engine.train.observe import Observed, Observer
from core.engine.train.phases import compile_model, order
from core.engine.train.traced import TracedSequential
from core.engine.train.variables import arrays, assign, rate_of
from core.insight.answer import Probabilities
from core.models.build import head_for

Tensors = Callable[[Hashable, Callable[[], Any]], Any]
"""Gives the tensor of a key, made by the function where it is not held."""

_KEPT_BYTES = 2**22
"""First weights that a head may keep: to build a larger one anew takes little beside its training."""


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
        self._first: tuple[int, list[Any]] | None = None
        self._new = [value if value.any() else 0 for value in arrays(self.model.optimizer.variables)]
        self.epoch = tf.function(self._epoch, jit_compile=False, reduce_retracing=True)  # folds differ in their sizes

    def renew(self, config: RunConfig, classes: int) -> None:
        """First weights, dropout and optimizer as in a run of that configuration."""
        assign(self.head.variables, self._first_values(config, classes))
        for variable, value in zip(self.model.optimizer.variables, self._new, strict=True):
            variable.assign(tf.zeros_like(variable) if isinstance(value, int) else value)
        self.set_rate(config.training.learning_rate)

    def _first_values(self, config: RunConfig, classes: int) -> list[Any]:
        """What the head begins with: a function of the seed, which trials one after the other often share."""
        seed = config.training.seed
        if self._first and self._first[0] == seed:
            return self._first[1]
        values = arrays(head_for(config, int(self.head.input_shape[-1]), classes).variables)
        gc.collect()  # a network is a circle of references: those of the trials before would stay for a while
        self._first = (seed, values) if sum(value.nbytes for value in values) <= _KEPT_BYTES else None
        return values

    def set_rate(self, rate: float) -> None:
        """Sets the learning rate of the steps that follow; a schedule has its own."""
        if not self._scheduled:
            self.model.optimizer.learning_rate.assign(rate)

    def _epoch(self, features: Any, targets: Any, weights: Any, positions: Any, bounds: Any) -> None:
        """Trains on the batches `positions[bounds[k]:bounds[k + 1]]`; `weights` is None where samples have none.

        No weights are None rather than an empty tensor: a graph that serves several sizes does not know any size.
        """
        for k in tf.range(tf.shape(bounds)[0] - 1):
            tf.autograph.experimental.set_loop_options(parallel_iterations=1)  # else ten batches lie in memory
            batch = positions[bounds[k] : bounds[k + 1]]
            data = (tf.gather(features, batch), tf.gather(targets, batch))
            self.model.train_step(data if weights is None else (*data, tf.gather(weights, batch)))


class Fitted(NamedTuple):
    """A head that was trained to its end.

    Attributes:
        records: list of (epoch, seconds, figures).
        progress: Progress. After the last epoch.
        restored: bool. Whether the head has the weights of an epoch before the last, the best one.
    """

    records: list[tuple[int, float, EpochFigures]]
    progress: Progress
    restored: bool


class HeadTrial:
    """One training of a head on cached features.

    Args:
        context: TrainingContext.
        head: Head.
        tensor: callable. See `Tensors`.
    """

    message = "Training on cached features."

    def __init__(self, context: TrainingContext, head: Head, tensor: Tensors) -> None:
        self._work, self._head, self._tensor = context, head, tensor
        self._images = context.train_images()
        labels = context.dataset.labels(context.dataset.split.train)
        weights = context.sample_weights(labels)
        self._targets = tf.constant(context.targets(labels))
        self._weights = None if weights is None else tf.constant(weights)
        self.seconds = 0.0

    def run(self) -> bool:
        """Trains and evaluates; whether it came to its end."""
        fitted = self.fit()
        if fitted:
            self._keep(fitted)
        return fitted is not None

    def fit(self) -> Fitted | None:
        """Trains to the end; None where a stop was asked for."""
        context, training, progress = self._work, self._work.config.training, Progress(phase="training")
        context.reporter.phase("training", self.message, epochs=training.epochs)
        self._head.renew(context.config, len(context.dataset.classes))
        rate, best, records = training.learning_rate, list[Any](), list[tuple[int, float, EpochFigures]]()
        while not progress.complete:
            if context.reporter.stop_requested():
                return None
            began, before = time.monotonic(), context.seconds["features"]
            record = self._epoch(progress.epoch, rate)
            seconds = time.monotonic() - began
            self.seconds += seconds - (context.seconds["features"] - before)
            progress = judge(progress, record.val_loss, training.early_stopping, training.epochs)
            if training.early_stopping and progress.waited == 0:
                best = arrays(self._head.head.variables)
            rate = reduced(rate, progress, training.reduce_on_plateau)
            records.append((progress.epoch, seconds, record))
        restored = bool(best) and progress.best_epoch != progress.epoch
        if restored:
            assign(self._head.head.variables, best)
        return Fitted(records, progress, restored)

    def _epoch(self, epoch: int, rate: float) -> EpochFigures:
        """One epoch, and its figures as a run's events have them."""
        context, model = self._work, self._head.model
        self._head.set_rate(rate)
        features, batches = self._features(context.draw(epoch)), order(context, epoch)
        bounds = np.cumsum([0, *map(len, batches)])
        positions = tf.constant(self._rows(np.concatenate(batches)))
        model.reset_metrics()
        self._head.epoch(features, self._targets, self._weights, positions, tf.constant(bounds))
        logs = {name: float(value) for name, value in model.get_metrics_result().items()}
        validation = context.dataset.split.val
        labels, observed = context.dataset.labels(validation), self.observe(validation)
        loss = validation_loss(context.config.training, labels, observed, model)
        return EpochFigures.of(logs, rate_of(model), labels, observed.probabilities, loss)

    def _features(self, draw: int) -> Any:
        """The features that batches are taken from, as a tensor."""
        return self._tensor(
            self._work.key(self._images, draw),
            lambda: self._work.features(self._images, draw, "Computing the features of the training images."),
        )

    def _rows(self, positions: Indices) -> Indices:
        """In which rows of `_features` training images stand."""
        return positions

    def predict(self, part: Sequence[ImageFile]) -> Probabilities:
        """Probabilities of shape `(n, classes)` that the head gives as it is now."""
        return self.observe(part).probabilities

    def observe(self, part: Sequence[ImageFile]) -> Observed:
        """What the head says of images as it is now."""
        images = self._work.images(part, augmented=False)
        features = self._work.features(images, 0, "Computing the features of the held-out images, once.")
        return self._head.observer.on_features(features)

    def _keep(self, fitted: Fitted) -> None:
        """Only now, so that a training that was broken off leaves no epochs for the next one to follow."""
        run, progress = self._work.reporter.run, fitted.progress
        said = f"epoch {progress.best_epoch}, the best" if fitted.restored else f"epoch {progress.epoch}, the last"
        found = figures(self._work.dataset, self.predict, said, self._work.config.data.group_pattern)
        for epoch, seconds, record in fitted.records:
            run.add_event("epoch", epoch=epoch, phase="training", seconds=seconds, **record._asdict())
        write_figures(run, found)
        self._work.reporter.set_status(epoch=progress.epoch)
