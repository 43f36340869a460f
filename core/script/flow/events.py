"""What happens to models in a script that is followed: compilations, trainings, questions, notes of what is wrong."""

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.script.flow.networks import Model, Trains
    from core.script.flow.objects import Value


@dataclass(frozen=True, eq=False)
class Compile:
    """A `compile`: its arguments and lines."""

    arguments: dict[str, "Value"]
    lines: dict[str, int]
    line: int
    node: ast.Call | None = None


@dataclass(eq=False)
class Fit:
    """A training.

    Attributes:
        x: Images or features, or the batches of them.
        val: What it is validated on: a pair, batches, None or an unknown value.
        folds: Line of the loop over folds that it runs in; 0 where there is none.
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


@dataclass(frozen=True, eq=False)
class Ask:
    """A `predict` or `evaluate`."""

    kind: str
    model: "Model"
    x: "Value"
    y: "Value | None"
    line: int
    compiled: Compile | None = None
    arguments: dict[str, "Value"] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    node: ast.Call | None = None


@dataclass(frozen=True, eq=False)
class Note:
    """Something that is wrong by itself, where it happens: the rule's name, its line, and what a sentence needs."""

    kind: str
    line: int
    told: dict[str, Any]
