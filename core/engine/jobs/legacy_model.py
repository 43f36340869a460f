"""Rebuilds a Keras 2 HDF5 model (.h5) layer by layer as one flat Keras 3 model; Keras 3 itself fails on nested ones.

Only for files that `core.models.legacy` has let through. The result is one flat model; what training alone needs
(initializers, regularizers, constraints) is left out.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np

from core.errors import ModelError

Config = dict[str, Any]

_MODELS = ("Sequential", "Functional", "Model")
_TRAINING = ("_initializer", "_regularizer", "_constraint")
_GONE = frozenset((
    "batch_input_shape", "batch_shape", "dtype", "fused", "implementation", "input_dtype", "input_shape", "module",
    "optional", "ragged", "registered_name", "renorm", "renorm_clipping", "renorm_momentum", "sparse",
    "virtual_batch_size",
))  # fmt: skip
"""Settings of old versions that no answer depends on."""

_RENAMED = {("LeakyReLU", "alpha"): "negative_slope", ("ELU", "alpha"): "alpha"}


def load_legacy(path: Path) -> keras.Model:
    """Builds the model of an HDF5 file and fills it.

    Args:
        path: Path.

    Returns:
        A flat functional model in float32.

    Raises:
        ModelError: it is made in a way that is not read, in a sentence with what to do.
    """
    with h5py.File(path, "r") as file:
        config = json.loads(file.attrs["model_config"])
        inputs = keras.Input(_input_shape(config), dtype="float32", name="image")
        try:
            model = keras.Model(inputs, _apply(config, [inputs]))
        except (TypeError, ValueError, KeyError, IndexError, AttributeError) as error:
            raise _again(f"a layer of it cannot be laid by Keras 3 ({str(error).splitlines()[0][:100]})") from error
        _fill(model, _weights(file.get("model_weights", file)))
    return model


def _again(why: str) -> ModelError:
    return ModelError(f'{why}; open it with the Keras that has made it and save it again by model.save("model.keras")')


def _layers(config: Config) -> list[Config]:
    """The layers of a model; the oldest versions have them as the whole config of a Sequential."""
    inner = config["config"]
    found: list[Config] = inner if isinstance(inner, list) else inner["layers"]
    return found


def _input_shape(config: Config) -> tuple[int | None, ...]:
    """The first shape that stands in the configuration, without the batch."""
    todo = [config]
    while todo:
        layer = todo.pop(0)
        inner = layer["config"] if isinstance(layer["config"], dict) else {}
        if shape := inner.get("batch_input_shape") or inner.get("batch_shape"):
            return tuple(shape[1:])
        todo = [*(_layers(layer) if layer["class_name"] in _MODELS else []), *todo]
    raise _again("it does not say which images it takes")


def _apply(config: Config, given: list[Any]) -> Any:
    """What a layer or model makes of tensors."""
    kind = config["class_name"]
    if kind == "Sequential":
        for layer in _layers(config):
            if layer["class_name"] != "InputLayer":
                given = [_apply(layer, given)]
        return given[0]
    if kind in _MODELS:
        return _apply_graph(config["config"], given)
    layer = getattr(keras.layers, kind)(**_settings(kind, config["config"]))
    return layer(given[0] if len(given) == 1 else given)


def _apply_graph(graph: Config, given: list[Any]) -> Any:
    """What a functional model makes of one tensor; its layers stand in the order in which they were made."""
    if len(graph["input_layers"]) != 1 or len(graph["output_layers"]) != 1 or len(given) != 1:
        raise _again("a part of it has several inputs or outputs")
    made = {graph["input_layers"][0][0]: given[0]}
    left = [layer for layer in graph["layers"] if layer["class_name"] != "InputLayer"]
    while left:
        ready = [layer for layer in left if all(name in made for name in _sources(layer))]
        if not ready:
            raise _again("its layers do not follow from its input")
        for layer in ready:
            made[layer["name"]] = _apply(layer, [made[name] for name in _sources(layer)])
        left = [layer for layer in left if layer["name"] not in made]
    return made[graph["output_layers"][0][0]]


def _sources(layer: Config) -> list[str]:
    """Names of the layers whose answers it takes."""
    nodes = layer["inbound_nodes"]
    if len(nodes) != 1 or not isinstance(nodes[0], list):
        raise _again(f'its layer "{str(layer["name"])[:60]}" is used several times, or in a way that is not read')
    return [str(source[0]) for source in nodes[0]]


def _settings(kind: str, config: Config) -> Config:
    """A layer's settings as Keras 3 has them."""
    kept = {
        _RENAMED.get((kind, key), key): value
        for key, value in config.items()
        if key not in _GONE and not key.endswith(_TRAINING)
    }
    if kind == "DepthwiseConv2D":
        kept.pop("groups", None)
    if kind == "BatchNormalization" and isinstance(kept.get("axis"), list):
        kept["axis"] = kept["axis"][0]
    return kept


def _weights(group: Any) -> Mapping[tuple[str, str], Any]:
    """Every array by the name of its layer and its own."""
    found: dict[tuple[str, str], Any] = {}
    for name in group.attrs.get("layer_names", ()):
        part = group[_text(name)]
        for path in map(_text, part.attrs.get("weight_names", ())):
            *_, layer, weight = [_text(name), *path.split("/")]
            key = (layer, weight.split(":")[0])
            if key in found:
                raise _again(f'two layers of it are called "{layer[:60]}"')
            found[key] = part[path]
    return found


def _fill(model: keras.Model, weights: Mapping[tuple[str, str], Any]) -> None:
    for layer in model.layers:
        values = []
        for variable in layer.weights:
            names = (variable.name, f"depthwise_{variable.name}")  # Keras 3 has dropped the word from a name
            array = next((weights[layer.name, name] for name in names if (layer.name, name) in weights), None)
            if array is None or tuple(array.shape) != tuple(variable.shape):
                raise _again(f'its layer "{layer.name[:60]}" has no fitting {variable.name} among the weights')
            values.append(np.asarray(array, np.float32))
        layer.set_weights(values)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
