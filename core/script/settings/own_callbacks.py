"""Callbacks of the script's own, by what their code sets: the end of the training, the learning rate, other things."""

import ast
from collections.abc import Iterator

from core.script.flow.made import Made
from core.script.flow.objects import Class, External, Function, Instance, Scope
from core.script.flow.rates import RATES
from core.script.flow.value import Value
from core.script.settings.collected import Collected

STOPPING, SCHEDULE = "training.early_stopping", "training.schedule"

_STOP = "stop_training"
_LOADS = ("set_weights", "load_weights")
_ENDS = ("exit", "_exit", "quit")
_SETTERS = ("set_value", "setattr", "__setattr__", "_set_hyper")
_HOOKS = ("on_epoch", "on_batch", "on_train_batch", "on_predict", "on_test")
_NO_NUMBER = ("isnan", "isinf", "isfinite")
"""Questions whether a loss is a number: a run ends where it is none, too."""
_ASSIGNS = ("assign", "assign_add", "assign_sub")
_DEEPEST = 3
"""Functions of the script that a callback calls, inside each other; classes that are made from each other."""

Place = tuple[ast.AST, Scope]


def tell_own(found: Collected, callback: Value) -> None:
    """Tells what a callback whose code is in the script does to the training; nothing where it only looks on.

    Args:
        found: Collected. Where it is told.
        callback: Value. An object of a class of the script, or of a library with functions of the script.
    """
    name = callback.made_by.node.name if isinstance(callback, Instance) else getattr(callback, "kind", "a callback")
    for place, scope in _places(callback):
        for what, line in _effects(place, scope):
            _tell(found, str(name), what, line)


def bases_of(callback: Instance) -> list[External]:
    """The classes of libraries that an object's class is made from."""
    return [one for made_by in _classes(callback.made_by) for one in made_by.bases if isinstance(one, External)]


def _tell(found: Collected, name: str, what: str, line: int) -> None:
    if what == _STOP:
        patience = found.settings.get(STOPPING, {}).get("value", 0)
        told = f"{name} ends the training by a rule of its own; a run ends by its epochs, or by early stopping"
        found.beyond(STOPPING, told, line, nearest=patience)
    elif what in RATES:
        told = f"{name} sets the learning rate; there is no setting for a custom learning-rate function"
        found.beyond(SCHEDULE, told, line, nearest="none")
    else:
        found.note(line, f"{name} sets {what} during the training: there is no setting for it")


def _classes(made_by: Class, depth: int = _DEEPEST) -> Iterator[Class]:
    """A class of the script, and those of the script that it is made from."""
    yield made_by
    for one in made_by.bases:
        if isinstance(one, Class) and depth:
            yield from _classes(one, depth - 1)


def _places(callback: Value) -> Iterator[Place]:
    """The code that a callback runs."""
    if isinstance(callback, Instance):
        for made_by in _classes(callback.made_by):
            yield from _called(made_by.node, made_by.scope, _DEEPEST)
    elif isinstance(callback, Made):
        for one in callback.arguments.values():
            inner = one.state.get("given") if isinstance(one, Made) else None  # functools.partial(function, ...)
            function = inner.positional[0] if inner is not None else one
            if isinstance(function, Function):
                yield from _called(function.node, function.scope, _DEEPEST)


def _called(node: ast.AST, scope: Scope, depth: int) -> Iterator[Place]:
    """Code, and the functions of the script that it calls by name."""
    yield node, scope
    for one in ast.walk(node):
        function = scope.find(one.func.id) if isinstance(one, ast.Call) and isinstance(one.func, ast.Name) else None
        if isinstance(function, Function) and depth and function.node is not node:
            yield from _called(function.node, function.scope, depth - 1)


def _effects(place: ast.AST, scope: Scope) -> Iterator[tuple[str, int]]:
    """What code sets of a model or its optimizer, each with its line."""
    aliases = {
        target.id: one.value.attr
        for one in ast.walk(place)
        if isinstance(one, ast.Assign) and isinstance(one.value, ast.Attribute)
        for target in one.targets
        if isinstance(target, ast.Name)
    }
    guarded, hooks = _guarded(place), _hooks(place)
    for one in ast.walk(place):
        if isinstance(one, ast.Attribute) and isinstance(one.ctx, ast.Store):
            what = _stored(one)
        elif isinstance(one, ast.Call):
            what = _by_call(one, aliases)
        else:
            what = _STOP if isinstance(one, ast.Raise) and id(one) in hooks and not _is_error(one) else ""
        if what and not (what == _STOP and id(one) in guarded):
            yield what, getattr(one, "lineno", 0)


def _is_error(raised: ast.Raise) -> bool:
    """Whether what is raised says that something is wrong, or is passed on."""
    what = raised.exc.func if isinstance(raised.exc, ast.Call) else raised.exc
    return what is None or (getattr(what, "attr", "") or getattr(what, "id", "Error")).endswith(("Error", "Exception"))


def _guarded(place: ast.AST) -> set[int]:
    """What is done only where a loss is no number."""
    found: set[int] = set()
    for one in ast.walk(place):
        names = [getattr(part, "attr", "") or getattr(part, "id", "") for part in ast.walk(one.test)] if isinstance(
            one, ast.If) else []  # fmt: skip
        if any(name in _NO_NUMBER for name in names):
            found |= {id(part) for part in ast.walk(one)}
    return found


def _hooks(place: ast.AST) -> set[int]:
    """What is in the methods that a training calls again and again."""
    methods = [one for one in ast.walk(place) if isinstance(one, ast.FunctionDef) and one.name.startswith(_HOOKS)]
    return {id(part) for one in methods for part in ast.walk(one)}


def _stored(target: ast.Attribute) -> str:
    """`self.model.stop_training`, `optimizer.lr`: what is not an attribute of the callback itself."""
    owner = target.value
    is_own = isinstance(owner, ast.Name) and owner.id in ("self", "cls")
    if is_own:
        return ""
    if target.attr in (_STOP, "trainable", *RATES):
        return target.attr
    names = [getattr(one, "attr", "") or getattr(one, "id", "") for one in ast.walk(owner)]
    return target.attr if any(name in ("model", "optimizer", "layer", "layers") for name in names) else ""


def _by_call(call: ast.Call, aliases: dict[str, str]) -> str:
    """`set_value(optimizer.lr, x)`, `setattr(optimizer, "lr", x)`, `optimizer.lr.assign(x)`, `model.set_weights(x)`."""
    function = call.func
    name = getattr(function, "attr", "") or getattr(function, "id", "")
    if name in _LOADS:
        return "the weights"
    if name in _ENDS:
        return _STOP
    if name in _ASSIGNS and isinstance(function, ast.Attribute):
        return _wanted(function.value, aliases)
    if name in _SETTERS:
        return next((what for one in call.args[:2] if (what := _wanted(one, aliases))), _other(call))
    return ""


def _other(call: ast.Call) -> str:
    """`set_value(optimizer.momentum, x)`: another part of the model or optimizer."""
    target = call.args[0] if call.args else None
    return _stored(target) if isinstance(target, ast.Attribute) else ""


def _wanted(node: ast.expr, aliases: dict[str, str]) -> str:
    """The learning rate or the flag that ends the training, by its attribute, its name as text, or another name."""
    if isinstance(node, ast.Constant):
        name = node.value
    else:
        name = aliases.get(node.id, "") if isinstance(node, ast.Name) else getattr(node, "attr", "")
    name = str(name).removeprefix("_")
    return name if name in (_STOP, *RATES) else ""
