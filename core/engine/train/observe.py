"""Observes a network while it predicts: probabilities, dead units and feature statistics of its layers.

The same pass that validates an epoch shows whether hidden units are dead and whether the features have collapsed, so
watching them costs no second pass.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from core.insight.answer import class_probabilities
from core.models.outputs import output_and_logits

Array = NDArray[Any]

_SLICE_BYTES = 2**25
"""Cached features pushed through the head at a time, at most 1,024 images: memory must not grow with the dataset."""


@dataclass(frozen=True)
class Activity:
    """What the layers did on one pass over images.

    Attributes:
        dead_units: float or None. Share of the hidden units with relu that were active on no image. None without any.
        feature_mean: float. Mean of the features that entered the head.
        feature_std: float. Standard deviation of a feature over the images, averaged over the features.
    """

    dead_units: float | None
    feature_mean: float
    feature_std: float


class Observed(NamedTuple):
    """What a network says of images, and what its layers did meanwhile.

    Attributes:
        probabilities: float32 array of shape `(n, classes)`.
        logits: float32 array, before the sigmoid `(n, 1)` of two classes, or before the softmax `(n, classes)`.
        activity: Activity.
    """

    probabilities: NDArray[np.float32]
    logits: Array
    activity: Activity


class Observer:
    """A base and its head in inference mode, with their inner values.

    Args:
        base: keras.Model. Raw pixels in, features of shape `(n, width)` out.
        head: keras.Model. Features in, outputs of shape `(n, 1)` or `(n, classes)`.
    """

    def __init__(self, base: keras.Model, head: keras.Model) -> None:
        self._head = head
        self._rectified = rectified_layers(head)
        self._cached_statistics: tuple[float, float] | None = None

        @tf.function(  # type: ignore[untyped-decorator]
            input_signature=[tf.TensorSpec((None, *base.input_shape[1:]), tf.uint8)], autograph=False, jit_compile=False
        )
        def from_pixels(pixels: Any) -> Any:
            features = base(tf.cast(pixels, tf.float32), training=False)
            return features, *self.answer(features)

        @tf.function(  # type: ignore[untyped-decorator]
            input_signature=[tf.TensorSpec((None, *head.input_shape[1:]), tf.float32)],
            autograph=False,
            jit_compile=False,
        )
        def from_features(features: Any) -> Any:
            return self.answer(features)

        self.from_pixels, self.from_features = from_pixels, from_features

    def on_images(self, batches: Iterable[Array], forward: Callable[[Any], Any] | None = None) -> Observed:
        """What is said of batches of uint8 pixels, and the activity over all of them.

        Args:
            batches: iterable of arrays.
            forward: callable. From a batch to features, hidden values, logits and outputs. Defaults to `from_pixels`.
        """
        said, alive, moments = [], [], _Moments()
        for pixels in batches:
            features, hidden, *answer = (forward or self.from_pixels)(pixels)
            moments.add(features.numpy())
            alive.append(_alive(hidden.numpy()))
            said.append([part.numpy() for part in answer])
        return self._observed(said, Activity(self._dead(alive), *moments.result()))

    def on_features(self, features: Array) -> Observed:
        """What is said of cached features of shape `(n, width)`, and the activity.

        The statistics of the features are those of the first call: cached features never change.
        """
        said, alive = [], []
        for part in _slices(features):
            hidden, *answer = self.from_features(part)
            alive.append(_alive(hidden.numpy()))
            said.append([part.numpy() for part in answer])
        if self._cached_statistics is None:
            moments = _Moments()
            for part in _slices(features):
                moments.add(part)
            self._cached_statistics = moments.result()
        return self._observed(said, Activity(self._dead(alive), *self._cached_statistics))

    def answer(self, features: Any) -> tuple[Any, Any, Any]:
        """Values of all units that are silent below zero, logits and output; without such units the output twice."""
        x, hidden = features, []
        for layer in self._head.layers[:-1]:
            x = layer(x)  # dropout and batch normalisation do as in inference unless told that this is training
            if layer.name in self._rectified:
                hidden.append(x)
        output, logits = output_and_logits(self._head.layers[-1], x)
        return tf.concat(hidden, axis=1) if hidden else output, logits, output

    def _observed(self, said: list[list[Array]], activity: Activity) -> Observed:
        logits, outputs = (np.concatenate(parts) for parts in zip(*said, strict=True))
        return Observed(class_probabilities(outputs), logits, activity)

    def _dead(self, alive: list[Array]) -> float | None:
        return float(1 - np.any(alive, axis=0).mean()) if self._rectified else None


def rectified_layers(head: keras.Model) -> frozenset[str]:
    """Names of the layers of a head whose units are silent below zero: relu in or behind a hidden Dense layer."""
    found, has_dense = set(), False
    for layer in head.layers[:-1]:
        has_dense = has_dense or isinstance(layer, keras.layers.Dense)
        if has_dense and getattr(layer, "activation", None) is keras.activations.relu:
            found.add(layer.name)
    return frozenset(found)


class _Moments:
    """Mean and standard deviation of each feature, batch by batch."""

    def __init__(self) -> None:
        self._count, self._sum, self._squares = 0, np.zeros(()), np.zeros(())

    def add(self, features: Array) -> None:
        """Takes in features of shape `(n, width)`."""
        self._count += len(features)
        self._sum = self._sum + features.sum(axis=0, dtype=np.float64)
        self._squares = self._squares + np.einsum("ij,ij->j", features, features, dtype=np.float64)

    def result(self) -> tuple[float, float]:
        """Mean of all values, and the mean over the features of their standard deviation."""
        mean = self._sum / self._count
        variance = np.maximum(self._squares / self._count - mean**2, 0)
        return float(mean.mean()), float(np.sqrt(variance).mean())


def _slices(features: Array) -> Iterator[Array]:
    """Cached features of shape `(n, width)`, piece by piece, as float32."""
    rows = min(1024, max(1, _SLICE_BYTES // (4 * features.shape[1])))
    for start in range(0, len(features), rows):
        yield np.asarray(features[start : start + rows], np.float32)


def _alive(hidden: Array) -> Array:
    return np.asarray((hidden > 0).any(axis=0))
