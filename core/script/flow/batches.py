"""Datasets and generators as they are changed: mapped, batched, shuffled, repeated, cut; and what they are asked."""

import ast
from collections.abc import Callable
from dataclasses import replace

from core.script.flow import arrays, remainders
from core.script.flow.joining import element_of, join
from core.script.flow.machine import (
    Arguments,
    Machine,
    constant,
    is_none,
    lines_of,
    unknown,
    whole,
)
from core.script.flow.made import Layer, Made
from core.script.flow.networks import Model
from core.script.flow.objects import IMAGES, Array, Batches, Const, Function, Items, Mapping, Unknown
from core.script.flow.value import Value


def flag(value: Value | None, *, default: bool) -> bool | None:
    """A yes or no that is given to a call: the default where nothing is given, None where it is not known."""
    if value is None:
        return default
    known = constant(value)
    return known if isinstance(known, bool) else None


_SHUFFLES = ("shuffle", "permutation", "sample")
_SIZES = ("batch_size", "batch", "bs", "batchsize", "batch_sz")


def from_yields(
    machine: Machine,
    values: list[Value],
    given: Arguments,
    made_by: ast.AST,
    names: dict[str, Value],
    kind: str = "python",
) -> Batches:
    """Batches that a generator function or a Sequence gives.

    Args:
        machine: Machine. Gives the batches a number.
        values: list of Value. What is yielded.
        given: Arguments. Of the call that makes them.
        made_by: ast.AST. The function or class; whether it shuffles is told by its calls.
        names: dict. Its own names, or the attributes of its object: the size of a batch among them.
        kind: str. `"python"` or `"sequence"`.
    """
    value = join(values)
    pair = isinstance(value, Items) and len(value.values) in (2, 3) and not value.more
    x, y = (value.values[0], value.values[1]) if pair and isinstance(value, Items) else (value, Unknown("labels"))
    size = next((names[name] for name in _SIZES if whole(names.get(name)) is not None), None)
    return Batches(kind, x, y, given.line, given.name, machine.new_number(),
                   shuffled=True if _shuffles(made_by, names) else None,
                   fixed=given.line if _shuffles(made_by, names) and _shuffles_once(made_by) else 0,
                   size=None if size is None else (size, (*lines_of(size), given.line)[0]),
                   weights=third(value, given.line),
                   drops=remainders.of_function(made_by) if kind == "python" else None)  # fmt: skip


def third(value: Value | None, line: int) -> tuple[Value, int] | None:
    """The weight of an image, where it comes as the third beside it and its label."""
    is_triple = isinstance(value, Items) and len(value.values) == 3 and not value.more
    return (value.values[2], line) if is_triple and isinstance(value, Items) else None


def _shuffles(made_by: ast.AST, names: dict[str, Value]) -> bool:
    """Whether a function or class brings its samples into a random order, unless it is told not to."""
    return _calls_shuffle(made_by) and constant(names.get("shuffle")) is not False


def _calls_shuffle(node: ast.AST) -> bool:
    calls = [one.func for one in ast.walk(node) if isinstance(one, ast.Call)]
    return any((getattr(one, "attr", "") or getattr(one, "id", "")) in _SHUFFLES for one in calls)


def _shuffles_once(made_by: ast.AST) -> bool:
    """Whether it does so before the first pass alone: where an object is made, or before the loop of all passes."""
    body = getattr(made_by, "body", [])
    if isinstance(made_by, ast.ClassDef):
        return not any(_calls_shuffle(one) for one in body if getattr(one, "name", "") != "__init__")
    passes = [one for one in body if isinstance(one, ast.While)]
    return bool(passes) and not any(_calls_shuffle(one) for one in passes)


def attribute(machine: Machine, owner: Batches, name: str, node: ast.expr) -> Value | None:
    """`train.class_names`, `val.classes`."""
    if name in ("class_names", "class_indices"):
        return Items([Unknown(name)] * owner.names) if owner.names else Items([Unknown(name)], more=True)
    if name in ("classes", "labels") and isinstance(owner.y, Array):
        return replace(owner.y, encoding="integers", of=owner.number, order="" if owner.shuffled else "grouped")
    if name == "batch_size" and owner.origin is not None and "batch_size" in owner.origin.arguments:
        return owner.origin.arguments["batch_size"]
    if name in ("num_classes", "samples", "n", "batch_size", "element_spec", "filenames", "file_paths"):
        return Const(owner.names) if name == "num_classes" and owner.names else Unknown(name, node.lineno)
    return None


def method(machine: Machine, owner: Batches, name: str, given: Arguments) -> Value:
    """`ds.map(...)`, `.batch(...)`, `.take(...)` and the like."""
    known = _METHODS.get(name)
    if known is not None:
        return known(machine, owner, given)
    return owner if name in _KEPT else unknown(given)


_KEPT = (
    "prefetch",
    "with_options",
    "ignore_errors",
    "filter",
    "interleave",
    "on_epoch_end",
)


def _map(machine: Machine, owner: Batches, given: Arguments) -> Value:
    function = given.get("map_func", 0)
    elements = [owner.x, *([] if owner.y is None else [owner.y]), *([owner.weights[0]] if owner.weights else [])]
    if function is None:
        return owner
    is_layer = isinstance(function, (Layer, Model))
    name = getattr(function, "name", "a function")
    value = machine.apply(function, Arguments(str(name), given.line, elements[:1] if is_layer else elements))
    pair = isinstance(value, Items) and len(value.values) in (2, 3) and not value.more
    if pair and isinstance(value, Items):
        return replace(owner, x=value.values[0], y=value.values[1], weights=third(value, given.line))
    if isinstance(value, Array):
        return replace(owner, x=value, y=None if owner.y is None or value.role == IMAGES else owner.y)
    if isinstance(value, Mapping) and isinstance(value.values.get("images"), Array):
        return replace(owner, x=value, y=None)
    text = machine.text(given.nodes[0]) if given.nodes else str(name)
    x: Value = Unknown("a map", given.line)
    if isinstance(owner.x, Array):
        x = replace(owner.x, strange=(text, given.line), span=None, shape=None)
    return replace(owner, x=x, y=Unknown("a map", given.line))


def _apply(machine: Machine, owner: Batches, given: Arguments) -> Value:
    """`ds.apply(function)`: what a function of the script makes of a dataset, or one of TensorFlow."""
    function = given.get("transformation_func", 0)
    if isinstance(function, Made) and function.kind in TRANSFORMATIONS:
        return _transformed(machine, owner, function)
    if not isinstance(function, (Function, Made)):
        return owner
    value = machine.apply(function, Arguments("apply", given.line, [owner]))
    return value if isinstance(value, Batches) else Unknown("a dataset", given.line)


TRANSFORMATIONS = {
    "map_and_batch": ("map_func", "batch_size", "num_parallel_batches", "drop_remainder"),
    "shuffle_and_repeat": ("buffer_size", "count", "seed"),
    "dense_to_ragged_batch": ("batch_size", "drop_remainder"),
    "batch_and_drop_remainder": ("batch_size",),
    "unbatch": (),
}
"""Functions that give one for `apply`, with the names of their positional arguments."""


def _transformed(machine: Machine, owner: Batches, made: Made) -> Value:
    given = Arguments(made.kind, made.line, named=made.arguments, lines=made.lines)
    if made.kind == "unbatch":
        return _unbatch(machine, owner, given)
    if made.kind == "shuffle_and_repeat":
        value = _shuffle(machine, owner, given)
        return _repeat(machine, value, given) if isinstance(value, Batches) else value
    if made.kind == "map_and_batch":
        mapped = _map(machine, owner, given)
        owner = mapped if isinstance(mapped, Batches) else owner
    batched = _batch(machine, owner, given)
    drops = made.kind == "batch_and_drop_remainder" and isinstance(batched, Batches)
    return replace(batched, drops=(Const(True), made.line)) if drops and isinstance(batched, Batches) else batched


def _cache(machine: Machine, owner: Batches, given: Arguments) -> Value:
    """What was drawn at random before it stays as it is in the first epoch, a random order too."""
    drawn = len(owner.x.random) if isinstance(owner.x, Array) else 0
    owner = replace(owner, fixed=given.line) if owner.shuffled or owner.buffer[0] else owner
    return replace(owner, cached=(given.line, drawn)) if drawn else owner


def _batch(machine: Machine, owner: Batches, given: Arguments) -> Value:
    def stacked(value: Value | None) -> Value | None:
        return arrays.stacked(value) if isinstance(value, Array) else value

    x = stacked(owner.x)
    return _sized(replace(owner, x=x if x is not None else owner.x, y=stacked(owner.y), batched=True), given)


def _rebatch(machine: Machine, owner: Batches, given: Arguments) -> Value:
    return _sized(owner, given)


def _sized(owner: Batches, given: Arguments) -> Batches:
    """Batches of the size that is given; of what is repeated without end the last one is never incomplete."""
    place = 3 if given.name.endswith("padded_batch") else 1
    size, drops = given.get("batch_size", 0), given.get("drop_remainder", place)
    return replace(
        owner,
        size=owner.size if size is None else (size, given.line_of("batch_size", 0)),
        drops=None if drops is None or owner.repeats else (drops, given.line_of("drop_remainder", place)),
    )


def _unbatch(machine: Machine, owner: Batches, given: Arguments) -> Value:
    return replace(owner, x=element_of(owner.x) if isinstance(owner.x, Array) else owner.x, batched=False, size=None,
                   drops=None)  # fmt: skip


def _shuffle(machine: Machine, owner: Batches, given: Arguments) -> Value:
    again = flag(given.get("reshuffle_each_iteration", 2), default=True)
    if whole(given.get("buffer_size", 0)) == 1:
        return owner  # the next one of one
    owner = replace(owner, shuffled=True, number=machine.new_number(), cut=owner.cut,
                    buffer=(given.line, owner.batched))  # fmt: skip
    if again is not False:
        return replace(owner, reshuffles=given.line, fixed=0)
    return owner if owner.reshuffles and not owner.fixed else replace(owner, fixed=given.line)


def _repeat(machine: Machine, owner: Batches, given: Arguments) -> Value:
    count = given.get("count", 0)
    endless = count is None or is_none(count) or whole(count) == -1
    if endless or count is None:
        return replace(owner, repeats=given.line)
    return replace(owner, passes=(*owner.passes, (count, given.line)))


def _cut(how: str) -> Callable[[Machine, Batches, Arguments], Value]:
    def handler(machine: Machine, owner: Batches, given: Arguments) -> Value:
        machine.reshuffling.setdefault(owner.number, owner.reshuffles)
        cut = (owner.number, how, given.line)
        machine.cuts.append(cut)
        return replace(owner, cut=owner.cut or cut, cuts=(*owner.cuts, cut))

    return handler


_METHODS: dict[str, Callable[[Machine, Batches, Arguments], Value]] = {
    "map": _map,
    "apply": _apply,
    "cache": _cache,
    **dict.fromkeys(("batch", "padded_batch", "ragged_batch"), _batch),
    "rebatch": _rebatch,
    "unbatch": _unbatch,
    "shuffle": _shuffle,
    "repeat": _repeat,
    "take": _cut("take"),
    "skip": _cut("skip"),
    **dict.fromkeys(("next", "get_next", "__getitem__"), lambda machine, owner, given: element_of(owner)),
    "cardinality": lambda machine, owner, given: Unknown("cardinality", given.line, 1.0),
    "__len__": lambda machine, owner, given: Unknown("steps", given.line, 1.0),
    "as_numpy_iterator": lambda machine, owner, given: owner,
    "reset": lambda machine, owner, given: Const(None),
    "enumerate": lambda machine, owner, given: Items([Items([Unknown("a number"), element_of(owner)])], more=True),
}
