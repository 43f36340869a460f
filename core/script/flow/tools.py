"""Python's own functions, lists and dictionaries, and scikit-learn's, on abstract values."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from core.script.flow import mappings, soft
from core.script.flow.freezing import numbered
from core.script.flow.joining import element_of, join, order_of
from core.script.flow.layer_lists import in_order, known_layers, some_layer
from core.script.flow.machine import (
    Arguments,
    Folder,
    Handler,
    Machine,
    constant,
    elements,
    lines_of,
    number,
    unknown,
    whole,
)
from core.script.flow.made import Layer
from core.script.flow.networks import LayerRange
from core.script.flow.numbers import HANDLERS as _NUMPY
from core.script.flow.objects import (
    FEATURES,
    FILES,
    GROUPED,
    IMAGES,
    LABELS,
    Array,
    Batches,
    Const,
    External,
    Items,
    Mapping,
    Source,
    Unknown,
)
from core.script.flow.value import Value
from core.script.layers import normalises


def files(machine: Machine, given: Arguments) -> Value:
    """`glob.glob(...)`, `os.listdir(...)`: names of files, from a place of their own."""
    text = machine.text(given.node) if given.node is not None else given.name
    machine.folders.append(Folder(_folder(given.positional[0] if given.positional else None), given.line))
    return Array(FILES, Source(machine.new_number(), given.line, text, "files"))


def _folder(value: Value | None) -> Value | None:
    """The folder of a pattern such as `data/*/*.png`."""
    text = constant(value)
    if not isinstance(text, str) or "*" not in text:
        return value
    return Const(text.partition("*")[0].rpartition("/")[0], lines_of(value))


def of_items(machine: Machine, owner: Items, name: str, given: Arguments) -> Value:
    """Methods of a list."""
    owner.numbers = None if name not in ("copy", "tolist", "index") else owner.numbers
    if name in ("append", "insert", "add") and given.positional:
        _append(machine, owner, given.positional[-1])
    elif name == "extend" and given.positional:
        more = given.positional[0]
        for one in elements(more) if isinstance(more, Items) else [element_of(more)]:
            _append(machine, owner, one)
        owner.more = True
    elif name in ("copy", "tolist"):
        return owner
    elif name == "index":
        values, wanted = [constant(one) for one in owner.values], constant(given.get("value", 0))
        known = not owner.more and None not in values and wanted in values
        return Const(values.index(wanted)) if known else Unknown("an index", given.line)
    return Const(None)


def _append(machine: Machine, owner: Items, value: Value) -> None:
    inside = len(machine.loops) - owner.depth
    if inside <= 0 and not owner.more:
        owner.values.append(value)
        return
    if inside >= 2 and not owner.order:
        owner.order = GROUPED
    owner.more = True
    if isinstance(value, (Array, Items)) and owner.values:
        owner.values[:] = [join([owner.values[0], value])]
    elif len(owner.values) < 64:
        known = [constant(one) for one in owner.values]
        if not isinstance(value, Const) or value.value not in known:
            owner.values.append(value)


def of_constant(machine: Machine, owner: Const, name: str, given: Arguments) -> Value:
    """Methods of a text."""
    if isinstance(owner.value, str) and name in ("lower", "upper", "strip") and not given.positional:
        return Const(getattr(owner.value, name)())
    if name in ("glob", "rglob", "iterdir"):
        return files(machine, replace(given, positional=[owner]))
    if isinstance(owner.value, str) and name in ("startswith", "endswith") and len(given.positional) == 1:
        ends = constant(given.positional[0])
        ends = ends if isinstance(ends, tuple) else (ends,)
        return Const(getattr(owner.value, name)(ends)) if all(isinstance(one, str) for one in ends) else unknown(given)
    if name == "joinpath" and isinstance(text := constant(given.get("other", 0)), str):
        return Const(f"{owner.value}/{text}"[:1000])
    return unknown(given)


def _length(machine: Machine, given: Arguments) -> Value:
    value = given.get("obj", 0)
    parts = known_layers(machine, value)
    if parts is not None or (isinstance(value, Items) and not value.more):
        return Const(len(parts if parts is not None else elements(value)))
    if isinstance(value, Array) and value.shape and isinstance(value.shape[0], int):
        return Const(value.shape[0])
    if isinstance(value, External) and value.name == "sys.argv":
        return Const(1)
    if isinstance(value, Batches):
        return Unknown("steps", given.line, 1.0)
    if isinstance(value, Array) and value.role in (IMAGES, LABELS, FEATURES, FILES):
        return Unknown("len(images)", given.line)
    return Unknown(f"len({machine.text(given.nodes[0]) if given.nodes else ''})", given.line)


def _enumerate(machine: Machine, given: Arguments) -> Value:
    value = given.get("iterable", 0)
    if isinstance(value, Items) and not value.more:
        return Items([Items([Const(k), one]) for k, one in enumerate(value.values)])
    if isinstance(value, LayerRange) and value.start is not None:
        parts = numbered(machine, value.model)[value.start : value.stop]
        return Items([Items([Const(k), one]) for k, one in enumerate(parts)], more=not parts)
    order, perm = order_of(value) if value is not None else ("", ())
    return Items([Items([Unknown("a number"), element_of(value or Unknown())])], more=True, order=order, perm=perm)


def _zip(machine: Machine, given: Arguments) -> Value:
    values = given.positional
    if values and all(isinstance(one, Items) and not one.more for one in values):
        return Items([Items(list(row)) for row in zip(*(elements(one) for one in values), strict=False)])
    if not values:
        return unknown(given)
    order, perm = order_of(values[0])
    return Items([Items([element_of(one) for one in values])], more=True, order=order, perm=perm)


def _map(machine: Machine, given: Arguments) -> Value:
    if len(given.positional) < 2:
        return unknown(given)
    over = given.positional[1]
    if (layers := known_layers(machine, over)) is not None:
        return Items([machine.apply(given.positional[0], Arguments("map", given.line, [one])) for one in layers])
    element = some_layer(over, selected=False) if isinstance(over, LayerRange) else element_of(over)
    value = machine.apply(given.positional[0], Arguments("map", given.line, [element]))
    order, perm = order_of(over)
    return Items([value], more=True, order=order, perm=perm)


def _filter(machine: Machine, given: Arguments) -> Value:
    """`filter(function, layers)`; of other lists it is not known which elements stay."""
    over = given.get("iterable", 1)
    layers = known_layers(machine, over) or []
    tests = [machine.apply(given.positional[0], Arguments("filter", given.line, [one])) for one in layers]
    if layers and all(isinstance(test, Const) for test in tests):
        return Items([one for one, test in zip(layers, tests, strict=True) if constant(test)])
    return Items([some_layer(over, selected=True)], more=True) if isinstance(over, LayerRange) else unknown(given)


def _same(machine: Machine, given: Arguments) -> Value:
    """`list(x)`, `sorted(x)`, `iter(x)`: the same elements."""
    value = given.get("iterable", 0)
    kind = given.name.rpartition(".")[2]
    if isinstance(value, LayerRange):
        return in_order(machine, value, {"reversed": -1, "sorted": 0, "set": 0}.get(kind, 1))
    if isinstance(value, Items):
        values = value.values[::-1] if kind == "reversed" else list(value.values)
        return replace(value, values=values, depth=len(machine.loops))
    if isinstance(value, Mapping):
        return mappings.of_mapping(machine, value, "keys", given)
    if isinstance(value, (Array, Batches)):
        return value
    return Items([], depth=len(machine.loops)) if value is None else Unknown(given.name, given.line)


def _range(machine: Machine, given: Arguments) -> Value:
    ends = [whole(one) for one in given.positional]
    known = [one for one in ends if one is not None]
    numbers = range(*known) if len(known) == len(ends) and 1 <= len(ends) <= 3 and ends[2:] != [0] else None
    return Items([Unknown("a number", given.line)], more=True, numbers=numbers)


def _next(machine: Machine, given: Arguments) -> Value:
    over = given.positional[0] if given.positional else None
    if isinstance(over, Items) and not over.more and len(over.values) == 1:
        return over.values[0]
    return element_of(over) if over is not None else unknown(given)


def _number(machine: Machine, given: Arguments) -> Value:
    value = given.get("x", 0)
    if isinstance(value, Array) and value.role == LABELS and given.name.endswith("abs"):
        return soft.bounded(value, "abs", None, given.line)
    if isinstance(value, Array) and given.name.endswith("round"):
        return _NUMPY["around"](machine, given)
    known = number(value)
    if known is not None and abs(known) < 1e15:
        return Const(_CONVERSIONS[given.name.rpartition(".")[2]](known), lines_of(value))
    if isinstance(value, Unknown) and value.epochs:
        return value
    return value if isinstance(value, Array) else unknown(given)


_CONVERSIONS: dict[str, Callable[[Any], Any]] = {"int": int, "float": float, "round": round, "abs": abs}


def _path(machine: Machine, given: Arguments) -> Value:
    texts = [constant(one) for one in given.positional]
    if texts and all(isinstance(one, str) for one in texts):
        parts = [str(one) for one in texts]
        begin = max((k for k, part in enumerate(parts) if k and _ABSOLUTE.match(part)), default=0)
        return Const("/".join(part.rstrip("/") for part in parts[begin:])[:1000], lines_of(*given.positional))
    return unknown(given)


_ABSOLUTE = re.compile(r"[\\/]|[A-Za-z]:[\\/]")
"""How a path begins that stands for itself, whatever it is joined to."""


def _isinstance(machine: Machine, given: Arguments) -> Value:
    """Known for layers only: which of a network's layers a loop is at is not known."""
    value, kind = given.get("obj", 0), given.get("class", 1)
    if isinstance(value, Layer) and isinstance(kind, External):
        return Const(value.kind == kind.short)
    if isinstance(value, LayerRange) and value.start is not None and isinstance(kind, External):
        return _is_of_kind(value, kind)
    return unknown(given)


def _is_of_kind(value: LayerRange, kind: External) -> Value:
    """Whether a layer of a backbone is batch normalisation; of other kinds it is not known."""
    if kind.short == "BatchNormalization" and value.model.kind == "backbone":
        known = normalises(value.model.name)
        if value.start is not None and value.start < len(known):
            return Const(known[value.start])
    return Unknown("a kind of layer")


def _one_of(machine: Machine, given: Arguments) -> Value:
    values = [
        number(one) for one in (elements(given.positional[0]) if len(given.positional) == 1 else given.positional)
    ]
    if values and all(one is not None for one in values):
        pick = max if given.name.endswith("max") else min
        return Const(pick(one for one in values if one is not None))
    return unknown(given)


def _print(machine: Machine, given: Arguments) -> Value:
    return Const(None)


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(("glob", "listdir", "list_images", "iterdir", "scandir", "walk"), files),
    **dict.fromkeys(("list", "tuple", "sorted", "reversed", "iter", "set"), _same),
    **dict.fromkeys(("int", "float", "round", "abs"), _number),
    **dict.fromkeys(("join", "Path", "PurePath", "str"), _path),
    **dict.fromkeys(("print", "seed_everything", "makedirs"), _print),
    **dict.fromkeys(("max", "min"), _one_of),
    "len": _length,
    "cardinality": lambda machine, given: Unknown("cardinality", given.line, 1.0),
    "enumerate": _enumerate,
    "tqdm": _same,
    "zip": _zip,
    "map": _map,
    "filter": _filter,
    **dict.fromkeys(("range", "trange"), _range),
    "next": _next,
    "dict": mappings.table,
    "isinstance": _isinstance,
}
