"""Calls and attributes: functions and classes of the script are followed, those of libraries are looked up."""

import ast
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from core.script.flow import (
    array_methods,
    batches,
    chance,
    data,
    datasets,
    environment,
    functions,
    images,
    json_text,
    layer_lists,
    layers,
    library,
    mappings,
    models,
    numbers,
    options,
    remainders,
    shuffling,
    tools,
    training_calls,
    weights,
)
from core.script.flow.decorated import bound_to, fields_of, is_property, yielded
from core.script.flow.expressions import Expressions
from core.script.flow.machine import Arguments, Handler, Machine, unknown
from core.script.flow.made import Layer, Made
from core.script.flow.networks import LayerRange, Model, Tensor
from core.script.flow.objects import (
    IMAGES,
    Array,
    Batches,
    Class,
    Const,
    External,
    Function,
    Instance,
    Items,
    Mapping,
    Method,
    Scope,
    Stat,
    Unknown,
)
from core.script.flow.value import Value

HANDLERS: dict[str, Handler] = {
    name: handler
    for module in (
        *(tools, options, library, environment, weights, numbers, shuffling, images, data, datasets, layers, json_text),
    )
    for name, handler in module.HANDLERS.items()
}
"""What functions of libraries give, by the last part of their names."""

_ATTRIBUTES: dict[type, Callable[[Machine, Any, str, ast.expr], Value | None]] = {
    Array: array_methods.attribute,
    Batches: batches.attribute,
    Model: models.attribute,
    Tensor: layers.tensor_attribute,
    Layer: layers.attribute,
    LayerRange: models.range_attribute,
    Made: library.attribute,
}

_METHODS: dict[type, Callable[[Machine, Any, str, Arguments], Value]] = {
    LayerRange: layer_lists.of_range,
    Array: array_methods.method,
    Batches: batches.method,
    Model: training_calls.method,
    Items: tools.of_items,
    Mapping: mappings.of_mapping,
    weights.Weights: weights.of_weights,
    Const: tools.of_constant,
    Made: library.of_made,
    Stat: lambda machine, owner, name, given: owner,
}

TRAINING = ("fit", "fit_generator", "compile")
"""Methods by which even a model that the script does not make is known to be one."""

_DEEPEST_CALLS = 10
"""Calls of the script's functions inside each other."""


class Calling(Expressions):
    """Finds what a call gives."""

    def __init__(self, text: Callable[[ast.expr], str]) -> None:
        super().__init__(text)
        self.running: list[int] = []
        self.called: set[int] = set()

    def is_uncalled(self) -> bool:
        """Whether a function runs that nothing in the script calls: of what it is given nothing is known."""
        return self.uncalled is not None and len(self.running) == 1

    def apply(self, callee: Value, given: Arguments) -> Value:
        """The result of a call."""
        self.spend()
        caller = _CALLED.get(type(callee))
        return caller(self, callee, given) if caller is not None else unknown(given)

    def _unknown(self, callee: Unknown, given: Arguments) -> Value:
        if callee.epochs:
            return callee  # `.numpy()` of a count
        first = given.positional[0] if given.positional else None
        if callee.text == "apply" and isinstance(first, Array) and first.role == IMAGES:  # of cv2.createCLAHE
            return replace(first, strange=(given.name, given.line), span=None)
        if callee.text in TRAINING:
            name = str(id(callee.of)) if callee.of is not None else str(given.line)
            model = self.stranger(name, len(self.loops))
            model.arguments.update({} if callee.of is None else {"outputs": callee.of})
            return training_calls.method(self, model, callee.text, given)
        if any(isinstance(one, Tensor) for one in given.positional):
            return self._lifted(callee, given)
        return unknown(given)

    def stranger(self, name: str, depth: int = 0) -> Model:
        """The model of a name that the script does not define."""
        if name not in self.strangers:
            self.strangers[name] = Model("stranger", 0, name, depth=depth)
        return self.strangers[name]

    def _external(self, callee: External, given: Arguments) -> Value:
        short = callee.short
        handler = models.handler_of(short) or HANDLERS.get(short)
        if short in TRAINING and callee.name.count(".") == 1 and handler is None:
            return training_calls.method(self, self.stranger(callee.name.partition(".")[0]), short, given)
        if any(isinstance(one, Tensor) for one in given.positional) and not layers.makes(short):
            return self._lifted(callee, given)
        if (found := functions.of_features(self, given)) is not None:
            return found
        if (kept := weights.kept(short, given)) is not None:
            return kept
        if handler is not None:
            return chance.changed_by(given.positional, handler(self, given), given)
        return chance.draw(given) or images.of_module(self, given) or library.other(self, given)

    def _lifted(self, callee: Value, given: Arguments) -> Value:
        """A function of numbers, used on symbolic tensors."""

        def compute(values: list[Value]) -> Value:
            again = Arguments(given.name, given.line, values, given.named, given.lines, given.nodes, given.node)
            found, first = self.apply(callee, again), values[0] if values else None
            if isinstance(callee, Unknown) and isinstance(found, Unknown) and isinstance(first, Array):
                return replace(first, strange=(given.name, given.line), span=None, shape=None, out=None)
            return found

        listed = [one for part in given.positional if isinstance(part, Items) for one in part.values]
        if any(isinstance(one, Tensor) for one in listed):
            return self._merged(callee, given)
        return self.lift(compute, given.positional, given.line)

    def _merged(self, callee: Value, given: Arguments) -> Value:
        """`concatenate([a, b])` of symbolic tensors."""
        tensors = [one for one in given.positional if isinstance(one, Tensor)]
        by = Layer(given.name.rpartition(".")[2], {}, {}, given.line)
        return layers.merged(self, tensors, given.line, by) if tensors else Tensor(Array(), (), None, given.line)

    def function(self, callee: Function, given: Arguments) -> Value:
        """Runs a function of the script with what it is given."""
        node = callee.node
        self.called.add(id(node))
        if len(self.running) >= _DEEPEST_CALLS or self.running.count(id(node)) > 1:
            return unknown(given)
        scope = Scope(self._parameters(callee, given), callee.scope)
        drawn = self.drawn
        if isinstance(node, ast.Lambda):
            value = self.evaluate(node.body, scope)
            self.drawn = drawn
            return value
        self.running.append(id(node))
        self.depth += 2
        try:
            self.run(node.body, scope)
        finally:
            self.running.pop()
            self.depth -= 2
            self.drawn = drawn
        if scope.yields:
            return yielded(scope.yields) or batches.from_yields(self, scope.yields, given, node, scope.names)
        return chance.joined(scope.returns, scope.chance)

    def _parameters(self, callee: Function, given: Arguments) -> dict[str, Value]:
        node, place = callee.node.args, Scope({}, callee.scope)
        names = [one.arg for one in [*node.posonlyargs, *node.args]]
        bound: dict[str, Value] = {name: Unknown(name) for name in names}
        for name, default in zip(reversed(names), reversed(node.defaults), strict=False):
            bound[name] = self.evaluate(default, place)
        for one, inner in zip(node.kwonlyargs, node.kw_defaults, strict=True):
            bound[one.arg] = self.evaluate(inner, place) if inner is not None else Unknown(one.arg)
        positional: list[Value] = [callee.owner, *given.positional] if callee.owner else list(given.positional)
        bound.update(zip(names, positional, strict=False))
        bound.update({name: one for name, one in given.named.items() if name in bound})
        if node.vararg:
            bound[node.vararg.arg] = Items(positional[len(names) :])
        if node.kwarg:
            bound[node.kwarg.arg] = Mapping({k: v for k, v in given.named.items() if k not in bound})
        return bound

    def _class(self, callee: Class, given: Arguments) -> Value:
        instance = self.instances[id(callee.node)] = Instance(callee)
        bases = " ".join(base.name for base in self._all_bases(callee))
        if "NamedTuple" in bases:
            return unknown(given)
        if (start := self._member(instance, "__init__")) is not None:
            self.function(start, given)
        if start is None:  # a data class
            fields = fields_of(callee) or [k for k, one in callee.attributes.items() if not isinstance(one, Function)]
            instance.attributes.update(zip(fields, given.positional, strict=False))
            instance.attributes.update(given.named)
        return self._of_kind(instance, bases, given)

    def _of_kind(self, instance: Instance, bases: str, given: Arguments) -> Value:
        if "Sequence" in bases or "PyDataset" in bases:
            item = self._member(instance, "__getitem__")
            given_one = Arguments("__getitem__", given.line, [Unknown("a number")])
            value = self.function(item, given_one) if item is not None else Unknown("a batch")
            made_by, names = instance.made_by.node, instance.attributes
            made = batches.from_yields(self, [value], given, made_by, names, kind="sequence")
            length = self._member(instance, "__len__")
            return made if length is None else replace(made, drops=remainders.of_length(length.node, made_by))
        if bases.endswith("Model") or "Model " in bases:
            return models.of_instance(self, instance, given)
        return instance

    def _all_bases(self, made_by: Class, depth: int = 5) -> list[External]:
        found: list[External] = []
        for base in made_by.bases:
            if isinstance(base, External):
                found.append(base)
            elif isinstance(base, Class) and depth:
                found += self._all_bases(base, depth - 1)
        return found

    def _member(self, instance: Instance, name: str) -> Function | None:
        classes: list[Value] = [instance.made_by]
        for made_by in classes[:20]:
            if not isinstance(made_by, Class):
                continue
            if isinstance(found := made_by.attributes.get(name), Function):
                return Function(found.node, found.scope, bound_to(found, instance, made_by))
            classes.extend(made_by.bases)
        return None

    def _object(self, callee: Layer | Model | Instance | Made, given: Arguments) -> Value:
        if isinstance(callee, Instance):
            method = self._member(callee, "call") or self._member(callee, "__call__")
            return self.function(method, given) if method is not None else unknown(given)
        if isinstance(callee, Made):
            return library.call_made(self, callee, given)
        return models.called(self, callee, given)

    def _method(self, callee: Method, given: Arguments) -> Value:
        owner = callee.owner
        if isinstance(owner, Tensor):
            return self.lift(
                lambda values: self._method(Method(values[0], callee.name, callee.node), given), [owner], given.line
            )
        if callee.name == "__setattr__":
            return options.set_member(self, replace(given, positional=[owner, *given.positional]))
        method = _METHODS.get(type(owner))
        if method is None:
            return unknown(given)
        return chance.changed_by([owner], method(self, owner, callee.name, given), given)

    def attribute(self, owner: Value, name: str, node: ast.expr) -> Value:
        """The value of `owner.name`."""
        if isinstance(owner, External):
            return External(f"{owner.name}.{name}") if len(owner.name) < 200 else owner
        if isinstance(owner, (Instance, Class)) or (isinstance(owner, Unknown) and owner.epochs):
            return self._of_script(owner, name, node)
        if name == "__setattr__" and isinstance(owner, (Model, LayerRange, Layer, Made)):
            return Method(owner, name, node)
        if isinstance(owner, Model) and owner.instance is not None:
            found = self._of_instance(owner.instance, name)
            if not isinstance(found, Unknown):
                return found
        known = _ATTRIBUTES.get(type(owner))
        value = known(self, owner, name, node) if known is not None else None
        return value or _member_of(owner, name, node)

    def _of_script(self, owner: Instance | Class | Unknown, name: str, node: ast.expr) -> Value:
        if name == "__dict__" and (members := options.members_of(owner)) is not None:
            return Mapping(members)
        if isinstance(owner, Instance):
            return self._of_instance(owner, name)
        return (self._of_class(owner, name) or Unknown(name, node.lineno)) if isinstance(owner, Class) else owner

    def _of_instance(self, owner: Instance, name: str) -> Value:
        if name in owner.attributes:
            return owner.attributes[name]
        if (method := self._member(owner, name)) is not None:
            return self.function(method, Arguments(name, method.node.lineno)) if is_property(method) else method
        return self._of_class(owner.made_by, name) or Unknown(name)

    def _of_class(self, owner: Class, name: str, depth: int = 5) -> Value | None:
        """An attribute of a class of the script, or of the classes it is made from."""
        if name in owner.attributes:
            return owner.attributes[name]
        bases = [base for base in owner.bases if isinstance(base, Class)] if depth else []
        return next((found for base in bases if (found := self._of_class(base, name, depth - 1)) is not None), None)


def _member_of(owner: Value, name: str, node: ast.expr) -> Value:
    """A member of which nothing is known: of an unknown value another one, else a method."""
    is_open = isinstance(owner, (Unknown, Function))
    return Unknown(name, node.lineno, of=owner) if is_open else Method(owner, name, node)


_CALLED: dict[type, Callable[[Any, Any, Arguments], Value]] = {
    External: Calling._external,
    Function: Calling.function,
    Class: Calling._class,
    Method: Calling._method,
    Unknown: Calling._unknown,
    **dict.fromkeys((Layer, Model, Instance, Made), Calling._object),
}
