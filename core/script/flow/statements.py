"""Runs a script's statements on abstract values: both branches of an `if`, loops once, functions where called."""

import ast
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from core.script.flow import chance
from core.script.flow.assigning import Assigning
from core.script.flow.decorated import bound_to
from core.script.flow.joining import element_of
from core.script.flow.layer_lists import MOST_LAYERS, MOST_TURNS, most_turns, one_by_one
from core.script.flow.machine import DEEPEST, Arguments, Stop, whole
from core.script.flow.networks import Fit, LayerRange, Model
from core.script.flow.objects import Array, Class, Const, External, Function, Instance, Items, Mapping, Part, Scope
from core.script.flow.turns import Turns, count_of, counting, numbers_of, sets_layers
from core.script.flow.uncalled import is_plain, uncalled_in
from core.script.flow.value import Value


class Statements(Assigning):
    """Follows a whole script.

    Attributes:
        begun: Conditions that are not known around the innermost loop.
        leaving: Whether that loop ends here.
        doubt: Whether a condition that is not known decides so.
    """

    begun = 0
    leaving = False
    doubt = False

    def follow(self, tree: ast.Module) -> None:
        """Runs the module, then the functions that nothing called, until the budget is spent."""
        scope = Scope({})
        try:
            for statement in tree.body:  # a `raise` or `exit` among them ends no training that stands below it
                self.run([statement], scope)
            self._follow_uncalled(scope)
        except Stop:
            self.stopped = True

    def _follow_uncalled(self, scope: Scope) -> None:
        """Functions and methods that nothing calls; of a script that trains without them they change nothing."""
        trained = any(isinstance(one, Fit) for one in self.events)
        kept = (self.sources, self.models, self.folders, self.compiles, self.told)
        if trained:
            self.sources, self.models, self.folders = [*kept[0]], [*kept[1]], [*kept[2]]
            self.compiles, self.told = [*kept[3]], [*kept[4]]
        try:
            for function, made_by in uncalled_in(scope, self.called):
                self.uncalled = function
                owner = None if trained or made_by is None else self._owner(function, made_by)
                if id(function.node) not in self.called:
                    given = Arguments("", function.node.lineno)
                    self.function(function if owner is None else replace(function, owner=owner), given)
        finally:
            if trained:
                self.sources, self.models, self.folders, self.compiles, self.told = kept

    def _owner(self, function: Function, made_by: Class) -> Instance | Class | None:
        """What a method is called with: the last object that the script makes of its class, else a new one."""
        if not is_plain(made_by):
            return None
        if id(made_by.node) not in self.instances:
            self.apply(made_by, Arguments(made_by.node.name, made_by.node.lineno))
        found = self.instances.get(id(made_by.node))
        return None if found is None else bound_to(function, found, made_by)

    def run(self, statements: list[ast.stmt], scope: Scope) -> bool:
        """Runs statements; whether it surely ends in a return, a raise or the like."""
        for statement in statements:
            self.spend()
            if self.depth >= DEEPEST:
                return False
            runner = _RUNNERS.get(type(statement))
            self.depth += 1
            try:
                if runner is not None and runner(self, statement, scope):
                    return True
            finally:
                self.depth -= 1
        return False

    def _import(self, node: ast.Import, scope: Scope) -> None:
        for alias in node.names:
            name = alias.name if alias.asname else alias.name.partition(".")[0]
            scope.names[alias.asname or name] = External(name)

    def _import_from(self, node: ast.ImportFrom, scope: Scope) -> None:
        for alias in node.names:
            if alias.name != "*":
                scope.names[alias.asname or alias.name] = External(f"{node.module or ''}.{alias.name}")

    def _define(self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> None:
        scope.names[node.name] = Function(node, scope)

    def _define_class(self, node: ast.ClassDef, scope: Scope) -> None:
        inner = Scope({}, scope)
        self.run(node.body, inner)
        bases = [self.evaluate(base, scope) for base in node.bases]
        attributes = dict(inner.names)
        inner.names.clear()  # methods do not see the names of their class
        scope.names[node.name] = Class(node, scope, bases, attributes)

    def _assign(self, node: ast.Assign, scope: Scope) -> None:
        value = self.evaluate(node.value, scope)
        for target in node.targets:
            self.assign(target, value, scope)

    def _annotated(self, node: ast.AnnAssign, scope: Scope) -> None:
        if node.value is not None:
            self.assign(node.target, self.evaluate(node.value, scope), scope)

    def _augmented(self, node: ast.AugAssign, scope: Scope) -> None:
        before = self.evaluate(node.target, scope)
        value = self.evaluate(node.value, scope)
        if isinstance(before, Items) and isinstance(value, Items) and isinstance(node.op, ast.Add):
            before.values.extend(value.values[: max(0, 200 - len(before.values))])
            sure = not self.unsure and all(one.count == 1 for one in self.loops) and len(before.values) < 200
            before.more = before.more or value.more or not sure
            return
        text = ast.copy_location(ast.BinOp(node.target, node.op, node.value), node)
        self.assign(node.target, self.operate(node.op, before, value, text), scope)

    def _expression(self, node: ast.Expr, scope: Scope) -> None:
        self.evaluate(node.value, scope)

    def _return(self, node: ast.Return, scope: Scope) -> bool:
        scope.returns.append(Const(None) if node.value is None else self.evaluate(node.value, scope))
        return True

    def _ends(self, node: ast.stmt, scope: Scope) -> bool:
        return True

    def _enter(self) -> tuple[int, int]:
        """Begins a loop; gives what its end brings back."""
        level = self.unsure, self.begun
        self.begun = self.unsure
        return level

    def _exit(self, level: tuple[int, int]) -> None:
        self.unsure, self.begun = level
        self.leaving = self.doubt = False

    def _leaves(self, node: ast.Break | ast.Continue, scope: Scope) -> bool:
        """`break` and `continue`; under a condition that is not known what follows in the loop is not sure."""
        if self.unsure > self.begun:
            self.doubt = True
        else:
            self.leaving = isinstance(node, ast.Break)
        return True

    def _if(self, node: ast.If, scope: Scope) -> bool:
        if _is_main_guard(node):
            return self.run(node.body, scope)
        test = self.evaluate(node.test, scope)
        if isinstance(test, Const):
            return self.run(node.body if test.value else node.orelse, scope)
        return self._branches([node.body, node.orelse], scope, test)

    def _branches(self, blocks: list[list[ast.stmt]], scope: Scope, test: Value | None = None) -> bool:
        """Each block on the names as they are; then one value a name for all blocks that go on."""
        drawn, returned = test if chance.line_of(test) else None, len(scope.returns)
        before, ends = dict(scope.names), []
        self.unsure += 1
        outside = self.branches
        for block in blocks:
            scope.names = dict(before)
            self.branches = (*outside, self.new_number())
            if not self.run(block, scope):
                ends.append(scope.names)
        self.branches = outside
        self.unsure += self.doubt - 1  # what follows in the loop is not sure
        self.doubt = False
        if drawn is not None and len(scope.returns) > returned:
            scope.chance = drawn
        if not ends:
            scope.names = before
            return True
        names = {name: None for one in ends for name in one}
        by_name = {name: [one[name] for one in ends if name in one] for name in names}
        scope.names = {name: chance.joined(values, drawn) for name, values in by_name.items()}
        return False

    def _for(self, node: ast.For | ast.AsyncFor, scope: Scope) -> bool:
        over = self.evaluate(node.iter, scope)
        turns, count = self._turns_of(over, node)
        folds = [one for one in turns if isinstance(one, Items) and one.values and is_fold(one.values[0])]
        fold = bool(folds) or is_fold(turns[0] if turns else None)
        self.loops.append(Turns(node.lineno, count_of(len(turns), count, node.body), fold))
        level = self._enter()
        for one in turns:
            self.assign(node.target, one, scope)
            self.run(node.body, scope)
            if self.leaving:
                break
        self._exit(level)
        self.loops.pop()
        self.run(node.orelse, scope)
        return False

    def _turns_of(self, over: Value, node: ast.For | ast.AsyncFor) -> tuple[list[Value], int | None]:
        """What the body is followed with, and how many turns the loop has; None where that is not known."""
        if isinstance(over, LayerRange):
            layers = self._layers(over, node)
            return layers, len(layers) if len(layers) > 1 else None
        if not isinstance(over, Items):
            return [element_of(over)], len(over.values) if isinstance(over, Mapping) and over.rest is None else None
        if over.numbers is not None:
            most = MOST_LAYERS if sets_layers(node.body) else MOST_TURNS
            few = len(over.numbers) <= most
            return [Const(k) for k in over.numbers] if few else [element_of(over)], len(over.numbers)
        closed = not over.more and len(over.values) <= most_turns(over)
        return over.values if closed else [element_of(over)], None if over.more else len(over.values)

    def _layers(self, over: LayerRange, node: ast.For | ast.AsyncFor) -> list[Value]:
        """The layers one by one where a condition may ask which one it is; else all at once."""
        asks = any(_asks_layer(one) for one in ast.walk(node))
        turns = one_by_one(self, over) if asks else []
        return list(turns) or [replace(over, single=True)]

    def _while(self, node: ast.While, scope: Scope) -> bool:
        test = self.evaluate(node.test, scope)
        numbers = self._numbers(node, scope)
        most = MOST_LAYERS if sets_layers(node.body) else MOST_TURNS
        followed = len(numbers) if numbers is not None and len(numbers) <= most else 1
        count = count_of(followed, len(numbers) if numbers is not None else None, node.body)
        self.loops.append(Turns(node.lineno, count))
        level = self._enter()
        endless = isinstance(node.test, ast.Constant) and bool(node.test.value)
        self.unsure += not (endless or (isinstance(test, Const) and numbers is not None))
        self.begun = self.unsure
        for _ in range(followed):
            self.run(node.body, scope)
            if self.leaving:
                break
        self._exit(level)
        self.loops.pop()
        return False

    def _numbers(self, node: ast.While, scope: Scope) -> range | None:
        """What the counter of a `while` goes through."""
        found = counting(node)
        if found is None:
            return None
        known = [whole(scope.find(found.name)), *(whole(self.evaluate(one, scope)) for one in (found.end, found.step))]
        start, end, step = known
        return None if start is None or end is None or not step else numbers_of(found, start, end, step)

    def _with(self, node: ast.With | ast.AsyncWith, scope: Scope) -> bool:
        for part in node.items:
            value = self.evaluate(part.context_expr, scope)
            if part.optional_vars is not None:
                self.assign(part.optional_vars, value, scope)
        return self.run(node.body, scope)

    def _try(self, node: ast.Try, scope: Scope) -> bool:
        ends = self.run(node.body, scope)
        for handler in node.handlers:
            before = dict(scope.names)
            leaving = self.leaving, self.doubt
            ended = self.run(handler.body, scope)
            self.leaving, self.doubt = leaving  # it may be that no turn is left so
            if ended:
                scope.names = before
            else:
                loaded = [name for name, one in before.items() if isinstance(one, Model) and one.loaded]
                kept = {name: scope.names[name] for name in loaded if isinstance(scope.names.get(name), Model)}
                scope.names = {**scope.names, **before, **kept}
        self.run(node.orelse, scope)
        return self.run(node.finalbody, scope) or (ends and not node.handlers)

    def _match(self, node: ast.Match, scope: Scope) -> bool:
        self.evaluate(node.subject, scope)
        return self._branches([*[case.body for case in node.cases], []], scope)

    def _delete(self, node: ast.Delete, scope: Scope) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                scope.names.pop(target.id, None)


def is_fold(value: Value | None) -> bool:
    """Whether a value is the indices of one fold."""
    return isinstance(value, Array) and value.role == "fold" and isinstance(value.part, Part)


def _asks_layer(node: ast.AST) -> bool:
    """Whether a part of a loop over layers may depend on which one it is at."""
    if isinstance(node, ast.Assign):
        inner = [one for one in ast.walk(node.value) if isinstance(one, ast.Attribute) and one.attr == "name"]
        return bool(inner) and any(isinstance(one, ast.Attribute) for one in node.targets)
    return isinstance(node, (ast.If, ast.IfExp, ast.Compare))


def _is_main_guard(node: ast.If) -> bool:
    test = node.test
    return isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == "__name__"


_RUNNERS: dict[type, Callable[[Any, Any, Scope], bool | None]] = {
    ast.Import: Statements._import,
    ast.ImportFrom: Statements._import_from,
    ast.FunctionDef: Statements._define,
    ast.AsyncFunctionDef: Statements._define,
    ast.ClassDef: Statements._define_class,
    ast.Assign: Statements._assign,
    ast.AnnAssign: Statements._annotated,
    ast.AugAssign: Statements._augmented,
    ast.Expr: Statements._expression,
    ast.Return: Statements._return,
    ast.Raise: Statements._ends,
    ast.Continue: Statements._leaves,
    ast.Break: Statements._leaves,
    ast.If: Statements._if,
    ast.For: Statements._for,
    ast.AsyncFor: Statements._for,
    ast.While: Statements._while,
    ast.With: Statements._with,
    ast.AsyncWith: Statements._with,
    ast.Try: Statements._try,
    ast.Match: Statements._match,
    ast.Delete: Statements._delete,
}
