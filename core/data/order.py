"""Sample order of an epoch (shuffling, sampling): a pure function of (seed, epoch), and the label mix of its batches.

The same function orders cached features and images, so both training modes see the same numbers in the same order.
"""

import numpy as np
from numpy.typing import NDArray

from core.errors import ConfigError

Indices = NDArray[np.intp]

_ORDER_STREAM = 1
"""Keeps the order's random numbers apart from any other use of the same training seed."""

_SAMPLING_STREAM = 2
"""The same for those of sampling."""


def epoch_batches(
    count: int, batch_size: int, shuffle: str, *, seed: int, epoch: int, drop_remainder: bool = False
) -> list[Indices]:
    """The batches of one epoch, as positions in the on-disk (class by class) order.

    Args:
        count: int. Number of samples.
        batch_size: int. Samples per batch.
        shuffle: str. `samples`: a new permutation every epoch; `batches`: runs of neighbours, in random order;
            `none`: as on disk.
        seed: int. The training seed.
        epoch: int. From 0.
        drop_remainder: bool. Leaves out the batch that is not full. Defaults to `False`.

    Returns:
        List of integer arrays, each of 1 to `batch_size` positions; no position comes twice.
    """
    rng = np.random.default_rng([_ORDER_STREAM, seed, epoch])
    order = rng.permutation(count) if shuffle == "samples" else np.arange(count)
    batches = [order[start : start + batch_size] for start in range(0, count, batch_size)]
    if drop_remainder and batches and len(batches[-1]) < batch_size:
        batches.pop()
    if shuffle == "batches":
        batches = [batches[k] for k in rng.permutation(len(batches))]
    return batches


def balanced_batches(batches: list[Indices], labels: NDArray[np.integer], *, seed: int, epoch: int) -> list[Indices]:
    """The same batches of an epoch in which all classes are equally frequent.

    The epoch has as many images as before, so that it has as many steps; each class has the mean number of images. A
    class with more loses images drawn at random, one with fewer has each as often as it takes, and the rest drawn at
    random. Images that do not divide by the classes go to the most frequent classes: where the numbers of two classes
    differ by one image at most, nothing changes.

    Args:
        batches: as from `epoch_batches`.
        labels: integer array of shape `(count,)`, of all samples, in the order on disk.
        seed: int. The training seed.
        epoch: int. From 0.

    Returns:
        List of integer arrays; a position may come several times.
    """
    rng = np.random.default_rng([_SAMPLING_STREAM, seed, epoch])
    counts = np.bincount(labels)
    classes = np.flatnonzero(counts)
    most_frequent = classes[np.argsort(-counts[classes], kind="stable")]
    each, more = divmod(len(labels), max(1, len(classes)))
    drawn = [np.zeros(0, dtype=np.intp)]
    for rank, label in enumerate(most_frequent):
        own = np.flatnonzero(labels == label)
        whole, rest = divmod(each + (rank < more), len(own))
        drawn += [own] * whole + [rng.permutation(own)[:rest]]
    positions = np.sort(np.concatenate(drawn))  # the order on disk, as batches of neighbours need it
    return [positions[batch] for batch in batches]


def batches_per_epoch(count: int, batch_size: int, drop_remainder: bool) -> int:
    """Number of batches that `epoch_batches` gives."""
    return count // batch_size if drop_remainder else -(-count // batch_size)


def require_batches(count: int, batch_size: int, drop_remainder: bool) -> None:
    """Refuses settings that leave nothing to train on.

    Raises:
        ConfigError: no batch is full, and partial ones are dropped.
    """
    if not batches_per_epoch(count, batch_size, drop_remainder):
        raise ConfigError(
            f"The {count} training images do not fill one batch of {batch_size} (data.batch_size), and partial batches "
            "are dropped, so nothing would be trained; use a smaller data.batch_size, or data.drop_remainder=false."
        )


def batch_mix(labels: NDArray[np.integer], batches: list[Indices], classes: int) -> NDArray[np.int64]:
    """How many samples of each class every batch holds.

    Args:
        labels: integer array of shape `(count,)`, values 0 to `classes - 1`.
        batches: as from `epoch_batches`.
        classes: int. Number of classes.

    Returns:
        Integer array of shape `(len(batches), classes)`.
    """
    return np.array([np.bincount(labels[batch], minlength=classes) for batch in batches], dtype=np.int64).reshape(
        -1, classes
    )


def draw_of_epoch(epoch: int, augmentation: str, draws: int) -> int:
    """Which random version of each image an epoch uses: 0 without augmentation, else the epoch, modulo `draws`.

    Args:
        epoch: int. From 0.
        augmentation: str. `none` for no augmentation.
        draws: int. Versions there are; 0 for a new one every epoch.
    """
    if augmentation == "none":
        return 0
    return epoch % draws if draws else epoch
