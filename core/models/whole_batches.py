"""A frozen network on batches of one size, so that its features of an image do not depend on the images beside it.

Libraries cut a batch into tiles for the processor's registers and compute the rest by other code, which may round
otherwise: measured on a processor with AVX2, VGG16 at 64 pixels gives the last image of 2, 5, 8, 20 or 32 other last
bits than the same image has among 16. Batches filled up to 16 have no such rest. Scripts that repeat a run get this
text as it is, so it needs nothing else of this program.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

WHOLE = 16
"""Images in a whole batch."""


def filled_up(forward: Callable[[Any], Any], images: Any, size: int = WHOLE) -> Any:
    """What a network makes of at most `size` images; where there are fewer, black ones are added and left out again.

    Args:
        forward: callable. Takes a tensor of shape `(size, height, width, 3)`.
        images: tensor of shape `(n, height, width, 3)`, with `n` from 1 to `size`.
        size: int. Images in a whole batch. Defaults to `WHOLE`.
    """
    count = tf.shape(images)[0]
    return forward(tf.pad(images, [[0, tf.maximum(size - count, 0)], [0, 0], [0, 0], [0, 0]]))[:count]


def in_whole_batches(forward: Callable[[Any], Any], images: Any, width: int, dtype: Any) -> Any:
    """What a network makes of any number of images, `WHOLE` at a time.

    Args:
        forward: callable. Takes a tensor of shape `(WHOLE, height, width, 3)`.
        images: tensor of shape `(n, height, width, 3)`.
        width: int. Numbers that the network gives for an image.
        dtype: Their type.
    """
    count = tf.shape(images)[0]
    padded = tf.pad(images, [[0, tf.math.floormod(-count, WHOLE)], [0, 0], [0, 0], [0, 0]])
    # Sizes that the graph does not know beforehand, as in `filled_up`: where it knows them, TensorFlow puts chains of
    # additions in another order, and a residual network gets other last bits.
    sizes = tf.minimum([WHOLE, *images.shape[1:]], tf.shape(padded))
    parts = tf.reshape(padded, tf.concat([[-1], sizes], 0))

    def one(part: Any) -> Any:
        part.set_shape([None, *images.shape[1:]])
        return forward(part)

    found = tf.map_fn(one, parts, fn_output_signature=tf.TensorSpec([None, width], dtype), parallel_iterations=1)
    return tf.reshape(found, [-1, width])[:count]
