"""Bottleneck features: what the frozen base makes of every image. core/data/feature_cache.py keeps them."""

import hashlib
import json
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from core.data.feature_cache import Features
from core.data.pipeline import ImageLoader, Images
from core.environment import environment
from core.models.whole_batches import filled_up

FORMAT = 1
"""Part of every key: to be raised when decoding, resizing or augmentation change their numbers."""

BATCH = 16
"""Images per forward pass, whoever is served: the number decides last bits. Measured on 9 networks: with 16 a row has
the same bits, in whatever place and whatever company. With another number it may not: an image alone in its batch gets
other last bits from most networks, and from ConvNeXt those of nearly any other size do."""

_IN_FLIGHT = 2
"""Forward passes at a time: one alone leaves the processors idle between its layers, and while files are written.
Where memory is short it is one all the same: at 224 pixels a second pass of 16 images took 160 MB more."""


def forward_batches(count: int) -> list[NDArray[np.int64]]:
    """Positions of `count` images, cut into what goes through a network at once.

    Args:
        count: int. Number of images.
    """
    return [np.arange(start, min(start + BATCH, count)) for start in range(0, count, BATCH)]


def features_family(images: Images, draw: int, recipe: dict[str, Any]) -> str:
    """The same as `features_key` for whatever images: of two arrays of one family, equal files have equal rows.

    That holds for the rows of full batches; see `BATCH`.
    """
    return _hash({**_facts(images, draw, recipe), "batch": BATCH})


def features_key(images: Images, draw: int, recipe: dict[str, Any]) -> str:
    """The name under which the features of these images are kept.

    Args:
        images: Images. Their hashes, size and augmentation are part of it.
        draw: int. Random version of each image.
        recipe: dict. What else decides the numbers: backbone, hash of its weights, preprocessing, pooling, precision.
    """
    return _hash({**_facts(images, draw, recipe), "files": [file.sha256 for file in images.files]})


def _facts(images: Images, draw: int, recipe: dict[str, Any]) -> dict[str, Any]:
    facts = {"format": FORMAT, "size": images.size, "augmentation": images.augmentation, **recipe}
    if images.rendering.fit != "stretch":  # else the keys are those from before there was a choice
        facts["fit"] = images.rendering.fit
    if images.rendering.window != "full":
        facts["window"] = list(images.rendering.window)
    return facts if images.augmentation == "none" else {**facts, "seed": images.seed, "draw": draw}


def _hash(facts: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:40]


def extract(
    forward: Callable[[NDArray[np.uint8]], Any],
    images: Images,
    draw: int,
    target: Features,
    advance: Callable[[int], None],
    batches: Sequence[NDArray[np.int64]] | None = None,
) -> None:
    """Pushes every image through the base, batch by batch, into `target`; the next ones are decoded meanwhile.

    Args:
        forward: callable. Pixels to features of shape `(n, width)`; see core/engine/features/runtime/forward.py.
        images: Images.
        draw: int. Random version of each image.
        target: float32 array of shape `(len(images), width)`, written in place.
        advance: callable of the number of images done; may raise to give up.
        batches: sequence of integer arrays. Those of `forward_batches` that are still to be done. Defaults to all.
    """
    batches = forward_batches(len(images)) if batches is None else batches
    done, most = len(images) - sum(map(len, batches)), 1 if environment().is_small else _IN_FLIGHT

    def push(start: int, pixels: NDArray[np.uint8]) -> int:
        target[start : start + len(pixels)] = np.asarray(forward(pixels))
        return len(pixels)

    def report(count: int) -> None:
        nonlocal done
        done += count
        advance(done)

    running: deque[Future[int]] = deque()
    with ThreadPoolExecutor(most, thread_name_prefix="forward") as pool:
        for batch, pixels in zip(batches, ImageLoader(images, batches, draw), strict=True):
            running.append(pool.submit(push, int(batch[0]), pixels))
            if len(running) > most:
                report(running.popleft().result())
        while running:
            report(running.popleft().result())


def forward_function(model: keras.Model, *, whole: bool = False) -> Callable[[Any], Any]:
    """A model in inference mode as one graph from uint8 pixels; without XLA, which would round differently.

    Args:
        model: keras.Model.
        whole: bool. Whether smaller batches are filled up, so that an image's row is the same in any of them; for
            features that are kept. Defaults to `False`, which answers single images faster.
    """
    size = BATCH if whole else 1
    signature = [tf.TensorSpec((None, *model.input_shape[1:]), tf.uint8)]

    @tf.function(input_signature=signature, autograph=False, jit_compile=False)  # type: ignore[untyped-decorator]
    def forward(pixels: Any) -> Any:
        return filled_up(lambda part: model(tf.cast(part, tf.float32), training=False), pixels, size)

    return forward  # type: ignore[no-any-return]
