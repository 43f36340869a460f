"""Activations of the blocks that stay frozen while a network is fine-tuned, computed once for all epochs.

Images that neither augmentation nor mixup changes pass through the frozen blocks to the same numbers in every epoch.
They are kept like features: on disk, memory-mapped, under a key of all that decides them, within the limit of the
feature cache.
Passing the images through again gives the same bits: the frozen blocks work in whole batches either way.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from core.data.dataset_index import ImageFile
from core.data.feature_cache import Features, NoRoom
from core.data.pipeline import ImageLoader, Images
from core.engine.features.features import extract, features_key, forward_batches
from core.engine.train.context import StopRequested, TrainingContext
from core.engine.train.observe import Observed
from core.models.build import weights_hash
from core.models.frozen_part import Parts, cut_in_two, frozen_rows, learning_features
from core.models.whole_batches import filled_up

_MESSAGE = "Computing the outputs of the frozen blocks, once."


def keeps_activations(context: TrainingContext) -> bool:
    """Whether the frozen blocks give the same in every epoch: no augmentation, no mixing, no batch shared between
    devices."""
    config = context.config
    return config.data.augmentation == "none" and not config.training.mixup and not tf.distribute.has_strategy()


class FrozenActivations:
    """What the frozen part of a base makes of a run's images.

    Args:
        context: TrainingContext. Its base is unfrozen as far as it will be trained.
        parts: Parts. Of that base.

    Attributes:
        width: int. Numbers for each image.
        train: float32 array of shape `(images, width)`. Of the training images; empty before `compute`.
    """

    def __init__(self, context: TrainingContext, parts: Parts) -> None:
        self._context, self.parts = context, parts
        self.width = math.prod(parts.frozen.output.shape[1:])
        self.train: Features = np.zeros((0, self.width), np.float32)
        self._val: Features | None = None
        self._weights = weights_hash(parts.frozen)
        answer, pixels = context.observer.answer, (None, *context.base.input_shape[1:])

        def from_rows(rows: Any) -> Any:
            features = learning_features(parts, rows)
            return features, *answer(features)

        def rows_of(part: Any) -> Any:
            rows = parts.frozen(tf.cast(part, tf.float32), training=False)
            return tf.cast(tf.reshape(rows, [-1, self.width]), tf.float32)  # exact, whatever the precision

        self._from_rows = _graph(from_rows, (None, self.width), tf.float32)
        self._from_pixels = _graph(
            lambda given: from_rows(frozen_rows(parts.frozen, tf.cast(given, tf.float32))), pixels, tf.uint8
        )
        self._forward = _graph(lambda given: filled_up(rows_of, given), pixels, tf.uint8)

    @classmethod
    def of(cls, context: TrainingContext) -> "FrozenActivations | None":
        """Those of a run's base as it is unfrozen now; None where no single tensor leaves its frozen blocks."""
        parts = cut_in_two(context.base)
        return cls(context, parts) if parts else None

    def compute(self) -> bool:
        """Makes the arrays, or opens those that are there; says whether there is room for them.

        Raises:
            StopRequested: the person asked for a stop meanwhile; nothing is kept of the unfinished array.
        """
        split = self._context.dataset.split
        needed = (len(split.train) + len(split.val)) * self.width * 4
        if needed > self._context.cache.limit_bytes:
            return False
        try:
            self._val = self._rows(split.val, later=len(split.train))
            self.train = self._rows(split.train)
        except NoRoom:
            return False
        return True

    def observe(self, files: Sequence[ImageFile]) -> Observed:
        """What is said of images in inference mode, and what the layers did."""
        observer, batches = self._context.observer, forward_batches(len(files))
        if self._val is not None and files is self._context.dataset.split.val:
            return observer.on_images(_slices(self._val, batches), self._from_rows)
        images = self._context.images(files, augmented=False)
        return observer.on_images(ImageLoader(images, batches, 0), self._from_pixels)

    def _rows(self, files: Sequence[ImageFile], later: int = 0) -> Features:
        """The array of some images, from the cache or computed now; `later` images are known to follow."""
        context, images = self._context, self._context.images(files, augmented=False)
        key = features_key(images, 0, self._recipe())
        rows = context.cache.open(key)
        if rows is None:
            started = time.monotonic()
            context.reporter.phase("features", _MESSAGE, total=len(images))
            rows = context.cache.build(key, (len(images), self.width), lambda out: self._fill(images, out, later))
            context.seconds["features"] += time.monotonic() - started
        return rows

    def _fill(self, images: Images, out: Features, later: int) -> None:
        def advance(done: int) -> None:
            self._context.reporter.advance(done, ahead=later)
            if self._context.reporter.stop_requested() and not self._context.ignore_stop:
                raise StopRequested

        extract(self._forward, images, 0, out, advance)

    def _recipe(self) -> dict[str, Any]:
        config = self._context.config
        return {
            "backbone": config.model.backbone,
            "weights": self._weights,
            "preprocessing": config.data.preprocessing,
            "precision": config.training.precision,
            "layers": len(self.parts.frozen.operations),
        }


def _slices(rows: Features, batches: Sequence[Any]) -> Iterator[Features]:
    return (rows[batch] for batch in batches)


def _graph(function: Callable[[Any], Any], shape: tuple[int | None, ...], dtype: Any) -> Callable[[Any], Any]:
    """A function as one graph, without XLA, which would round differently."""
    made: Callable[[Any], Any] = tf.function(
        function, input_signature=[tf.TensorSpec(shape, dtype)], autograph=False, jit_compile=False
    )
    return made
