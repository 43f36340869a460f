"""Values of expressions: names, arithmetic, indexing, comprehensions."""

import ast
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeGuard

from core.script.flow import arrays, chance, indexing, layer_lists, mappings
from core.script.flow.joining import element_of, order_of
from core.script.flow.machine import DEEPEST, Arguments, constant, is_value, lines_of, number
from core.script.flow.made import Layer, Made
from core.script.flow.networks import LayerRange, Model, Tensor
from core.script.flow.objects import (
    GROUPED,
    LABELS,
    NUMBERS,
    PREDICTIONS,
    Array,
    Batches,
    Const,
    External,
    Function,
    Items,
    Mapping,
    Scope,
    Unknown,
)
from core.script.flow.operators import Operators
from core.script.flow.rates import rate_assigned
from core.script.flow.turns import Turns
from core.script.flow.value import Value
from core.script.values import LONGEST, UNKNOWN, bounded_number


class Expressions(Operators):
    """Finds the value of an expression."""

    def evaluate(self, node: ast.expr | None, scope: Scope) -> Value:
        """The value of an expression in a scope."""
        self.spend()
        reader = _READERS.get(type(node))
        if node is None or reader is None or self.depth >= DEEPEST:
            return Unknown("", getattr(node, "lineno", 0))
        self.depth += 1
        before, self.drawn = self.drawn, 0
        try:
            value = chance.passed_on(reader(self, node, scope), self.drawn)
        finally:
            self.depth -= 1
        self.drawn = before or chance.line_of(value)
        return value

    def _constant(self, node: ast.Constant, scope: Scope) -> Value:
        known = node.value
        if isinstance(known, (int, float)) and not isinstance(known, bool) and bounded_number(known) is UNKNOWN:
            return Unknown("a number", node.lineno)
        return (
            Unknown("a text", node.lineno)
            if isinstance(known, (str, bytes)) and len(known) > LONGEST
            else Const(known, (node.lineno,))
        )

    def _name(self, node: ast.Name, scope: Scope) -> Value:
        return scope.find(node.id) or External(node.id)

    def _sequence(self, node: ast.Tuple | ast.List | ast.Set, scope: Scope) -> Value:
        values: list[Value] = []
        more = False
        for part in node.elts[:200]:
            if isinstance(part, ast.Starred):
                spread = self.evaluate(part.value, scope)
                spread = layer_lists.in_order(self, spread, 1) if _is_layers(spread) else spread
                more = more or not isinstance(spread, Items) or spread.more
                values += spread.values if isinstance(spread, Items) else []
            else:
                values.append(self.evaluate(part, scope))
        return Items(values, more=more or len(node.elts) > 200, depth=len(self.loops))

    def _dict(self, node: ast.Dict, scope: Scope) -> Value:
        found = Mapping({})
        for key, value in zip(node.keys, node.values, strict=True):
            inner = self.evaluate(value, scope)
            if key is None:
                mappings.update(found, inner, node.lineno)
            else:
                mappings.put(found, constant(self.evaluate(key, scope)), inner)
        return found

    def _text(self, node: ast.JoinedStr, scope: Scope) -> Value:
        text, parts = "", list[Value]()
        for part in node.values:
            inner = part.value if isinstance(part, ast.FormattedValue) else part
            parts.append(self.evaluate(inner, scope))
            known = constant(parts[-1])
            if not isinstance(known, (str, int)) or len(text) > 1000:
                return Unknown("a text", node.lineno)
            text += str(known)[:1000]
        return Const(text, lines_of(*parts))

    def _unary(self, node: ast.UnaryOp, scope: Scope) -> Value:
        value = self.evaluate(node.operand, scope)
        if isinstance(node.op, ast.Not):
            return Const(not value.value) if isinstance(value, Const) else Unknown("not", node.lineno)
        known = number(value)
        if known is not None and isinstance(node.op, (ast.USub, ast.UAdd)):
            return Const(-known if isinstance(node.op, ast.USub) else known, lines_of(value))
        if isinstance(value, Array) and value.role == LABELS and isinstance(node.op, ast.Invert):
            return arrays.affine(value, -1.0, 1.0, node.lineno, self.text(node))
        return value if isinstance(value, (Array, Tensor)) else Unknown("", node.lineno)

    def _binary(self, node: ast.BinOp, scope: Scope) -> Value:
        return self.operate(node.op, self.evaluate(node.left, scope), self.evaluate(node.right, scope), node)

    def _compare(self, node: ast.Compare, scope: Scope) -> Value:
        values = [self.evaluate(part, scope) for part in (node.left, *node.comparators)]
        if any(isinstance(one, Array) and one.role == PREDICTIONS for one in values):
            return Array(NUMBERS)
        if len(values) == 2 and isinstance(node.ops[0], (ast.In, ast.NotIn)) and isinstance(values[0], Const):
            return indexing.contained(node.ops[0], values[0], values[1]) or Unknown("in", node.lineno)
        if len(values) == 2 and (same := layer_lists.is_same(*values)) is not None:
            return indexing.compared(node.ops[0], same, True)
        if len(values) == 2 and is_value(values[1], None) and isinstance(values[0], _THINGS):
            return Const(isinstance(node.ops[0], (ast.IsNot, ast.NotEq)))
        if len(values) == 2 and all(isinstance(one, Const) for one in values):
            return indexing.compared(node.ops[0], constant(values[0]), constant(values[1]))
        return chance.compared(self.text(node), node.lineno, values)

    def _either(self, node: ast.BoolOp, scope: Scope) -> Value:
        values: list[Value] = []
        stop = isinstance(node.op, ast.Or)
        for part in node.values:
            perhaps = any(not isinstance(one, Const) or bool(one.value) is stop for one in values)
            self.unsure += perhaps
            values.append(self.evaluate(part, scope))
            self.unsure -= perhaps
        known = [isinstance(one, Const) for one in values]
        for one in values:
            if isinstance(one, Const) and bool(one.value) is stop and (all(known) or isinstance(one.value, bool)):
                return one
        return values[-1] if all(known) else Unknown("", node.lineno)

    def _choice(self, node: ast.IfExp, scope: Scope) -> Value:
        test = self.evaluate(node.test, scope)
        if isinstance(test, Const):
            return self.evaluate(node.body if test.value else node.orelse, scope)
        self.unsure += 1
        both = [self.evaluate(node.body, scope), self.evaluate(node.orelse, scope)]
        self.unsure -= 1
        return chance.joined(both, test if chance.line_of(test) else None)

    def _lambda(self, node: ast.Lambda, scope: Scope) -> Value:
        return Function(node, scope)

    def _attribute(self, node: ast.Attribute, scope: Scope) -> Value:
        return self.attribute(self.evaluate(node.value, scope), node.attr, node)

    def _subscript(self, node: ast.Subscript, scope: Scope) -> Value:
        owner = self.evaluate(node.value, scope)
        if isinstance(owner, Tensor):
            return self.lift(lambda given: self._item(given[0], node, scope), [owner], node.lineno)
        return self._item(owner, node, scope)

    def _item(self, owner: Value, node: ast.Subscript, scope: Scope) -> Value:
        found = indexing.item(self, owner, node.slice, lambda part: self.evaluate(part, scope))
        if isinstance(found, Array) and self.draws(node.slice, scope):
            before = owner.fits if isinstance(owner, Array) else ()
            return chance.changed(replace(found, fits=before), node.lineno, self.text(node))
        return found

    def draws(self, index: ast.expr, scope: Scope) -> bool:
        """Whether what is drawn decides which rows and columns an index means."""
        ends = [end for part in index.elts if isinstance(part, ast.Slice) for end in (part.lower, part.upper)] if (
            isinstance(index, ast.Tuple)) else []  # fmt: skip
        return any(chance.line_of(self.evaluate(end, scope)) for end in ends if end is not None)

    def _comprehension(self, node: ast.ListComp | ast.GeneratorExp | ast.SetComp, scope: Scope) -> Value:
        inner = Scope({}, scope)
        orders: list[tuple[str, tuple[object, ...]]] = []
        closed = self._closed(node, inner)
        if closed is not None:
            return closed
        self.loops.append(Turns(node.lineno, self._count(node, inner)))
        for part in node.generators:
            over = self.evaluate(part.iter, inner)
            orders.append(order_of(over))
            one = layer_lists.some_layer(over, selected=bool(part.ifs)) if _is_layers(over) else element_of(over)
            self.assign(part.target, one, inner)
            for condition in part.ifs:
                self.evaluate(condition, inner)
        value = self.evaluate(node.elt, inner)
        self.loops.pop()
        order, perm = orders[0] if len(orders) == 1 else (GROUPED, ())
        return Items([value], more=True, order=order, perm=tuple(perm), depth=len(self.loops))

    def _count(self, node: ast.ListComp | ast.GeneratorExp | ast.SetComp, inner: Scope) -> int | None:
        """How often the element of a comprehension is made; None where that is not known."""
        first = node.generators[0]
        over = self.evaluate(first.iter, inner) if len(node.generators) == 1 and not first.ifs else None
        if not isinstance(over, Items) or (over.numbers is None and over.more):
            return None
        return len(over.values) if over.numbers is None else len(over.numbers)

    def _closed(self, node: ast.ListComp | ast.GeneratorExp | ast.SetComp, inner: Scope) -> Value | None:
        """A comprehension over a short list that is known as a whole."""
        turns = self._turns(node, inner)
        if turns is None:
            return None
        values = []
        for one in turns:
            self.assign(node.generators[0].target, one, inner)
            tests = [self.evaluate(condition, inner) for condition in node.generators[0].ifs]
            if any(isinstance(test, Const) and not test.value for test in tests):
                continue
            if not all(isinstance(test, Const) for test in tests):
                return None
            values.append(self.evaluate(node.elt, inner))
        return Items(values, depth=len(self.loops))

    def _turns(
        self, node: ast.ListComp | ast.GeneratorExp | ast.SetComp | ast.DictComp, inner: Scope
    ) -> list[Value] | None:
        """What a comprehension goes over one by one; None where that is not known, or too much."""
        if len(node.generators) != 1:
            return None
        over = self.evaluate(node.generators[0].iter, inner)
        if isinstance(over, Mapping):
            over = Items([Const(key) for key in over.values], more=over.rest is not None)
        if (layers := layer_lists.known_layers(self, over)) is not None:
            return layers
        closed = isinstance(over, Items) and not over.more and len(over.values) <= layer_lists.most_turns(over)
        return over.values if closed and isinstance(over, Items) else None

    def _dict_comprehension(self, node: ast.DictComp, scope: Scope) -> Value:
        """A dictionary: over a short list that is known as a whole one entry after the other."""
        pairs = self._turns(node, inner := Scope({}, scope))
        if pairs is None:
            return self._any_entry(node, Scope({}, scope))
        found = Mapping({})
        for one in pairs:
            self.assign(node.generators[0].target, one, inner)
            if all(self._holds(condition, inner) for condition in node.generators[0].ifs):
                key = constant(self.evaluate(node.key, inner))
                mappings.put(found, key, self.evaluate(node.value, inner))
        return found

    def _any_entry(self, node: ast.DictComp, inner: Scope) -> Value:
        """What any entry holds, where it is not known which there are."""
        self.loops.append(Turns(node.lineno, None))
        for part in node.generators:
            self.assign(part.target, element_of(self.evaluate(part.iter, inner)), inner)
        value = self.evaluate(node.value, inner)
        self.loops.pop()
        return Mapping({}, value)

    def _holds(self, condition: ast.expr, scope: Scope) -> bool:
        """Whether a condition may be true."""
        test = self.evaluate(condition, scope)
        return not isinstance(test, Const) or bool(test.value)

    def _walrus(self, node: ast.NamedExpr, scope: Scope) -> Value:
        value = self.evaluate(node.value, scope)
        self.assign(node.target, value, scope)
        return value

    def _yield(self, node: ast.Yield, scope: Scope) -> Value:
        scope.yields.append(self.evaluate(node.value, scope))
        return Unknown("", node.lineno)

    def _call(self, node: ast.Call, scope: Scope) -> Value:
        if (rate := rate_assigned(node)) is not None:
            self.assign(rate, self.evaluate(node.args[0], scope), scope)
            return Unknown("assign", node.lineno)
        callee = self.evaluate(node.func, scope)
        return self.apply(callee, self.arguments(node, callee, scope))

    def arguments(self, node: ast.Call, callee: Value, scope: Scope) -> Arguments:
        """The arguments of a call, `*` and `**` of known values among them."""
        name = callee.name if isinstance(callee, External) else self.text(node.func)
        given = Arguments(name, node.lineno, node=node, scope=scope)
        for part in node.args:
            inner = part.value if isinstance(part, ast.Starred) else part
            value = self.evaluate(inner, scope)
            if not isinstance(part, ast.Starred):
                given.positional.append(value)
                given.nodes.append(part)
            elif isinstance(value, Items) and not value.more:
                given.positional += value.values
                given.nodes += [inner] * len(value.values)
            else:
                given.unread = True
                break
        for keyword in node.keywords:
            value = self.evaluate(keyword.value, scope)
            if keyword.arg:
                given.named[keyword.arg] = value
                given.lines[keyword.arg] = keyword.value.lineno
            elif isinstance(value, Mapping):
                given.named.update({key: one for key, one in value.values.items() if isinstance(key, str)})
                given.unread = given.unread or value.rest is not None
            else:
                given.unread = True
        return given


def _is_layers(value: Value) -> TypeGuard[LayerRange]:
    return isinstance(value, LayerRange) and not value.single


_THINGS = (Array, Batches, Function, Items, Layer, LayerRange, Made, Mapping, Model, Tensor)
"""Values that are surely not None."""

_READERS: dict[type, Callable[[Any, Any, Scope], Value]] = {
    ast.Constant: Expressions._constant,
    ast.Name: Expressions._name,
    ast.Tuple: Expressions._sequence,
    ast.List: Expressions._sequence,
    ast.Set: Expressions._sequence,
    ast.Dict: Expressions._dict,
    ast.JoinedStr: Expressions._text,
    ast.UnaryOp: Expressions._unary,
    ast.BinOp: Expressions._binary,
    ast.BoolOp: Expressions._either,
    ast.Compare: Expressions._compare,
    ast.IfExp: Expressions._choice,
    ast.Lambda: Expressions._lambda,
    ast.Attribute: Expressions._attribute,
    ast.Subscript: Expressions._subscript,
    ast.ListComp: Expressions._comprehension,
    ast.GeneratorExp: Expressions._comprehension,
    ast.SetComp: Expressions._comprehension,
    ast.DictComp: Expressions._dict_comprehension,
    ast.NamedExpr: Expressions._walrus,
    ast.Yield: Expressions._yield,
    ast.Call: Expressions._call,
}
