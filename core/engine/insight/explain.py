"""Class activation maps (CAM, Grad-CAM): how much each position of the last feature map speaks for a class.

CAM (Zhou et al. 2016): where the head stands on the mean of the feature map and has no hidden layer, the score of a
class is the mean, over all places, of the head's weights times the map there; so the map of these products is exact.
Grad-CAM (Selvaraju et al. 2017) weights the channels by the mean gradient of the score instead, for any other head;
where both exist they are the same but for a factor. Scores are those before sigmoid or softmax, so that a sure answer
has a gradient too.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from core.insight.answer import CAM, GRAD_CAM, Probabilities, class_probabilities

Array = NDArray[np.float32]

_MODES = (keras.layers.Dropout, keras.layers.BatchNormalization)
"""Layers that do another thing in training."""


_REFUSAL = "it has no feature map in front of a dense output"


class _Parts(NamedTuple):
    """A network cut behind its last feature map."""

    trunk: Callable[[Any], Any]
    """Pixels to the feature map `(n, height, width, channels)`."""
    before_output: Callable[[Any], Any]
    """Feature map to what the last layer takes."""
    output: keras.layers.Dense
    is_pooled_linear: bool
    """Whether nothing but the mean over all places lies between the map and the last layer."""


class Explainer:
    """A saved network with its inner values.

    Args:
        network: keras.Model. RGB pixels `(n, size, size, 3)`, 0 to 255, to probabilities.

    Raises:
        ValueError: it has no feature map in front of a dense output, so nothing can be located.

    Attributes:
        method: str. `cam` or `grad-cam`.
    """

    def __init__(self, network: keras.Model) -> None:
        parts = _cut(network)
        self.method = CAM if parts.is_pooled_linear else GRAD_CAM
        self._kernel = np.asarray(parts.output.kernel, np.float32)

        @tf.function(  # type: ignore[untyped-decorator]
            input_signature=[tf.TensorSpec((None, *network.input_shape[1:]), tf.uint8)],
            autograph=False,
            jit_compile=False,
        )
        def forward(pixels: Any) -> Any:
            maps = tf.cast(parts.trunk(tf.cast(pixels, tf.float32)), tf.float32)
            return maps, parts.output(parts.before_output(maps))

        @tf.function(  # type: ignore[untyped-decorator]
            input_signature=[tf.TensorSpec((None, None, None, None)), tf.TensorSpec((None,), tf.int32)],
            autograph=False,
            jit_compile=False,
        )
        def gradient(maps: Any, classes: Any) -> Any:
            with tf.GradientTape() as tape:
                tape.watch(maps)
                scores = _scores(parts, maps)
                chosen = tf.gather(scores, classes, axis=1, batch_dims=1)
            return tape.gradient(chosen, maps)

        self._forward, self._gradient = forward, gradient

    def forward(self, pixels: NDArray[np.uint8]) -> tuple[Array, Probabilities]:
        """Feature maps of shape `(n, height, width, channels)` and probabilities of shape `(n, classes)`."""
        maps, outputs = self._forward(pixels)
        return maps.numpy(), class_probabilities(outputs.numpy())

    def heat(self, maps: Array, classes: NDArray[np.integer[Any]]) -> Array:
        """How much each place speaks for a class, by the network's `method`.

        Args:
            maps: float32 array of shape `(n, height, width, channels)`, from `look`.
            classes: integer array of shape `(n,)`. One class for each image.

        Returns:
            Array of shape `(n, height, width)`, at least 0. With CAM in the unit of the score: before negative places
            were set to 0, its mean and the class's bias add up to it.
        """
        return np.maximum(self.cam(maps, classes) if self.method == CAM else self.grad_cam(maps, classes), 0)

    def cam(self, maps: Array, classes: NDArray[np.integer[Any]]) -> Array:
        """The head's weights for a class times the feature map, at each place; negative where it speaks against."""
        kernel = np.concatenate([-self._kernel, self._kernel], axis=1) if self._kernel.shape[1] == 1 else self._kernel
        return np.asarray(np.einsum("nhwc,cn->nhw", maps, kernel[:, classes]), np.float32)

    def grad_cam(self, maps: Array, classes: NDArray[np.integer[Any]]) -> Array:
        """The feature map's channels, weighted by the mean gradient of the score of a class."""
        slopes = self._gradient(maps, classes.astype(np.int32)).numpy()
        return np.asarray(np.einsum("nhwc,nc->nhw", maps, slopes.mean(axis=(1, 2))), np.float32)


def _scores(parts: _Parts, maps: Any) -> Any:
    """Scores of shape `(n, classes)` before sigmoid or softmax; of one output `z` they are `-z` and `z`."""
    scores = tf.matmul(parts.before_output(maps), tf.cast(parts.output.kernel, tf.float32))
    if parts.output.bias is not None:
        scores += parts.output.bias
    return tf.concat([-scores, scores], axis=1) if scores.shape[1] == 1 else scores


def _cut(network: keras.Model) -> _Parts:
    named = {layer.name: layer for layer in network.layers}
    if "base" in named and "head" in named and "features" in {layer.name for layer in named["base"].layers}:
        return _cut_ours(named["base"], named["head"])
    return _cut_any(network)


def _cut_ours(base: keras.Model, head: keras.Model) -> _Parts:
    """A model as `core.models.build.join` makes it."""
    pooling = base.get_layer("features")
    trunk = keras.Model(base.input, pooling.input)
    *hidden, output = [layer for layer in head.layers if not isinstance(layer, keras.layers.InputLayer)]

    def before_output(maps: Any) -> Any:
        x = pooling(maps)
        for layer in hidden:
            x = layer(x, training=False) if isinstance(layer, _MODES) else layer(x)
        return x

    is_linear = all(isinstance(layer, keras.layers.Dropout) for layer in hidden)
    is_mean = isinstance(pooling, keras.layers.GlobalAveragePooling2D)
    return _Parts(lambda x: trunk(x, training=False), before_output, output, is_mean and is_linear)


def _cut_any(network: keras.Model) -> _Parts:
    """A model from elsewhere: cut in front of its last layer that takes a map, and tried before it is relied on."""
    output = network.layers[-1]
    if isinstance(output, keras.Model):
        return _cut_behind(network, output)
    takers = [layer for layer in network.layers if _takes_a_map(layer)]
    if not takers or not isinstance(output, keras.layers.Dense) or takers[-1].input is network.inputs[0]:
        raise ValueError(_REFUSAL)
    try:
        cut = takers[-1].input
        trunk, tail = keras.Model(network.inputs[0], cut), keras.Model(cut, output.input)
        blank = np.zeros((1, *network.input_shape[1:]), np.float32)
        given, expected = output(tail(trunk(blank))), network(blank, training=False)
    except (ValueError, TypeError, KeyError, AttributeError, tf.errors.OpError) as error:
        raise ValueError(_REFUSAL) from error
    if not np.allclose(given, expected, atol=1e-5):
        raise ValueError(_REFUSAL)
    return _Parts(lambda x: trunk(x, training=False), lambda maps: tail(maps, training=False), output, False)


def _cut_behind(network: keras.Model, inner: keras.Model) -> _Parts:
    """A network behind the layers that an import puts in front of it where pixels are to be scaled."""
    parts, before = _cut_any(inner), network.layers[:-1]
    if not all(
        isinstance(layer, keras.layers.InputLayer | keras.layers.Rescaling | keras.layers.Conv2D) for layer in before
    ):
        raise ValueError(_REFUSAL)
    front = keras.Model(network.inputs[0], before[-1].output)
    return parts._replace(trunk=lambda x: parts.trunk(front(x, training=False)))


def _takes_a_map(layer: keras.layers.Layer) -> bool:
    """Whether a layer of the outermost graph takes a map; what a whole network inside takes says nothing of that."""
    try:
        return not isinstance(layer, keras.layers.InputLayer | keras.Model) and len(layer.input.shape) == 4
    except AttributeError:  # it takes several things, or was never called
        return False
