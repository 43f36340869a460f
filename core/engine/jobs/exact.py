"""A network with all its arithmetic in float64: what it would answer if nothing were rounded."""

from typing import Any

import keras


def in_float64(model: keras.Model) -> keras.Model:
    """A copy of a model of stock layers that computes in float64, with the same weights.

    Two runtimes that round float32 in another order differ; how far each is from this copy says whose rounding it is.
    """
    copy = keras.models.clone_model(model, clone_function=_exact, recursive=True)
    copy.set_weights(model.get_weights())
    return copy


def _exact(layer: Any) -> Any:
    """The layer without its weights; its activation, a plain function, is taken over as it is."""
    if not isinstance(layer, keras.layers.Layer):
        return layer
    config = {**layer.get_config(), "dtype": "float64"}
    if not callable(getattr(layer, "activation", None)):
        return layer.__class__.from_config(config)
    exact = layer.__class__.from_config({**config, "activation": "linear"})
    exact.activation = layer.activation
    return exact
