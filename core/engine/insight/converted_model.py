"""A run's model without TensorFlow: the converted network in OpenVINO, and the head in numpy.

A process that asks it is ready in a second and takes a fraction of the memory. What it needs is kept beside the
feature cache by a process that has TensorFlow, under the hash of the run's model.keras: another model is another name.
"""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import files
from core.data.conversion_cache import ConversionCache
from core.engine.features.runtime.openvino_network import OpenVinoNetwork, pooled
from core.engine.insight.answering import Answering, Maps, Pixels
from core.errors import RunError
from core.insight.answer import CAM, GRAD_CAM, Probabilities, class_probabilities
from core.insight.numpy_head import ACTIVATIONS, HeadLayer, NumpyHead
from core.sections.runtimes import TITLES, has_openvino, openvino_version
from core.store.runs import Run

RECORD, ARRAYS = "model.json", "head.npz"
"""In a model's folder: which network it has and the steps of its head, and their arrays."""

_DAMAGED = (OSError, ValueError, KeyError, TypeError, EOFError, RunError)


class ConvertedModel:
    """A converted network with a head on top of it.

    Args:
        network: OpenVinoNetwork. Pixels to the last feature map.
        head: NumpyHead.
        pooling: str. What makes features of the map, as `model.pooling` has it.
    """

    def __init__(self, network: OpenVinoNetwork, head: NumpyHead, pooling: str) -> None:
        self._network, self._head, self._pooling = network, head, pooling

    @property
    def method(self) -> str:
        """`cam` where the output stands on the mean of the map itself, else `grad-cam`."""
        is_mean = self._pooling == "average"
        return CAM if self._head.is_linear and is_mean else GRAD_CAM

    def forward(self, pixels: Pixels) -> tuple[Maps, Probabilities]:
        """Feature maps of shape `(n, height, width, channels)` and probabilities of shape `(n, classes)`."""
        maps = self._network(pixels)
        return maps, class_probabilities(self._head(pooled(maps, self._pooling)))

    def heat(self, maps: Maps, classes: NDArray[np.integer[Any]]) -> Maps:
        """How much each place speaks for a class, at least 0; see core/engine/insight/explain.py."""
        if self.method == CAM:
            weights = self._head.class_weights()[:, classes]
        else:
            slopes = self._head.slopes(pooled(maps, self._pooling), classes)
            weights = self._by_channel(maps, slopes).T
        return np.asarray(np.maximum(np.einsum("nhwc,cn->nhw", maps, weights), 0), np.float32)

    def _by_channel(self, maps: Maps, slopes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Mean slope of a score by the places of each channel, shape `(n, channels)`."""
        places = maps.shape[1] * maps.shape[2]
        if self._pooling == "flatten":
            return np.asarray(slopes.reshape(maps.shape).mean(axis=(1, 2)), np.float32)
        return np.asarray(slopes / places, np.float32)  # a mean hands on an equal share, a maximum all to one place


def open_converted(run: Run, cache: ConversionCache | None = None) -> Answering | None:
    """The model of a run without TensorFlow; None where nothing is kept of it, or OpenVINO is not installed."""
    if not has_openvino():
        return None
    cache = cache or ConversionCache()
    try:
        folder = cache.open(model_key(run))
        return None if folder is None else Answering(run, _read(folder, cache), runtime_title())
    except _DAMAGED:  # it only saves time: TensorFlow answers, and it is made again
        return None


def model_key(run: Run) -> str:
    """The name under which a run's converted model is kept: the content of its model.keras, and the version."""
    with (run.path / "model.keras").open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    digest.update(f"openvino {openvino_version()}".encode())
    return digest.hexdigest()[:40]


def runtime_title() -> str:
    """The runtime and its version, as a person reads it."""
    return f"{TITLES['openvino']} {openvino_version()}"


def write_model(folder: Path, network_key: str, head: list[HeadLayer], pooling: str) -> None:
    """Writes what `open_converted` reads besides the network.

    Args:
        folder: Path. Of the conversion cache.
        network_key: str. Under which the network is kept there.
        head: list of HeadLayer.
        pooling: str. As `model.pooling` has it.
    """
    arrays = {
        f"{name}{k}": array
        for k, layer in enumerate(head)
        for name, array in (("weights", layer.weights), ("offset", layer.offset))
        if array is not None
    }
    with (folder / ARRAYS).open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
    activations = [layer.activation for layer in head]
    files.write_json(folder / RECORD, {"network": network_key, "pooling": pooling, "head": activations})


def _read(folder: Path, cache: ConversionCache) -> ConvertedModel:
    record = files.read_json(folder / RECORD)
    network = cache.open(str(record["network"]))
    if network is None:
        raise RunError("the converted network has been removed")
    with (folder / ARRAYS).open("rb") as file, np.load(file, allow_pickle=False) as kept:
        arrays = dict(kept)
    layers = [
        HeadLayer(arrays.get(f"weights{k}"), arrays.get(f"offset{k}"), activation)
        for k, activation in enumerate(record["head"])
        if activation in ACTIVATIONS
    ]
    return ConvertedModel(OpenVinoNetwork(network), NumpyHead(layers), record["pooling"])
