"""Conditions that make labels of class names: `1 if name == "dog" else 0`, `return x, int("dog" in path)`."""

import ast
from collections.abc import Iterator

from core.script.class_texts import Numbered, class_name, number_in, text_in, value_of
from core.script.reader import Script

_ASKS = ("startswith", "contains", "endswith", "match", "fullmatch", "search", "regex_full_match")
_NUMBERS = ("int", "float", "cast", "append", "int32", "int64", "float32", "constant")
_LABELS = ("label", "target", "class")


def of_conditions(script: Script) -> Iterator[Numbered]:
    """Each condition about a class name, or about a label, whose outcome is 1 or 0."""
    for node in script.nodes:
        for test, yes, no in _choices(node):
            numbers = (1, 0) if yes is None else (number_in(script, yes), number_in(script, no))
            if sorted(map(str, numbers)) == ["0", "1"]:
                yield from _told(script, test, is_one=numbers[0] == 1)
        if isinstance(node, ast.If):
            yield from _alone(script, node)


def _alone(script: Script, node: ast.If) -> Iterator[Numbered]:
    """`if name == "dog": labels.append(1)`, whose other branch gives no label."""
    other = dict(_gets(node.orelse))
    for name, value in _gets(node.body):
        takes_labels = name == "return" or name.endswith(".append") or _is_label(name)
        number = number_in(script, value) if takes_labels and name not in other else None
        if number is not None and _named(script, node.test):
            yield from _told(script, node.test, is_one=number == 1)


def _choices(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr | None, ast.expr | None]]:
    """A condition and what it gives where it holds and where not; None where it counts as a number itself."""
    match node:
        case ast.IfExp(test=test, body=yes, orelse=no):
            yield test, yes, no
        case ast.If(test=test, body=body, orelse=other):
            yield from ((test, *both) for both in _assigned(body, other))
        case ast.Call(func=ast.Name(id="where") | ast.Attribute(attr="where"), args=[test, yes, no]):
            yield test, yes, no
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[test, *_]) if name in _NUMBERS:
            yield test, None, None
        case ast.Call(func=ast.Attribute(value=test, attr="astype")):
            yield test, None, None
        case ast.Return(value=ast.Tuple(elts=[_, test])) | ast.Lambda(body=ast.Tuple(elts=[_, test])):
            yield test, None, None
        case ast.Assign(targets=[ast.Name(id=name)], value=test) if _is_label(name):
            yield test, None, None
        case ast.ListComp(elt=test):
            yield test, None, None


def _assigned(body: list[ast.stmt], other: list[ast.stmt]) -> Iterator[tuple[ast.expr, ast.expr]]:
    """What the same name or list gets in both branches."""
    yes, no = dict(_gets(body)), dict(_gets(other))
    yield from ((yes[name], no[name]) for name in yes if name in no)


def _gets(statements: list[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    for one in statements:
        match one:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield name, value
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="append"), args=[value])):
                yield f"{name}.append", value
            case ast.Return(value=ast.expr() as value):
                yield "return", value


def _is_label(name: str) -> bool:
    lower = name.lower()
    return (lower == "y" or any(part in lower for part in _LABELS)) and "pred" not in lower


def _told(script: Script, test: ast.expr, *, is_one: bool) -> Iterator[Numbered]:
    """Which class it is for which the condition holds; or that labels are exchanged."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, (ast.Not, ast.Invert)):
        yield from _told(script, test.operand, is_one=not is_one)
        return
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        is_one = is_one != isinstance(test.ops[0], (ast.NotEq, ast.NotIn))
    if name := _named(script, test):
        yield Numbered(test.lineno, one=name) if is_one else Numbered(test.lineno, zero=name)
    elif (label := _compared(script, test)) is not None and (label == 1) != is_one:
        yield Numbered(test.lineno, turns=True)


def _named(script: Script, test: ast.expr) -> str:
    """The class name that a condition asks for."""
    match test:
        case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq()], comparators=[right]):
            return text_in(script, left) or text_in(script, right)
        case ast.Compare(left=left, ops=[ast.In() | ast.NotIn()]):
            return text_in(script, left)
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name), args=given) if name in _ASKS:
            return next((text for one in given if (text := _pattern_in(script, one))), "")
    return ""


def _pattern_in(script: Script, node: ast.expr) -> str:
    """The class that a regular expression such as `.*cat.*` looks for."""
    value = value_of(script, node)
    return class_name(value.removeprefix(".*").strip("*^$")) if isinstance(value, str) else ""


def _compared(script: Script, test: ast.expr) -> int | None:
    """The number that a label is compared with."""
    match test:
        case ast.Compare(left=ast.Name(id=name), ops=[ast.Eq() | ast.NotEq()], comparators=[right]) if _is_label(name):
            return number_in(script, right)
    return None
