"""Keeps what a process without TensorFlow needs to answer with a run's model; see `converted_model`."""

from typing import Any

import keras
import numpy as np

from core.data.conversion_cache import ConversionCache
from core.engine.features.runtime.convert import conversion_key, keep
from core.engine.features.runtime.openvino_network import OpenVinoNetwork
from core.engine.insight.converted_model import ConvertedModel, model_key, write_model
from core.engine.train.context import TrainingContext
from core.errors import UserError
from core.insight.answer import class_probabilities
from core.insight.numpy_head import ACTIVATIONS, HeadLayer, NumpyHead
from core.models.build import join
from core.sections.runtimes import has_openvino
from core.store.runs import Run

TOLERANCE = 1e-4
"""Largest difference of a probability between the two runtimes; a model that differs by more is TensorFlow's alone."""

_TRIED = 2

_POOLING = {
    keras.layers.GlobalAveragePooling2D: "average",
    keras.layers.GlobalMaxPooling2D: "max",
    keras.layers.Flatten: "flatten",
}


def keep_converted(run: Run, network: keras.Model) -> str:
    """Converts a run's model, tries it against TensorFlow, and keeps it.

    Models whose backbone was trained are left alone: each would be a conversion of its own, as large as its network.

    Args:
        run: Run. With a model.keras.
        network: keras.Model. What is in it: `base` and `head`, as core/models/build.py joins them.

    Returns:
        Why it was not kept; empty where it was, or is already.
    """
    if not has_openvino():
        return "OpenVINO is not installed"
    if not run.config().training.is_frozen:
        return "the backbone was trained"
    parts = {layer.name: layer for layer in network.layers}
    steps = head_steps(parts["head"]) if {"base", "head"} <= parts.keys() else None
    pooling = _POOLING.get(type(parts["base"].layers[-1])) if steps else None
    if steps is None or pooling is None:
        return "it is not a network of this program"
    try:
        return _keep(run, network, parts["base"], steps, pooling)
    except UserError as error:
        return str(error)


def keep_trained(context: TrainingContext) -> None:
    """Keeps the model of a run that has just been trained, where its network is converted already.

    That is the head alone, and takes no time. Networks are converted by runs that take their features from them, and by
    the first question to a run.
    """
    base = context.base
    if not context.config.training.is_frozen or not has_openvino():
        return
    if ConversionCache().open(conversion_key(base, context.base_hash)) is not None:
        keep_converted(context.reporter.run, join(base, context.head))


def _keep(run: Run, network: keras.Model, base: keras.Model, steps: list[HeadLayer], pooling: str) -> str:
    cache, key, network_key = ConversionCache(), model_key(run), conversion_key(base)
    folder = cache.open(network_key)
    if folder is not None and cache.open(key) is not None:
        return ""
    folder = folder or keep(cache, network_key, base)
    converted = ConvertedModel(OpenVinoNetwork(folder, streams=1), NumpyHead(steps), pooling)
    pixels = np.random.default_rng(0).integers(0, 256, (_TRIED, *base.input_shape[1:]), np.uint8)
    expected = class_probabilities(np.asarray(network(pixels.astype(np.float32), training=False)))
    difference = float(np.abs(converted.forward(pixels)[1] - expected).max())
    if not difference <= TOLERANCE:
        return f"OpenVINO's answers differ from TensorFlow's by {difference:.2g}"
    cache.make(key, lambda place: write_model(place, network_key, steps, pooling))
    return ""


def head_steps(head: keras.Model) -> list[HeadLayer] | None:
    """The layers of a head as numpy takes them; None where one is of another kind."""
    steps = [
        _step(layer) for layer in head.layers if not isinstance(layer, keras.layers.InputLayer | keras.layers.Dropout)
    ]
    known = [step for step in steps if step is not None and step.activation in ACTIVATIONS]
    return known if steps and len(known) == len(steps) else None


def _step(layer: Any) -> HeadLayer | None:
    if isinstance(layer, keras.layers.BatchNormalization):
        if not (layer.center and layer.scale):
            return None
        mean, variance = layer.moving_mean.numpy(), layer.moving_variance.numpy()
        factor = layer.gamma.numpy() / np.sqrt(variance + np.float32(layer.epsilon))
        return HeadLayer(factor, layer.beta.numpy() - mean * factor, "linear")
    if isinstance(layer, keras.layers.Dense):
        offset = layer.bias.numpy() if layer.bias is not None else None
        return HeadLayer(layer.kernel.numpy(), offset, layer.activation.__name__)
    if isinstance(layer, keras.layers.Activation):
        return HeadLayer(None, None, layer.activation.__name__)
    return None
