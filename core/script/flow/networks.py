"""Networks as abstract values: layers, symbolic tensors, models, and other objects of a library."""

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.script.flow.events import Compile, Fit
    from core.script.flow.objects import Array, Instance, Value


@dataclass(eq=False)
class Layer:
    """A layer of Keras with its arguments; `frozen` is the line that freezes it, 0 where it learns."""

    kind: str
    arguments: dict[str, "Value"]
    lines: dict[str, int]
    line: int
    called: int = 0
    frozen: int = 0
    node: ast.Call | None = None


@dataclass(frozen=True, eq=False)
class Tensor:
    """A symbolic tensor: its value for the input as declared, and how to compute it for another one."""

    value: "Array"
    parents: tuple["Tensor", ...] = ()
    compute: Callable[[list["Value"]], "Value"] | None = None
    line: int = 0


@dataclass(eq=False)
class Made:
    """An object of a library that is not a layer or model: an optimizer, a callback, a loss, a generator."""

    kind: str
    name: str
    arguments: dict[str, "Value"]
    lines: dict[str, int]
    line: int
    state: dict[str, Any] = field(default_factory=dict)
    node: ast.Call | None = None


@dataclass(frozen=True)
class Trains:
    """Which layers of a pretrained network learn.

    Attributes:
        layers: One flag a layer, the input's among them.
        lines: That set them, the last one first.
        why: Why it cannot be told; empty where it can.
    """

    layers: tuple[bool, ...]
    lines: tuple[int, ...] = ()
    why: str = ""


@dataclass(eq=False)
class Model:
    """A network: `sequential`, `functional`, `subclass` (of the script), or `backbone` (of keras.applications).

    Attributes:
        trains: Of a backbone: which of its layers learn; None where the script sets none.
        end: Of a backbone: its symbolic output, where that is asked for; a model that begins at its input and goes on
            from there has the backbone's layers as its own.
        inner: Of a backbone: name of the layer inside it whose output is taken, and the line; empty for its last one.
    """

    kind: str
    line: int
    name: str = ""
    layers: list["Value"] = field(default_factory=list)
    inputs: "Tensor | None" = None
    outputs: "Value | None" = None
    instance: "Instance | None" = None
    arguments: dict[str, "Value"] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    compiled: "Compile | None" = None
    frozen: str = ""
    trains: "Trains | None" = None
    end: "Tensor | None" = None
    inner: tuple[str, int] = ("", 0)
    depth: int = 0
    loaded: bool = False
    node: ast.Call | None = None
    fits: list["Fit"] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class LayerRange:
    """`model.layers[a:b]`, or one of them where `single`; `start` and `stop` as numbers, None where not known."""

    model: Model
    whole: bool
    single: bool = False
    start: int | None = 0
    stop: int | None = None
    name: str = ""
