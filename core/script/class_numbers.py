"""Which of two classes a script counts as 1, by what stands in its text: tables, lists, conditions, counts, calls."""

import ast
from collections import defaultdict
from collections.abc import Iterator

from core.script.class_conditions import of_conditions
from core.script.class_loops import of_loops
from core.script.class_texts import Numbered, behind, class_name, folder_in, number_in, two_texts, value_of
from core.script.reader import Script

_LISTINGS = ("listdir", "glob", "iglob", "iterdir", "scandir", "rglob", "set", "unique", "factorize")
"""Calls whose order is that of the disk, of a set, or of the rows of a table."""
_LOOKS_UP = ("get", "map", "replace", "items")
_TAKES = ("append", "insert", "full", "extend", "int", "cast", "constant", "repeat", "add", "array")
"""Calls that are given a label."""


def numbered(script: Script) -> list[Numbered]:
    """All lines that say which of two classes counts as 1."""
    finders = (_tables, _lists, _pairs, _calls, _counts, of_loops, of_conditions)
    found = dict.fromkeys(one for finder in finders for one in finder(script))
    return sorted((one for one in found if one.of_classes), key=lambda one: one.line)


def _of_two(script: Script, names: list[ast.expr], numbers: list[ast.expr], line: int) -> Iterator[Numbered]:
    """Two names and their numbers, which are 0 and 1."""
    by = {number_in(script, number): value_of(script, name) for name, number in zip(names, numbers, strict=False)}
    if len(names) == 2 and set(by) == {0, 1} and all(isinstance(one, str) for one in by.values()):
        yield Numbered(line, class_name(by[1]), class_name(by[0]))


def _tables(script: Script) -> Iterator[Numbered]:
    """`{"cat": 0, "dog": 1}`, either way round, where something is looked up in it."""
    owners = list(_looked_up(script))
    names, nodes = {one.id for one in owners if isinstance(one, ast.Name)}, {id(one) for one in owners}
    for node in script.nodes:
        match node:
            case ast.Dict(keys=keys, values=values):
                texts = [one for one in keys if one is not None]
            case ast.Call(func=ast.Name(id="dict"), args=[], keywords=words):
                texts = [ast.Constant(one.arg, lineno=node.lineno, col_offset=0) for one in words if one.arg]
                values = [one.value for one in words]
            case _:
                continue
        if id(node) in nodes or names.intersection(script.names_of(node)):
            yield from _of_two(script, texts, values, node.lineno)
            yield from _of_two(script, values, texts, node.lineno)


def _looked_up(script: Script) -> Iterator[ast.expr]:
    for node in script.nodes:
        match node:
            case ast.Subscript(value=owner, slice=index) if not isinstance(index, ast.Constant):
                yield owner
            case ast.Call(func=ast.Attribute(value=owner, attr=name), args=given) if name in _LOOKS_UP:
                yield owner
                yield from given


def _lists(script: Script) -> Iterator[Numbered]:
    """`["cat", "dog"].index(name)`, `name == ["cat", "dog"]`, and the places of `enumerate` that become labels."""
    for node in script.nodes:
        match node:
            case ast.Call(func=ast.Attribute(value=owner, attr="index"), args=[_]):
                yield from _in_order(script, owner, node.lineno)
            case ast.Compare(ops=[ast.Eq()], comparators=[right]):
                yield from _in_order(script, right, node.lineno, listings=False)
            case ast.Call(func=ast.Attribute(attr="factorize")):
                yield Numbered(node.lineno, listed="factorize")
            case ast.For(target=target, iter=over, body=body):
                yield from _enumerated(script, target, over, list(body))
            case ast.ListComp() | ast.GeneratorExp() | ast.DictComp():
                for part in node.generators:
                    yield from _enumerated(script, part.target, part.iter, [node])


def _in_order(script: Script, listed: ast.expr, line: int, *, listings: bool = True) -> Iterator[Numbered]:
    """The names of a list of two, in its order; or a listing, whose order is not known."""
    if (names := two_texts(script, listed)) is not None:
        yield Numbered(line, names[1], names[0])
    elif listings and (short := listing(script, listed)):
        yield Numbered(line, listed=short)


def listing(script: Script, node: ast.AST | None) -> str:
    """The call behind an expression whose order is not known; empty where it is sorted, or no listing."""
    found = behind(script, node)
    call = script.at(found)
    while isinstance(found, ast.Call) and call is not None and call.short in ("list", "tuple") and found.args:
        found = behind(script, found.args[0])
        call = script.at(found)
    if isinstance(found, (ast.ListComp, ast.GeneratorExp)):
        return listing(script, found.generators[0].iter)
    is_numpy = call is not None and call.name.startswith(("np.", "numpy."))  # np.unique sorts
    return call.short if call is not None and call.short in _LISTINGS and not is_numpy else ""


def is_sorted(script: Script, node: ast.AST | None) -> bool:
    """Whether an expression gives the classes in alphabetical order, as far as its text tells."""
    found = behind(script, node)
    call = script.at(found)
    if isinstance(found, ast.Call) and call is not None:
        return call.short in ("sorted", "unique") or any(is_sorted(script, one) for one in found.args[:1])
    return isinstance(found, ast.Attribute) and found.attr in ("class_names", "class_indices", "classes_", "categories")


def _enumerated(script: Script, target: ast.expr, over: ast.expr, body: list[ast.AST]) -> Iterator[Numbered]:
    match target, over:
        case (ast.Tuple(elts=[ast.Name(id=place), _]), ast.Call(func=ast.Name(id="enumerate"), args=[listed])):
            if any(_becomes_label(node, place) for part in body for node in ast.walk(part)):
                yield from _in_order(script, listed, over.lineno)


def _becomes_label(node: ast.AST, name: str) -> bool:
    """Whether the value of a name goes into a list, table, tuple or call that takes labels."""
    given: list[ast.expr | None] = []
    match node:
        case ast.Call(func=ast.Attribute(attr=short) | ast.Name(id=short), args=args) if short in _TAKES:
            given = list(args)
        case ast.List(elts=parts):
            given = list(parts)
        case ast.Tuple(elts=parts, ctx=ast.Load()):
            given = list(parts) if not any(isinstance(one, ast.Slice) for one in parts) else []
        case ast.DictComp(value=value) | ast.ListComp(elt=value) | ast.Assign(value=value) | ast.Return(value=value):
            given = [value]
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            given = [left, right]
    return any(isinstance(one, ast.Name) and one.id == name for one in given)


def _pairs(script: Script) -> Iterator[Numbered]:
    """`[("cat", 0), ("dog", 1)]`, `zip(["cat", "dog"], [0, 1])`, and TensorFlow's table of two lists."""
    for node in script.nodes:
        match node:
            case (
                ast.List(elts=[ast.Tuple(elts=[a, b]), ast.Tuple(elts=[c, d])])
                | ast.Tuple(elts=[ast.Tuple(elts=[a, b]), ast.Tuple(elts=[c, d])])
            ):
                yield from _of_two(script, [a, c], [b, d], node.lineno)
                yield from _of_two(script, [b, d], [a, c], node.lineno)
            case ast.Call(func=ast.Name(id="zip" | "KeyValueTensorInitializer") | ast.Attribute(
                attr="KeyValueTensorInitializer"), args=given, keywords=words):  # fmt: skip
                yield from _zipped(script, [*given, *(one.value for one in words)][:2], node.lineno)


def _zipped(script: Script, given: list[ast.expr], line: int) -> Iterator[Numbered]:
    if len(given) == 2:
        for names, numbers in (given, given[::-1]):
            texts, counted = two_texts(script, names), behind(script, numbers)
            if isinstance(counted, ast.Call) and counted.args:  # range(2), tf.constant([0, 1])
                counted = counted.args[0]
            places = value_of(script, counted)
            if texts is not None and places in ((0, 1), (1, 0), 2):
                yield Numbered(line, *(texts if places == (1, 0) else texts[::-1]))


def _calls(script: Script) -> Iterator[Numbered]:
    """`load("data/cat", 0)` and `load("data/dog", 1)`: a function of the script, by its calls."""
    found: dict[str, dict[int, tuple[ast.expr, int]]] = defaultdict(dict)
    own = {scope[-1] for scope in script.functions}
    for call in script.calls:
        given = [*call.node.args, *(one.value for one in call.node.keywords)]
        numbers = [one for one in given if isinstance(one, ast.Constant) and number_in(script, one) is not None]
        if call.short in own and len(numbers) == 1 and len(given) > 1:
            other = next((one for one in given if one is not numbers[0] and folder_in(script, one)), None)
            if other is not None:
                found[call.short][number_in(script, numbers[0]) or 0] = (other, call.line)
    for by in found.values():
        if set(by) == {0, 1}:
            yield Numbered(by[1][1], folder_in(script, by[1][0]), folder_in(script, by[0][0]))


def _counts(script: Script) -> Iterator[Numbered]:
    """`[0] * len(cats) + [1] * len(dogs)`, `np.zeros(len(cats))`, `np.ones(len(dogs))`."""
    found: dict[int, tuple[str, int]] = {}
    for node in script.nodes:
        label, counted = _filled(script, node)
        if label is not None and counted is not None and (name := folder_in(script, counted)):
            found.setdefault(label, (name, node.lineno))  # type: ignore[attr-defined]
    if set(found) == {0, 1} and found[0][0] != found[1][0]:
        yield Numbered(found[1][1], found[1][0], found[0][0])


def _filled(script: Script, node: ast.AST) -> tuple[int | None, ast.expr | None]:
    """A label, and the list for whose elements it is repeated."""
    match node:
        case (
            ast.BinOp(left=ast.List() as label, op=ast.Mult(), right=count)
            | ast.BinOp(left=count, op=ast.Mult(), right=ast.List() as label)
        ):
            return number_in(script, label), _counted(count)
        case ast.Call(func=ast.Attribute(attr="zeros" | "ones" as short), args=[count, *_]):
            return int(short == "ones"), _counted(count)
        case ast.ListComp(elt=label, generators=[part]):
            return number_in(script, label), part.iter
        case ast.Call(func=ast.Attribute(attr="full"), args=[count, label, *_]):
            return number_in(script, label), _counted(count)
    return None, None


def _counted(count: ast.expr) -> ast.expr | None:
    """The list whose elements are counted: `len(x)`, `x.shape[0]`, `(len(x), 1)`."""
    match count:
        case ast.Call(func=ast.Name(id="len"), args=[one]):
            return one
        case ast.Subscript(value=ast.Attribute(value=one, attr="shape")):
            return one
        case ast.Tuple(elts=[first, *_]):
            return _counted(first)
    return None
