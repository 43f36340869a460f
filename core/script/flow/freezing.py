"""Which layers learn: `trainable` of models, of parts of their layers, and of single ones."""

from core.script.flow.machine import Arguments, Machine, constant, whole, word
from core.script.flow.made import Layer
from core.script.flow.networks import LayerRange, Model, Tensor, Trains
from core.script.flow.objects import Const, Unknown
from core.script.flow.value import Value
from core.script.layers import LAYER_COUNTS, layer_names

TRAINABLE = ("trainable", "_trainable")
"""Attributes by which a script says what trains."""

_DEEPEST = 10
_MOST_LINES = 6
_MOST_UNKNOWN = 5
"""Layers that a function of numbers, or one that the script does not define, may make of a symbolic tensor."""


def snapshot(machine: Machine) -> dict[int, Trains | None]:
    """Which layers of each pretrained network learn at this moment."""
    return {id(one): one.trains for one in machine.models if one.kind == "backbone"}


def backbones_in(model: Value, depth: int = 0) -> list[Model]:
    """The pretrained networks in a model."""
    if not isinstance(model, Model) or depth > _DEEPEST:
        return []
    if model.kind == "backbone":
        return [model]
    inner = list(model.layers)
    if model.instance is not None:
        inner += list(model.instance.attributes.values())
    return [found for one in inner for found in backbones_in(one, depth + 1)]


def named_layer(machine: Machine, owner: Model, given: Arguments) -> Value:
    """`model.get_layer("block5_conv1")`, or by its number; of a model with a backbone of that name, the backbone."""
    name, index = word(given.get("name", 0)) or "", whole(given.get("index", 1))
    parts = numbered(machine, owner)
    for one in parts:
        named = one.arguments.get("name") if isinstance(one, (Layer, Model)) else None
        if isinstance(one, Model) and name and (word(named) or one.name.lower()) == name.lower():
            return one
        if isinstance(one, Layer) and name and word(named) == name:
            return one
    names = layer_names(owner.name)
    if index is None and name in names:
        index = names.index(name)
    return LayerRange(
        owner, whole=False, single=True, start=index, stop=None if index is None else index + 1, name=name
    )


def numbered(machine: Machine, model: Model) -> list[Value]:
    """The layers of a model as `.layers` numbers them; of a backbone's own the layers from its input to its end stand
    as as many `LayerRange`. Empty where it is not known."""
    if model.kind == "backbone":
        return _own(model)
    if model.kind == "sequential":
        return [one for one in model.layers if not isinstance(one, Tensor)]
    if model.kind != "functional" or not isinstance(model.outputs, Tensor):
        return []
    found = loosely_numbered(machine, model)
    return [] if any(isinstance(one, Unknown) for one in found) else found


def loosely_numbered(machine: Machine, model: Model) -> list[Value]:
    """The same of a functional model, with an unknown value for each place where it is not known how many layers stand
    there, such as a function of numbers on a symbolic tensor."""
    if model.kind != "functional" or not isinstance(model.outputs, Tensor):
        return []
    made = {id(tensor): by for by, tensor in machine.ends}
    found: list[Value] = []
    if not _walk(machine, model.outputs, made, found, set(), 0) and not any(isinstance(one, Unknown) for one in found):
        found.append(Unknown("a layer"))
    return found


def nested_at(machine: Machine, model: Model, place: int | None) -> Model | None:
    """The network inside a model that `model.layers[place]` is, or may be where not all before it can be counted."""
    parts = numbered(machine, model)
    if place is None or parts:
        found = parts[place] if place is not None and -len(parts) <= place < len(parts) else None
        return found if isinstance(found, Model) else None
    first = last = 0
    for one in loosely_numbered(machine, model) if place > 0 else []:
        if isinstance(one, Model) and backbones_in(one) and first <= place <= last:
            return one
        first, last = first + 1, last + (_MOST_UNKNOWN if isinstance(one, Unknown) else 1)
    return None


def _own(model: Model) -> list[Value]:
    names = layer_names(model.name)
    return [LayerRange(model, whole=False, single=True, start=k, stop=k + 1, name=name) for k, name in enumerate(names)]


def _walk(
    machine: Machine, tensor: Tensor, made: dict[int, Value], found: list[Value], seen: set[int], depth: int
) -> bool:
    """Adds the layers up to a tensor, first to last; whether all are known."""
    if id(tensor) in seen or depth > 240:
        return depth <= 240
    seen.add(id(tensor))
    machine.spend()
    known = all(_walk(machine, parent, made, found, seen, depth + 1) for parent in tensor.parents)
    flat = next((one for one in machine.models if one.kind == "backbone" and one.end is tensor), None)
    if flat is not None:
        found.extend(_own(flat)[1:] or [Unknown("layers", tensor.line)])  # its input is the model's
        return known and flat.name in LAYER_COUNTS
    by = made.get(id(tensor))
    if by is not None:
        found.append(by)
    elif not tensor.parents:
        found.append(Layer("InputLayer", {}, {}, tensor.line))
    else:
        found.append(Unknown("layers", tensor.line))
    return known and (by is not None or not tensor.parents)


def set_trainable(machine: Machine, owner: Value, value: Value, line: int) -> None:
    """`base.trainable = False`, or of some of its layers."""
    if isinstance(owner, Layer):
        _hold(machine, owner, constant(value), line)
        return
    model = owner.model if isinstance(owner, LayerRange) else owner
    if not isinstance(model, Model):
        return
    _set_words(machine, owner, model, constant(value))
    _set_layers(machine, owner, model, constant(value), line)


def _hold(machine: Machine, layer: Layer, known: object, line: int) -> None:
    """`layer.trainable = False` of a layer outside the pretrained networks."""
    machine.held.pop(id(layer), None)
    if known is not True:
        machine.held[id(layer)] = line


def set_unknown(machine: Machine, value: Value, line: int) -> None:
    """The same of something that may be a layer of any pretrained network, where that changes anything."""
    known = constant(value)
    for one in [model for model in machine.models if model.kind == "backbone"]:
        if set(_layers_of(one)) != {known}:
            one.frozen = "part"
            one.trains = _unknown(one, line, "what is set trainable is known only when the script runs")


def _set_words(machine: Machine, owner: Value, model: Model, known: object) -> None:
    whole_model = not isinstance(owner, LayerRange) or owner.whole
    everything = not machine.unsure and whole_model
    for one in (model, *backbones_in(model)):
        if isinstance(known, bool) and whole_model and not machine.is_unsure_of(one):
            one.frozen = "" if known else "all"
        else:
            one.frozen = "part"
    if model.kind == "functional":
        for one in machine.models:
            if one.kind == "backbone":
                one.frozen = "all" if known is False and everything else "part"


def _set_layers(machine: Machine, owner: Value, model: Model, known: object, line: int) -> None:
    """The same, layer by layer, of each backbone that is reached."""
    found = [model] if model.kind == "backbone" else reached(machine, model)
    unsure = any(machine.is_unsure_of(one) for one in found)
    if unsure or not isinstance(known, bool):
        why = "a condition decides which layers train" if unsure else (
            "what is set trainable is known only when the script runs"
        )  # fmt: skip
        for one in found:
            one.trains = _unknown(one, line, why)
        return
    if not isinstance(owner, LayerRange):
        for one in found:
            one.trains = _changed(one, 0, None, known, line)
        for part in numbered(machine, model) if model.kind != "backbone" else []:
            if isinstance(part, Layer):
                _hold(machine, part, known, line)
        return
    if model.kind == "backbone":
        _set_range(model, owner, known, line)
        return
    _set_parts(machine, owner, model, known, line)


def _set_range(model: Model, owner: LayerRange, known: bool, line: int) -> None:
    unknown = owner.start is None or model.name not in LAYER_COUNTS
    if unknown and not owner.whole:
        model.trains = _unknown(model, line, "which layers are meant is known only when the script runs"
                                if owner.start is None
                                else f"how the layers of {model.name} are numbered is not known here")  # fmt: skip
        return
    model.trains = _changed(model, owner.start or 0, owner.stop, known, line)


def _set_parts(machine: Machine, owner: LayerRange, model: Model, known: bool, line: int) -> None:
    """Layers of a model around a backbone."""
    parts = numbered(machine, model)
    if not parts and (parts := _last(machine, model, owner)):
        owner = LayerRange(model, whole=False)
    if not parts:
        for one in reached(machine, model):
            one.trains = (_changed(one, 0, None, known, line) if owner.whole
                          else _unknown(one, line, "it cannot be told which layers the model has"))  # fmt: skip
        return
    if owner.start is None:
        for one in reached(machine, model):
            one.trains = _unknown(one, line, "which layers are meant is known only when the script runs")
        return
    stop = owner.stop
    for part in parts[owner.start : stop]:
        if isinstance(part, LayerRange):
            part.model.trains = _changed(part.model, part.start or 0, part.stop, known, line)
        elif isinstance(part, Model):
            set_trainable(machine, part, Const(known), line)
        elif isinstance(part, Layer):
            _hold(machine, part, known, line)


def _last(machine: Machine, model: Model, owner: LayerRange) -> list[Value]:
    """The layers in `model.layers[-30:]` where not all in front of them can be counted; empty where that matters."""
    if owner.start is None or owner.start >= 0 or owner.stop is not None:
        return []
    parts = loosely_numbered(machine, model)
    most = sum(_MOST_UNKNOWN if isinstance(one, Unknown) else 1 for one in parts)
    found = parts if most <= -owner.start else parts[owner.start :]
    known = [one for one in found if not isinstance(one, Unknown)]
    return known if len(known) == len(found) or found is parts else []


def reached(machine: Machine, model: Model) -> list[Model]:
    """The pretrained networks that a model is made of; a backbone itself is none of its own."""
    found = backbones_in(model)
    if model.kind == "functional":
        parts = numbered(machine, model)
        found += [one.model for one in parts if isinstance(one, LayerRange)]
        found += [inner for one in parts for inner in backbones_in(one)]
        found = found or [one for one in machine.models if one.kind == "backbone"]
    return list({id(one): one for one in found}.values())


def _layers_of(model: Model) -> tuple[bool, ...]:
    return model.trains.layers if model.trains is not None else (True,) * LAYER_COUNTS.get(model.name, 1)


def _changed(model: Model, start: int, stop: int | None, known: bool, line: int) -> Trains:
    flags = list(_layers_of(model))
    for k in range(len(flags))[start:stop]:
        flags[k] = known
    whole_network = start == 0 and stop is None
    before = model.trains
    lines = () if before is None or whole_network else before.lines
    why = "" if whole_network or before is None else before.why
    return Trains(tuple(flags), (line, *(one for one in lines if one != line))[:_MOST_LINES], why)


def _unknown(model: Model, line: int, why: str) -> Trains:
    return Trains(_layers_of(model), (line,), why)
