"""The edges of an old functional model: what each call of a layer gets, from the three forms in which files have it.

Keras 2 has `[["conv", 0, 0, {}]]` (a list of tensors with the other arguments in the first), the functions of
TensorFlow in a graph have `["conv", 0, 0, {"y": 3.0}]` (one tensor), Keras 3 has `{"args": [...], "kwargs": {...}}`.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.models.old_forms import save_again

Config = dict[str, Any]

_CONSTANT = "_CONSTANT_VALUE"
_NO_ARGUMENT = ("training", "mask", "name")
"""What callers pass along that no answer depends on; `training` is looked at by itself."""


@dataclass(frozen=True)
class Ref:
    """An output of a layer: which layer, which of its calls, which of the tensors that came out."""

    layer: str
    call: int = 0
    tensor: int = 0


@dataclass(frozen=True)
class Node:
    """One call of a layer.

    Attributes:
        args: Positional arguments: `Ref`, numbers, arrays, lists of these.
        kwargs: The others by name.
        training: Whether the call says that training goes on.
    """

    args: tuple[Any, ...]
    kwargs: Config
    training: bool


def nodes_of(layer: Config, names: Collection[str]) -> list[Node]:
    """The calls of a layer.

    Args:
        layer: Configuration of a layer inside a functional model.
        names: Names of all layers of that model.

    Raises:
        ModelError: it is in a form that is not read.
    """
    nodes = layer.get("inbound_nodes", [])
    if not isinstance(nodes, list):
        raise save_again(f'its layer "{name_of(layer)[:60]}" says in an unknown form what it gets')
    return [_node(node, names) for node in nodes]


def name_of(layer: Config) -> str:
    """A layer's name, which the oldest versions have in its settings alone."""
    inner = layer.get("config")
    found = layer.get("name") or (inner.get("name") if isinstance(inner, dict) else None)
    return str(found or "")


def refs_of(refs: Any) -> list[Ref]:
    """`input_layers` or `output_layers`: one reference, a list of them, or a dictionary with names of its own."""
    if isinstance(refs, dict):
        refs = list(refs.values())
    if refs and isinstance(refs[0], str):
        refs = [refs]
    return [Ref(str(ref[0]), int(ref[1]), int(ref[2])) for ref in refs]


def refs_in(value: Any) -> Iterator[Ref]:
    """Every reference in an argument."""
    if isinstance(value, Ref):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ():
        yield from refs_in(item)


def resolved(value: Any, tensor: Callable[[Ref], Any]) -> Any:
    """An argument with tensors in place of the references."""
    if isinstance(value, Ref):
        return tensor(value)
    if isinstance(value, list | tuple):
        return type(value)(resolved(item, tensor) for item in value)
    if isinstance(value, dict):
        return {key: resolved(item, tensor) for key, item in value.items()}
    return value


def _node(node: Any, names: Collection[str]) -> Node:
    if isinstance(node, dict):
        kwargs = {key: _value(item, ()) for key, item in node.get("kwargs", {}).items()}
        return _made(tuple(_value(item, ()) for item in node.get("args", [])), kwargs)
    if not isinstance(node, list) or not node:
        raise save_again("a layer of it says in an unknown form what it gets")
    entries = [node] if isinstance(node[0], str) else node
    if not all(isinstance(entry, list) and len(entry) >= 3 and isinstance(entry[0], str) for entry in entries):
        raise save_again("a layer of it gets several inputs by name")
    given = [entry[2] if entry[0] == _CONSTANT else Ref(entry[0], entry[1], entry[2]) for entry in entries]
    more = entries[0][3] if len(entries[0]) > 3 and isinstance(entries[0][3], dict) else {}
    return _made((given[0] if len(given) == 1 else given,), {key: _value(item, names) for key, item in more.items()})


def _made(args: tuple[Any, ...], kwargs: Config) -> Node:
    kept = {key: value for key, value in kwargs.items() if key not in _NO_ARGUMENT}
    return Node(args, kept, kwargs.get("training") is True)


def _value(value: Any, names: Collection[str]) -> Any:
    """An argument as the file has it, with references and constants as such."""
    if isinstance(value, list):
        if len(value) == 3 and isinstance(value[0], str) and value[0] in names:
            return Ref(value[0], value[1], value[2])
        return [_value(item, names) for item in value]
    if isinstance(value, dict):
        return _special(value, names)
    return value


def _special(value: Config, names: Collection[str]) -> Any:
    kind, config = value.get("class_name"), value.get("config", {})
    if kind == "__keras_tensor__":
        return Ref(*config["keras_history"])
    if kind in ("__numpy__", "__tensor__"):
        return np.array(config["value"], config["dtype"])
    if kind == "__ellipsis__":
        return Ellipsis
    parts = config if kind == "__slice__" else value
    if set(parts) == {"start", "stop", "step"}:
        return slice(parts["start"], parts["stop"], parts["step"])
    return {key: _value(item, names) for key, item in value.items()}
