"""Lays an old model again with the layers of Keras 3: its models in models become one flat graph.

A layer that is called several times stays one layer, and so do those of a model that is.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from keras.src.utils.naming import to_snake_case

from core.engine.legacy.layers import make_layers
from core.engine.legacy.nodes import Config, Node, Ref, name_of, nodes_of, refs_in, refs_of, resolved
from core.engine.legacy.operations import apply_function, apply_operation
from core.models.allowed_layers import ARITHMETIC
from core.models.old_forms import TF_LAYERS, save_again

MODELS = ("Sequential", "Functional", "Model")
MOST_CALLS = 5_000
"""Calls of layers: a model in a model in a model, each used twice, doubles with every level."""

_OPERATION_NAME = re.compile(f"({'|'.join(map(to_snake_case, ARITHMETIC))})(_[0-9]+)?")

Path = tuple[str, ...]
Made = Callable[[Ref], Any]


@dataclass
class Leaf:
    """A layer that was made.

    Attributes:
        path: The names of the models around it, then its own, as the file has them.
        config: Its configuration.
        layers: Those of Keras 3 that do the same; the first holds the weights.
        trained: Whether neither it nor a model around it is frozen.
    """

    path: Path
    config: Config
    layers: list[Any]
    trained: bool


@dataclass
class Graph:
    """What was made so far of a model.

    Attributes:
        keras_2: Whether Keras 2 has made the file.
        leaves: By its path every layer, in the order in which they were met.
    """

    keras_2: bool
    leaves: dict[Path, Leaf] = field(default_factory=dict)
    _names: set[str] = field(default_factory=set)
    _calls: int = 0

    def model(self, config: Config, given: Any, path: Path = (), *, trained: bool = True) -> Any:
        """What a model of the file makes of a tensor.

        Raises:
            ModelError: it is made in a way that is not read.
        """
        if config["class_name"] != "Sequential":
            return self._functional(config["config"], given, path, trained=trained)
        for layer in layers_of(config):
            if layer["class_name"] != "InputLayer":
                given = self._call(layer, Node((given,), {}, False), path, trained=trained)
        return given

    def _functional(self, graph: Config, given: Any, path: Path, *, trained: bool) -> Any:
        inputs, outputs = refs_of(graph["input_layers"]), refs_of(graph["output_layers"])
        if len(inputs) != 1 or len(outputs) != 1:
            raise save_again("a part of it has several inputs or outputs")
        names = {name_of(layer) for layer in graph["layers"]}
        made: dict[tuple[str, int], Any] = {(inputs[0].layer, 0): given}
        todo = [
            (layer, call, node)
            for layer in graph["layers"] if layer["class_name"] != "InputLayer"
            for call, node in enumerate(nodes_of(layer, names))
        ]  # fmt: skip
        while todo:
            waiting = []
            for layer, call, node in todo:
                if all(_find(made, ref) is not None for ref in refs_in([*node.args, node.kwargs])):
                    made[name_of(layer), call] = self._call(layer, _resolved(node, made), path, trained=trained)
                else:
                    waiting.append((layer, call, node))
            if len(waiting) == len(todo):
                break
            todo = waiting
        answer = _find(made, outputs[0])
        if answer is None:
            raise save_again("its layers do not follow from its input")
        return answer

    def _call(self, layer: Config, node: Node, path: Path, *, trained: bool) -> Any:
        """What a layer, a model or an operation makes of its arguments."""
        self._calls += 1
        if self._calls > MOST_CALLS:
            raise save_again(f"its layers are called more than {MOST_CALLS:,} times")
        kind, here = layer["class_name"], (*path, name_of(layer))
        if kind in MODELS:
            frozen = isinstance(layer["config"], dict) and layer["config"].get("trainable") is False
            return self.model(layer, node.args[0], here, trained=trained and not frozen)
        if kind in TF_LAYERS or is_operation(layer):
            return _operation(layer, node)
        if here not in self.leaves:
            made = make_layers(layer, self._name(here), keras_2=self.keras_2)
            self.leaves[here] = Leaf(here, layer, made, trained and layer["config"].get("trainable") is not False)
        if node.training and kind.startswith("BatchNormalization"):
            raise save_again(f'its layer "{here[-1][:60]}" works as in training, on the statistics of the batch')
        given = node.args[0]
        for part in self.leaves[here].layers:
            given = part(given)
        return given

    def _name(self, path: Path) -> str:
        """The layer's own name, or one with the model's before it where another has taken it."""
        for name in (path[-1], "_".join(path), *(f"{path[-1]}_{k}" for k in range(len(self._names) + 1))):
            plain = name.replace("/", "_").replace(".", "_")
            if _OPERATION_NAME.fullmatch(plain):  # Keras calls operations so, by a count of its own
                plain = f"{plain}_layer"
            if plain and plain not in self._names:
                self._names.add(plain)
                return plain
        raise AssertionError


def layers_of(config: Config) -> list[Config]:
    """The layers of a model; the oldest versions have them as the whole settings of a Sequential."""
    inner = config["config"]
    found: list[Config] = inner if isinstance(inner, list) else inner["layers"]
    return found


def is_operation(layer: Config) -> bool:
    """Whether it is an operation of Keras 3 that stands in the graph by itself (`x / 255`), no layer of that name."""
    nodes = layer.get("inbound_nodes") or [None]
    return layer["class_name"] in ARITHMETIC and isinstance(nodes[0], dict) and "trainable" not in layer["config"]


def _find(made: dict[tuple[str, int], Any], ref: Ref) -> Any:
    """The tensor of a reference, or None; calls outside of the model may be counted in the number."""
    found = made.get((ref.layer, ref.call))
    if found is None and (ref.layer, 1) not in made:
        found = made.get((ref.layer, 0))
    return found[ref.tensor] if isinstance(found, list | tuple) else found


def _resolved(node: Node, made: dict[tuple[str, int], Any]) -> Node:
    def tensor(ref: Ref) -> Any:
        return _find(made, ref)

    return Node(resolved(node.args, tensor), resolved(node.kwargs, tensor), node.training)


def _operation(layer: Config, node: Node) -> Any:
    config, kind = layer["config"], layer["class_name"]
    if kind == "TensorFlowOpLayer":
        given = node.args[0]
        return apply_operation(config, given if isinstance(given, list) else [given])
    if kind in TF_LAYERS:
        kwargs = {key: _as_array(value) for key, value in node.kwargs.items()}
        return apply_function(config["function"], tuple(map(_as_array, node.args)), kwargs)
    settings = {key: value for key, value in config.items() if key != "name"}
    return _own(kind)(**settings)(*node.args, **node.kwargs)


def _own(kind: str) -> Any:
    from keras.src.ops import core, numpy

    return getattr(numpy, kind, None) or getattr(core, kind)


def _as_array(value: Any) -> Any:
    """A list of decimals as a constant tensor is; lists of tensors, of axes and of sides stay lists."""
    if not isinstance(value, list) or any(isinstance(item, keras.KerasTensor | slice) for item in value):
        return value
    try:
        array = np.array(value)
    except ValueError:
        return value
    return array.astype(np.float32) if array.dtype.kind == "f" else value
