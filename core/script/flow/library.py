"""Objects and functions of libraries: encoders, scalers, folds and splits of scikit-learn, optimizers, callbacks."""

import ast
from collections.abc import Callable
from dataclasses import replace

from core.script.flow import arrays, history, options
from core.script.flow.argument_names import names_of
from core.script.flow.machine import (
    Arguments,
    Handler,
    Machine,
    is_value,
    method_name,
    number,
    unknown,
)
from core.script.flow.made import Made
from core.script.flow.numbers import as_array
from core.script.flow.objects import (
    FILES,
    IMAGES,
    LABELS,
    NUMBERS,
    SHUFFLED,
    Array,
    External,
    Items,
    Mapping,
    Part,
    Unknown,
)
from core.script.flow.rates import RATES, rate_of
from core.script.flow.shuffling import shuffle_in_place, shuffled
from core.script.flow.value import Value

_OLD_NAMES = {
    **{"adam": "Adam", "sgd": "SGD", "rmsprop": "RMSprop", "adagrad": "Adagrad", "adadelta": "Adadelta"},
    **{"adamax": "Adamax", "nadam": "Nadam"},
}
"""Optimizers in small letters, as Keras before 2.4 has them as well."""


def other(machine: Machine, given: Arguments) -> Value:
    """A function or class of a library that has no handler: an object where its name begins with a capital."""
    module, _, short = given.name.rpartition(".")
    if short in _OLD_NAMES and module.endswith("optimizers"):
        return other(machine, replace(given, name=f"{module}.{_OLD_NAMES[short]}"))
    if short[:1].isupper() or short in ("l1", "l2", "l1_l2"):
        return Made(
            short, given.name, *given.bound(names_of(given.name, given.positional)), given.line, node=given.node
        )
    return unknown(given)


def attribute(machine: Machine, owner: Made, name: str, node: ast.expr) -> Value | None:
    """`encoder.classes_`."""
    if owner.kind == history.HISTORY:
        return history.attribute(owner, name, node)
    if owner.kind == options.SETTINGS and name == "__dict__":
        return Mapping(owner.arguments)
    if owner.kind == options.SETTINGS:
        return owner.arguments.get(name) or Unknown(f"{owner.name}.{name}", node.lineno)
    if name in RATES and names_of(owner.kind):
        return rate_of(owner) or Unknown(name, node.lineno)
    if name in ("classes_", "categories_"):
        classes = owner.state.get("classes")
        return Items([Unknown(name)] * classes) if classes else Items([Unknown(name)], more=True)
    return None


def of_made(machine: Machine, owner: Made, name: str, given: Arguments) -> Value:
    """Methods of an object of a library: encoders, scalers, folds, generators of random numbers."""
    if name == "shuffle":
        return shuffle_in_place(machine, given, owner.arguments.get("seed"))
    if name == "permutation":
        return shuffled(machine, given)
    method = _OF_MADE.get(name)
    return method(machine, owner, given) if method is not None else unknown(given)


def _encode(machine: Machine, owner: Made, given: Arguments) -> Value:
    source = given.get("X", 0) or given.get("y", 0)
    array = as_array(machine, source, given.line) if source is not None else None
    array = array if isinstance(array, Array) else Array()
    if owner.kind in ("LabelBinarizer", "OneHotEncoder", "MultiLabelBinarizer", "LabelEncoder"):
        encoding = "integers" if owner.kind == "LabelEncoder" else "one-hot"
        encoding = "" if owner.kind == "LabelBinarizer" and (array.classes or 0) == 2 else encoding
        owner.state["classes"] = owner.state.get("classes") or array.classes
        return replace(array, role=LABELS, encoding=encoding, shape=None)
    spans = {"MinMaxScaler": (0.0, 1.0), "StandardScaler": (-3.0, 3.0), "Normalizer": (0.0, 1.0)}
    if owner.kind in spans and array.role in (IMAGES, NUMBERS):
        return arrays.normalised(array, spans[owner.kind], given.line, owner.kind)
    return array if array.role in (LABELS, FILES) else replace(array, strange=(owner.kind, given.line), span=None)


def _resample(machine: Machine, owner: Made | None, given: Arguments) -> Value:
    """Samples of small classes again, or made of their neighbours: copies."""
    found: list[Value] = []
    line = given.line
    for one in given.positional[:3]:
        array = as_array(machine, one, line)
        found.append(replace(array, marks=(*array.marks, ("copies", line))) if isinstance(array, Array) else array)
    return Items(found) if len(found) != 1 else found[0]


def _folds(machine: Machine, owner: Made, given: Arguments) -> Value:
    split = machine.new_number()
    return Items([Items([Array("fold", part=Part(split, k, given.line, "fold")) for k in (0, 1)])], more=True)


_OF_MADE: dict[str, Callable[[Machine, Made, Arguments], Value]] = {
    **dict.fromkeys(("fit_transform", "transform"), _encode),
    **dict.fromkeys(("fit_resample", "fit_sample"), _resample),
    "split": _folds,
    **options.OF_PARSER,
    **dict.fromkeys(("flow_from_directory", "flow_from_dataframe", "flow"),
                    lambda machine, owner, given: machine.apply(External(f"{method_name(given)}_of"),
                                                                _with_owner(owner, given))),
}  # fmt: skip


def _with_owner(owner: Made, given: Arguments) -> Arguments:
    return replace(given, positional=[owner, *given.positional], nodes=[*given.nodes[:1], *given.nodes])


def call_made(machine: Machine, owner: Made, given: Arguments) -> Value:
    """An object that is called: a function with some arguments already, or a loss on labels and predictions."""
    if owner.kind == _PARTIAL:
        before: Arguments = owner.state["given"]
        both = replace(given, name=before.name, positional=[*before.positional[1:], *given.positional],
                       nodes=[*before.nodes[1:], *given.nodes], named={**before.named, **given.named},
                       lines={**before.lines, **given.lines}, unread=given.unread or before.unread)  # fmt: skip
        return machine.apply(before.positional[0], both)
    return unknown(given)


_PARTIAL = "partial"


def _partial(machine: Machine, given: Arguments) -> Value:
    """`functools.partial(function, ...)`."""
    callee = given.positional[0] if given.positional else None
    if callee is None:
        return unknown(given)
    name = callee.name if isinstance(callee, External) else given.name
    return Made(_PARTIAL, name, {}, {}, given.line, {"given": replace(given, name=name)}, given.node)


def _split(machine: Machine, given: Arguments) -> Value:
    """`train_test_split(a, b, ...)`: two parts of each, at random unless told otherwise."""
    machine.told.append(given)
    shuffles = not is_value(given.get("shuffle"), False)
    split, found = machine.new_number(), list[Value]()
    for one in given.positional:
        array = as_array(machine, one, given.line)
        for index in (0, 1):
            if isinstance(array, Array):
                part = Part(split, index, given.line, "split" if shuffles else "slice")
                order = SHUFFLED if shuffles else array.order
                shape = None if array.shape is None else (None, *array.shape[1:])
                found.append(replace(array, part=part, order=order, shape=shape))
            else:
                found.append(Unknown("a part", given.line))
    return Items(found)


def _together(machine: Machine, given: Arguments) -> Value:
    """`sklearn.utils.shuffle(a, b)`, or `random.shuffle(a)`."""
    if "sklearn" not in given.name and len(given.positional) < 2 and "random_state" not in given.named:
        return shuffle_in_place(machine, given)
    seed = number(given.get("random_state"))
    by = ("seed", seed) if seed is not None else machine.new_number()
    found: list[Value] = []
    for one in given.positional:
        array = as_array(machine, one, given.line)
        found.append(replace(array, order=SHUFFLED, perm=(*array.perm, by)) if isinstance(array, Array) else array)
    return Items(found) if len(found) != 1 else found[0]


def _set_value(machine: Machine, given: Arguments) -> Value:
    """`K.set_value(model.optimizer.lr, x)`."""
    if len(given.nodes) > 1 and given.scope is not None and isinstance(target := given.nodes[0], ast.Attribute):
        machine.assign(target, given.positional[1], given.scope)
    return unknown(given)


HANDLERS: dict[str, Handler] = {
    "train_test_split": _split,
    "set_value": _set_value,
    _PARTIAL: _partial,
    "shuffle": _together,
    "resample": lambda machine, given: _resample(machine, None, given),
}
