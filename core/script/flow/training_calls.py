"""What models are asked to do: compile, fit, predict, evaluate, and how a Sequential grows."""

from collections.abc import Callable
from dataclasses import replace

from core.script.flow import freezing
from core.script.flow.history import history_of
from core.script.flow.machine import (
    Arguments,
    Machine,
    unknown,
    word,
)
from core.script.flow.models import has_top, put_together, run
from core.script.flow.networks import Ask, Compile, Fit, LayerRange, Model
from core.script.flow.objects import (
    FEATURES,
    GROUPED,
    PREDICTIONS,
    Array,
    Batches,
    Const,
    Items,
    Mapping,
    Source,
    Unknown,
)
from core.script.flow.value import Value

_FIT = ("x", "y", "batch_size", "epochs", "verbose", "callbacks", "validation_split", "validation_data", "shuffle",
        "class_weight", "sample_weight")  # fmt: skip


_FIT_GENERATOR = ("x", "steps_per_epoch", "epochs", "verbose", "callbacks", "validation_data", "validation_steps")


def method(machine: Machine, owner: Model, name: str, given: Arguments) -> Value:
    """`model.add`, `compile`, `fit`, `predict` and the like."""
    known = _METHODS.get(name)
    return known(machine, owner, given) if known is not None else unknown(given)


def _add(machine: Machine, owner: Model, given: Arguments) -> Value:
    layer = given.get("layer", 0)
    if layer is not None and owner.kind == "sequential":
        owner.layers.append(layer)
        owner.layers = put_together(owner.layers)
    return Const(None)


def _compile(machine: Machine, owner: Model, given: Arguments) -> Value:
    arguments, lines = given.bound(("optimizer", "loss", "metrics"))
    owner.compiled = Compile(arguments, lines, given.line, given.node, freezing.snapshot(machine))
    machine.compiles.append(owner.compiled)
    return Const(None)


def _fit(names: tuple[str, ...]) -> Callable[[Machine, Model, Arguments], Value]:
    def handler(machine: Machine, owner: Model, given: Arguments) -> Value:
        arguments, lines = given.bound(names)
        arguments = {name: _as_it_is(one) for name, one in arguments.items()}
        x = arguments.get("x") or arguments.get("generator") or Unknown("x", given.line)
        y = arguments.get("y")
        if isinstance(x, Batches) and y is None:
            y = x.y
        val = Unknown("options", given.line) if given.unread else arguments.get("validation_data")
        folds = next((one.line for one in reversed(machine.loops) if one.fold), 0)
        outside = folds and owner.depth < len(machine.loops)
        fit = Fit(owner, x, y, val, arguments, lines, given.line, owner.compiled,
                  {id(one): one.frozen for one in machine.models}, freezing.snapshot(machine),
                  folds if outside else 0, bool(owner.fits), given.node, tuple(machine.loops),
                  bool(machine.unsure), machine.uncalled is not None, dict(machine.held))  # fmt: skip
        if given.unread:
            fit.arguments["unread"] = Unknown("options", given.line)
        owner.fits.append(fit)
        (machine.strange if owner.kind == "stranger" else machine.events).append(fit)
        return history_of(fit)

    return handler


def _as_it_is(value: Value) -> Value:
    """A list or dictionary as it is now: a script may change it before the next training."""
    if isinstance(value, Items):
        return replace(value, values=list(value.values))
    return replace(value, values=dict(value.values)) if isinstance(value, Mapping) else value


def _refill(machine: Machine, owner: Model, given: Arguments) -> Value:
    """`base.load_weights(path)`, or of a model around it: what a training before it learned is restored so as well."""
    text = machine.text(given.node) if given.node is not None else given.name
    trained = [one.model for one in machine.events if isinstance(one, Fit)]
    machine.restored.append((len(machine.events), given.line, text, owner))
    known = {id(base) for model in trained for base in _bases(machine, model)}
    for base in _bases(machine, owner):
        if id(base) not in known and not base.refilled[2]:
            base.refilled = (given.line, text, not machine.unsure)
            base.refilled_from = word(given.get("filepath", 0)) or ""
    return unknown(given)


def _bases(machine: Machine, model: Model) -> list[Model]:
    return [model] if model.kind == "backbone" else freezing.reached(machine, model)


_ASKED = (("x", "batch_size", "verbose", "steps"), ("generator", "steps"))
"""Positional arguments of `predict`, and of `predict_generator`."""


def _ask(kind: str) -> Callable[[Machine, Model, Arguments], Value]:
    def handler(machine: Machine, owner: Model, given: Arguments) -> Value:
        x = given.get("x", 0) or given.get("generator") or Unknown("x", given.line)
        y = given.get("y", 1) if kind == "evaluate" else None
        arguments, lines = given.bound(_ASKED[given.name.rpartition(".")[2] == "predict_generator"])
        uncalled = machine.uncalled is not None
        machine.events.append(
            Ask(kind, owner, x, y, given.line, owner.compiled, arguments, lines, given.node, uncalled)
        )
        if kind == "evaluate":
            return Items([Unknown("loss"), Unknown("accuracy")])
        return _answers(machine, owner, x, given)

    return handler


def images_of(value: Value) -> Value:
    """The images of batches, or the array itself."""
    return value.x if isinstance(value, Batches) else value


def _answers(machine: Machine, owner: Model, x: Value, given: Arguments) -> Value:
    before, machine.passed = machine.passed, []
    found = run(machine, owner, images_of(x))
    machine.passed = before
    array = found if isinstance(found, Array) else Array("map")
    if owner.kind in ("unknown",) or (array.strange and array.out is None and array.shape is None):
        return Array(PREDICTIONS, feed=x, of=owner)
    if array.out is None or (owner.kind == "backbone" and not has_top(owner)):
        order = array.order
        if isinstance(x, Batches):
            order = GROUPED if x.shuffled is False else ""
        text = machine.text(given.node) if given.node is not None else given.name
        source = Source(machine.new_number(), given.line, text, "features")
        return replace(array, role=FEATURES, order=order, source=source, feed=x, of=owner, steps=(), strange=None)
    return Array(PREDICTIONS, out=array.out, shape=array.shape, feed=x, of=owner)


_METHODS: dict[str, Callable[[Machine, Model, Arguments], Value]] = {
    "add": _add,
    "compile": _compile,
    "fit": _fit(_FIT),
    "fit_generator": _fit(_FIT_GENERATOR),
    **dict.fromkeys(("predict", "predict_generator", "predict_on_batch"), _ask("predict")),
    **dict.fromkeys(("evaluate", "evaluate_generator"), _ask("evaluate")),
    **dict.fromkeys(("load_weights", "set_weights"), _refill),
    "get_layer": freezing.named_layer,
    "_flatten_layers": lambda machine, owner, given: LayerRange(owner, whole=True),
    "pop": lambda machine, owner, given: Const(owner.layers.pop() and None) if owner.layers else Const(None),
    "build": lambda machine, owner, given: Const(None),
    "summary": lambda machine, owner, given: Const(None),
}
