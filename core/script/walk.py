"""Goes through a script's syntax tree, statement by statement, and notes what it calls and assigns."""

import ast
from collections import defaultdict
from typing import Any, TypeGuard

from core.errors import DataError
from core.script.calls import bind
from core.script.fold import dotted
from core.script.reader import Assignment, Call, Function, Location, Script, Trainable
from core.script.text import parse
from core.script.values import UNKNOWN, as_int

MOST_CALLS = 1_500
"""A training script has a hundred; some rules compare each call with each."""


MOST_TRAINABLES = 300
"""A training script has a few."""


def read_script(text: str, name: str) -> Script:
    """Reads a script without running it.

    Raises:
        DataError: it cannot be read; one sentence with the line.
    """
    script = Script(parse(text, name))
    tree = script.tree
    used: dict[str, list[ast.Call]] = defaultdict(list)
    if (count := sum(isinstance(node, ast.Call) for node in script.nodes)) > MOST_CALLS:
        raise DataError(
            f"{script.name} makes {count:,} calls; paste the part that trains, at most {MOST_CALLS:,} calls"
        )
    for node in script.nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            used[node.func.id].append(node)
    _Walker(script, used).block(tree.body, (), sure=True)
    if (count := len(script.trainables)) > MOST_TRAINABLES:
        raise DataError(f"{script.name} sets trainable {count:,} times; paste the part that trains, at most "
                        f"{MOST_TRAINABLES} of them")  # fmt: skip
    return script


class _Walker:
    """Goes through the statements in the order in which they stand; functions where they are defined."""

    def __init__(self, script: Script, used: dict[str, list[ast.Call]]) -> None:
        self.script, self.used, self.position = script, used, 0
        self.in_loops: set[int] = set()

    def location(self, scope: tuple[str, ...]) -> Location:
        self.position += 1
        return Location(self.position, scope)

    def block(self, statements: list[ast.stmt], scope: tuple[str, ...], *, sure: bool) -> None:
        for statement in statements:
            self.statement(statement, scope, sure=sure)

    def statement(self, node: ast.stmt, scope: tuple[str, ...], *, sure: bool) -> None:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            self.imports(node)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            self.definition(node, scope)
        elif isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
            self.assign(node, scope, sure=sure)
        elif isinstance(node, (ast.For, ast.AsyncFor)):
            self.expressions(node.iter, scope)
            self.loop(node, scope)
            self.bind(node.target, None, scope, sure=False)
            self.block(node.body + node.orelse, scope, sure=False)
        elif isinstance(node, ast.Return):
            self.returns(node, scope)
        elif _is_main_guard(node):
            self.block(node.body, scope, sure=sure)
        else:
            self.other(node, scope, sure=sure)

    def returns(self, node: ast.Return, scope: tuple[str, ...]) -> None:
        if node.value is None:
            return
        self.expressions(node.value, scope)
        if (function := self.script.functions.get(scope)) is not None:
            function.returns.append((node.value, self.location(scope)))

    def other(self, node: ast.stmt, scope: tuple[str, ...], *, sure: bool) -> None:
        """With blocks run surely; branches, loops and handlers perhaps."""
        sure = sure and isinstance(node, (ast.With, ast.AsyncWith))
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.stmt):
                self.statement(child, scope, sure=sure)
            elif isinstance(child, (ast.ExceptHandler, ast.match_case)):
                self.block(child.body, scope, sure=False)
            else:
                if isinstance(child, ast.withitem) and child.optional_vars is not None:
                    self.bind(child.optional_vars, None, scope, sure=False)
                self.expressions(child, scope)

    def imports(self, node: ast.Import | ast.ImportFrom) -> None:
        module = f"{node.module}." if isinstance(node, ast.ImportFrom) and node.module else ""
        for alias in node.names:
            if alias.asname or module:
                self.script.aliases[alias.asname or alias.name] = module + alias.name
            else:
                self.script.aliases[alias.name.partition(".")[0]] = alias.name.partition(".")[0]

    def definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, scope: tuple[str, ...]) -> None:
        self.bind(ast.Name(node.name), None, scope, sure=True)
        inner = (*scope, node.name)
        if not isinstance(node, ast.ClassDef):
            self.script.functions[inner] = Function(node)
            for parameter, value in _parameters(node, self.used.get(node.name, [])):
                # The value stands outside, where the function is called or defined.
                known = Assignment(value, self.location(scope), True, parameter=True)
                self.script.assignments[inner, parameter].append(known)
        self.block(node.body, inner, sure=True)

    def assign(self, node: ast.Assign | ast.AnnAssign | ast.AugAssign, scope: tuple[str, ...], *, sure: bool) -> None:
        if node.value is not None:
            self.expressions(node.value, scope)
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            known = _in_full(node) if isinstance(node, ast.AugAssign) else node.value
            self.bind(target, known, scope, sure=sure)
            if not isinstance(target, ast.Attribute) or node.value is None or id(node) in self.in_loops:
                continue
            if target.attr == "trainable":
                value = self.script.fold(node.value, location := self.location(scope))
                self.script.trainables.append(_whole(target.value, value, node.lineno, location, self.script))

    def bind(self, target: ast.expr, value: ast.expr | None, scope: tuple[str, ...], *, sure: bool) -> None:
        if isinstance(target, ast.Name):
            self.script.assignments[scope, target.id].append(Assignment(value, self.location(scope), sure))
        elif isinstance(target, (ast.Tuple, ast.List)):
            for k, part in enumerate(target.elts):
                self.bind(part, _part(value, k, target.elts), scope, sure=sure)

    def loop(self, node: ast.For | ast.AsyncFor, scope: tuple[str, ...]) -> None:
        """`for layer in model.layers[:19]: layer.trainable = False`, with or without an `if` inside."""
        if not isinstance(node.target, ast.Name) or (over := _layers(node.iter)) is None:
            return
        inside = list(ast.walk(node))
        self.script.work.spend(len(inside))  # loops inside loops go over the same lines again
        sets = [one for one in inside if isinstance(one, ast.Assign) and _sets_trainable(one, node.target.id)]
        asked = _asked_name(inside)
        location = self.location(scope)
        start, stop = _slice(node.iter, location, self.script)
        self.in_loops |= {id(one) for one in sets}
        for one in sets:
            direct = one in node.body
            self.script.trainables.append(
                Trainable(over, True, start, stop, self.script.fold(one.value, location), not direct,
                          "" if direct else asked, one.lineno, location)
            )  # fmt: skip

    def expressions(self, node: ast.AST, scope: tuple[str, ...]) -> None:
        """Records the calls in an expression, inner ones first: the order in which data flows."""
        if isinstance(node, ast.Call):
            for part in [*node.args, *(word.value for word in node.keywords), node.func]:
                self.expressions(part, scope)
            self.call(node, scope)
            return
        for child in ast.iter_child_nodes(node):
            self.expressions(child, scope)

    def call(self, node: ast.Call, scope: tuple[str, ...]) -> None:
        name = dotted(node.func) or (node.func.attr if isinstance(node.func, ast.Attribute) else "")
        first, dot, rest = name.partition(".")
        name = self.script.aliases.get(first, first) + dot + rest
        location = self.location(scope)
        arguments, unread = bind(node, name.rpartition(".")[2], lambda inner: self.script.origin(inner, location)[0])
        call = Call(name, node, location, arguments, unread)
        self.script.calls.append(call)
        self.script.by_name[call.short].append(call)
        self.script.by_node[id(node)] = call


def _in_full(node: ast.AugAssign) -> ast.expr | None:
    """`x / 255` for `x /= 255`."""
    if not isinstance(node.target, ast.Name):
        return None
    before = ast.copy_location(ast.Name(node.target.id, ast.Load()), node.target)
    return ast.copy_location(ast.BinOp(before, node.op, node.value), node)


def _part(value: ast.expr | None, k: int, targets: list[ast.expr]) -> ast.expr | None:
    """What the k-th of several targets gets: its part where the parts are written out, else `value[k]`."""
    if value is None or any(isinstance(target, ast.Starred) for target in targets):
        return None
    if isinstance(value, (ast.Tuple, ast.List)):
        return value.elts[k] if len(value.elts) == len(targets) else None
    return ast.copy_location(ast.Subscript(value, ast.copy_location(ast.Constant(k), value), ast.Load()), value)


def _parameters(
    node: ast.FunctionDef | ast.AsyncFunctionDef, used: list[ast.Call]
) -> list[tuple[str, ast.expr | None]]:
    """A function's parameters with the values they have, where it is called once at most."""
    names = [argument.arg for argument in [*node.args.posonlyargs, *node.args.args]]
    values: dict[str, ast.expr | None] = dict.fromkeys(names)
    values.update(zip(reversed(names), reversed(node.args.defaults), strict=False))
    for argument, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True):
        values[argument.arg] = default
    if len(used) > 1:
        values = dict.fromkeys(values)
    elif used:
        values.update(zip(names, used[0].args, strict=False))
        values.update({word.arg: word.value for word in used[0].keywords if word.arg})
    rest = [argument.arg for argument in (node.args.vararg, node.args.kwarg) if argument]
    return [*values.items(), *((name, None) for name in rest)]


def _is_main_guard(node: ast.stmt) -> TypeGuard[ast.If]:
    """`if __name__ == "__main__":`, which surely runs."""
    if not isinstance(node, ast.If) or not isinstance(node.test, ast.Compare):
        return False
    return isinstance(node.test.left, ast.Name) and node.test.left.id == "__name__"


def _whole(owner: ast.expr, value: Any, line: int, location: Location, script: Script) -> Trainable:
    """`base.trainable = False`, or of one layer: `model.layers[0].trainable = False`."""
    over = owner.value if isinstance(owner, ast.Subscript) else None
    if isinstance(over, ast.Attribute) and over.attr == "layers" and isinstance(owner, ast.Subscript):
        index = _whole_or_unknown(script.fold(owner.slice, location))
        stop = UNKNOWN if index is UNKNOWN else (index + 1 if index != -1 else None)
        return Trainable(over.value, True, index, stop, value, False, "", line, location)
    return Trainable(owner, False, None, None, value, False, "", line, location)


def _layers(node: ast.expr) -> ast.expr | None:
    """`model` in `model.layers` and `model.layers[:19]`."""
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
        node = node.value
    return node.value if isinstance(node, ast.Attribute) and node.attr == "layers" else None


def _slice(node: ast.expr, location: Location, script: Script) -> tuple[Any, Any]:
    if not isinstance(node, ast.Subscript) or not isinstance(node.slice, ast.Slice):
        return None, None
    ends = (node.slice.lower, node.slice.upper)
    start, stop = (None if end is None else _whole_or_unknown(script.fold(end, location)) for end in ends)
    return (start, stop) if node.slice.step is None else (UNKNOWN, UNKNOWN)


def _whole_or_unknown(value: Any) -> Any:
    whole = as_int(value)
    return UNKNOWN if whole is None else whole


def _sets_trainable(node: ast.Assign, name: str) -> bool:
    target = node.targets[0]
    if not isinstance(target, ast.Attribute) or target.attr != "trainable":
        return False
    return isinstance(target.value, ast.Name) and target.value.id == name


def _asked_name(inside: list[ast.AST]) -> str:
    """`block5_conv1`, where an `if layer.name == "block5_conv1"` in the loop decides."""
    asked = [
        node.comparators[0].value
        for node in inside
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq)
        and isinstance(node.left, ast.Attribute) and node.left.attr == "name"
        and isinstance(node.comparators[0], ast.Constant)
    ]  # fmt: skip
    return asked[0] if len(asked) == 1 and isinstance(asked[0], str) else ""
