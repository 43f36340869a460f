"""Loops of a script while they run: how often what stands in them happens."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, eq=False)
class Turns:
    """A loop that runs.

    Attributes:
        line: Of the loop.
        count: How many turns it has for each time that its body is followed; None where that is not known.
        fold: Whether it is one over folds.
    """

    line: int
    count: int | None = 1
    fold: bool = False


def count_of(followed: int, turns: int | None, body: list[ast.stmt]) -> int | None:
    """Turns for each time that a body is followed; not known where a turn may be left or skipped.

    Args:
        followed: int. How often the body is followed.
        turns: int or None. How many turns the loop has; None where that is not known.
        body: list. Its statements.
    """
    if turns is None or not followed or any(_leaves(body)):
        return None
    return 1 if followed == turns else turns


def _leaves(body: list[ast.stmt]) -> Iterator[bool]:
    """One True for each statement by which a turn ends before its time."""
    for statement in body:
        if isinstance(statement, (ast.Break, ast.Continue, ast.Return)):
            yield True
        elif isinstance(statement, (ast.For, ast.AsyncFor, ast.While)):
            yield from (True for one in ast.walk(statement) if isinstance(one, ast.Return))
        elif not isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            for inner in _blocks(statement):
                yield from _leaves(inner)


def _blocks(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        if inner := getattr(statement, name, None):
            yield inner
    for part in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
        yield part.body


def sets_layers(body: list[ast.stmt]) -> bool:
    """Whether statements set which layers train."""
    return any(
        (isinstance(one, ast.Attribute) and one.attr == "trainable" and isinstance(one.ctx, ast.Store))
        or (isinstance(one, ast.Constant) and one.value == "trainable")
        for statement in body
        for one in ast.walk(statement)
    )


@dataclass(frozen=True)
class Counting:
    """A `while` that counts: the name of its counter, the operator of its test, the end, and the step."""

    name: str
    test: ast.cmpop
    end: ast.expr
    step: ast.expr
    sign: int


def counting(node: ast.While) -> Counting | None:
    """How a `while` such as `while i < n: ...; i += 1` counts; None where it does not."""
    test = node.test
    if not (isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.left, ast.Name)):
        return None
    stores = [
        one for statement in node.body for one in ast.walk(statement)
        if isinstance(one, ast.Name) and one.id == test.left.id and isinstance(one.ctx, ast.Store)
    ]  # fmt: skip
    steps = [
        one for one in node.body
        if isinstance(one, ast.AugAssign) and isinstance(one.target, ast.Name) and one.target.id == test.left.id
        and isinstance(one.op, (ast.Add, ast.Sub))
    ]  # fmt: skip
    if len(stores) != 1 or len(steps) != 1:
        return None
    sign = 1 if isinstance(steps[0].op, ast.Add) else -1
    return Counting(test.left.id, test.ops[0], test.comparators[0], steps[0].value, sign)


def numbers_of(found: Counting, start: int, end: int, step: int) -> range | None:
    """The numbers that a counter has in the turns; None where it would count without end."""
    step *= found.sign
    if isinstance(found.test, (ast.LtE, ast.GtE)):
        end += 1 if step > 0 else -1
    rises = isinstance(found.test, (ast.Lt, ast.LtE)) or (isinstance(found.test, ast.NotEq) and step > 0)
    falls = isinstance(found.test, (ast.Gt, ast.GtE)) or (isinstance(found.test, ast.NotEq) and step < 0)
    if not ((rises and step > 0) or (falls and step < 0)):
        return None
    return range(start, end, step)
