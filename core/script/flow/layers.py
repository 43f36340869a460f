"""Layers of Keras on abstract arrays: shape, units and activation, and what they do to the values of images."""

import ast
from collections.abc import Callable
from dataclasses import replace

from core.script.flow import arrays
from core.script.flow.fitting import WAYS, by_arguments, fitted
from core.script.flow.layer_kinds import (
    ACTIVATIONS,
    ARGUMENT_NAMES,
    CONVOLUTIONS,
    GLOBAL_POOLS,
    KINDS,
    MIXED_WITH_LABELS,
    NOISES,
    POOLS,
    RANDOM_LAYERS,
    SAME,
    SIZED,
)
from core.script.flow.machine import Arguments, Handler, Machine, constant, number, whole, wholes, word
from core.script.flow.made import Layer
from core.script.flow.networks import Tensor
from core.script.flow.objects import FEATURES, IMAGES, Array, Const, External, Items, Mapping, Out, Unknown
from core.script.flow.value import Value
from core.script.parts import BACKBONE

FLAT_COUNT = 10**9


def makes(short: str) -> bool:
    """Whether a name is that of a layer or model: what it is called with are arguments, not images."""
    return short in KINDS or bool(BACKBONE.match(short)) or short in ("Model", "Sequential", "Input", "Functional")


def make(machine: Machine, given: Arguments) -> Value:
    """A layer."""
    kind = given.name.rpartition(".")[2]
    arguments, lines = given.bound(ARGUMENT_NAMES.get(kind, ()))
    renamed = {"output_dim": "units", "nb_filter": "filters", "input_dim": "input_dim"}
    for old, new in renamed.items():
        if old in arguments and new not in arguments:
            arguments[new] = arguments[old]
    check_channels(machine, arguments.get("input_shape"), lines.get("input_shape", given.line), arguments)
    if kind == "Lambda" and given.node is not None:
        lines["text"] = given.line
    return Layer(kind, arguments, lines, given.line, node=given.node, loops=tuple(machine.loops))


def check_channels(machine: Machine, shape: Value | None, line: int, arguments: dict[str, Value]) -> None:
    """Notes a shape with the colours first, where nothing asks for that."""
    sides = wholes(shape)
    if sides is None or len(sides) != 3 or "data_format" in arguments:
        return
    first, _, last = sides
    if first in (1, 3) and isinstance(last, int) and last > 4:
        machine.note("channels-first", line, shape=sides)


def _input(machine: Machine, given: Arguments) -> Value:
    """`keras.Input(shape)`."""
    shape = given.get("shape", 0)
    check_channels(machine, shape, given.line, given.named)
    sides = wholes(shape)
    role = IMAGES if sides is None or len(sides) == 3 else FEATURES
    value = Array(role, shape=None if sides is None else (None, *sides))
    if constant(given.get("batch_shape")) is not None:
        value = replace(value, shape=wholes(given.get("batch_shape")))
    return Tensor(value, line=given.line)


def tensor_attribute(machine: Machine, owner: Tensor, name: str, node: ast.expr) -> Value | None:
    """`x.shape` of a symbolic tensor."""
    return machine.attribute(owner.value, name, node) if name == "shape" else None


def attribute(machine: Machine, owner: Layer, name: str, node: ast.expr) -> Value | None:
    """`layer.output`."""
    return Tensor(Array("map")) if name in ("output", "input") else None


def declared_shape(layer: Layer) -> tuple[int | None, ...] | None:
    """The shape of one image that a layer says it wants."""
    if "input_dim" in layer.arguments and layer.kind == "Dense":
        return (whole(layer.arguments["input_dim"]),)
    return wholes(layer.arguments.get("input_shape"))


def apply(machine: Machine, layer: Layer, value: Value) -> Value:
    """What a layer makes of an array."""
    if isinstance(value, Mapping) and "images" in value.values:
        return _with_labels(machine, layer, value)
    if not isinstance(value, Array):
        value = Array(strange=(getattr(value, "text", "images"), getattr(value, "line", 0)))
    machine.passed.append((layer, value))
    layer.called += 1
    handler = _APPLY.get(layer.kind)
    if handler is None:
        return replace(value, role="map", shape=None, out=None)
    return handler(machine, layer, value)


def _with_labels(machine: Machine, layer: Layer, given: Mapping) -> Mapping:
    """`layer({"images": x, "labels": y})`: what mixes images mixes the labels too."""
    images = given.values["images"]
    if layer.kind == "MixUp" and "labels" in given.values and isinstance(images, Array):
        layer.called += 1
        images = replace(images, random=(*images.random, replace(layer, kind=MIXED_WITH_LABELS)))
    else:
        images = apply(machine, layer, images)
    return Mapping({**given.values, "images": images})


def _activation(layer: Layer) -> str:
    """The activation's name; `linear` where there is none, empty where it is not known."""
    value = layer.arguments.get("activation")
    if value is None or (isinstance(value, Const) and value.value is None):
        return "linear"
    if isinstance(value, External):
        return value.short.lower()
    if isinstance(value, Layer):
        return ACTIVATIONS.get(value.kind, "")
    return (word(value) or "").lower()


def _dense(machine: Machine, layer: Layer, value: Array) -> Array:
    units = whole(layer.arguments.get("units"))
    shape = None if value.shape is None else (*value.shape[:-1], units)
    rank = None if shape is None else len(shape)
    line = layer.lines.get("activation", layer.line)
    out = Out(units, _activation(layer), layer.line, line, rank)
    return replace(value, role="map", shape=shape, out=out, steps=value.steps, span=None)


def _convolution(machine: Machine, layer: Layer, value: Array) -> Array:
    filters = whole(layer.arguments.get("filters"))
    line = layer.lines.get("activation", layer.line)
    out = Out(filters, _activation(layer), layer.line, line, 4)
    return replace(value, role="map", shape=(None, None, None, filters), out=out, span=None)


def _pool(machine: Machine, layer: Layer, value: Array) -> Array:
    shape = value.shape
    return replace(value, shape=(None, None, None, shape[-1]) if shape is not None and len(shape) == 4 else None)


def _global(machine: Machine, layer: Layer, value: Array) -> Array:
    channels = value.shape[-1] if value.shape else None
    rank = 4 if constant(layer.arguments.get("keepdims")) is True else 2
    out = None if value.out is None else replace(value.out, rank=rank)
    return replace(value, shape=(None, *[1] * (rank - 2), channels), out=out, role="map" if value.out else value.role)


def _flatten(machine: Machine, layer: Layer, value: Array) -> Array:
    out = None if value.out is None or value.out.rank == 2 else replace(value.out, rank=2, units=None)
    total: int | None = 1
    for side in (value.shape or (None, None))[1:]:
        total = None if total is None or side is None or total > FLAT_COUNT else total * side
    return replace(value, shape=(None, total), out=out or value.out)


def _reshape(machine: Machine, layer: Layer, value: Array) -> Array:
    sides = wholes(layer.arguments.get("target_shape"))
    return replace(value, shape=None if sides is None else (None, *(None if s == -1 else s for s in sides)))


def _same(machine: Machine, layer: Layer, value: Array) -> Array:
    if "Dropout" in layer.kind and value.out is not None:
        return replace(value, out=replace(value.out, dropout_line=layer.line))
    return _at_random(machine, layer, value) if layer.kind in NOISES and value.role == IMAGES else value


def _at_random(machine: Machine, layer: Layer, value: Array) -> Array:
    layer.span = value.span
    return replace(value, random=(*value.random, layer)) if value.out is None else value


def _sized(machine: Machine, layer: Layer, value: Array) -> Array:
    given = [layer.arguments.get(name, Unknown(name)) for name in ("height", "width")]
    sides = (whole(given[0]), whole(given[1]))
    line = layer.lines.get("height", layer.line)
    way = by_arguments(layer.arguments) or WAYS.get(layer.kind, "")
    value = fitted(value, way, layer.line, layer.kind) if way else value
    value = replace(value, sizes=(Items(given), line))
    if layer.kind == "RandomCrop":
        value = replace(value, random=(*value.random, layer))
    if value.shape is None or len(value.shape) not in (3, 4):
        return value
    return replace(value, shape=(*value.shape[:-3], *sides, value.shape[-1]))


def _activate(machine: Machine, layer: Layer, value: Array) -> Array:
    name = ACTIVATIONS.get(layer.kind) or _activation(layer)
    if value.out is None:
        return replace(value, strange=(layer.kind, layer.line)) if value.role == IMAGES else value
    line = layer.lines.get("activation", layer.line)
    name = name if value.out.activation == "linear" else ""
    return replace(value, out=replace(value.out, activation=name, activation_line=line, dropout_line=0))


def _rescale(machine: Machine, layer: Layer, value: Array) -> Array:
    scale, offset = layer.arguments.get("scale"), layer.arguments.get("offset")
    added = 0.0 if offset is None else number(offset)
    return arrays.affine(value, None if added is None else number(scale), added or 0.0, layer.line, "Rescaling")


def _lambda(machine: Machine, layer: Layer, value: Array) -> Value:
    function = layer.arguments.get("function")
    if function is None:
        return replace(value, strange=("Lambda", layer.line))
    given = Arguments(str(getattr(function, "name", "Lambda")), layer.line, [value])
    found = machine.apply(function, given)
    return found if isinstance(found, Array) else replace(value, strange=("Lambda", layer.line), span=None)


def _normalise(machine: Machine, layer: Layer, value: Array) -> Array:
    if value.role == IMAGES and value.out is None:
        return replace(value, strange=(layer.kind, layer.line), span=None)
    return value


def merged(machine: Machine, values: list[Tensor], line: int, by: Value) -> Tensor:
    """Several tensors that become one, by a layer."""

    def compute(given: list[Value]) -> Value:
        machine.passed.append((by, given[0] if given else Array("map")))
        return given[0] if given else Array("map")

    return Tensor(Array("map"), tuple(values), compute, line)


def _odd(machine: Machine, layer: Layer, value: Array) -> Array:
    return replace(value, shape=None)


_APPLY: dict[str, Callable[[Machine, Layer, Array], Value]] = {
    "Dense": _dense,
    **dict.fromkeys(CONVOLUTIONS, _convolution),
    **dict.fromkeys(POOLS, _pool),
    **dict.fromkeys(GLOBAL_POOLS, _global),
    "Flatten": _flatten,
    "Reshape": _reshape,
    **dict.fromkeys(SAME, _same),
    **dict.fromkeys(RANDOM_LAYERS, _at_random),
    **dict.fromkeys(SIZED, _sized),
    **dict.fromkeys((*ACTIVATIONS, "Activation"), _activate),
    "Rescaling": _rescale,
    "Lambda": _lambda,
    **dict.fromkeys(("BatchNormalization", "Normalization", "SyncBatchNormalization"), _normalise),
    "Permute": _odd,
}


def _softmax(name: str) -> Handler:
    """`tf.nn.softmax(x)`: an activation as a function."""

    def handler(machine: Machine, given: Arguments) -> Value:
        value = given.positional[0] if given.positional else Unknown(name, given.line)
        if not isinstance(value, Array):
            return Unknown(name, given.line)
        if value.role != "map":
            return replace(value, out=None)
        return _activate(machine, Layer("Activation", {"activation": Const(name)}, {}, given.line), value)

    return handler


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(sorted(KINDS), make),
    **dict.fromkeys(("Input",), _input),
    **{name: _softmax(name) for name in ("softmax", "sigmoid", "relu", "tanh")},
}


def listed(value: Value | None) -> list[Value]:
    """Tensors in a list, or one alone."""
    if isinstance(value, Items):
        return list(value.values)
    return [] if value is None else [value]
