"""What everything that follows a script shares: its budget, its events, arguments of a call, and simple questions."""

import ast
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from core.script.flow.networks import Ask, Compile, Fit, Model, Note
from core.script.flow.objects import Batches, Const, Function, Instance, Items, Mapping, Scope, Unknown
from core.script.flow.turns import Turns
from core.script.flow.value import Value

STEPS = 60_000
"""Expressions and statements that one script may take, calls and repeated loops included: part of a second."""

DEEPEST = 120
"""Expressions, statements and calls inside each other: Python's own stack holds about four times that."""

MOST_VALUES = 50
"""Elements of a list that are looked at one by one."""


UNREAD = "**"
"""Name of the arguments of a call that cannot be told, as of `**options`."""


class Stop(Exception):
    """The budget is spent."""


@dataclass
class Arguments:
    """Arguments of one call.

    Attributes:
        name: What is called, in full, by its imports.
        unread: Whether some cannot be told, as of `**options`.
    """

    name: str
    line: int
    positional: list[Value] = field(default_factory=list)
    named: dict[str, Value] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    nodes: list[ast.expr] = field(default_factory=list)
    node: ast.Call | None = None
    scope: Scope | None = None
    unread: bool = False

    def get(self, name: str, position: int = -1) -> Value | None:
        """An argument by its name, or its position; None where it is not given."""
        if name in self.named:
            return self.named[name]
        return self.positional[position] if 0 <= position < len(self.positional) else None

    def line_of(self, name: str, position: int = -1) -> int:
        """The line of an argument; the call's where it is not given."""
        if name in self.lines:
            return self.lines[name]
        return self.nodes[position].lineno if 0 <= position < len(self.nodes) else self.line

    def bound(self, names: tuple[str, ...]) -> tuple[dict[str, Value], dict[str, int]]:
        """Arguments by name, where the positional ones have these names in order, and their lines.

        Positional ones beyond these names are there as `#2`, counted from 0, and those that cannot be told as `**`.
        """
        names = (*names, *(f"#{k}" for k in range(len(names), len(self.positional))))
        values = dict(zip(names, self.positional, strict=False))
        lines = {name: self.line_of(name, k) for k, name in enumerate(names[: len(self.positional)])}
        if self.unread:
            values[UNREAD], lines[UNREAD] = Unknown("options", self.line), self.line
        return {**values, **self.named}, {**lines, **self.lines}


@dataclass(frozen=True)
class Folder:
    """A folder whose files are listed, and the line."""

    value: Value | None
    line: int


class Machine(ABC):
    """State of one reading, and what every part of it may ask: the parts of the language are classes below this one.

    Args:
        text: From an expression to its text on one line.

    Attributes:
        events: Trainings and questions to models, in the order of the script.
        notes: What is wrong by itself.
        set_by_hand: Lines that set an attribute of a dataset or generator, and its name.
        models: All that were made.
        passed: Layers and models that arrays went through, with what they got, while a model is asked.
        reshuffling: By number of a dataset that was cut: the line that brings another order in every epoch.
        cuts: Each `take` and `skip`: number of the dataset, the method and its line.
        stopped: Whether the budget was spent before the end of the script.
        strange: Trainings of models that the script does not make.
        strangers: Those models, by name.
        told: Calls that decide something by themselves, as that of a seed.
        folders: Folders whose files a script lists.
        compiles: Compilations, in order.
        sources: Datasets and generators that read images, as they were made.
        ends: Layers that were put on symbolic tensors, with what they gave.
        loops: Those that run, innermost last.
        branches: Of conditions that are not known: the branches that are followed now, outermost first.
        restored: What gives a model other weights after a training: how many events came before, line, text, model.
        held: By identity of a layer outside the pretrained networks: the line that keeps it from training.
        uncalled: The function that is followed though nothing in the script calls it; None while others are.
        instances: By identity of a class of the script: the object of it that was made last.
    """

    def __init__(self, text: Callable[[ast.expr], str]) -> None:
        self.text = text
        self.left, self.depth, self.numbers = STEPS, 0, 0
        self.events: list[Fit | Ask] = []
        self.notes: list[Note] = []
        self.set_by_hand: list[tuple[int, str]] = []
        self.models: list[Model] = []
        self.passed: list[tuple[Value, Value]] = []
        self.loops: list[Turns] = []
        self.reshuffling: dict[int, int] = {}
        self.cuts: list[tuple[int, str, int]] = []
        self.ends: list[tuple[Value, Value]] = []
        self.seeded: Any = None
        self.saved: dict[str, Value] = {}
        self.strange: list[Fit | Ask] = []
        self.strangers: dict[str, Model] = {}
        self.told: list[Arguments] = []
        self.sources: list[Batches] = []
        self.compiles: list[Compile] = []
        self.folders: list[Folder] = []
        self.branches: tuple[int, ...] = ()
        self.held: dict[int, int] = {}
        self.restored: list[tuple[int, int, str, Model]] = []
        self.uncalled: Function | None = None
        self.instances: dict[int, Instance] = {}
        self.unsure = 0
        self.drawn = 0
        self.stopped = False

    def spend(self, steps: int = 1) -> None:
        """Takes steps off the budget.

        Raises:
            Stop: nothing is left.
        """
        self.left -= steps
        if self.left < 0:
            raise Stop

    def is_unsure_of(self, model: Model) -> bool:
        """Whether a condition that is not known decides what happens now to a model: not where it decides as well
        whether there is that model."""
        known = self.unsure == len(self.branches) and self.branches == model.branches[: len(self.branches)]
        return bool(self.unsure) and not known

    def new_number(self) -> int:
        """A number that nothing else has."""
        self.numbers += 1
        return self.numbers

    def note(self, kind: str, line: int, **told: Any) -> None:
        """Records what is wrong by itself."""
        self.notes.append(Note(kind, line, told))

    @abstractmethod
    def evaluate(self, node: ast.expr | None, scope: Scope) -> Value:
        """The value of an expression in a scope."""

    @abstractmethod
    def run(self, statements: list[ast.stmt], scope: Scope) -> bool:
        """Runs statements; whether it surely ends in a return, a raise or the like."""

    @abstractmethod
    def apply(self, callee: Value, given: Arguments) -> Value:
        """The result of a call."""

    @abstractmethod
    def operate(self, op: ast.operator, left: Value, right: Value, node: ast.expr) -> Value:
        """`left op right`, whose text is that of `node`."""

    @abstractmethod
    def assign(self, target: ast.expr, value: Value, scope: Scope) -> None:
        """`target = value`."""

    @abstractmethod
    def set_attribute(self, owner: Value, name: str, value: Value, line: int) -> None:
        """`owner.name = value`."""

    @abstractmethod
    def lift(self, compute: Callable[[list[Value]], Value], values: list[Value], line: int) -> Value:
        """A symbolic tensor for what is computed of values, some of which are symbolic."""

    @abstractmethod
    def attribute(self, owner: Value, name: str, node: ast.expr) -> Value:
        """The value of `owner.name`."""


def method_name(given: Arguments) -> str:
    """The name of a method that is called; empty for a function."""
    node = given.node.func if given.node is not None else None
    return node.attr if isinstance(node, ast.Attribute) else ""


Handler = Callable[[Machine, Arguments], Value]
"""What a function of a library gives."""


def constant(value: Value | None, depth: int = 2) -> Any:
    """The value of a constant, a short list or tuple of constants as a tuple; None where it is not known."""
    if isinstance(value, Const):
        return value.value
    if isinstance(value, Items) and not value.more and depth and len(value.values) <= MOST_VALUES:
        # Lists in lists: each may stand in the next one many times.
        return tuple(constant(one, depth - 1) for one in value.values)
    return None


_MOST_LINES = 6


def lines_of(*values: Value | None) -> tuple[int, ...]:
    """The lines of the script that constants, and lists of them, are made of."""
    found: dict[int, None] = {}
    for value in values:
        inner = value.values[:MOST_VALUES] if isinstance(value, Items) else [value]
        for one in inner:
            found.update(dict.fromkeys(one.lines if isinstance(one, Const) else ()))
    return tuple(found)[:_MOST_LINES]


def counted(op: ast.operator, left: Value, right: Value) -> float:
    """How many epochs a product or quotient of steps makes; 0 where it is none, or that is not known."""
    counts = [one.epochs if isinstance(one, Unknown) else 0.0 for one in (left, right)]
    figures = [number(one) for one in (left, right)]
    if isinstance(op, ast.Mult) and counts[0] and figures[1]:
        return counts[0] * figures[1]
    if isinstance(op, ast.Mult) and counts[1] and figures[0]:
        return counts[1] * figures[0]
    if isinstance(op, (ast.Div, ast.FloorDiv)) and isinstance(left, Unknown) and left.text in _SAMPLES:
        return 1.0
    return 0.0


_SAMPLES = ("samples", "n", "len(images)")
"""Texts of counts of images: divided by the batch they are the steps of one epoch."""


def number(value: Value | None) -> float | int | None:
    """A number; None for anything else, and True is no number."""
    known = constant(value)
    return known if isinstance(known, (int, float)) and not isinstance(known, bool) else None


def whole(value: Value | None) -> int | None:
    """A whole number; None for anything else."""
    known = number(value)
    return int(known) if known is not None and abs(known) < 10**15 and known == int(known) else None


def word(value: Value | None) -> str | None:
    """A text; None for anything else."""
    known = constant(value)
    return known if isinstance(known, str) else None


def is_none(value: Value | None) -> bool:
    """Whether it is None, written or left out."""
    return value is None or (isinstance(value, Const) and value.value is None)


def is_value(value: Value | None, wanted: Any) -> bool:
    """Whether it is surely this constant."""
    return isinstance(value, Const) and value.value is wanted


def wholes(value: Value | None) -> tuple[int | None, ...] | None:
    """A tuple of whole numbers, those not known as None; None where it is no tuple."""
    if not isinstance(value, Items) or value.more:
        return None
    return tuple(whole(one) for one in value.values)


def elements(value: Value | None) -> list[Value]:
    """The elements of a list, tuple or dictionary as far as they are known."""
    if isinstance(value, Items):
        return list(value.values)
    if isinstance(value, Mapping):
        return [*value.values.values(), *([value.rest] if value.rest is not None else [])]
    return []


def unknown(given: Arguments) -> Unknown:
    """The result of a call of which nothing is known."""
    return Unknown(given.name, given.line)
