"""One value for the values of two branches, of the elements of a list, or of several `return`s."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from core.script.flow.arrays import joined
from core.script.flow.machine import MOST_VALUES
from core.script.flow.networks import Model
from core.script.flow.objects import Array, Batches, Const, Items, Mapping, Unknown
from core.script.flow.value import Value
from core.script.flow.weights import Weights
from core.script.flow.weights import joined as joined_weights


def join(values: list[Value]) -> Value:
    """What is known of a value that is one of these."""
    if not values:
        return Const(None)
    first = values[0]
    for other in values[1:MOST_VALUES]:
        first = _join(first, other)
    return first


def _join(one: Value, other: Value, depth: int = 3) -> Value:
    if one is other:
        return one
    if not depth:
        return Unknown("a branch")
    joiner = _JOINERS.get(type(one)) if type(one) is type(other) else None
    return joiner(one, other, depth - 1) if joiner is not None else Unknown("a branch")


def _mappings(one: Mapping, other: Mapping, depth: int) -> Value:
    keys = one.values.keys() & other.values.keys()
    rests = [rest for rest in (one.rest, other.rest) if rest is not None]
    rest = join(rests) if rests else None
    return Mapping({key: _join(one.values[key], other.values[key], depth) for key in one.values if key in keys}, rest)


def _constants(one: Const, other: Const, depth: int) -> Value:
    same = type(one.value) is type(other.value) and one.value == other.value
    return one if same else Unknown("a branch")


def _items(one: Items, other: Items, depth: int) -> Value:
    if len(one.values) == len(other.values) <= MOST_VALUES and not (one.more or other.more):
        parts = [_join(a, b, depth) for a, b in zip(one.values, other.values, strict=True)]
        return Items(parts, order=one.order if one.order == other.order else "")
    return Items([*one.values, *other.values][:8], more=True, order=one.order if one.order == other.order else "")


def _batches(one: Batches, other: Batches, depth: int) -> Value:
    y = one.y if one.y is other.y else (None if one.y is None or other.y is None else _join(one.y, other.y, depth))
    return replace(
        one,
        x=_join(one.x, other.x, depth),
        y=Unknown("a branch") if (one.y is None) != (other.y is None) else y,
        repeats=one.repeats if one.repeats and other.repeats else 0,
        reshuffles=one.reshuffles if one.reshuffles and other.reshuffles else 0,
        shuffled=one.shuffled if one.shuffled == other.shuffled else None,
        cut=one.cut if one.cut == other.cut else None,
        folder=one.folder if one.folder == other.folder else "",
    )


def _models(one: Model, other: Model, depth: int) -> Value:
    """A model that was saved, or else one that is made here: where there is no file the script makes it."""
    made = [model for model in (one, other) if not model.loaded]
    return made[0] if len(made) == 1 else Unknown("a branch")


_JOINERS: dict[type, Callable[[Any, Any, int], Value]] = {
    Const: _constants,
    Array: lambda one, other, depth: joined([one, other]),
    Items: _items,
    Batches: _batches,
    Mapping: _mappings,
    Model: _models,
    Weights: lambda one, other, depth: joined_weights(one, other) or Unknown("a branch"),
}


def element_of(value: Value) -> Value:
    """One element of what a loop goes over."""
    if isinstance(value, Weights):
        return value
    if isinstance(value, Array):
        return replace(value, shape=value.shape[1:] if value.shape else None)
    if isinstance(value, Items):
        return join(value.values) if value.values else Unknown("an element")
    if isinstance(value, Batches):
        return value.x if value.y is None else Items([value.x, value.y])
    return Unknown("an element", getattr(value, "line", 0))


def order_of(value: Value) -> tuple[str, tuple[object, ...]]:
    """The order that elements have, and the shuffles that made it."""
    return (value.order, value.perm) if isinstance(value, (Array, Items)) else ("", ())
