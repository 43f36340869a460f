"""Rebuilds an old model layer by layer as one flat Keras 3 model: HDF5 of any Keras, .keras of Keras 2.

Only for files that `core.models.legacy` has let through: Keras itself is not asked to read them. The result is one flat
model in float32; what training alone needs (initializers, regularizers, constraints, random layers) is left out.
"""

import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import h5py
import keras

from core.engine.legacy.graph import MODELS, Graph, layers_of
from core.engine.legacy.nodes import Config
from core.engine.legacy.weights import fill_from_hdf5, fill_from_keras
from core.models.legacy import is_hdf5, is_keras_2, model_config
from core.models.old_forms import save_again

_UNREADABLE = (TypeError, ValueError, KeyError, IndexError, AttributeError, RecursionError)


def load_legacy(path: Path) -> keras.Model:
    """Builds the model of a file and fills it.

    Args:
        path: Path. HDF5 or .keras; the arrays of the latter lie in a temporary file for a moment.

    Returns:
        A flat functional model in float32.

    Raises:
        ModelError: it is made in a way that is not read, in a sentence with what to do.
    """
    if is_hdf5(path):
        with h5py.File(path, "r") as file:
            config, keras_2 = model_config(file)
            graph, model = _laid(config, keras_2=keras_2)
            fill_from_hdf5(graph.leaves.values(), file.get("model_weights", file))
        return model
    with zipfile.ZipFile(path) as archive, tempfile.TemporaryDirectory() as folder:
        config = json.loads(archive.read("config.json"))
        graph, model = _laid(config, keras_2=is_keras_2(json.loads(archive.read("metadata.json"))))
        with h5py.File(archive.extract("model.weights.h5", folder), "r") as file:
            fill_from_keras(graph.leaves, config, file)
    return model


def _laid(config: Config, *, keras_2: bool) -> tuple[Graph, keras.Model]:
    graph, inputs = Graph(keras_2), keras.Input(_input_shape(config), dtype="float32", name="image")
    try:
        return graph, keras.Model(inputs, graph.model(config, inputs))
    except _UNREADABLE as error:
        why = (str(error).splitlines() or [type(error).__name__])[0][:100]
        raise save_again(f"a layer of it cannot be laid by Keras 3 ({why})") from error


def _input_shape(config: Config) -> tuple[int | None, ...]:
    """The first shape that stands in the configuration, without the batch."""
    todo: list[Any] = [config]
    while todo:
        layer = todo.pop(0)
        inner = layer["config"] if isinstance(layer["config"], dict) else {}
        if shape := inner.get("batch_input_shape") or inner.get("batch_shape"):
            return tuple(shape[1:])
        todo = [*(layers_of(layer) if layer["class_name"] in MODELS else []), *todo]
    raise save_again("it does not say which images it takes")
