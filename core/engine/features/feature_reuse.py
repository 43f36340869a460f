"""Reuses rows of features from other arrays of the feature cache that have the same files.

Leaving an image out, or re-splitting the images, makes another list of files and so another array, of nearly the
same rows. What a network makes of an image may depend in its last bits on how many others go through it at once, but
not on which: so a row is taken from a full batch into a full batch only, and what is left over is computed in just
the batches that it would have been in. The array is then, bit for bit, what it would be without this.
"""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.data.feature_cache import Features
from core.data.pipeline import Images
from core.engine.features.features import BATCH, forward_batches

Batch = NDArray[np.int64]
Known = Iterable[tuple[list[str], Features]]
"""From `FeatureCache.family`: the files of an array's rows, and the array."""


def reuse_features(
    known: Known,
    forward: Callable[[Any], Any],
    images: Images,
    draw: int,
    target: Features,
    advance: Callable[[int], None],
) -> list[Batch]:
    """Copies the rows that are known into `target`; returns the batches that are to be computed.

    One batch is computed all the same and compared: a machine on which a row's bits do depend on its company takes
    nothing over.

    Args:
        known: iterable of (files of the rows, array). Arrays of the family of these images.
        forward: callable. See core/engine/features/runtime/forward.py.
        images: Images.
        draw: int. Random version of each image.
        target: float array of shape `(len(images), width)`, written in place.
        advance: callable of the number of images done; may raise to give up.
    """
    batches, size = forward_batches(len(images)), BATCH
    hashes = [file.sha256 for file in images.files]
    sources = _sources(known, set(hashes), size)
    taken = [b for b in batches if len(b) == size and all(hashes[k] in sources for k in b.tolist())]
    for number, batch in enumerate(taken):
        rows = [sources[hashes[k]] for k in batch.tolist()]
        target[batch] = np.stack([features[row] for features, row in rows])
        if number == 0 and not _is_alike(forward, images, draw, batch, target):
            return batches
        advance((number + 1) * size)
    begun = {int(batch[0]) for batch in taken}
    return [batch for batch in batches if int(batch[0]) not in begun]


def _sources(known: Known, wanted: set[str], size: int) -> dict[str, tuple[Features, int]]:
    """Array and row of each wanted file that is in a full batch of one of the arrays."""
    sources: dict[str, tuple[Features, int]] = {}
    for hashes, features in known:
        for row, file in enumerate(hashes[: len(hashes) // size * size]):
            if file in wanted:
                sources.setdefault(file, (features, row))
        if len(sources) == len(wanted):
            break
    return sources


def _is_alike(forward: Callable[[Any], Any], images: Images, draw: int, batch: Batch, target: Features) -> bool:
    """Whether what was taken over for a batch is, to the last bit, what computing it gives."""
    pixels = np.stack([images.one(k, draw) for k in batch.tolist()])
    fresh = np.asarray(forward(pixels)).astype(target.dtype)
    return fresh.tobytes() == np.ascontiguousarray(target[batch]).tobytes()
