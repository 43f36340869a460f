"""A trained head without TensorFlow: its answers, and the slopes of a score, in numpy.

The layers are those that a head may have (core/notation/head.py), in inference mode: dropout hands its input on, and
batch normalisation is a factor and an offset for each number.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

_LEAK = np.float32(0.2)
"""Slope of leaky_relu below zero, as Keras has it."""

_SELU, _ELU_OF_SELU = np.float32(1.0507009873554805), np.float32(1.6732632423543772)


@dataclass(frozen=True)
class HeadLayer:
    """One step of a head: `x @ weights + offset`, or `x * weights + offset` where `weights` has one dimension.

    Attributes:
        weights: float32 array of shape `(width, units)` or `(width,)`; None where the step is its activation alone.
        offset: float32 array of shape `(units,)`, or None.
        activation: str. A key of `ACTIVATIONS`.
    """

    weights: Array | None
    offset: Array | None
    activation: str

    def before(self, x: Array) -> Array:
        """What the activation is given."""
        if self.weights is not None:
            x = x @ self.weights if self.weights.ndim == 2 else x * self.weights
        return x if self.offset is None else x + self.offset

    def __call__(self, x: Array) -> Array:
        """What the step puts out."""
        return ACTIVATIONS[self.activation](self.before(x))

    def back(self, x: Array, slopes: Array) -> Array:
        """Slopes of a score by the step's input `x`, from those by its output."""
        slopes = slopes * _SLOPES[self.activation](self.before(x))
        if self.weights is None:
            return slopes
        return slopes @ self.weights.T if self.weights.ndim == 2 else slopes * self.weights


class NumpyHead:
    """A head.

    Args:
        layers: sequence of HeadLayer. The last one is the output: sigmoid with one unit, or softmax.
    """

    def __init__(self, layers: Sequence[HeadLayer]) -> None:
        *self._hidden, self._output = layers

    @property
    def is_linear(self) -> bool:
        """Whether nothing lies between the features and the output."""
        return not self._hidden

    def __call__(self, features: Array) -> Array:
        """From features of shape `(n, width)` to outputs of shape `(n, 1)` or `(n, classes)`."""
        for layer in self._hidden:
            features = layer(features)
        return self._output(features)

    def class_weights(self) -> Array:
        """Weights of the output for each class, shape `(width, classes)`; of one unit `z` the scores are -z and z."""
        kernel = self._kernel
        return np.concatenate([-kernel, kernel], axis=1) if kernel.shape[1] == 1 else kernel

    def slopes(self, features: Array, classes: NDArray[np.integer[Any]]) -> Array:
        """Slope of the score of a class, before sigmoid or softmax, by each feature.

        Args:
            features: float32 array of shape `(n, width)`.
            classes: integer array of shape `(n,)`. One class for each row.
        """
        inputs = [features]
        for layer in self._hidden:
            inputs.append(layer(inputs[-1]))
        slopes = np.ascontiguousarray(self.class_weights()[:, classes].T)
        for layer, x in zip(reversed(self._hidden), reversed(inputs[:-1]), strict=True):
            slopes = layer.back(x, slopes)
        return slopes

    @property
    def _kernel(self) -> Array:
        if self._output.weights is None:
            raise ValueError("the output layer of a head has weights")
        return self._output.weights


def _sigmoid(x: Array) -> Array:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * x)), np.float32)


def _softmax(x: Array) -> Array:
    powers = np.exp(x - x.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)


def _normal_share(x: Array) -> Array:
    """Distribution function of the standard normal."""
    return np.asarray(0.5 * (1 + np.vectorize(math.erf, otypes=[float])(x / math.sqrt(2))), np.float32)


def _elu(x: Array, alpha: Any = 1) -> Array:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def _elu_slope(x: Array, alpha: Any = 1) -> Array:
    return np.where(x > 0, 1, alpha * np.exp(np.minimum(x, 0)))


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, np.float32(0)),
    "elu": _elu,
    "selu": lambda x: _SELU * _elu(x, _ELU_OF_SELU),
    "gelu": lambda x: x * _normal_share(x),
    "silu": lambda x: x * _sigmoid(x),
    "leaky_relu": lambda x: np.where(x > 0, x, _LEAK * x),
    "softplus": lambda x: np.logaddexp(x, np.float32(0)),
    "tanh": np.tanh,
    "sigmoid": _sigmoid,
    "softmax": _softmax,
}

_SLOPES: dict[str, Callable[[Array], Array]] = {
    "linear": np.ones_like,
    "relu": lambda x: (x > 0).astype(np.float32),
    "elu": _elu_slope,
    "selu": lambda x: _SELU * _elu_slope(x, _ELU_OF_SELU),
    "gelu": lambda x: _normal_share(x) + x * np.exp(-x * x / 2) / np.float32(math.sqrt(2 * math.pi)),
    "silu": lambda x: _sigmoid(x) * (1 + x * (1 - _sigmoid(x))),
    "leaky_relu": lambda x: np.where(x > 0, np.float32(1), _LEAK),
    "softplus": _sigmoid,
    "tanh": lambda x: 1 - np.tanh(x) ** 2,
    "sigmoid": lambda x: _sigmoid(x) * (1 - _sigmoid(x)),
}
