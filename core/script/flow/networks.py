"""Networks as abstract values, what happens to them, and other objects of a library."""

import ast
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from core.script.flow.objects import Array, Instance
from core.script.flow.turns import Turns
from core.script.flow.value import Value


@dataclass(frozen=True, eq=False)
class Tensor(Value):
    """A symbolic tensor: its value for the input as declared, and how to compute it for another one."""

    value: "Array"
    parents: tuple["Tensor", ...] = ()
    compute: Callable[[list["Value"]], "Value"] | None = None
    line: int = 0


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
class Model(Value):
    """A network: `sequential`, `functional`, `subclass` (of the script), or `backbone` (of keras.applications).

    Attributes:
        trains: Of a backbone: which of its layers learn; None where the script sets none.
        end: Of a backbone: its symbolic output, where that is asked for; a model that begins at its input and goes on
            from there has the backbone's layers as its own.
        refilled: Of a backbone: line and text of a call that gives it other weights before it is trained, and whether
            that surely happens.
        inner: Of a backbone: name of the layer inside it whose output is taken, and the line; empty for its last one.
        branches: Those branches of conditions that are not known in which it is made, outermost first.
        refilled_from: Of a backbone: the file of those weights; empty where it is not known.
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
    refilled: tuple[int, str, bool] = (0, "", False)
    depth: int = 0
    loaded: bool = False
    node: ast.Call | None = None
    fits: list["Fit"] = field(default_factory=list)
    branches: tuple[int, ...] = ()
    refilled_from: str = ""


@dataclass(frozen=True, eq=False)
class LayerRange(Value):
    """`model.layers[a:b]`, or one of them where `single`; `start` and `stop` as numbers, None where not known."""

    model: Model
    whole: bool
    single: bool = False
    start: int | None = 0
    stop: int | None = None
    name: str = ""


@dataclass(frozen=True, eq=False)
class Compile:
    """A `compile`: its arguments and lines.

    Attributes:
        trains: Which layers of each pretrained network are trainable at this moment.
        mark: Identity; kept where the script sets another learning rate later, which compiles nothing.
    """

    arguments: dict[str, "Value"]
    lines: dict[str, int]
    line: int
    node: ast.Call | None = None
    trains: "dict[int, Trains | None]" = field(default_factory=dict)
    mark: object = field(default_factory=object)


@dataclass(eq=False)
class Fit:
    """A training.

    Attributes:
        x: Images or features, or the batches of them.
        val: What it is validated on: a pair, batches, None or an unknown value.
        folds: Line of the loop over folds that it runs in; 0 where there is none.
        perhaps: Whether a condition decides that it takes place.
        loops: All that it runs in, innermost last.
        uncalled: Whether it stands in a function that nothing in the script calls.
        held: By identity of a layer outside the pretrained networks: the line that keeps it from training.
    """

    model: "Model"
    x: "Value"
    y: "Value | None"
    val: "Value | None"
    arguments: dict[str, "Value"]
    lines: dict[str, int]
    line: int
    compiled: Compile | None
    frozen: dict[int, str]
    trains: "dict[int, Trains | None]" = field(default_factory=dict)
    folds: int = 0
    trained_before: bool = False
    node: ast.Call | None = None
    loops: tuple[Turns, ...] = ()
    perhaps: bool = False
    uncalled: bool = False
    held: dict[int, int] = field(default_factory=dict)

    @property
    def times(self) -> int | None:
        """How often the same model is trained so, by the loops that begin after it was made; None where that is not
        known."""
        counts = [1 if one.fold else one.count for one in self.loops[self.model.depth :]]
        return math.prod(one for one in counts if one is not None) if None not in counts else None


@dataclass(frozen=True, eq=False)
class Ask:
    """A `predict` or `evaluate`; `uncalled` where it stands in a function that nothing in the script calls."""

    kind: str
    model: "Model"
    x: "Value"
    y: "Value | None"
    line: int
    compiled: Compile | None = None
    arguments: dict[str, "Value"] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    node: ast.Call | None = None
    uncalled: bool = False


@dataclass(frozen=True, eq=False)
class Note:
    """Something that is wrong by itself, where it happens: the rule's name, its line, and what a sentence needs."""

    kind: str
    line: int
    told: dict[str, Any]
