"""Mixup (Zhang et al. 2018, arXiv:1710.09412): images of a batch mixed in pairs, and their labels likewise.

Which image is mixed with which, and how much of each, is a pure function of (data seed, epoch, number of the batch), so
a run that was interrupted goes on with the same mixtures. Scripts that repeat a run get this text as it is.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

_MIXING_STREAM = 3
"""Keeps these random numbers apart from those of the order and of sampling."""


def mixture(count: int, alpha: float, *, seed: int, epoch: int, batch: int) -> tuple[NDArray[np.intp], NDArray[Any]]:
    """Partner and share of each image of a batch.

    Args:
        count: int. Images in the batch.
        alpha: float. Above 0. Shares are drawn from the distribution Beta(alpha, alpha), for each image anew.
        seed: int. The data seed.
        epoch: int. From 0.
        batch: int. From 0, in the epoch.

    Returns:
        For each image the position of its partner in the batch (a permutation, so it may be itself), and its own
        share, 0 to 1, as float32; its partner has the rest.
    """
    rng = np.random.default_rng([_MIXING_STREAM, seed, epoch, batch])
    partners = rng.permutation(count)
    return partners, rng.beta(alpha, alpha, count).astype(np.float32)


def mixed(values: NDArray[Any], partners: NDArray[np.intp], shares: NDArray[Any]) -> NDArray[np.float32]:
    """Each value times its share, plus its partner's times the rest: float32 of the same shape, not rounded."""
    own = shares.reshape(-1, *(1 for _ in values.shape[1:]))
    return np.asarray(own * values + (1 - own) * values[partners], np.float32)


def mixed_batch(
    batch: tuple[NDArray[Any], ...], partners: NDArray[np.intp], shares: NDArray[Any]
) -> tuple[NDArray[Any], ...]:
    """A batch whose images are mixed, and whose labels are.

    Where images have weights, the loss of a mixed image is that of its two images, each with its share and its weight:
    cross-entropy is linear in the label, so that a weight and a label for both say the same.

    Args:
        batch: tuple of arrays. Images of shape `(n, ...)`, targets of shape `(n, outputs)` and, where they are
            weighted, weights of shape `(n,)`, above 0.
        partners: as from `mixture`, like `shares`.
        shares: see there.

    Returns:
        As many arrays of the same shapes, float32.
    """
    images, targets = batch[0], batch[1]
    if len(batch) == 2:
        return mixed(images, partners, shares), mixed(targets, partners, shares)
    weights = mixed(batch[2], partners, shares)
    weighted = mixed(targets * batch[2][:, None], partners, shares)
    return mixed(images, partners, shares), weighted / weights[:, None], weights
