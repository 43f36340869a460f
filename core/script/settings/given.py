"""An argument of a call that was followed: its value, the lines that it comes from, and why it is not known."""

import ast
from dataclasses import dataclass
from typing import Any

from core.script.flow.machine import UNREAD, constant, is_none, lines_of, number, whole
from core.script.flow.made import Layer, Made
from core.script.flow.networks import Ask, Compile, Fit, Model
from core.script.flow.objects import Const, Items, Mapping
from core.script.flow.value import Value
from core.script.reader import Script
from core.script.values import UNKNOWN, fitting

Owner = Layer | Made | Model | Compile | Fit | Ask


@dataclass(frozen=True)
class Given:
    """One argument.

    Attributes:
        value: What it is; None where it is not given.
        line: Where it stands; the call's where it is not given.
        text: Its text in the script.
        why: Why it is not known, for a person.
    """

    value: Value | None = None
    line: int = 0
    text: str = ""
    why: str = ""

    @property
    def stated(self) -> bool:
        """Whether it is given, and not as None."""
        return not is_none(self.value)

    @property
    def lines(self) -> tuple[int, ...]:
        """Its line, and those that its value comes from."""
        return tuple(dict.fromkeys((self.line, *lines_of(self.value))))

    @property
    def number(self) -> int | float | None:
        """Its value where that is a number."""
        return number(self.value)

    @property
    def whole(self) -> int | None:
        """Its value where that is a whole number."""
        return whole(self.value)

    @property
    def known(self) -> Any:
        """Its value, lists as tuples; None where it is not known."""
        return constant(self.value)

    @property
    def is_known(self) -> bool:
        """Whether its value is a constant, or a list of constants."""
        values = self.value.values if isinstance(self.value, Items) and not self.value.more else [self.value]
        inner = [one for part in values for one in (part.values if isinstance(part, Items) else [part])]
        return all(isinstance(one, Const) for one in inner)

    def fitting(self, kind: type) -> Any:
        """Its value as a setting of that type has it; `UNKNOWN` where it cannot."""
        return fitting(self.known, kind) if self.is_known else UNKNOWN


def argument(script: Script, owner: Owner | None, *names: str) -> Given:
    """An argument by one of its names.

    Args:
        script: Script. The text that it stands in.
        owner: What was called; None where there is no such call.
        names: Of the argument, the later ones older.
    """
    if owner is None:
        return Given()
    name = next((one for one in names if one in owner.arguments), None)
    if name is None and UNREAD in owner.arguments and not _is_told(owner, names):
        told = f"the value of {names[0]} is known only when the script runs"
        return Given(owner.arguments[UNREAD], owner.line, names[0], f"{script.where(owner.line)}: {told}")
    if name is None:
        return Given(line=owner.line)
    value, line = owner.arguments[name], owner.lines.get(name, owner.line)
    node = _node(script, owner, name, names)
    if node is None:
        return Given(value, line, "", f"{script.where(line)}: the value is known only when the script runs")
    why = _why(script, node, line)
    if isinstance(value, Mapping):
        why = f"{script.where(line)}: {script.text(node)} is not of a kind that is read here"
    return Given(value, line, script.text(node), why)


_OF_FIT = ("epochs", "callbacks")
"""Arguments of a training that a run cannot be without, and that nothing else asks for."""


def _is_told(owner: Owner, names: tuple[str, ...]) -> bool:
    """Whether an argument that may be among those that cannot be told is asked for elsewhere, or may be left out."""
    if isinstance(owner, Made):
        return "unread" in owner.state or owner.kind == "ImageDataGenerator"
    return names[0] not in _OF_FIT if isinstance(owner, Fit) else isinstance(owner, (Model, Ask))


def _node(script: Script, owner: Owner, name: str, names: tuple[str, ...]) -> ast.expr | None:
    call = owner.node
    known = script.at(call) if call is not None else None
    for one in names:
        if known is not None and one in known.arguments:
            return known.arguments[one][0]
        for keyword in call.keywords if call is not None else ():
            if keyword.arg == one:
                return keyword.value
    return _by_place(call, list(owner.arguments), name) if call is not None else None


def _by_place(call: ast.Call, bound: list[str], name: str) -> ast.expr | None:
    """What stands in the place of a name: those that are given by place come first among the names."""
    place = bound.index(name)
    is_plain = bound[0] != "generator" and not any(isinstance(one, ast.Starred) for one in call.args)
    return call.args[place] if is_plain and place < len(call.args) else None


_MOST_NAMES = 5


def _why(script: Script, node: ast.expr, line: int) -> str:
    inner = {one.arg for one in ast.walk(node) if isinstance(one, ast.arg)}
    stored = {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
    names = [one.id for one in ast.walk(node) if isinstance(one, ast.Name) and one.id not in inner | stored]
    missing = [name for name in dict.fromkeys(names) if not script.is_defined(name)]
    if missing:
        told = f"{', '.join(missing[:_MOST_NAMES])} {'is' if len(missing) == 1 else 'are'} not defined in the script"
    else:
        told = f"the value of {script.text(node)} is known only when the script runs"
    return f"{script.where(line)}: {told}"
