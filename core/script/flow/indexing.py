"""Values of `x[...]`: parts of arrays, elements of lists, flipped channels, new axes."""

import ast
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from core.script.flow import layer_lists
from core.script.flow.arrays import element, expanded, stacked
from core.script.flow.chance import TURNED, turned
from core.script.flow.fitting import sliced
from core.script.flow.freezing import nested_at
from core.script.flow.joining import join
from core.script.flow.machine import Machine, constant, whole
from core.script.flow.made import Made
from core.script.flow.mappings import entry
from core.script.flow.networks import LayerRange
from core.script.flow.objects import (
    IMAGES,
    LABELS,
    SHUFFLED,
    Array,
    Batches,
    Const,
    External,
    Items,
    Mapping,
    Part,
    Unknown,
)
from core.script.flow.value import Value
from core.script.flow.weights import Weights, weight_of

Evaluate = Callable[[ast.expr], Value]

_FLIP = {"bgr": "rgb", "rgb": "bgr"}


def item(machine: Machine, owner: Value, index: ast.expr, evaluate: Evaluate) -> Value:
    """The value of `owner[index]`."""
    if isinstance(owner, Array):
        return _of_array(machine, owner, index, evaluate)
    if isinstance(owner, Items):
        return _of_items(owner, index, evaluate)
    if isinstance(owner, LayerRange):
        return _layer(machine, owner, index, evaluate)
    reader = _ITEMS.get(type(owner))
    return reader(owner, index, evaluate) if reader is not None else Unknown("", index.lineno)


def _layer(machine: Machine, owner: LayerRange, index: ast.expr, evaluate: Evaluate) -> Value:
    if not isinstance(index, ast.Slice):
        return _one_layer(machine, owner, whole(evaluate(index)))
    everything = index.lower is None and index.upper is None
    if everything and index.step is None:
        return owner
    if not owner.whole or owner.start is None or index.step is not None:
        part = _slice(index, evaluate)
        if part is None:
            return LayerRange(owner.model, whole=False, start=None)
        return layer_lists.cut(machine, owner, part)
    ends = [None if end is None else whole(evaluate(end)) for end in (index.lower, index.upper)]
    known = all((end is None) == (part is None) for end, part in zip(ends, (index.lower, index.upper), strict=True))
    return LayerRange(owner.model, everything, start=(ends[0] or 0) if known else None, stop=ends[1])


def _one_layer(machine: Machine, owner: LayerRange, place: int | None) -> Value:
    """`layers[place]`: a network inside the model as itself."""
    if not owner.whole or owner.start is None:
        parts = layer_lists.one_by_one(machine, owner)
        known = place is not None and -len(parts) <= place < len(parts)
        return parts[place or 0] if known else layer_lists.some_layer(owner, selected=True)
    stop = None if place in (None, -1) else (place or 0) + 1
    nested = nested_at(machine, owner.model, place)
    return nested or LayerRange(owner.model, whole=False, single=True, start=place, stop=stop)


def _slice(index: ast.Slice, evaluate: Evaluate) -> slice | None:
    """`a:b:step` in numbers; None where one of them is not known."""
    parts = (index.lower, index.upper, index.step)
    ends = [None if end is None else whole(evaluate(end)) for end in parts]
    known = all((end is None) == (part is None) for end, part in zip(ends, parts, strict=True))
    return slice(*ends) if known and ends[2] != 0 else None


def _entry(owner: Mapping, index: ast.expr, evaluate: Evaluate) -> Value:
    found = entry(owner, constant(evaluate(index)))
    return found if found is not None else Unknown("a dictionary's value", index.lineno)


def _letter(owner: Const, index: ast.expr, evaluate: Evaluate) -> Value:
    known = None if isinstance(index, ast.Slice) else whole(evaluate(index))
    if isinstance(owner.value, str) and known is not None and -len(owner.value) <= known < len(owner.value):
        return Const(owner.value[known])
    return Unknown("a letter", index.lineno)


_ITEMS: dict[type, Callable[[Any, ast.expr, Evaluate], Value]] = {
    Mapping: _entry,
    Const: _letter,
    Weights: lambda owner, index, evaluate: weight_of(owner, whole(evaluate(index))),
    Batches: lambda owner, index, evaluate: owner.x if owner.y is None else Items([owner.x, owner.y]),
    External: lambda owner, index, evaluate: Unknown(owner.name, index.lineno),
}


def _of_items(owner: Items, index: ast.expr, evaluate: Evaluate) -> Value:
    if isinstance(index, ast.Slice):
        part = _slice(index, evaluate)
        if part is not None and not owner.more:
            return replace(owner, values=owner.values[part])
        return replace(owner, values=[layer_lists.unclear(one) for one in owner.values], more=True)
    place = whole(evaluate(index))
    if place is not None and not owner.more and -len(owner.values) <= place < len(owner.values):
        return owner.values[place]
    return layer_lists.unclear(join(owner.values)) if owner.values else Unknown("an element")


def _of_array(machine: Machine, owner: Array, index: ast.expr, evaluate: Evaluate) -> Value:
    if isinstance(index, ast.Slice):
        return _sliced(machine, owner, index)
    if isinstance(index, ast.Tuple):
        return _axes(machine, owner, index, evaluate)
    if isinstance(index, ast.Constant) and index.value is Ellipsis:
        return owner
    by = evaluate(index)
    if (isinstance(by, Const) and by.value is None) or (isinstance(by, External) and by.short == "newaxis"):
        return expanded(owner, 0)
    return _by_array(owner, by) if isinstance(by, Array) else element(owner)


def _by_array(owner: Array, by: Array) -> Array:
    """Elements by the indices in another array: an order, the rows of a fold, labels as rows of `np.eye(n)`."""
    if owner.role == "eye":
        return Array(LABELS, encoding="one-hot", classes=owner.classes, source=by.source, part=by.part)
    if by.role == "permutation":
        return replace(owner, order=SHUFFLED, perm=(*owner.perm, *by.perm), part=by.part or owner.part)
    return replace(owner, part=by.part) if by.role == "fold" else stacked(element(owner))


def _sliced(machine: Machine, owner: Array, index: ast.Slice) -> Array:
    """`x[:n]` and `x[n:]` are two parts of one split, where both name the same border."""
    lower, upper = index.lower, index.upper
    rest = None if owner.shape is None else (None, *owner.shape[1:])
    cut = replace(owner, shape=rest)
    if (lower is None) == (upper is None) or index.step is not None:
        return cut
    border = lower or upper or index
    if owner.role == "permutation" or not owner.source.number:
        key: Any = ("slice", machine.text(border), owner.perm or owner.source.number)
    else:
        key = ("slice", machine.text(border), owner.order == SHUFFLED and owner.perm)
    part = Part(hash(key), 0 if lower is None else 1, getattr(border, "lineno", 0), "slice")
    return replace(cut, part=part)


def _axes(machine: Machine, owner: Array, index: ast.Tuple, evaluate: Evaluate) -> Value:
    parts = index.elts
    for axis, part in enumerate(parts):
        if _is_new_axis(part, evaluate):
            from_end = any(isinstance(one, ast.Constant) and one.value is Ellipsis for one in parts[:axis])
            return expanded(owner, -1 if from_end else axis)
    last = parts[-1] if parts else None
    if isinstance(last, ast.Slice) and isinstance(last.step, ast.UnaryOp) and last.lower is None:
        is_last = owner.rank in (None, len(parts)) or any(
            isinstance(one, ast.Constant) and one.value is Ellipsis for one in parts
        )
        if is_last:
            return replace(owner, channels=_FLIP.get(owner.channels, owner.channels))
        return turned(owner, Made(TURNED, machine.text(index), {}, {}, index.lineno))
    owner = sliced(owner, parts, index.lineno, machine.text(index))
    if owner.role == IMAGES and all(isinstance(one, ast.Slice) for one in parts):
        return replace(owner, shape=None)
    if len(parts) == 2 and isinstance(parts[0], ast.Slice) and owner.role != IMAGES:
        return replace(owner, shape=None)
    return replace(owner, shape=None)


def _is_new_axis(part: ast.expr, evaluate: Evaluate) -> bool:
    if isinstance(part, ast.Constant):
        return part.value is None
    if not isinstance(part, (ast.Name, ast.Attribute)):
        return False
    value = evaluate(part)
    return isinstance(value, External) and value.short == "newaxis"


_COMPARISONS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
    ast.Is: lambda a, b: a is b,
    ast.IsNot: lambda a, b: a is not b,
}


def contained(op: ast.cmpop, one: Const, value: Value) -> Value | None:
    """`"block5" in name`, or `name in ["a", "b"]`; None where it cannot be told."""
    whole_value = constant(value)
    if isinstance(one.value, str) and isinstance(whole_value, (str, tuple)):
        found = one.value in whole_value
        return Const(found is isinstance(op, ast.In))
    return None


def compared(op: ast.cmpop, left: Any, right: Any) -> Value:
    """`left op right` of two constants."""
    compare = _COMPARISONS.get(type(op))
    kinds = (int, float)
    same = type(left) is type(right) or (isinstance(left, kinds) and isinstance(right, kinds))
    if compare is None or not (same or isinstance(op, (ast.Eq, ast.NotEq, ast.Is, ast.IsNot))):
        return Unknown("a comparison")
    return Const(bool(compare(left, right)))
