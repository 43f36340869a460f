"""Replaces layers that export formats do not know by stock layers and arithmetic with equal answers.

Four things trip converters: bfloat16; `Normalization`, whose constants ONNX takes for inputs; convolutions with one
group a channel, which Keras computes by a call into XLA; and TensorFlow's GELU, a layer's own or inside one (ConvNeXt).
"""

import math
from typing import Any

import keras
import numpy as np


def in_plain_layers(model: keras.Model) -> keras.Model:
    """The model itself where nothing is in the way, else a copy with other layers in place of those that are."""
    layers = _leaves(model)
    trips = (_in_bfloat16, _is_normalization, _is_depthwise, _is_gelu, _has_gelu)
    if not any(trip(layer) for layer in layers for trip in trips):
        return model
    copy = keras.models.clone_model(model, clone_function=_plain, recursive=True)
    originals = {layer.name: layer for layer in layers}
    for layer in _leaves(copy):
        layer.set_weights(_weights(originals[layer.name]))
    return copy


class ExactGelu(keras.layers.Layer):  # type: ignore[misc]
    """GELU by the error function, which every format has; TensorFlow's own uses its complement."""

    def call(self, x: Any) -> Any:
        """Give x times the share of a normal distribution below x."""
        return _exact_gelu(x)


def _exact_gelu(x: Any) -> Any:
    return 0.5 * x * (1.0 + keras.ops.erf(x * math.sqrt(0.5)))


def _leaves(model: keras.Model) -> list[keras.layers.Layer]:
    """All layers with those inside of models; neither the models nor bare operations, such as a sum of two layers."""
    found: list[keras.layers.Layer] = []
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            found += _leaves(layer)
        elif isinstance(layer, keras.layers.Layer) and not isinstance(layer, keras.layers.InputLayer):
            found.append(layer)
    return found


def _in_bfloat16(layer: keras.layers.Layer) -> bool:
    return "bfloat16" in str(layer.compute_dtype)


def _is_normalization(layer: keras.layers.Layer) -> bool:
    return isinstance(layer, keras.layers.Normalization)


def _is_depthwise(layer: keras.layers.Layer) -> bool:
    return type(layer) is keras.layers.Conv2D and 1 < layer.groups == layer.filters


def _is_gelu(layer: keras.layers.Layer) -> bool:
    return isinstance(layer, keras.layers.Activation) and layer.get_config()["activation"] == "gelu"


def _has_gelu(layer: keras.layers.Layer) -> bool:
    """Whether a layer of another kind, such as Dense, ends with it."""
    return not _is_gelu(layer) and getattr(layer, "activation", None) is keras.activations.gelu


def _plain(layer: keras.layers.Layer) -> keras.layers.Layer:
    """The layer that takes another's place, without its weights."""
    if not isinstance(layer, keras.layers.Layer):
        return layer
    if _is_normalization(layer):
        deviation = np.maximum(np.sqrt(layer.variance), keras.config.epsilon())
        scale, offset = 1 / deviation, -np.asarray(layer.mean) / deviation
        return keras.layers.Rescaling(
            scale.reshape(-1).tolist(), offset.reshape(-1).tolist(), dtype="float32", name=layer.name
        )
    if _is_gelu(layer):
        return ExactGelu(dtype="float32", name=layer.name)
    config: dict[str, Any] = layer.get_config()
    if _in_bfloat16(layer):
        config["dtype"] = "float32"
    if _is_depthwise(layer):
        kept = ("kernel_size", "strides", "padding", "dilation_rate", "activation", "use_bias", "name", "dtype")
        return keras.layers.DepthwiseConv2D(**{key: config[key] for key in kept})
    plain = layer.__class__.from_config({**config, "activation": "linear"} if _has_gelu(layer) else config)
    if _has_gelu(layer):
        plain.activation = _exact_gelu
    return plain


def _weights(layer: keras.layers.Layer) -> list[Any]:
    """A layer's weights as the layer in its place wants them."""
    weights: list[Any] = layer.get_weights()
    if _is_normalization(layer):
        return []
    if _is_depthwise(layer):
        return [np.transpose(weights[0], (0, 1, 3, 2)), *weights[1:]]
    return weights
