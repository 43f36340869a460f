"""The one place that chooses what computes features: TensorFlow, or OpenVINO where `training.runtime` says so."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from core.config import RunConfig
from core.engine.features.features import forward_function
from core.models.runtime_use import require_runtime
from core.sections.runtimes import OPENVINO, TENSORFLOW, openvino_version

Forward = Callable[[NDArray[np.uint8]], Any]
"""From pixels of shape `(n, size, size, 3)` to features of shape `(n, width)`, as anything that numpy takes."""


def feature_forward(config: RunConfig, base: keras.Model, base_hash: str) -> Forward:
    """What computes the features of a run: an image's are the same bits in every batch, place and thread count.

    Args:
        config: RunConfig.
        base: keras.Model. From `base_for`, as frozen as it will be while features are computed.
        base_hash: str. Hash of its weights.

    Raises:
        ConfigError: OpenVINO is not installed here, or the run has no use for it.
        RunError: the network cannot be converted.
    """
    if config.training.runtime == TENSORFLOW or not config.training.takes_features:
        return forward_function(base, whole=True)
    require_runtime(config)
    from core.engine.features.runtime.convert import converted
    from core.engine.features.runtime.openvino_network import pooled

    network, pooling = converted(base, base_hash), config.model.pooling
    return lambda pixels: pooled(network(pixels), pooling)


def runtime_recipe(config: RunConfig) -> dict[str, str]:
    """What the runtime adds to the key of cached features; nothing for TensorFlow, as keys were before."""
    training = config.training
    is_other = training.runtime == OPENVINO and training.takes_features
    return {"runtime": f"openvino {openvino_version()}"} if is_other else {}
