"""A thin EfficientNet-Lite0: blocks of the same names, input and output of the same sizes, a quarter of the layers.

For tests of what happens around a network, whichever it is: building, tracing and saving the whole one takes seconds.
Its last two blocks, which fine-tuning trains, are made as in the whole one, those before them are not normalised.
Its weights are random, and the same in every process.
"""

import zlib
from functools import partial
from typing import Any

import numpy as np

BLOCKS = ((1, 3, 1, 1, 8), (1, 3, 2, 1, 8), (1, 3, 2, 1, 8), (1, 3, 2, 1, 16), (1, 3, 1, 1, 16), (1, 3, 2, 1, 16),
          (1, 3, 1, 1, 32))  # fmt: skip
"""One unit a block, which does not widen."""


def lay_in(put: Any) -> None:
    """Puts it in the place of the whole one.

    Args:
        put: callable of an object, the name of an attribute and its value: `setattr`, or `monkeypatch.setattr`.
    """
    from core.models import lite0

    put(lite0, "BLOCKS", BLOCKS)
    put(lite0, "STEM_FILTERS", 8)
    put(lite0, "_unit", partial(_unit, lite0._unit))
    put(lite0, "load_weights", _fill)


def _unit(whole: Any, x: Any, name: str, kernel: int, stride: int, expansion: int, filters: int) -> Any:
    """A unit without batch normalisation, of which `_fill` would make nothing but a factor, but in the last blocks."""
    import keras

    if name.startswith(("block6", "block7")):
        return whole(x, name, kernel, stride, expansion, filters)
    plain = {"padding": "same", "use_bias": False}
    y = keras.layers.DepthwiseConv2D(kernel, stride, activation="relu6", name=f"{name}dwconv", **plain)(x)
    y = keras.layers.Conv2D(filters, 1, name=f"{name}project_conv", **plain)(y)
    return keras.layers.Add(name=f"{name}add")([y, x]) if y.shape == x.shape else y


def _fill(model: Any, path: Any) -> None:
    """Random weights in place of those in the file; all numbers follow from the names of the layers."""
    for layer in model.layers:
        if layer.name.startswith(("stem_", "block", "top_")):
            rng = np.random.default_rng(zlib.crc32(layer.name.encode()))
            layer.set_weights([_numbers(rng, weight) for weight in layer.weights])


def _numbers(rng: np.random.Generator, weight: Any) -> Any:
    if weight.name in ("gamma", "moving_variance"):
        return np.ones(weight.shape, np.float32)
    if weight.name in ("beta", "moving_mean"):
        return np.zeros(weight.shape, np.float32)
    inputs = np.prod(weight.shape[:2]) * (weight.shape[2] if weight.name == "kernel" and weight.shape[3] > 1 else 1)
    return rng.normal(0, np.sqrt(2 / inputs), weight.shape).astype(np.float32)
