"""Converts a frozen network for OpenVINO, and keeps the conversion.

What is converted is the base up to its last feature map: the same for every pooling and head, so all runs with these
weights, pixels and this size of image share one conversion.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from core.data.conversion_cache import ConversionCache
from core.engine.features.runtime.openvino_network import FILE, OpenVinoNetwork, core, load_openvino
from core.errors import RunError
from core.models.build import weights_hash
from core.sections.runtimes import openvino_version

FORMAT = 1
"""To be raised when networks are converted in another way."""


def trunk_of(base: keras.Model) -> keras.Model:
    """A base, from `build_base`, up to its last feature map."""
    return keras.Model(base.input, base.get_layer("features").input)


def conversion_key(base: keras.Model, base_hash: str = "") -> str:
    """The name under which the conversion of a base is kept: its weights, its layers, and the versions.

    Args:
        base: keras.Model. From `build_base`.
        base_hash: str. From `weights_hash`. Defaults to computing it.
    """
    facts = {
        "format": FORMAT,
        "openvino": openvino_version(),
        "weights": base_hash or weights_hash(base),
        "network": _structure(base),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:40]


def converted(base: keras.Model, base_hash: str = "", streams: int | None = None) -> OpenVinoNetwork:
    """The network of a base in OpenVINO, converted if it is not kept yet, or if what is kept is damaged.

    Args:
        base: keras.Model. From `build_base`, frozen.
        base_hash: str. From `weights_hash`. Defaults to computing it.
        streams: int. See `OpenVinoNetwork`.

    Raises:
        RunError: it cannot be converted.
        UserError: the conversion cannot be kept.
    """
    cache, key = ConversionCache(), conversion_key(base, base_hash)
    folder = cache.open(key)
    if folder is not None:
        try:
            return OpenVinoNetwork(folder, streams)
        except RunError:
            cache.remove(key)
    return OpenVinoNetwork(keep(cache, key, base), streams)


def keep(cache: ConversionCache, key: str, base: keras.Model) -> Path:
    """Converts a base and keeps it under a key; see `converted`."""
    return cache.make(key, lambda folder: write_openvino(trunk_of(base), folder / FILE))


def write_openvino(network: keras.Model, path: Path) -> None:
    """Writes a frozen network as OpenVINO has it, for one image at a time, uint8 pixels in.

    Raises:
        RunError: an operation of the network has no counterpart there.
    """
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    signature = [tf.TensorSpec((1, *network.input_shape[1:]), tf.uint8, name="pixels")]
    graph = tf.function(lambda pixels: network(tf.cast(pixels, tf.float32), training=False), signature, autograph=False)
    frozen = convert_variables_to_constants_v2(graph.get_concrete_function()).graph.as_graph_def()
    beside = path.with_suffix(".pb")
    beside.write_bytes(frozen.SerializeToString())
    try:
        load_openvino().save_model(core().read_model(str(beside)), str(path), compress_to_fp16=False)
    except RuntimeError as error:
        why = str(error).strip().splitlines()[-1][:200]
        raise RunError(
            f"the network cannot be converted for OpenVINO ({why}); set training.runtime=tensorflow"
        ) from error
    finally:
        beside.unlink()


def _structure(base: keras.Model) -> list[Any]:
    """What a base computes but for its pooling: its operations, and which gives to which.

    Without names: they count what the process has built before.
    """
    operations = base.operations[:-1]
    place = {id(operation): k for k, operation in enumerate(operations)}
    given = [
        (place[id(tensor._keras_history.operation)], place[id(node.operation)])
        for nodes in base._nodes_by_depth.values()
        for node in nodes
        for tensor in node.input_tensors
        if id(node.operation) in place
    ]
    return [*map(_operation, operations), sorted(given)]


def _operation(operation: Any) -> list[Any]:
    settings = {key: value for key, value in operation.get_config().items() if key != "name"}
    return [type(operation).__name__, settings]
