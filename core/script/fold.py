"""Constant folding of a pasted script: literals, names, simple arithmetic, joined paths; nothing is run."""

import ast
import math
import operator
from collections.abc import Callable
from typing import Any


class Unknown:
    """The value of an expression that only running the script would tell."""


UNKNOWN = Unknown()

_LARGEST = 10**15
_LONGEST = 10_000

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


def fold(node: ast.expr | None, lookup: Lookup) -> Any:
    """The value of an expression, or `UNKNOWN`; never calls anything of the script's."""
    reader = _READERS.get(type(node))
    return reader(node, lookup) if reader else UNKNOWN


def dotted(node: ast.AST) -> str:
    """`keras.layers.Dense` for the expression of that name; empty for what is no plain name."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([node.id, *reversed(parts)])


def _constant(node: ast.Constant, lookup: Lookup) -> Any:
    value = node.value
    if isinstance(value, str):
        return value if len(value) <= _LONGEST else UNKNOWN
    if value is None or isinstance(value, bool):
        return value
    return _bounded(value)


def _bounded(value: Any) -> Any:
    if not isinstance(value, (int, float)):
        return UNKNOWN
    return value if math.isfinite(value) and abs(value) <= _LARGEST else UNKNOWN


def _sequence(node: ast.Tuple | ast.List, lookup: Lookup) -> Any:
    values = [fold(item, lookup) for item in node.elts[:_LONGEST]]
    if any(value is UNKNOWN for value in values):
        return UNKNOWN
    return tuple(values)


def _dict(node: ast.Dict, lookup: Lookup) -> Any:
    if any(key is None for key in node.keys):
        return UNKNOWN
    keys = [fold(key, lookup) for key in node.keys]
    if not all(isinstance(key, (str, int)) for key in keys):
        return UNKNOWN
    return dict(zip(keys, (fold(value, lookup) for value in node.values), strict=True))


def _unary(node: ast.UnaryOp, lookup: Lookup) -> Any:
    value = fold(node.operand, lookup)
    if isinstance(node.op, ast.Not) and isinstance(value, bool):
        return not value
    if isinstance(node.op, (ast.USub, ast.UAdd)) and isinstance(value, (int, float)):
        return -value if isinstance(node.op, ast.USub) else value
    return UNKNOWN


def _binary(node: ast.BinOp, lookup: Lookup) -> Any:
    left, right = fold(node.left, lookup), fold(node.right, lookup)
    if isinstance(node.op, ast.Add) and isinstance(left, str) and isinstance(right, str):
        return left + right if len(left) + len(right) <= _LONGEST else UNKNOWN
    if not (isinstance(left, (int, float)) and isinstance(right, (int, float))):
        return UNKNOWN
    if isinstance(node.op, ast.Pow):
        return _bounded(left**right) if 0 < left <= 1000 and abs(right) <= 4 else UNKNOWN
    compute = _ARITHMETIC.get(type(node.op))
    if compute is None or (right == 0 and not isinstance(node.op, (ast.Add, ast.Sub, ast.Mult))):
        return UNKNOWN
    return _bounded(compute(left, right))


def _subscript(node: ast.Subscript, lookup: Lookup) -> Any:
    whole, index = fold(node.value, lookup), fold(node.slice, lookup)
    if isinstance(whole, dict) and isinstance(index, (str, int)):
        return whole.get(index, UNKNOWN)
    if isinstance(whole, tuple) and isinstance(index, int) and -len(whole) <= index < len(whole):
        return whole[index]
    return UNKNOWN


def _text(node: ast.JoinedStr, lookup: Lookup) -> Any:
    parts = []
    for part in node.values:
        plain = not isinstance(part, ast.FormattedValue) or (part.conversion == -1 and part.format_spec is None)
        value = fold(part.value if isinstance(part, ast.FormattedValue) else part, lookup)
        if not plain or not isinstance(value, (str, int)):
            return UNKNOWN
        parts.append(str(value))
    return "".join(parts)[:_LONGEST]


def _call(node: ast.Call, lookup: Lookup) -> Any:
    """Only what is known to compute and to do nothing else: path joins, `dict(...)`, number conversions."""
    name = dotted(node.func)
    if name == "dict" and not node.args:
        return {word.arg: fold(word.value, lookup) for word in node.keywords if word.arg}
    values = [fold(value, lookup) for value in node.args]
    if not values or node.keywords or any(value is UNKNOWN for value in values):
        return UNKNOWN
    if name in ("os.path.join", "path.join", "join", "Path", "pathlib.Path", "str"):
        texts = [value for value in values if isinstance(value, str)]
        return _joined(texts) if len(texts) == len(values) else UNKNOWN
    if name in ("int", "float", "round") and len(values) == 1 and isinstance(values[0], (int, float)):
        return float(values[0]) if name == "float" else (int if name == "int" else round)(values[0])
    return UNKNOWN


def _joined(parts: list[str]) -> Any:
    """As `os.path.join` does: an absolute part begins anew."""
    path = ""
    for part in parts:
        path = part if part.startswith("/") or not path else path.rstrip("/") + "/" + part
    return path if len(path) <= _LONGEST else UNKNOWN


_READERS: dict[type, Callable[[Any, Lookup], Any]] = {
    ast.Constant: _constant,
    ast.Name: lambda node, lookup: lookup(node.id),
    ast.Tuple: _sequence,
    ast.List: _sequence,
    ast.Dict: _dict,
    ast.UnaryOp: _unary,
    ast.BinOp: _binary,
    ast.Subscript: _subscript,
    ast.JoinedStr: _text,
    ast.Call: _call,
}
