"""Arithmetic on abstract values: numbers, arrays, figures of arrays, lists, and symbolic tensors."""

import ast
from collections.abc import Callable
from dataclasses import replace

from core.script.flow import arrays, chance, soft
from core.script.flow.machine import Machine, counted, lines_of, number
from core.script.flow.made import Layer
from core.script.flow.networks import Tensor
from core.script.flow.objects import FILES, GROUPED, LABELS, NUMBERS, PREDICTIONS, Array, Const, Items, Stat, Unknown
from core.script.flow.value import Value
from core.script.fold import combine

MOST_REPEATED = 8
"""Elements of a list that is written out times a number."""


class Operators(Machine):
    """Finds the value of `left op right`."""

    def operate(self, op: ast.operator, left: Value, right: Value, node: ast.expr) -> Value:
        """`left op right`, whose text is that of `node`."""
        if isinstance(left, Tensor) or isinstance(right, Tensor):
            return self.lift(lambda both: self.operate(op, both[0], both[1], node), [left, right], node.lineno)
        if isinstance(left, Array) or isinstance(right, Array):
            return self._of_array(op, left, right, node)
        if isinstance(left, Stat) or isinstance(right, Stat):
            return _of_statistics(left, right)
        if isinstance(left, Items) or isinstance(right, Items):
            return self._of_items(op, left, right)
        if isinstance(left, Const) and isinstance(right, Const):
            known = combine(op, left.value, right.value)
            return Unknown("", node.lineno) if known is None else Const(known, lines_of(left, right))
        return Unknown(self.text(node), node.lineno, counted(op, left, right))

    def _of_array(self, op: ast.operator, left: Value, right: Value, node: ast.expr) -> Value:
        array, other = (left, right) if isinstance(left, Array) else (right, left)
        if not isinstance(array, Array):
            return Unknown(self.text(node), node.lineno)
        text = self.text(node)
        if array.role == "map":  # counts as a layer: what is added to another map is a branch
            kind = "add" if isinstance(other, Array) else text
            self.passed.append((Layer(kind, {}, {}, node.lineno), array))
        if isinstance(other, Stat) and isinstance(left, Array):
            return arrays.by_statistic(array, op, other, node.lineno, text)
        if array.role == FILES and isinstance(other, (Array, Items)) and isinstance(op, ast.Add):
            return self._joined_lists(array, other, node)
        known = number(other)
        if known is None:
            known = number(other.values[0]) if isinstance(other, Items) and other.values else None
            same = isinstance(other, Items) and len({number(one) for one in other.values}) == 1
            known = known if same else None
        if known is not None:
            first = not isinstance(left, Array)
            return arrays.operate(op, array, known, number_first=first, line=node.lineno, text=text)
        if isinstance(other, Array) and PREDICTIONS in (array.role, other.role):
            return Array(NUMBERS)
        line = chance.line_of(other)
        if array.role == LABELS and not line and isinstance(op, ast.Mult) and isinstance(other, Unknown):
            array = soft.by_unknown(array, node.lineno)
        return chance.changed(array, line, text) if line else arrays.affine(array, None, 0.0, node.lineno, text)

    def _joined_lists(self, array: Array, other: Array | Items, node: ast.expr) -> Value:
        if isinstance(other, Items):
            return array
        return arrays.concatenated([array, other], node.lineno, self.text(node), self.new_number())

    def _of_items(self, op: ast.operator, left: Value, right: Value) -> Value:
        if isinstance(op, ast.Mult):
            items, times = (left, right) if isinstance(left, Items) else (right, left)
            known = number(times)
            if isinstance(items, Items) and known is not None and 0 < known * len(items.values) <= MOST_REPEATED:
                return Items(items.values * int(known), more=items.more)
            return replace(items, more=True) if isinstance(items, Items) else Unknown("a list")
        if isinstance(op, ast.Add) and isinstance(left, Items) and isinstance(right, Items):
            both = left.more and right.more
            order = GROUPED if both and not (left.perm or right.perm) else ""
            return Items([*left.values, *right.values][:200], more=left.more or right.more, order=order)
        return Unknown("a list")

    def lift(self, compute: Callable[[list[Value]], Value], values: list[Value], line: int) -> Value:
        """A symbolic tensor for what is computed of values, some of which are symbolic."""
        tensors = [one for one in values if isinstance(one, Tensor)]

        def again(given: list[Value]) -> Value:
            rest = iter(given)
            return compute([next(rest) if isinstance(one, Tensor) else one for one in values])

        found = again([one.value for one in tensors])
        return Tensor(found if isinstance(found, Array) else Array(), tuple(tensors), again, line)


def _of_statistics(left: Value, right: Value) -> Value:
    """`x.max() - x.min()` is a range; with a small number beside it a figure stays what it is."""
    if isinstance(left, Stat) and isinstance(right, Stat):
        return Stat("range", left.array) if (left.kind, right.kind) == ("max", "min") else Unknown("a figure")
    return left if isinstance(left, Stat) else right
