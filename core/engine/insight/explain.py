"""Class activation maps (CAM, Grad-CAM): how much each position of the last feature map speaks for a class.

CAM (Zhou et al. 2016): where the head stands on the mean of the feature map and has no hidden layer, the score of a
class is the mean, over all places, of the head's weights times the map there; so the map of these products is exact.
Grad-CAM (Selvaraju et al. 2017) weights the channels by the mean gradient of the score instead, for any other head;
where both exist they are the same but for a factor. Scores are those before sigmoid or softmax, so that a sure answer
has a gradient too.
"""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from core.engine.insight.cut_network import Parts, cut
from core.insight.answer import CAM, GRAD_CAM, Probabilities, class_probabilities

Array = NDArray[np.float32]


class Explainer:
    """A saved network with its inner values.

    Args:
        network: keras.Model. RGB pixels `(n, size, size, 3)`, 0 to 255, to probabilities.

    Raises:
        ValueError: it has no feature map in front of a dense output, so nothing can be located; see `cut_network`.

    Attributes:
        method: str. `cam` or `grad-cam`.
    """

    def __init__(self, network: keras.Model) -> None:
        parts = cut(network)
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


def _scores(parts: Parts, maps: Any) -> Any:
    """Scores of shape `(n, classes)` before sigmoid or softmax; of one output `z` they are `-z` and `z`."""
    given = tf.cast(parts.before_output(maps), tf.float32)  # of whatever precision the network computes in
    scores = tf.matmul(given, tf.cast(parts.output.kernel, tf.float32))
    if parts.output.bias is not None:
        scores += tf.cast(parts.output.bias, tf.float32)
    return tf.concat([-scores, scores], axis=1) if scores.shape[1] == 1 else scores
