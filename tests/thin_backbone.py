"""A thin EfficientNet-Lite0: the same blocks, names and sizes of input and output, a third of the layers.

For tests of what happens around a network, whichever it is: building, tracing and saving the whole one takes seconds.
Its weights are random, and the same in every process.
"""

import zlib
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
    put(lite0, "load_weights", _fill)


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
