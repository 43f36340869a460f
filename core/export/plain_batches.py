"""Batches of an epoch in plain Keras for exported scripts; see core/export/plain_script.py."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from core.data.mixing import mixed_batch, mixture
from core.data.order import balanced_batches, epoch_batches
from core.export.plain_fit import labels_of
from core.export.plain_settings import (
    BATCH_SIZE,
    BINARY,
    CLASSES,
    DATA_SEED,
    DROP_REMAINDER,
    MIXUP,
    SAMPLED,
    SHUFFLE,
    TRAIN,
    TRAINING_SEED,
    WEIGHTED,
    Array,
)


def targets() -> NDArray[np.float32]:
    """What the training images should give."""
    labels = labels_of(TRAIN)
    if BINARY:
        return labels.astype(np.float32)[:, None]
    return np.eye(len(CLASSES), dtype=np.float32)[labels]


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """One epoch: batch `k` is a pure function of `k`."""

    def __init__(self, inputs: Callable[[Any], Array], epoch: int) -> None:
        super().__init__()
        self.inputs, self.targets = inputs, targets()
        self.batches = epoch_batches(
            len(TRAIN), BATCH_SIZE, SHUFFLE, seed=TRAINING_SEED, epoch=epoch, drop_remainder=DROP_REMAINDER
        )
        if SAMPLED:
            self.batches = balanced_batches(self.batches, labels_of(TRAIN), seed=TRAINING_SEED, epoch=epoch)

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, k: int) -> tuple[Array, ...]:
        batch = self.batches[k]
        if WEIGHTED:
            labels = labels_of(TRAIN)
            counts = np.bincount(labels)  # a rare class counts more, in inverse proportion to its share
            weights = (len(labels) / (len(counts) * counts[labels])).astype(np.float32)
            return self.inputs(batch), self.targets[batch], weights[batch]
        return self.inputs(batch), self.targets[batch]


class MixedBatches(Batches):
    """The same of images that are mixed in pairs, with their labels."""

    def __init__(self, inputs: Callable[[Any], Array], epoch: int) -> None:
        super().__init__(inputs, epoch)
        self.epoch = epoch

    def __getitem__(self, k: int) -> tuple[Array, ...]:
        count = len(self.batches[k])
        partners, shares = mixture(count, MIXUP, seed=DATA_SEED, epoch=self.epoch, batch=k)
        return mixed_batch(super().__getitem__(k), partners, shares)
