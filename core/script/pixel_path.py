"""Follows an expression back to where its images come from, and notes all that changes the values of their pixels.

What keeps the values (a batch, a size, a type, a random flip) is passed through; what is not known here ends the path,
and is named. Functions of the script are followed into their `return`, lambdas into their body.
"""

import ast
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from core.script.facts import Facts
from core.script.fold import dotted
from core.script.parts import Flow
from core.script.pixel_names import DECODERS, MODULES, OPERATORS, SAME_FUNCTIONS, SAME_LAYERS, SAME_METHODS
from core.script.pixel_steps import GIVEN, IMAGES, INPUT, UNKNOWN_END, Frame, Given, Path, Step
from core.script.reader import Call, Function, Location
from core.script.values import as_int, as_number

_FURTHEST = 40
"""Expressions behind expressions that are followed."""


class Tracer:
    """Follows expressions of one script.

    Args:
        facts: Facts. Of the script.
    """

    def __init__(self, facts: Facts) -> None:
        self.facts, self.script = facts, facts.script

    def trace(self, node: ast.expr | None, location: Location, frame: Frame | None = None, depth: int = 0) -> Path:
        """The path to an expression."""
        frame = frame or Frame()
        self.script.work.spend()
        if node is None or depth > _FURTHEST:
            return Path(UNKNOWN_END)
        follow = _FOLLOW.get(type(node))
        return follow(self, node, location, frame, depth + 1) if follow else self._unknown(node)

    def layer(self, layer: Call, path: Path, depth: int = 0) -> Path:
        """The path behind a layer, or behind all layers of a Sequential up to the backbone."""
        if layer.short == "Rescaling":
            scale, offset = self.script.argument(layer, "scale"), self.script.argument(layer, "offset")
            added = offset.number if offset.stated else 0.0
            return path.then(Step(layer.line, "Rescaling", None if added is None else scale.number, added or 0.0))
        if layer.short == "Lambda":
            function = self.script.argument(layer, "#0").node
            return self._applied(function, layer.location, path, Frame(), depth + 1)
        if layer.short == "Sequential" and depth <= _FURTHEST:
            for item in self.facts.items(layer):
                if item in self.facts.backbones:
                    break
                path = self.layer(item, path, depth + 1)
            return path
        return path if layer.short in SAME_LAYERS else path.then(Step(layer.line, layer.short, None))

    def _unknown(self, node: ast.expr, text: str = "") -> Path:
        return Path(UNKNOWN_END, getattr(node, "lineno", 0), text or self.script.text(node))

    def _name(self, node: ast.Name, location: Location, frame: Frame, depth: int) -> Path:
        assigned = self.script.assigned(node.id, location)
        call = frame.of(node.id, in_lambda=True)
        if call is None and assigned is not None and assigned.parameter:
            call = frame.of(node.id, in_lambda=False)
        if call is not None:
            given = call.given[node.id]
            return Path(GIVEN) if given is None else self.trace(*given, depth)
        if assigned is None or assigned.value is None:
            return self._unknown(node)
        return self.trace(assigned.value, assigned.location, frame, depth)

    def _first(self, node: ast.Tuple, location: Location, frame: Frame, depth: int) -> Path:
        """Of images and labels the images."""
        return self.trace(node.elts[0], location, frame, depth) if node.elts else self._unknown(node)

    def _list(self, node: ast.List, location: Location, frame: Frame, depth: int) -> Path:
        """A list written out, or one that a loop appends to."""
        if node.elts:
            return self.trace(node.elts[0], location, frame, depth)
        for call in self.script.find("append"):
            if call.node.args and self.script.receiver(call)[0] is node:
                return self.trace(call.node.args[0], call.location, frame, depth)
        return self._unknown(node)

    def _comprehension(self, node: ast.ListComp, location: Location, frame: Frame, depth: int) -> Path:
        return self.trace(node.elt, location, frame, depth)

    def _attribute(self, node: ast.Attribute, location: Location, frame: Frame, depth: int) -> Path:
        """`base.input`."""
        made_by = self.script.call_of(node.value, location)
        is_model = made_by is not None and (made_by.short in ("Model", "Sequential") or made_by in self.facts.backbones)
        return Path(INPUT, node.lineno) if is_model and node.attr in ("input", "inputs") else self._unknown(node)

    def _subscript(self, node: ast.Subscript, location: Location, frame: Frame, depth: int) -> Path:
        """One of several results, or some of the images."""
        index = as_int(self.script.fold(node.slice, location)) if not isinstance(node.slice, ast.Slice) else None
        origin, where = self.script.origin(node.value, location)
        call = self.script.at(origin)
        if index is not None and call is not None and call.short == "train_test_split":
            of = index // 2
            path = (
                self.trace(call.node.args[of], where, frame, depth) if of < len(call.node.args) else Path(UNKNOWN_END)
            )
            return replace(path, split=call)
        if index is not None and isinstance(origin, (ast.Tuple, ast.List)) and index < len(origin.elts):
            return self.trace(origin.elts[index], where, frame, depth)
        return self.trace(node.value, location, frame, depth)

    def _arithmetic(self, node: ast.BinOp, location: Location, frame: Frame, depth: int) -> Path:
        return self._operation(node, node.op, (node.left, node.right), location, frame, depth)

    def _operation(
        self,
        node: ast.expr,
        op: ast.operator,
        parts: tuple[ast.expr, ast.expr],
        location: Location,
        frame: Frame,
        depth: int,
    ) -> Path:
        """Images and a number, in either order."""
        left, right = (as_number(self._number(part, location)) for part in parts)
        path = self.trace(parts[1] if left is not None else parts[0], location, frame, depth)
        scale, offset = _affine(op, left, right)
        text = self.script.text(node)
        last = path.steps[-1] if path.steps else None
        if (
            last is not None
            and scale is not None
            and last.scale is not None
            and not last.function
            and last.text in text
        ):
            # `x / 127.5 - 1` is one step.
            step = Step(node.lineno, text, last.scale * scale, last.offset * scale + offset)
            return replace(path, steps=(*path.steps[:-1], step))
        return path.then(Step(node.lineno, text, scale, offset))

    def _number(self, node: ast.expr, location: Location) -> object:
        """A number, be it wrapped as `tf.constant(255.0)` or `tf.cast(255, tf.float32)`."""
        call = self.script.at(self.script.origin(node, location)[0])
        if call is not None and call.node.args and call.short in ("constant", "cast", "float32", "convert_to_tensor"):
            node, location = call.node.args[0], call.location
        return self.script.fold(node, location)

    def _call(self, node: ast.Call, location: Location, frame: Frame, depth: int) -> Path:
        call = self.script.at(node)
        if call is None:
            return self._unknown(node)
        if (flow := self.facts.flow(call)) is not None and call.short == "flow":
            path = self.trace(self.script.argument(call, "x").node, location, frame, depth)
            return replace(path.then(*self._of_generator(flow)), flow=flow)
        if flow is not None:
            return Path(IMAGES, call.line, call.short, self._of_generator(flow), flow)
        if isinstance(node.func, ast.Attribute) and not self._is_module(call):
            behind = self._method(call, node.func, frame, depth)
            if behind is not None:
                return behind
        return self._of_function(call, frame, depth)

    def _is_module(self, call: Call) -> bool:
        first = call.name.partition(".")[0]
        return first in MODULES or first in self.script.aliases

    def _method(self, call: Call, func: ast.Attribute, frame: Frame, depth: int) -> Path | None:
        if func.attr in SAME_METHODS:
            return self.trace(func.value, call.location, frame, depth)
        if func.attr == "map" and call.node.args:
            path = self.trace(func.value, call.location, frame, depth)
            return self._applied(call.node.args[0], call.location, path, frame, depth)
        return None

    def _of_function(self, call: Call, frame: Frame, depth: int) -> Path:
        """Images that are read here, or those that a function is given first."""
        node, arguments = call.node, call.node.args
        if call.name.endswith(DECODERS):
            return Path(IMAGES, call.line, call.short)
        if call.short == "Input":
            return Path(INPUT, call.line)
        if not arguments:
            return self._unknown(node)
        if call.short in OPERATORS and len(arguments) > 1 and self._is_module(call):
            parts = (arguments[0], arguments[1])
            return self._operation(node, OPERATORS[call.short], parts, call.location, frame, depth)
        return self._of_argument(call, arguments[0], frame, depth)

    def _of_argument(self, call: Call, given: ast.expr, frame: Frame, depth: int) -> Path:
        node = call.node
        if isinstance(node.func, ast.Name) and (function := self.script.function(node.func.id, call.location)):
            return self._into(function, _bound(function, call, frame), depth)
        path = self.trace(given, call.location, frame, depth)
        if call.short == "convert_image_dtype" and path.end == IMAGES and path.flow is None and not path.steps:
            return path.then(Step(call.line, self.script.text(node), 1 / 255))  # of whole numbers to 0 to 1
        if call.short in SAME_FUNCTIONS and (self._is_module(call) or call.short == "img_to_array"):
            return path
        behind = self._applied(node.func, call.location, path, frame, depth)
        # `np.load("x.npy")` reads images, it changes none.
        is_source = path.end == UNKNOWN_END and not all(step.is_known for step in behind.steps)
        return self._unknown(node) if is_source else behind

    def _applied(self, function: ast.expr | None, location: Location, path: Path, frame: Frame, depth: int) -> Path:
        """The path behind a function, a lambda, a layer or a `preprocess_input` that images go through."""
        if function is None or depth > _FURTHEST:
            return path.then(Step(path.line, "a function", None))
        origin, where = self.script.origin(function, location)
        name = dotted(origin) if origin is not None else dotted(function)
        if isinstance(origin, ast.Lambda):
            names = [argument.arg for argument in origin.args.args]
            outer = frame if origin is function else None
            inner = self.trace(origin.body, where, Frame(dict.fromkeys(names[:1]), True, outer), depth)
            return _joined(path, inner)
        if (layer := self.script.at(origin)) is not None:
            return self.layer(layer, path, depth)
        if isinstance(function, ast.Name) and (known := self.script.function(function.id, location)) is not None:
            names = [argument.arg for argument in known.node.args.args]
            return _joined(path, self._into(known, dict.fromkeys(names[:1]), depth))
        first, dot, rest = name.partition(".")
        name = self.script.aliases.get(first, first) + dot + rest
        short = name.rpartition(".")[2]
        if short == "preprocess_input":
            return path.then(Step(function.lineno, name, function=name))
        return path if short in SAME_FUNCTIONS else path.then(Step(function.lineno, self.script.text(function), None))

    def _into(self, function: Function, given: Given, depth: int) -> Path:
        """The path to what a function returns, where it has one `return`."""
        if len(function.returns) != 1:
            return Path(UNKNOWN_END, function.node.lineno, function.node.name)
        value, location = function.returns[0]
        return self.trace(value, location, Frame(given), depth)

    def _of_generator(self, flow: Flow) -> tuple[Step, ...]:
        """An ImageDataGenerator applies its function first and then its factor."""
        function = self.script.argument(flow.generator, "preprocessing_function")
        rescale = self.script.argument(flow.generator, "rescale")
        path = Path(IMAGES)
        if function.node is not None and function.value is not None and flow.generator is not None:
            path = self._applied(function.node, flow.generator.location, path, Frame(), 0)
        steps = tuple(replace(step, line=function.line, text=function.text) for step in path.steps)
        if rescale.stated and rescale.value is not None and rescale.value != 0:
            steps += (Step(rescale.line, f"rescale={rescale.text}", rescale.number),)
        return steps


_FOLLOW: dict[type[ast.expr], Callable[[Tracer, Any, Location, Frame, int], Path]] = {
    ast.Name: Tracer._name,
    ast.Call: Tracer._call,
    ast.BinOp: Tracer._arithmetic,
    ast.Subscript: Tracer._subscript,
    ast.Attribute: Tracer._attribute,
    ast.Tuple: Tracer._first,
    ast.List: Tracer._list,
    ast.ListComp: Tracer._comprehension,
}


def _bound(function: Function, call: Call, frame: Frame) -> Given:
    """The parameters of a function with what one call gives them."""
    names = [argument.arg for argument in [*function.node.args.posonlyargs, *function.node.args.args]]
    given: Given = {name: (value, call.location, frame) for name, value in zip(names, call.node.args, strict=False)}
    given.update({word.arg: (word.value, call.location, frame) for word in call.node.keywords if word.arg})
    return given


def _joined(path: Path, inner: Path) -> Path:
    """A path, and behind it what a function does to its parameter; a function that reads images itself begins anew."""
    return path.then(*inner.steps) if inner.end == GIVEN else inner


def _affine(op: ast.operator, left: float | None, right: float | None) -> tuple[float | None, float]:
    """What `op` with one number does to images: factor and what is added; no factor where it is not known."""
    number = left if left is not None else right
    if number is None or (left is not None and right is not None):
        return None, 0.0
    if isinstance(op, ast.Mult):
        return float(number), 0.0
    if isinstance(op, ast.Div) and left is None and number:
        return 1.0 / number, 0.0
    if isinstance(op, ast.Add):
        return 1.0, float(number)
    if isinstance(op, ast.Sub):
        return (1.0, -float(number)) if left is None else (-1.0, float(number))
    return None, 0.0
