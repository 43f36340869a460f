"""Batches for Keras: cached features, or images decoded and augmented in threads while the network computes.

Both kinds serve batch `k` of an epoch as a pure function of `k`, whoever asks for it and how often; `EpochStream` feeds
them to `fit()`.
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from core.data.augment import augment
from core.data.dataset_index import ImageFile
from core.data.feature_cache import read_ahead
from core.data.mixing import mixed_batch, mixture
from core.data.order import Indices
from core.data.rendering import STRETCHED, Rendering
from core.data.unchanged import load_unchanged
from core.errors import UserError

Pixels = NDArray[np.uint8]
Array = NDArray[Any]

_AHEAD = 3
"""Batches decoded or read ahead of the one in use: enough to keep the network busy, few enough to weigh nothing."""


class Images:
    """The images of one part of a dataset, at one size, with one augmentation.

    Args:
        root: Path. Folder that the files' paths are relative to.
        files: sequence of ImageFile. In on-disk order; position `i` is the sample's number everywhere.
        size: int. Side in pixels.
        augmentation: str. A preset or a list of steps, as a configuration has it.
        seed: int. The data seed.
        rendering: Rendering. How each becomes square. Defaults to `STRETCHED`.
    """

    def __init__(
        self,
        root: Path,
        files: Sequence[ImageFile],
        size: int,
        augmentation: str,
        seed: int,
        rendering: Rendering = STRETCHED,
    ) -> None:
        self.root, self.files, self.size, self.rendering = root, files, size, rendering
        self.augmentation, self.seed = augmentation, seed

    def __len__(self) -> int:
        return len(self.files)

    def one(self, position: int, draw: int) -> Pixels:
        """Image `position` in its random version `draw`: uint8 of shape `(size, size, 3)`, RGB, 0 to 255.

        Raises:
            UnreadableImage: the file has gone or is damaged.
            ImageChanged: it is not the one that was scanned.
        """
        file = self.files[position]
        pixels = load_unchanged(self.root, file, self.size, self.rendering)
        return augment(pixels, self.augmentation, self.seed, draw, file.sha256)


class ImageLoader:
    """Decodes batches of images ahead of their use, in threads (Pillow and numpy let go of the interpreter's lock).

    Args:
        images: Images.
        batches: list of integer arrays, as from `epoch_batches`.
        draw: int. Random version of each image.
    """

    def __init__(self, images: Images, batches: Sequence[Indices], draw: int) -> None:
        self._images, self._batches, self._draw = images, batches, draw
        self._pool = ThreadPoolExecutor(max_workers=max(2, os.cpu_count() or 2), thread_name_prefix="decode")
        self._waiting: dict[int, list[Future[Pixels]]] = {}

    def __getitem__(self, k: int) -> Pixels:
        """Batch `k` as uint8 of shape `(n, size, size, 3)`."""
        for ahead in range(k, min(k + _AHEAD, len(self._batches))):
            if ahead not in self._waiting:
                self._waiting[ahead] = [
                    self._pool.submit(self._images.one, int(position), self._draw) for position in self._batches[ahead]
                ]
        return np.stack([future.result() for future in self._waiting.pop(k)])

    def __iter__(self) -> Iterator[Pixels]:
        """All batches in order; the threads end with the last."""
        try:
            for k in range(len(self._batches)):
                yield self[k]
        finally:
            self.close()

    def close(self) -> None:
        """Ends the threads; what nobody asked for any more is dropped."""
        self._pool.shutdown(wait=False, cancel_futures=True)


class FeatureBatches:
    """One epoch over cached features.

    Args:
        features: float array of shape `(count, width)`, usually memory-mapped; served as float32.
        targets: float32 array of shape `(count, outputs)`.
        batches: list of integer arrays, as from `epoch_batches`.
        weights: float32 array of shape `(count,)`. Weight of each sample's loss. Defaults to none.
    """

    def __init__(
        self, features: Array, targets: Array, batches: Sequence[Indices], weights: Array | None = None
    ) -> None:
        self._features, self._targets, self._batches, self._weights = features, targets, batches, weights

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, k: int) -> tuple[Array, ...]:
        batch = self._batches[k]
        for ahead in range(k + 1 if k == 0 else k + _AHEAD, min(k + _AHEAD + 1, len(self._batches))):
            read_ahead(self._features, self._batches[ahead])
        return _with_targets(np.asarray(self._features[batch], np.float32), self._targets, self._weights, batch)


@dataclass(frozen=True)
class Mixup:
    """How the images of one epoch are mixed; see core/data/mixing.py.

    Attributes:
        alpha: float. Above 0.
        seed: int. The data seed.
        epoch: int. From 0.
    """

    alpha: float
    seed: int
    epoch: int

    def of(self, batch: tuple[Array, ...], k: int) -> tuple[Array, ...]:
        """Batch `k` of the epoch, mixed: all arrays are float32."""
        return mixed_batch(batch, *self._drawn(len(batch[0]), k))

    def drawn(self, batches: Sequence[Indices]) -> list[Array]:
        """Partners and shares of all batches, two arrays each."""
        return [part for k, batch in enumerate(batches) for part in self._drawn(len(batch), k)]

    def _drawn(self, count: int, k: int) -> tuple[Array, Array]:
        return mixture(count, self.alpha, seed=self.seed, epoch=self.epoch, batch=k)


class ImageBatches:
    """One epoch over images.

    Args:
        images: Images.
        targets: float32 array of shape `(count, outputs)`.
        batches: list of integer arrays, as from `epoch_batches`.
        draw: int. Random version of each image.
        weights: float32 array of shape `(count,)`. Weight of each sample's loss. Defaults to none.
        mixup: Mixup or None. How images are mixed after their augmentation. Defaults to none.

    Attributes:
        mixup: Mixup or None. As given.
        failure: UserError or None. What was wrong with an image: TensorFlow turns an error raised in here into one
            of its own.
    """

    def __init__(
        self,
        images: Images,
        targets: Array,
        batches: Sequence[Indices],
        draw: int,
        weights: Array | None = None,
        mixup: Mixup | None = None,
    ) -> None:
        self.failure: UserError | None = None
        self._loader = ImageLoader(images, batches, draw)
        self._targets, self._batches, self._weights, self.mixup = targets, batches, weights, mixup

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, k: int) -> tuple[Array, ...]:
        try:
            pixels = self._loader[k]
        except UserError as error:
            self.failure = error
            raise
        batch = _with_targets(pixels, self._targets, self._weights, self._batches[k])
        return self.mixup.of(batch, k) if self.mixup else batch

    def close(self) -> None:
        """Ends the decoding threads."""
        self._loader.close()


Batches = FeatureBatches | ImageBatches


class EpochStream:
    """One TensorFlow dataset for all epochs: it yields the batches of the epoch that was put into it last.

    A dataset of its own for every epoch would be traced again in every `fit()`, which takes longer than an epoch of a
    small head. A thread fetches the next batches while the network computes.
    """

    def __init__(self) -> None:
        self._epoch: Batches | None = None
        self._data: tf.data.Dataset | None = None

    def of(self, epoch: Batches) -> tf.data.Dataset:
        """The dataset, which from now on yields this epoch; all epochs have equally many batches."""
        self._epoch = epoch
        if self._data is None:
            signature = tuple(tf.TensorSpec((None, *part.shape[1:]), part.dtype) for part in epoch[0])
            stream = tf.data.Dataset.from_generator(self._batches, output_signature=signature)
            self._data = stream.apply(tf.data.experimental.assert_cardinality(len(epoch))).prefetch(tf.data.AUTOTUNE)
        return self._data

    def _batches(self) -> Iterator[tuple[Array, ...]]:
        epoch = self._epoch or ()
        yield from (epoch[k] for k in range(len(epoch)))


@contextmanager
def in_use(data: object) -> Iterator[None]:
    """An epoch while it is trained on: closed in the end, and an image that could not be read is named.

    TensorFlow only says that its step has failed.

    Args:
        data: ImageBatches, or batches of features, which read no images.

    Raises:
        UserError: why there was no batch.
    """
    images = data if isinstance(data, ImageBatches) else None
    try:
        yield
    except tf.errors.OpError:
        if images is not None and images.failure:
            raise images.failure from None
        raise
    finally:
        if images is not None:
            images.close()


def _with_targets(inputs: Array, targets: Array, weights: Array | None, batch: Indices) -> tuple[Array, ...]:
    if weights is None:
        return inputs, targets[batch]
    return inputs, targets[batch], weights[batch]
