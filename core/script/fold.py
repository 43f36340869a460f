"""Constant folding of a pasted script: literals, names, simple arithmetic, joined paths; nothing is run."""

import ast
import operator
from collections.abc import Callable
from typing import Any

from core.script.values import (
    LONGEST,
    MOST,
    UNKNOWN,
    Table,
    TrainingContext,
    as_int,
    as_number,
    as_text,
    as_tuple,
    bounded,
    bounded_number,
)

Lookup = Callable[[str], Any]
"""From a name to its value, or `UNKNOWN`."""

_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}

_HIGHEST_BASE, _HIGHEST_POWER, _FURTHEST_SHIFT = 1000, 4, 40


class Folder:
    """Folds expressions at one place of a script.

    Args:
        lookup: From a name to its value there; it may fold in turn.
        work: Work. Of the whole script: every step of every value counts.
    """

    def __init__(self, lookup: Lookup, work: TrainingContext) -> None:
        self.lookup, self.work = lookup, work

    def fold(self, node: ast.expr | None) -> Any:
        """The value of an expression, or `UNKNOWN`; never calls anything of the script's.

        Raises:
            DataError: the script's values take too many steps.
        """
        reader = _READERS.get(type(node))
        if reader is None or self.work.is_deep:
            return UNKNOWN
        self.work.depth += 1
        try:
            return bounded(reader(node, self), self.work)
        except (ArithmeticError, ValueError):
            return UNKNOWN  # whoever runs the script gets this error in its line
        finally:
            self.work.depth -= 1

    def all(self, nodes: list[ast.expr]) -> tuple[Any, ...] | None:
        """The values of all; None where one is not known or there are too many."""
        if len(nodes) > MOST:
            return None
        values = tuple(self.fold(node) for node in nodes)
        return None if UNKNOWN in values else values


def fold(node: ast.expr | None, lookup: Lookup, work: TrainingContext | None = None) -> Any:
    """The value of an expression, or `UNKNOWN`; never calls anything of the script's.

    Args:
        node: ast.expr. What to fold.
        lookup: From a name to its value.
        work: Work. What is left of the script's steps. Defaults to a script's whole.
    """
    return Folder(lookup, work or TrainingContext()).fold(node)


def dotted(node: ast.AST) -> str:
    """`keras.layers.Dense` for the expression of that name; empty for what is no plain name."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([node.id, *reversed(parts)])


def _sequence(node: ast.Tuple | ast.List, folder: Folder) -> Any:
    values = folder.all(node.elts)
    return UNKNOWN if values is None else values


def _dict(node: ast.Dict, folder: Folder) -> Any:
    keys = folder.all([key for key in node.keys if key is not None])
    if keys is None or len(keys) != len(node.keys) or not all(isinstance(key, (str, int)) for key in keys):
        return UNKNOWN
    return Table(tuple(dict(zip(keys, (folder.fold(value) for value in node.values), strict=True)).items()))


def _unary(node: ast.UnaryOp, folder: Folder) -> Any:
    value = folder.fold(node.operand)
    if isinstance(node.op, ast.Not) and isinstance(value, bool):
        return not value
    if isinstance(node.op, (ast.USub, ast.UAdd)) and isinstance(value, (int, float)):
        return -value if isinstance(node.op, ast.USub) else value
    return UNKNOWN


def _binary(node: ast.BinOp, folder: Folder) -> Any:
    left, right = folder.fold(node.left), folder.fold(node.right)
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return bounded_number(_number(node.op, left, right))
    if isinstance(node.op, ast.Add):
        return _joined_up(left, right)
    return _repeated(left, right) if isinstance(node.op, ast.Mult) else UNKNOWN


def combine(op: ast.operator, left: Any, right: Any) -> Any:
    """`left op right` of two plain values, bounded in size; None where only running would tell."""
    if isinstance(left, str) and isinstance(right, str) and isinstance(op, ast.Div):
        return _joined([left, right])  # of pathlib's
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        try:
            value = bounded_number(_number(op, left, right))
        except (ArithmeticError, ValueError):
            return None
    else:
        value = _joined_up(left, right) if isinstance(op, ast.Add) else UNKNOWN
    return None if value is UNKNOWN else value


def _number(op: ast.operator, left: float, right: float) -> Any:
    if isinstance(op, ast.Pow):
        return left**right if 0 < left <= _HIGHEST_BASE and abs(right) <= _HIGHEST_POWER else UNKNOWN
    if isinstance(op, ast.LShift):
        whole, by = as_int(left), as_int(right)
        return whole << by if whole is not None and by is not None and 0 <= by <= _FURTHEST_SHIFT else UNKNOWN
    compute = _ARITHMETIC.get(type(op))
    return compute(left, right) if compute is not None else UNKNOWN


def _joined_up(left: Any, right: Any) -> Any:
    """Two texts, or two tuples such as `IMAGE_SIZE + (3,)`, one behind the other."""
    same = (isinstance(left, str) and isinstance(right, str)) or (isinstance(left, tuple) and isinstance(right, tuple))
    return left + right if same and len(left) + len(right) <= LONGEST else UNKNOWN


def _repeated(left: Any, right: Any) -> Any:
    """`(150,) * 2`, `"a" * 3`: refused before it is made where it would be too long."""
    whole, times = (left, right) if isinstance(left, (str, tuple)) else (right, left)
    if not isinstance(whole, (str, tuple)) or not isinstance(times, int):
        return UNKNOWN
    return whole * times if len(whole) * times <= MOST else UNKNOWN


def _subscript(node: ast.Subscript, folder: Folder) -> Any:
    whole = folder.fold(node.value)
    if isinstance(node.slice, ast.Slice):
        return _slice(whole, node.slice, folder)
    index = folder.fold(node.slice)
    if isinstance(whole, Table) and isinstance(index, (str, int)):
        return whole.get(index)
    values = as_tuple(whole)
    if values is not None and isinstance(index, int) and -len(values) <= index < len(values):
        return values[index]
    return UNKNOWN


def _slice(whole: Any, node: ast.Slice, folder: Folder) -> Any:
    """`shape[:2]` of a tuple or text."""
    ends = [None if end is None else folder.fold(end) for end in (node.lower, node.upper)]
    if node.step is not None or not isinstance(whole, (tuple, str)):
        return UNKNOWN
    return whole[ends[0] : ends[1]] if all(end is None or isinstance(end, int) for end in ends) else UNKNOWN


def _text(node: ast.JoinedStr, folder: Folder) -> Any:
    text = ""
    for part in node.values:
        plain = not isinstance(part, ast.FormattedValue) or (part.conversion == -1 and part.format_spec is None)
        value = folder.fold(part.value if isinstance(part, ast.FormattedValue) else part)
        if not plain or not isinstance(value, (str, int)) or len(text) > LONGEST:
            return UNKNOWN
        text += str(value)
    return text


def _call(node: ast.Call, folder: Folder) -> Any:
    """Only what is known to compute and to do nothing else: path joins, `dict(...)`, number conversions."""
    name = dotted(node.func)
    if name == "dict" and not node.args:
        return Table(tuple((word.arg, folder.fold(word.value)) for word in node.keywords if word.arg))
    values = None if node.keywords else folder.all(node.args)
    if not values:
        return UNKNOWN
    if name in ("os.path.join", "path.join", "join", "Path", "pathlib.Path", "str"):
        texts = [text for value in values if (text := as_text(value)) is not None]
        return _joined(texts) if len(texts) == len(values) else UNKNOWN
    return _of_one(name, values[0]) if len(values) == 1 else UNKNOWN


def _of_one(name: str, value: Any) -> Any:
    """Functions of one value; of a table none is read."""
    if name in ("tuple", "list", "len"):
        values = as_tuple(value)
        return UNKNOWN if values is None else (len(values) if name == "len" else values)
    number = as_number(value)
    if name not in _CONVERSIONS or number is None:
        return UNKNOWN
    return _CONVERSIONS[name](number)


_CONVERSIONS: dict[str, Callable[[Any], Any]] = {"int": int, "float": float, "round": round, "abs": abs}


def _joined(parts: list[str]) -> str:
    """As `os.path.join` does: an absolute part starts again."""
    path = ""
    for part in parts:
        if len(path) > LONGEST:
            break
        path = part if part.startswith("/") or not path else path.rstrip("/") + "/" + part
    return path


_READERS: dict[type, Callable[[Any, Folder], Any]] = {
    ast.Constant: lambda node, folder: node.value,
    ast.Name: lambda node, folder: folder.lookup(node.id),
    ast.Tuple: _sequence,
    ast.List: _sequence,
    ast.Dict: _dict,
    ast.UnaryOp: _unary,
    ast.BinOp: _binary,
    ast.Subscript: _subscript,
    ast.JoinedStr: _text,
    ast.Call: _call,
}
