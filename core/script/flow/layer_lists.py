"""Lists of the layers of a network: slices, copies, selections and what a loop over them goes through."""

from dataclasses import replace

from core.script.flow import freezing
from core.script.flow.machine import Arguments, Machine, unknown
from core.script.flow.made import Layer
from core.script.flow.networks import LayerRange, Model
from core.script.flow.objects import Const, Items
from core.script.flow.value import Value

MOST_TURNS = 8
"""Elements of a list written out that a loop goes over one by one."""

MOST_LAYERS = 900
"""Layers of a network that a loop with a condition goes over one by one."""


def one_by_one(machine: Machine, over: LayerRange) -> list[Value]:
    """The layers in a part of a model, each for itself; none where they are not known, or too many."""
    parts = freezing.numbered(machine, over.model)
    return parts[over.start : over.stop] if over.start is not None and len(parts) <= MOST_LAYERS else []


def most_turns(over: Items) -> int:
    """Loops over the layers of a network go through all of them."""
    first = over.values[0] if over.values else None
    inner = first.values[-1] if isinstance(first, Items) and first.values else first
    return MOST_LAYERS if isinstance(inner, (LayerRange, Layer, Model)) else MOST_TURNS


def known_layers(machine: Machine, value: Value | None) -> list[Value] | None:
    """The layers that a list of layers holds, in order; None for anything else, and where they are not known."""
    if isinstance(value, LayerRange) and not value.single:
        return one_by_one(machine, value) or None
    closed = isinstance(value, Items) and not value.more and bool(value.values)
    return list(value.values) if closed and isinstance(value, Items) and most_turns(value) == MOST_LAYERS else None


def some_layer(over: LayerRange, *, selected: bool) -> LayerRange:
    """Any of the layers in a part of a model: each of them, or one that is not known where some are selected."""
    if selected:
        return LayerRange(over.model, whole=False, single=True, start=None)
    return replace(over, single=True)


def unclear(value: Value) -> Value:
    """A layer that one of several may be."""
    return some_layer(value, selected=True) if isinstance(value, LayerRange) else value


def is_same(one: Value, other: Value) -> bool | None:
    """Whether two single layers of one network are the same; None where that is not known, or they are none."""
    if not (isinstance(one, LayerRange) and isinstance(other, LayerRange) and one.single and other.single):
        return None
    known = one.model is other.model and one.start is not None and other.start is not None
    return one.start == other.start if known and (one.start or 0) >= 0 <= (other.start or 0) else None


def of_range(machine: Machine, owner: LayerRange, name: str, given: Arguments) -> Value:
    """`layers.index(layer)` of the layers of a network: the place of the layer among them."""
    layer = given.get("value", 0)
    parts = one_by_one(machine, owner) if name == "index" else []
    places = [k for k, one in enumerate(parts) if one is layer or (layer is not None and is_same(one, layer))]
    return Const(places[0]) if len(places) == 1 else unknown(given)


def in_order(machine: Machine, value: LayerRange, step: int) -> Value:
    """The layers forwards (1), backwards (-1) or in an order that is not known (0)."""
    parts = one_by_one(machine, value) if step else []
    if parts:
        return Items(parts[::step])
    return value if step == 1 else LayerRange(value.model, value.whole, start=None)


def cut(machine: Machine, owner: LayerRange, part: slice) -> Value:
    """`layers[a:b]` of a part of the layers, or `layers[a:b:step]`."""
    parts = one_by_one(machine, owner)
    return Items(parts[part]) if parts else LayerRange(owner.model, whole=False, start=None)
