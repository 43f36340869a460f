"""The calls behind an expression: through names, loops, functions and classes of the script that give its parts."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from core.script.reader import Call, Script

Scope = tuple[str, ...]

_GROWS = ("append", "extend", "insert", "add", "update", "appendleft")
"""Methods by which a list is made of their argument."""


@dataclass
class Index:
    """Where names of a script get their values.

    Attributes:
        values: By scope and name: expressions, each with its line.
        bodies: Functions by name: what they return and yield, and their scope.
        classes: By name, with their scope.
        parameters: By scope and name: the function, and the parameter's place.
        calls: Calls by the last part of their name, with their scope.
        scopes: By a call's identity: its scope.
    """

    values: dict[tuple[Scope, str], list[tuple[ast.expr, int]]] = field(default_factory=lambda: defaultdict(list))
    bodies: dict[str, list[tuple[ast.expr, Scope]]] = field(default_factory=lambda: defaultdict(list))
    classes: dict[str, tuple[ast.ClassDef, Scope]] = field(default_factory=dict)
    parameters: dict[tuple[Scope, str], tuple[str, int]] = field(default_factory=dict)
    calls: dict[str, list[tuple[ast.Call, Scope]]] = field(default_factory=lambda: defaultdict(list))
    scopes: dict[int, Scope] = field(default_factory=dict)

    def read(self, tree: ast.Module) -> None:
        """Takes all that stands in a script, functions inside it with a scope of their own."""
        waiting: list[tuple[ast.AST, Scope]] = [(tree, ())]
        while waiting:
            node, where = waiting.pop()
            for child in ast.iter_child_nodes(node):
                self._take(child, where)
                inside = (*where, child.name) if isinstance(child, _WITH_SCOPE) else where
                waiting.append((child, inside))

    def _take(self, node: ast.AST, scope: Scope) -> None:
        for target, value in _bindings(node):
            for name in (one for one in ast.walk(target) if isinstance(one, ast.Name)):
                self.values[scope, name.id].append((value, name.lineno))
        if isinstance(node, ast.ClassDef):
            self.classes[node.name] = (node, (*scope, node.name))
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for place, one in enumerate([*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]):
                self.parameters[(*scope, node.name), one.arg] = (node.name, place)
        elif isinstance(node, (ast.Return, ast.Yield)) and node.value is not None and scope:
            self.bodies[scope[-1]].append((node.value, scope))
        elif isinstance(node, ast.Call):
            self.scopes[id(node)] = scope
            self.calls[_last(node.func)].append((node, scope))


_WITH_SCOPE = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _bindings(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Targets, each with the expression that it is made from."""
    if isinstance(node, ast.Assign):
        yield from ((target, node.value) for target in node.targets)
    elif isinstance(node, (ast.AnnAssign, ast.AugAssign, ast.NamedExpr)) and node.value is not None:
        yield node.target, node.value
    elif isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)):
        yield node.target, node.iter
    elif isinstance(node, ast.withitem) and node.optional_vars is not None:
        yield node.optional_vars, node.context_expr
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr in _GROWS:
            yield from ((node.func.value, value) for value in node.args)
        elif node.func.attr == "shuffle":  # in place
            yield from ((value, node) for value in node.args[:1])


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else (node.id if isinstance(node, ast.Name) else "")


def calls_behind(script: Script, index: Index, call: ast.Call, *names: str) -> list[Call]:
    """All calls that an argument is made by.

    Args:
        script: Script. The text.
        index: Index. Of its tree.
        call: ast.Call. Whose argument it is.
        names: Of the argument, the later ones older.
    """
    known = script.at(call)
    given = [known.arguments[name][0] for name in names if name in known.arguments] if known is not None else []
    waiting: list[tuple[ast.AST, Scope, int]] = [(one, index.scopes.get(id(call), ()), call.lineno) for one in given]
    seen, found = set[int](), list[Call]()
    while waiting:
        node, scope, line = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Load):
                waiting += _of_name(index, inner.id, scope, line)
            elif isinstance(inner, ast.Call):
                found += [one for one in [script.at(inner)] if one is not None]
                waiting += _of_callee(index, _last(inner.func))
    return found


def _of_name(index: Index, name: str, scope: Scope, line: int) -> Iterator[tuple[ast.AST, Scope, int]]:
    """What a name is made from: in its own function what stands above it, outside of it wherever it stands."""
    for length in range(len(scope), -1, -1):
        where = scope[:length]
        for value, at in index.values.get((where, name), ()):
            if at <= line or where != scope:
                yield value, where, at
        if (where, name) in index.parameters:
            function, place = index.parameters[where, name]
            yield from _of_parameter(index, function, place, name)
        if (where, name) in index.values or (where, name) in index.parameters:
            return


def _of_parameter(index: Index, function: str, place: int, name: str) -> Iterator[tuple[ast.AST, Scope, int]]:
    for call, scope in index.calls.get(function, ()):
        given = [one.value for one in call.keywords if one.arg == name]
        if not given and place < len(call.args):
            given = [call.args[place]]
        yield from ((one, scope, call.lineno) for one in given)


def _of_callee(index: Index, name: str) -> Iterator[tuple[ast.AST, Scope, int]]:
    """What a function of the script gives; of a class all that stands in it."""
    for value, scope in index.bodies.get(name, ()):
        yield value, scope, value.lineno
    if name in index.classes:
        node, scope = index.classes[name]
        yield node, scope, node.end_lineno or node.lineno
