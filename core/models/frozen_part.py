"""The part of a partly frozen network that no training changes, apart from the part that learns.

What the frozen part makes of an image is then a function of the image alone, the same in any batch, so it may be kept
for all epochs. Scripts that repeat a run get this text as it is, so it needs nothing else of this program but
core/models/whole_batches.py.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from core.models.whole_batches import in_whole_batches


class Parts(NamedTuple):
    """A network cut in two, both of the network's own layers.

    Attributes:
        frozen: keras.Model. Images to activations; nothing in it is trainable.
        learning: keras.Model. Activations to features.
    """

    frozen: keras.Model
    learning: keras.Model


def cut_in_two(base: keras.Model) -> Parts | None:
    """Cut a network before the first layer that trains, where one tensor is all that goes from below to above.

    Where several tensors do, as inside a residual block, the cut is the next lower one where it is one.

    Args:
        base: Model from raw pixels to features, some of its layers trainable.

    Returns:
        The two parts; `None` where no layer with weights lies below such a cut, or nothing trains.
    """
    operations = base.operations
    place = {id(operation): k for k, operation in enumerate(operations)}
    first = next((k for k, layer in enumerate(operations) if getattr(layer, "trainable_variables", ())), 0)
    reaches, crossing = _reaches(base, place), None
    for cut in range(first, 0, -1):
        tensors = [tensor for tensor, begin, end in reaches if begin < cut <= end]
        if len(tensors) == 1:
            crossing = cut, tensors[0]
            break
    if crossing is None or not any(getattr(layer, "weights", ()) for layer in operations[: crossing[0]]):
        return None
    return Parts(keras.Model(base.input, crossing[1]), keras.Model(crossing[1], base.output))


def _reaches(base: keras.Model, place: dict[int, int]) -> list[tuple[Any, int, int]]:
    """Every tensor of a network, the place of the operation that makes it, and of the last one that takes it."""
    found: dict[int, tuple[Any, int, int]] = {}
    for nodes in base._nodes_by_depth.values():
        for node in nodes:
            for tensor in node.input_tensors:
                begin = place[id(tensor._keras_history.operation)]
                _, _, last = found.get(id(tensor), (tensor, begin, begin))
                found[id(tensor)] = tensor, begin, max(last, place[id(node.operation)])
    return list(found.values())


def frozen_rows(frozen: keras.Model, images: Any) -> Any:
    """What the frozen part makes of any number of images: one row each, in whole batches, without a gradient."""
    output = frozen.output
    width = math.prod(output.shape[1:])

    def rows(part: Any) -> Any:
        return tf.reshape(frozen(part, training=False), [-1, width])

    return keras.ops.stop_gradient(in_whole_batches(rows, images, width, output.dtype))


def learning_features(parts: Parts, rows: Any) -> Any:
    """What the learning part makes of rows from `frozen_rows`, in inference mode; gradients reach what trains."""
    output = parts.frozen.output
    return parts.learning(tf.reshape(tf.cast(rows, output.dtype), [-1, *output.shape[1:]]), training=False)


def features_of(base: keras.Model) -> Callable[[Any], Any]:
    """A function from images to a base's features in inference mode, its frozen part in whole batches if there is one.

    Args:
        base: Model. What is trainable in it at this moment decides where it is cut.
    """
    parts = cut_in_two(base)
    if parts is None:
        return lambda images: base(images, training=False)
    return lambda images: learning_features(parts, frozen_rows(parts.frozen, images))


class LearningPart(keras.layers.Layer):  # type: ignore[misc]
    """The learning part of a base as a layer on kept rows; its weights are those of the whole base, in their order.

    So an optimizer, a checkpoint or a norm over the weights is the same whether rows or images are passed through.

    Args:
        base: Model that was cut.
        parts: From `cut_in_two`.
    """

    def __init__(self, base: keras.Model, parts: Parts, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.base = base
        # A function: as an attribute, the parts' layers would be counted twice.
        self._features: Callable[[Any], Any] = lambda rows: learning_features(parts, rows)

    def call(self, rows: Any) -> Any:
        """Give the features of a batch of rows."""
        return self._features(rows)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Give the shape of the features, so that Keras need not trace the layers to learn it."""
        return shape[0], int(self.base.output_shape[-1])
