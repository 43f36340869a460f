"""Learning rates that are set after the compile: `model.optimizer.learning_rate = x` and other ways of saying it."""

import ast
from dataclasses import replace

from core.models.optimizers import OPTIMIZERS
from core.script.flow.machine import Machine, word
from core.script.flow.made import Made
from core.script.flow.networks import Model
from core.script.flow.objects import Const
from core.script.flow.value import Value

RATES = ("learning_rate", "lr")
"""Names of an optimizer's learning rate; the second is of before Keras 2.3."""

_LATER = "set later"
"""Key of the state of an optimizer: the same one with a rate that was set later."""


def optimizer_of(model: Model) -> Made | None:
    """The optimizer that a model was compiled with, also where it was named in a word."""
    compiled = model.compiled
    given = compiled.arguments.get("optimizer") if compiled is not None else None
    name = word(given)
    if compiled is None or isinstance(given, Made) or name is None:
        return given if isinstance(given, Made) else None
    line = compiled.lines.get("optimizer", compiled.line)
    made = Made(_CALLED.get(name.lower(), name), name, {}, {}, line)
    model.compiled = replace(compiled, arguments={**compiled.arguments, "optimizer": made})
    return made


_CALLED = {"adam": "Adam", "adamw": "AdamW", "sgd": "SGD", "rmsprop": "RMSprop", "nadam": "Nadam", "adagrad": "Adagrad"}


def rate_of(made: Made) -> Value | None:
    """What its learning rate is now: as stated, else what Keras takes; None where that is not known."""
    made = _latest(made)
    stated = made.arguments.get("learning_rate") or made.arguments.get("lr")
    row = OPTIMIZERS.get(made.kind.lower())
    return stated or (Const(row.rate, (made.line,)) if row is not None else None)


def set_rate(machine: Machine, made: Made, value: Value, line: int) -> None:
    """Trainings from here on have another rate; those that were before keep theirs."""
    made = _latest(made)
    models = [one for one in (*machine.models, *machine.strangers.values()) if _is_of(one, made)]
    arguments = {key: one for key, one in made.arguments.items() if key not in RATES}
    lines = {key: one for key, one in made.lines.items() if key not in RATES}
    arguments, lines = {**arguments, "learning_rate": value}, {**lines, "learning_rate": line}
    new = replace(made, arguments=arguments, lines=lines, state={}, node=None)
    made.state[_LATER] = new
    if not models:  # it is not compiled yet: whoever takes it takes it as it is now
        made.arguments, made.lines = new.arguments, new.lines
        made.state.clear()
    for one in models:
        if one.compiled is not None:
            one.compiled = replace(one.compiled, arguments={**one.compiled.arguments, "optimizer": new})


def _latest(made: Made) -> Made:
    while isinstance(later := made.state.get(_LATER), Made):
        made = later
    return made


def _is_of(model: Model, made: Made) -> bool:
    return model.compiled is not None and model.compiled.arguments.get("optimizer") is made


def rate_assigned(node: ast.Call) -> ast.Attribute | None:
    """The rate in `optimizer.learning_rate.assign(x)`; None for any other call."""
    function = node.func
    if not (isinstance(function, ast.Attribute) and function.attr == "assign" and node.args):
        return None
    owner = function.value
    return owner if isinstance(owner, ast.Attribute) and owner.attr in RATES else None
