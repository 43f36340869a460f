"""Layers, and other objects that a call of a library makes: optimizers, callbacks, losses, generators."""

import ast
from dataclasses import dataclass, field
from typing import Any

from core.script.flow.turns import Turns
from core.script.flow.value import Value


@dataclass(eq=False)
class Layer(Value):
    """A layer of Keras with its arguments.

    Attributes:
        span: The range of the images that a random one is put on.
        loops: All that it is made in, innermost last.
    """

    kind: str
    arguments: dict[str, "Value"]
    lines: dict[str, int]
    line: int
    called: int = 0
    span: tuple[float, float] | None = None
    loops: tuple[Turns, ...] = ()
    node: ast.Call | None = None


@dataclass(eq=False)
class Made(Value):
    """An object of a library that is not a layer or model: an optimizer, a callback, a loss, a generator."""

    kind: str
    name: str
    arguments: dict[str, "Value"]
    lines: dict[str, int]
    line: int
    state: dict[str, Any] = field(default_factory=dict)
    node: ast.Call | None = None
