"""Script: calls and assignments of a pasted script, in order, and queries on them. Nothing of it is ever run."""

import ast
import builtins
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from core.script.fold import fold
from core.script.text import Source
from core.script.values import UNKNOWN, TrainingContext, as_bool, as_int, as_number, as_pair, as_text

_DEPTH = 20
"""Names behind names that are followed."""


@dataclass(frozen=True)
class Location:
    """Where in the script something is: later things have a higher position."""

    position: int
    scope: tuple[str, ...]


@dataclass(frozen=True)
class Assignment:
    """A name gets a value; `sure` where neither a branch nor a loop decides whether it does."""

    value: ast.expr | None
    location: Location
    sure: bool
    parameter: bool = False
    """Whether the name is a function's parameter: each call may give it another value."""


@dataclass(frozen=True)
class Function:
    """A function of the script: its node, and what it returns, each with its place."""

    node: ast.FunctionDef | ast.AsyncFunctionDef
    returns: list[tuple[ast.expr, Location]] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Call:
    """A call: its dotted name with imports resolved, and its arguments by name."""

    name: str
    node: ast.Call
    location: Location
    arguments: dict[str, tuple[ast.expr, int]]
    unread: bool = False
    """Whether it has arguments that only running would tell (`*args`, `**options`)."""

    @property
    def short(self) -> str:
        """Last part of the name."""
        return self.name.rpartition(".")[2]

    @property
    def line(self) -> int:
        """Number of the line it begins in."""
        return self.node.lineno


@dataclass(frozen=True)
class Value:
    """An argument: whether the script states it, what it is if it can be read, its text and its line."""

    stated: bool = False
    value: Any = UNKNOWN
    text: str = ""
    line: int = 0
    node: ast.expr | None = None

    @property
    def known(self) -> bool:
        """Whether its value can be read."""
        return self.value is not UNKNOWN

    @property
    def number(self) -> int | float | None:
        """Its value where that is a number."""
        return as_number(self.value)

    @property
    def whole(self) -> int | None:
        """Its value where that is a whole number."""
        return as_int(self.value)

    @property
    def word(self) -> str | None:
        """Its value where that is a text."""
        return as_text(self.value)

    @property
    def flag(self) -> bool | None:
        """Its value where that is True or False."""
        return as_bool(self.value)

    @property
    def pair(self) -> tuple[int, int] | None:
        """Its first two values where those are whole numbers."""
        return as_pair(self.value)


@dataclass(frozen=True)
class Trainable:
    """`trainable` is set: of `owner` as a whole, or (in a loop) of its layers from `start` to `stop`.

    Attributes:
        owner: The expression whose layers are meant.
        layers: Whether a loop goes over its layers (else the whole is set at once).
        start: First index, or None; UNKNOWN where it cannot be read. So `stop`.
        value: What it is set to; UNKNOWN where it cannot be read.
        condition: Whether an `if` inside the loop decides.
        name: The layer's name that such an `if` asks for, or empty.
    """

    owner: ast.expr
    layers: bool
    start: Any
    stop: Any
    value: Any
    condition: bool
    name: str
    line: int
    location: Location


@dataclass
class Script:
    """The facts, and the questions one may ask of them."""

    source: Source
    calls: list[Call] = field(default_factory=list)
    assignments: dict[tuple[tuple[str, ...], str], list[Assignment]] = field(default_factory=lambda: defaultdict(list))
    functions: dict[tuple[str, ...], Function] = field(default_factory=dict)
    trainables: list[Trainable] = field(default_factory=list)
    aliases: dict[str, str] = field(default_factory=dict)
    by_name: dict[str, list[Call]] = field(default_factory=lambda: defaultdict(list))
    by_node: dict[int, Call] = field(default_factory=dict)
    work: TrainingContext = field(default_factory=TrainingContext)
    _folded: dict[int, Any] = field(default_factory=dict)
    _arguments: dict[tuple[int, str], Value] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What to call the script in messages."""
        return self.source.name

    @property
    def tree(self) -> ast.Module:
        """Its syntax tree."""
        return self.source.tree

    @property
    def lines(self) -> list[str]:
        """The lines that the tree was made from."""
        return self.source.lines

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """All nodes of the tree."""
        return list(ast.walk(self.tree))

    def where(self, line: int) -> str:
        """`line 7`, or `cell 3, line 7` of a notebook: every sentence names lines in these words."""
        return self.source.where(line)

    def find(self, *names: str) -> list[Call]:
        """Calls whose last name is one of these, in order."""
        found = [call for name in dict.fromkeys(names) for call in self.by_name.get(name, [])]
        return sorted(found, key=lambda call: call.location.position)

    def argument(self, call: Call | None, name: str) -> Value:
        """What a call says of an argument."""
        if call is None or name not in call.arguments:
            return Value()
        key = (id(call), name)
        if key not in self._arguments:
            node, line = call.arguments[name]
            self._arguments[key] = Value(True, self.fold(node, call.location), self.text(node), line, node)
        return self._arguments[key]

    def fold(self, node: ast.expr | None, location: Location, depth: int = 0) -> Any:
        """The value of an expression at a place; `UNKNOWN` where only running would tell.

        Raises:
            DataError: the values of this script take too many steps to work out.
        """

        def lookup(name: str) -> Any:
            assignment = self.assigned(name, location)
            if assignment is None or assignment.value is None or depth > _DEPTH:
                return UNKNOWN
            key = id(assignment)
            if key not in self._folded:
                self._folded[key] = UNKNOWN  # for a name that stands for itself
                self._folded[key] = self.fold(assignment.value, assignment.location, depth + 1)
            return self._folded[key]

        return fold(node, lookup, self.work)

    def assigned(self, name: str, location: Location) -> Assignment | None:
        """The assignment that gives a name its value at a place; None where there is none or a branch decides."""
        for length in range(len(location.scope), -1, -1):
            known = self.assignments.get((location.scope[:length], name))
            if not known:
                continue
            before = bisect_left(known, location.position, key=lambda one: one.location.position)
            if not before and length == len(location.scope) and length:
                return None
            # A function may stand above the constants that it uses.
            last = known[max(0, before - 1)]
            if last.location.position == location.position:
                return None  # a value that is made of itself
            return last if last.sure or len(known) == 1 else None
        return None

    def function(self, name: str, location: Location) -> Function | None:
        """The function of the script that a name stands for at a place."""
        scopes = (location.scope[:length] for length in range(len(location.scope), -1, -1))
        return next((found for scope in scopes if (found := self.functions.get((*scope, name)))), None)

    def is_defined(self, name: str) -> bool:
        """Whether the script gives the name a value anywhere, or imports it."""
        return name in self.aliases or hasattr(builtins, name) or name in self._names

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(name for _, name in self.assignments)

    def names_of(self, node: ast.expr) -> list[str]:
        """Names that are given the value of an expression where it stands."""
        return self._given_names.get(id(node), [])

    @cached_property
    def _given_names(self) -> dict[int, list[str]]:
        names: dict[int, list[str]] = defaultdict(list)
        for (_, name), known in self.assignments.items():
            for one in known:
                names[id(one.value)].append(name)
        return names

    def origin(self, node: ast.expr | None, location: Location) -> tuple[ast.expr | None, Location]:
        """The expression behind a name, and where it stands; other expressions are their own origin."""
        for _ in range(_DEPTH):
            if not isinstance(node, ast.Name) or (assignment := self.assigned(node.id, location)) is None:
                break
            node, location = assignment.value, assignment.location
        return node, location

    def call_of(self, node: ast.expr | None, location: Location) -> Call | None:
        """The call whose result an expression is."""
        return self.at(self.origin(node, location)[0])

    def at(self, node: ast.AST | None) -> Call | None:
        """The call that a node of the tree is."""
        return self.by_node.get(id(node))

    def receiver(self, call: Call) -> tuple[ast.expr | None, Location]:
        """The object whose method is called, by its origin."""
        if not isinstance(call.node.func, ast.Attribute):
            return None, call.location
        return self.origin(call.node.func.value, call.location)

    def text(self, node: ast.expr) -> str:
        """The source of an expression, on one line and not too long."""
        first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
        lines = self.source.encoded[first : min(last, first + 5) + 1]
        if not lines:
            return ""
        if first == last:
            lines[0] = lines[0][node.col_offset : node.end_col_offset]
        else:
            lines[0] = lines[0][node.col_offset :]
            if last <= first + 5:
                lines[-1] = lines[-1][: node.end_col_offset]
        text = " ".join(b" ".join(lines).decode(errors="replace").split())
        return text if len(text) <= 120 else text[:117] + "..."

    def why_unknown(self, value: Value, wanted: str = "of a kind that is read here") -> str:
        """Why an argument's value cannot be read, or is not what is `wanted`, for a person."""
        if value.known:
            return f"{self.where(value.line)}: {value.text} is not {wanted}"
        names = [node.id for node in ast.walk(value.node) if isinstance(node, ast.Name)] if value.node else []
        missing = [name for name in dict.fromkeys(names) if not self.is_defined(name)]
        if missing:
            verb = "is" if len(missing) == 1 else "are"
            return f"{self.where(value.line)}: {', '.join(missing[:5])} {verb} not defined in the script"
        return f"{self.where(value.line)}: the value of {value.text} is known only when the script runs"

    def line_text(self, line: int) -> str:
        """A line of the script, stripped."""
        return self.lines[line - 1].strip()[:200] if 0 < line <= len(self.lines) else ""
