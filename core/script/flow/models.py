"""Networks: how they are put together, what they make of images, what is frozen, and their training and questions."""

import ast
from collections.abc import Callable
from dataclasses import replace

from core.models.catalogue import BACKBONES
from core.script.flow import layers
from core.script.flow.layer_kinds import PHASED
from core.script.flow.machine import (
    Arguments,
    Handler,
    Machine,
    constant,
    is_none,
    is_value,
    unknown,
    whole,
    wholes,
)
from core.script.flow.made import Layer
from core.script.flow.networks import Fit, LayerRange, Model, Tensor
from core.script.flow.objects import IMAGES, Array, Const, Instance, Items, Out, Unknown
from core.script.flow.rates import optimizer_of
from core.script.flow.value import Value
from core.script.layers import LAYER_COUNTS, layer_names
from core.script.parts import BACKBONE

_BACKBONE = ("include_top", "weights", "input_tensor", "input_shape", "pooling", "classes")


_DEEPEST = 60
"""Models inside each other, or tensors behind tensors."""


def _sequential(machine: Machine, given: Arguments) -> Value:
    listed = given.get("layers", 0)
    model = Model("sequential", given.line, depth=len(machine.loops), arguments=dict(given.named), node=given.node)
    model.layers = put_together(list(listed.values)) if isinstance(listed, Items) else []
    if isinstance(listed, LayerRange) and not listed.single:
        model.layers = put_together([replace(listed, single=True)])
    elif listed is not None and not isinstance(listed, Items):
        model.kind = "unknown"
    machine.models.append(model)
    return model


def put_together(parts: list[Value]) -> list[Value]:
    """The parts of a Sequential, where the last ones are all layers of one pretrained network that network."""
    last = parts[-1] if parts else None
    if not isinstance(last, LayerRange) or not last.single or last.model.kind != "backbone":
        return parts
    names = layer_names(last.model.name)
    if not last.name and (last.start, last.stop) == (0, None):  # any of them, as a loop goes over all at once
        return [*parts[:-1], last.model]
    own = [one for one in parts[-len(names) :] if isinstance(one, LayerRange) and one.model is last.model]
    starts = [one.start for one in own]
    return [*parts[: -len(own)], last.model] if names and starts in (
        list(range(len(names))), list(range(1, len(names)))
    ) else parts  # fmt: skip


def _functional(machine: Machine, given: Arguments) -> Value:
    inputs, outputs = given.get("inputs", 0) or given.get("input"), given.get("outputs", 1) or given.get("output")
    firsts, lasts = layers.listed(inputs), layers.listed(outputs)
    model = Model(
        "functional",
        given.line,
        depth=len(machine.loops),
        arguments={"inputs": inputs or Const(None), "outputs": outputs or Const(None)},
        lines={"inputs": given.line, "outputs": given.line},
        node=given.node,
    )
    if len(firsts) == 1 and isinstance(firsts[0], Tensor) and len(lasts) == 1:
        model.inputs, model.outputs = firsts[0], lasts[0]
    else:
        model.kind = "unknown"
    machine.models.append(model)
    return model


def _backbone(machine: Machine, given: Arguments) -> Value:
    name = given.name.rpartition(".")[2]
    arguments, lines = given.bound(_BACKBONE)
    model = Model(
        "backbone", given.line, name, arguments=arguments, lines=lines, depth=len(machine.loops), node=given.node,
        branches=machine.branches,
    )  # fmt: skip
    layers.check_channels(machine, arguments.get("input_shape"), lines.get("input_shape", given.line), arguments)
    shape = wholes(arguments.get("input_shape"))
    tensor = arguments.get("input_tensor")
    start = (
        tensor if isinstance(tensor, Tensor) else Tensor(Array(IMAGES, shape=None if shape is None else (None, *shape)))
    )
    model.inputs = start
    machine.models.append(model)
    return model


def has_top(model: Model) -> bool:
    """Whether a pretrained network keeps its classifier of 1,000 classes."""
    return model.kind == "backbone" and (
        is_value(model.arguments.get("include_top"), True) or "include_top" not in model.arguments
    )


def of_instance(machine: Machine, instance: Instance, given: Arguments) -> Model:
    """A model that is a class of the script."""
    model = Model("subclass", given.line, instance=instance, depth=len(machine.loops))
    machine.models.append(model)
    return model


def _loaded(machine: Machine, given: Arguments) -> Value:
    """What was trained in this script before, where that is one model; else nobody knows."""
    trained = {id(one.model): one.model for one in machine.events if isinstance(one, Fit)}
    if len(trained) == 1:
        return next(iter(trained.values()))
    return Model("unknown", given.line, loaded=True, depth=len(machine.loops))


def output_of(machine: Machine, model: Model) -> Value:
    """`base.output`: the symbolic end of a network."""
    if isinstance(model.outputs, Tensor):
        return model.outputs
    if model.inputs is None:
        return Tensor(Array("map"))
    if model.end is not None:
        return model.end
    value = run(machine, model, model.inputs.value, quiet=True)
    found = value if isinstance(value, Array) else Array("map")
    model.end = Tensor(found, (model.inputs,), lambda given: run(machine, model, given[0]), model.line)
    return model.end


def attribute(machine: Machine, owner: Model, name: str, node: ast.expr) -> Value | None:
    """`base.input`, `base.output`, `model.layers`."""
    if name in ("input", "inputs") and owner.inputs is not None:
        return owner.inputs
    if name in ("output", "outputs"):
        return output_of(machine, owner)
    if name in _LAYERS:
        return LayerRange(owner, whole=True)
    if name == "optimizer":
        return optimizer_of(owner)
    if name in ("output_shape", "input_shape"):
        end = output_of(machine, owner) if name == "output_shape" else owner.inputs
        return machine.attribute(end.value, "shape", node) if isinstance(end, Tensor) else Unknown(name)
    return Unknown(name, node.lineno) if name in ("trainable", "name", "trainable_weights", "weights", "history",
                                                  "trainable_variables", "stop_training") else None  # fmt: skip


_LAYERS = ("layers", "_layers", "submodules", "_self_tracked_trackables")
"""Attributes that hold the layers of a model."""


def range_attribute(machine: Machine, owner: LayerRange, name: str, node: ast.expr) -> Value | None:
    """`model.layers[-1].output`, `layer.name`."""
    if name == "output" and owner.model.kind == "backbone" and owner.model.inputs is not None:
        return _inner_output(machine, owner, node)
    if name in ("output", "input") and owner.model.inputs is not None:
        return Tensor(Array("map"), (owner.model.inputs,), lambda given: Array("map"), node.lineno)
    if name == "name" and owner.name:
        return Const(owner.name)
    if name == "index" and not owner.single:
        return None  # of a list
    return Unknown(name, node.lineno)


def _inner_output(machine: Machine, owner: LayerRange, node: ast.expr) -> Tensor:
    """`base.get_layer("mixed7").output`: the network up to there, which counts as the network here, and is noted."""
    base, last = owner.model, layer_names(owner.model.name)[-1:]
    is_last = owner.start == -1 or (owner.start is not None and owner.start + 1 == LAYER_COUNTS.get(base.name))
    if not is_last and owner.name not in last and not base.inner[1]:
        base.inner = (owner.name or f"layers[{owner.start}]", node.lineno)
    end = output_of(machine, base)
    if is_last or owner.name in last or not isinstance(end, Tensor):
        return end if isinstance(end, Tensor) else Tensor(Array("map"))
    return replace(end, value=replace(end.value, shape=None, out=None), compute=_shapeless(machine, base))


def _shapeless(machine: Machine, base: Model) -> Callable[[list[Value]], Value]:
    def compute(given: list[Value]) -> Value:
        found = run(machine, base, given[0])
        return replace(found, shape=None, out=None) if isinstance(found, Array) else found

    return compute


def called(machine: Machine, callee: Layer | Model, given: Arguments) -> Value:
    """A layer or model on an array or tensor."""
    value = given.positional[0] if given.positional else given.get("inputs")
    _set_phase(callee, value, given)
    if isinstance(value, Items):
        tensors = [one for one in value.values if isinstance(one, Tensor)]
        return layers.merged(machine, tensors, given.line, callee) if tensors else unknown(given)
    if isinstance(value, Tensor):
        found = machine.lift(lambda values: _as_called(machine, callee, values[0], given), [value], given.line)
        machine.ends.append((callee, found))
        return found
    return _as_called(machine, callee, value, given) if value is not None else unknown(given)


def _as_called(machine: Machine, callee: Layer | Model, value: Value, given: Arguments) -> Value:
    """With `training=False` nothing in a layer or model changes images at random."""
    found = run(machine, callee, value)
    if is_value(given.get("training"), False) and isinstance(found, Array) and isinstance(value, Array):
        return replace(found, random=value.random)
    return found


def _set_phase(callee: Layer | Model, value: Value | None, given: Arguments) -> None:
    """`Dropout(0.5)(x, training=True)`: it does the same in training and afterwards. What a function passes on as
    `training=training` is decided by whoever calls it."""
    words = given.node.keywords if given.node is not None else []
    phase = given.get("training")
    if phase is None or not any(one.arg == "training" and isinstance(one.value, ast.Constant) for one in words):
        return
    parts = callee.layers if isinstance(callee, Model) and isinstance(value, Tensor) else [callee]
    for one in parts:
        if isinstance(one, Layer) and one.kind in PHASED:
            one.arguments["training"], one.lines["training"] = phase, given.line


def run(machine: Machine, model: Value, value: Value, *, quiet: bool = False) -> Value:
    """What a layer or model makes of an array."""
    machine.spend()
    if isinstance(model, Layer):
        return layers.apply(machine, model, value)
    if not isinstance(model, Model) or machine.depth > _DEEPEST:
        return Array("map")
    if not quiet:
        machine.passed.append((model, value))
    machine.depth += 1
    try:
        runner = _RUN.get(model.kind)
        return runner(machine, model, value) if runner is not None else Array("map")
    finally:
        machine.depth -= 1


def _run_sequential(machine: Machine, model: Model, value: Value) -> Value:
    for layer in model.layers:
        if isinstance(layer, Tensor):
            continue  # keras.Input
        if not isinstance(layer, (Layer, Model)):
            value = _strange(value, getattr(layer, "text", "") or getattr(layer, "name", "a layer"), model.line)
        else:
            value = run(machine, layer, value)
    return value


def _strange(value: Value, text: str, line: int) -> Array:
    array = value if isinstance(value, Array) else Array()
    return replace(array, strange=(text, line), shape=None, span=None, out=None)


def _run_functional(machine: Machine, model: Model, value: Value) -> Value:
    if not isinstance(model.outputs, Tensor) or model.inputs is None:
        return Array("map")
    return computed(machine, model.outputs, {id(model.inputs): value}, 0)


def computed(machine: Machine, tensor: Tensor, known: dict[int, Value], depth: int) -> Value:
    """The value of a symbolic tensor where those of some others are known."""
    if id(tensor) in known:
        return known[id(tensor)]
    machine.spend()
    if depth > _DEEPEST * 4 or tensor.compute is None:
        return tensor.value
    values = [computed(machine, parent, known, depth + 1) for parent in tensor.parents]
    found = tensor.compute(values)
    known[id(tensor)] = found
    return found


def reaches(tensor: Value | None, start: Tensor, depth: int = 0) -> bool:
    """Whether a symbolic tensor is computed from another."""
    if not isinstance(tensor, Tensor) or depth > _DEEPEST * 4:
        return False
    return tensor is start or any(reaches(parent, start, depth + 1) for parent in tensor.parents)


def _run_subclass(machine: Machine, model: Model, value: Value) -> Value:
    if model.instance is None:
        return Array("map")
    found = machine.apply(model.instance, Arguments("call", model.line, [value]))
    return found if isinstance(found, Array) else Array("map")


def _run_backbone(machine: Machine, model: Model, value: Value) -> Value:
    array = value if isinstance(value, Array) else Array()
    if has_top(model):
        units = whole(model.arguments.get("classes")) if "classes" in model.arguments else 1000
        named = model.arguments.get("classifier_activation")
        out = Out(units, str(constant(named) if named is not None else "softmax"), model.line, model.line, 2)
        return replace(array, role="map", shape=(None, units), out=out, span=None)
    pooled = constant(model.arguments.get("pooling")) in ("avg", "max")
    flexible = "pooling" in model.arguments and not pooled and not is_none(model.arguments["pooling"])
    row = BACKBONES.get(model.name)
    channels = row.channels if row is not None else None
    shape = None if flexible else ((None, channels) if pooled else (None, None, None, channels))
    return replace(array, role="map", shape=shape, out=None, span=None)


_RUN: dict[str, Callable[[Machine, Model, Value], Value]] = {
    "sequential": _run_sequential,
    "functional": _run_functional,
    "subclass": _run_subclass,
    "backbone": _run_backbone,
}


def _clone(machine: Machine, given: Arguments) -> Value:
    model = given.positional[0] if given.positional else None
    return (
        replace(model, compiled=None, fits=[], depth=len(machine.loops)) if isinstance(model, Model) else unknown(given)
    )


def is_backbone(name: str) -> bool:
    """Whether a name is that of a network of keras.applications."""
    return bool(BACKBONE.match(name))


HANDLERS: dict[str, Handler] = {
    "Sequential": _sequential,
    **dict.fromkeys(("Model", "Functional"), _functional),
    **dict.fromkeys(("load_model",), _loaded),
    "clone_model": _clone,
}


def handler_of(name: str) -> Handler | None:
    """The handler of a class or function of models."""
    return HANDLERS.get(name) or (_backbone if is_backbone(name) else None)
