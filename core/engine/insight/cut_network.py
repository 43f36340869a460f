"""Cuts a network behind its last feature map, where class activation maps are taken from.

What a network computes is followed through its graph and not through the list of its layers: an operator of Keras 3,
such as `x / 127.5`, is no layer. Names say nothing of what lies between. Each cut is compared with the network's own
answers before it is relied on: one that differs would predict something else than the network.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

_MODES = (keras.layers.Dropout, keras.layers.BatchNormalization)
"""Layers that do another thing in training."""

_REFUSAL = "it has no feature map in front of a dense output"

_NO_CUT = (ValueError, TypeError, KeyError, IndexError, AttributeError, tf.errors.OpError)
"""What Keras raises where a network is of another form than a cut takes it for."""

_TOLERANCE = {"float16": 1e-2, "bfloat16": 3e-2}
"""Most that a probability may differ, by the precision of the network's layers; 1e-4 in those not named."""


class Parts(NamedTuple):
    """A network cut behind its last feature map."""

    trunk: Callable[[Any], Any]
    """Pixels to the feature map `(n, height, width, channels)`."""
    before_output: Callable[[Any], Any]
    """Feature map to what the last layer takes."""
    output: keras.layers.Dense
    is_pooled_linear: bool
    """Whether nothing but the mean over all places lies between the map and the last layer."""


def cut(network: keras.Model) -> Parts:
    """Cuts a network where that gives its own answers.

    Args:
        network: keras.Model. RGB pixels `(n, size, size, channels)`, 0 to 255, to probabilities `(n, classes)`.

    Raises:
        ValueError: no cut gives the network's own answers on a few images: it has no feature map in front of a dense
            output, or something lies in between or behind it.
    """
    images = _images(network)
    expected = np.asarray(network(images, training=False), np.float32)
    for attempt in (_cut_ours, _cut_any):
        try:
            parts = attempt(network)
            given = np.asarray(_answer(parts, images), np.float32)
        except _NO_CUT:
            continue
        if given.shape == expected.shape and np.allclose(given, expected, rtol=0, atol=_tolerance(network)):
            return parts
    raise ValueError(_REFUSAL)


def _answer(parts: Parts, images: NDArray[np.float32]) -> Any:
    """What the parts make of images, joined as the explainer joins them."""
    maps = tf.cast(parts.trunk(tf.constant(images)), tf.float32)
    return parts.output(parts.before_output(maps))


def _images(network: keras.Model) -> NDArray[np.float32]:
    """Black, half bright and random pixels: what is left out in front of a network shows in one of them."""
    shape = network.input_shape[1:]
    noise = np.random.default_rng(0).integers(0, 256, shape)
    return np.stack([np.zeros(shape), np.linspace(0, 255, noise.size).reshape(shape), noise]).astype(np.float32)


def _tolerance(network: keras.Model) -> float:
    """By the coarsest precision that a layer computes in."""
    return max(_TOLERANCE.get(str(layer.compute_dtype), 1e-4) for layer in _leaves(network))


def _leaves(network: keras.Model) -> list[keras.layers.Layer]:
    return [leaf for layer in network.layers for leaf in (_leaves(layer) if hasattr(layer, "layers") else [layer])]


def _cut_ours(network: keras.Model) -> Parts:
    """A model as `core.models.build.join` makes it: `base`, which ends in `features`, and `head` on top of it."""
    head, features = _ends_in(network.outputs[0])
    base, pixels = _ends_in(features)
    pooling, maps_of_base = _ends_in(base.outputs[0])
    if pixels is not network.inputs[0] or [base.name, pooling.name, head.name] != ["base", "features", "head"]:
        raise ValueError(_REFUSAL)
    trunk = keras.Model(base.input, maps_of_base)
    *hidden, output = [layer for layer in head.layers if not isinstance(layer, keras.layers.InputLayer)]

    def before_output(maps: Any) -> Any:
        x = pooling(maps)
        for layer in hidden:
            x = layer(x, training=False) if isinstance(layer, _MODES) else layer(x)
        return x

    is_linear = all(isinstance(layer, keras.layers.Dropout) for layer in hidden)
    is_mean = isinstance(pooling, keras.layers.GlobalAveragePooling2D)
    return Parts(lambda x: trunk(x, training=False), before_output, _dense(output), is_mean and is_linear)


def _cut_any(network: keras.Model) -> Parts:
    """A model from elsewhere: cut in front of its last layer that takes a map."""
    last, tensor = _ends_in(network.outputs[0])
    if isinstance(last, keras.Model):
        return _cut_behind(network, last, tensor)
    takers = [layer for layer in network.layers if _takes_a_map(layer)]
    if not takers or takers[-1].input is network.inputs[0]:
        raise ValueError(_REFUSAL)
    trunk = keras.Model(network.inputs[0], takers[-1].input)
    tail = keras.Model(takers[-1].input, tensor)
    return Parts(
        lambda x: trunk(x, training=False),
        lambda maps: tail(maps, training=False),
        _dense(last),
        is_pooled_linear=False,
    )


def _cut_behind(network: keras.Model, inner: keras.Model, tensor: Any) -> Parts:
    """A network that ends in a whole one, behind whatever makes its pixels."""
    parts = _cut_any(inner)
    if tensor is network.inputs[0]:
        return parts
    front = keras.Model(network.inputs[0], tensor)
    return parts._replace(trunk=lambda x: parts.trunk(front(x, training=False)))


def _ends_in(tensor: Any) -> tuple[Any, Any]:
    """The layer, model or operator that a tensor of a graph comes from, and the one tensor that was given to it."""
    operation, node, _ = tensor._keras_history
    (given,) = operation._inbound_nodes[node].input_tensors
    return operation, given


def _dense(layer: Any) -> keras.layers.Dense:
    if not isinstance(layer, keras.layers.Dense):
        raise ValueError(_REFUSAL)
    return layer


def _takes_a_map(layer: keras.layers.Layer) -> bool:
    """Whether a layer of the outermost graph takes a map; what a whole network inside takes says nothing of that."""
    try:
        return not isinstance(layer, keras.layers.InputLayer | keras.Model) and len(layer.input.shape) == 4
    except AttributeError:  # it takes several things, or was never called
        return False
