"""Whether batches that a class or function of the script makes leave out the last one where it is incomplete."""

import ast
from collections.abc import Callable, Iterator

from core.script.flow.objects import Const
from core.script.flow.value import Value

_DOWN, _UP = ("floor", "floor_divide", "trunc"), ("ceil",)
_DEEPEST = 4


def of_length(length: ast.AST, made_by: ast.ClassDef) -> tuple[Value, int] | None:
    """By the `__len__` of a Sequence; None where it does not tell.

    Args:
        length: ast.AST. The method.
        made_by: ast.ClassDef. The class, whose other methods give its attributes their values.
    """
    given = _given(made_by)
    for node in ast.walk(length):
        if isinstance(node, ast.Return) and node.value is not None:
            down = _rounds_down(node.value, given)
            return None if down is None else (Const(down), node.lineno)
    return None


def of_function(function: ast.AST) -> tuple[Value, int] | None:
    """By the loop of a generator function that gives the batches of one pass; None where it does not tell."""
    given = _given(function)
    for node in ast.walk(function):
        if isinstance(node, ast.For) and _yields(node) and _leaves_out(node.iter, given):
            return Const(True), node.lineno
        if isinstance(node, (ast.While, ast.FunctionDef)) and (line := _full_only(node)):
            return Const(True), line
    return None


def _leaves_out(over: ast.expr, given: dict[str, ast.expr]) -> bool:
    """`range(n // size)`, `range(0, n - size + 1, size)`."""
    if not (isinstance(over, ast.Call) and _name(over.func) == "range" and over.args):
        return False
    if len(over.args) < 3:
        return _rounds_down(over.args[-1], given) is True
    stop, step = _behind(over.args[1], given), ast.dump(over.args[2])
    return any(isinstance(one, ast.BinOp) and isinstance(one.op, (ast.Sub, ast.FloorDiv, ast.Mod))
               and ast.dump(one.right) == step for one in ast.walk(stop))  # fmt: skip


def _full_only(block: ast.While | ast.FunctionDef) -> int:
    """`if len(batch) == size: yield batch` alone, where each pass begins with an empty list: its line, else 0."""
    fresh = {name for one in block.body if isinstance(one, ast.Assign) and _is_empty(one.value) for name in _names(one)}
    loops = [one for one in block.body if isinstance(one, ast.For)]
    tests = [node for loop in loops for node in ast.walk(loop) if isinstance(node, ast.If) and _yields(node)]
    counted = {name for one in tests for name in _counted(one.test)}
    outside = [one for one in ast.walk(block) if isinstance(one, ast.Yield)]
    inside = [one for test in tests for one in ast.walk(test) if isinstance(one, ast.Yield)]
    return tests[0].lineno if counted & fresh and len(outside) == len(inside) else 0


def _is_empty(node: ast.expr) -> bool:
    parts = node.elts if isinstance(node, ast.Tuple) else [node]
    return all(isinstance(one, ast.List) and not one.elts for one in parts)


def _names(node: ast.Assign) -> Iterator[str]:
    return (one.id for target in node.targets for one in ast.walk(target) if isinstance(one, ast.Name))


def _counted(test: ast.expr) -> set[str]:
    """The lists whose length a condition compares with a full batch's."""
    if not (isinstance(test, ast.Compare) and isinstance(test.ops[0], (ast.Eq, ast.GtE))):
        return set()
    calls = [one for one in ast.walk(test) if isinstance(one, ast.Call) and _name(one.func) == "len"]
    return {one.id for call in calls for one in ast.walk(call) if isinstance(one, ast.Name)} - {"len"}


def _yields(node: ast.AST) -> bool:
    return any(isinstance(one, ast.Yield) for one in ast.walk(node))


def _given(block: ast.AST) -> dict[str, ast.expr]:
    """Names and attributes that are given one value in a class or function."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(block):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and (name := _name(node.targets[0])):
            found.setdefault(name, []).append(node.value)
    return {name: values[0] for name, values in found.items() if len(values) == 1}


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else (node.id if isinstance(node, ast.Name) else "")


def _behind(node: ast.expr, given: dict[str, ast.expr]) -> ast.expr:
    for _ in range(_DEEPEST):
        if (name := _name(node)) not in given:
            break
        node = given[name]
    return node


def _rounds_down(node: ast.expr, given: dict[str, ast.expr], depth: int = _DEEPEST) -> bool | None:
    """Whether a count of batches leaves out an incomplete one: None where that is not known."""
    node = _behind(node, given)
    reader = _READERS.get(type(node))
    return reader(node, given, depth - 1) if reader is not None and depth else None


def _of_call(node: ast.Call, given: dict[str, ast.expr], depth: int) -> bool | None:
    name = _name(node.func)
    if name in _UP:
        return False
    inner = [_behind(one, given) for one in node.args]
    divides = any(isinstance(one, ast.BinOp) and isinstance(one.op, ast.Div) for one in inner)
    if name in _DOWN or (name in ("int", "__floor__") and divides):
        return True
    known = [_rounds_down(one, given, depth) for one in inner] if name in ("int", "max", "abs") else []
    return next((one for one in known if one is not None), None)


def _of_operation(node: ast.BinOp, given: dict[str, ast.expr], depth: int) -> bool | None:
    """`n // size` is rounded down; `n // size + 1`, `(n + size - 1) // size` and `-(-n // size)` are not."""
    if isinstance(node.op, ast.FloorDiv):
        left, size = _behind(node.left, given), ast.dump(node.right)
        padded = any(ast.dump(one) == size for one in ast.walk(left))
        return not (isinstance(left, ast.UnaryOp) or padded)
    if isinstance(node.op, ast.Add):
        known = [_rounds_down(one, given, depth) for one in (node.left, node.right)]
        return None if known == [None, None] else False
    return None


_READERS: dict[type, Callable[..., bool | None]] = {
    ast.Call: _of_call,
    ast.BinOp: _of_operation,
    ast.UnaryOp: lambda node, given, depth: _rounds_down(node.operand, given, depth),
}
