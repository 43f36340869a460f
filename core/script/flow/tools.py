"""Python's own functions, lists and dictionaries, and scikit-learn's, on abstract values."""

import ast
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from core.script.flow import arrays
from core.script.flow.freezing import numbered
from core.script.flow.joining import element_of, join, order_of
from core.script.flow.machine import (
    Arguments,
    Folder,
    Handler,
    Machine,
    constant,
    elements,
    is_value,
    lines_of,
    number,
    unknown,
    whole,
)
from core.script.flow.numbers import HANDLERS as _NUMPY
from core.script.flow.numbers import as_array, shuffle_in_place, shuffled
from core.script.flow.objects import (
    FEATURES,
    FILES,
    GROUPED,
    IMAGES,
    LABELS,
    NUMBERS,
    SHUFFLED,
    Array,
    Batches,
    Const,
    External,
    Items,
    Layer,
    LayerRange,
    Made,
    Mapping,
    Part,
    Source,
    Unknown,
    Value,
)
from core.script.layers import normalises


def files(machine: Machine, given: Arguments) -> Value:
    """`glob.glob(...)`, `os.listdir(...)`: names of files, from a place of their own."""
    text = machine.text(given.node) if given.node is not None else given.name
    machine.folders.append(Folder(_folder(given.positional[0] if given.positional else None), given.line))
    return Array(FILES, Source(machine.new_number(), given.line, text, "files"))


def _folder(value: Value | None) -> Value | None:
    """The folder of a pattern such as `data/*/*.png`."""
    text = constant(value)
    if not isinstance(text, str) or "*" not in text:
        return value
    return Const(text.partition("*")[0].rpartition("/")[0], lines_of(value))


def other(machine: Machine, given: Arguments) -> Value:
    """A function or class of a library that has no handler: an object where its name begins with a capital."""
    short = given.name.rpartition(".")[2]
    if short[:1].isupper() or short in ("l1", "l2", "l1_l2"):
        return Made(short, given.name, *given.bound(_NAMES.get(short, ())), given.line, node=given.node)
    return unknown(given)


_RATE = ("learning_rate",)
_NAMES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("Adam", "Adagrad", "Adadelta", "Adamax", "Nadam", "Ftrl", "Lion"), _RATE),
    "AdamW": ("learning_rate", "weight_decay"),
    "SGD": ("learning_rate", "momentum", "nesterov"),
    "RMSprop": ("learning_rate", "rho", "momentum"),
    "CosineDecay": ("initial_learning_rate", "decay_steps", "alpha"),
    "ExponentialDecay": ("initial_learning_rate", "decay_steps", "decay_rate", "staircase"),
    **dict.fromkeys(("l2", "L2"), ("l2",)),
    **dict.fromkeys(("l1", "L1"), ("l1",)),
    **dict.fromkeys(("l1_l2", "L1L2"), ("l1", "l2")),
    "EarlyStopping": ("monitor", "min_delta", "patience", "verbose", "mode", "baseline", "restore_best_weights"),
    "LearningRateScheduler": ("schedule",),
    "ModelCheckpoint": ("filepath", "monitor"),
    "ReduceLROnPlateau": ("monitor", "factor", "patience"),
    "MinMaxScaler": ("feature_range",),
    "CategoricalCrossentropy": ("from_logits",),
    "BinaryCrossentropy": ("from_logits",),
    "SparseCategoricalCrossentropy": ("from_logits",),
    "ImageDataGenerator": ("featurewise_center",),
}


def attribute(machine: Machine, owner: Made, name: str, node: ast.expr) -> Value | None:
    """`encoder.classes_`."""
    if owner.kind == SETTINGS:
        return owner.arguments.get(name) or Unknown(f"{owner.name}.{name}", node.lineno)
    if name in ("learning_rate", "lr") and owner.kind in _NAMES:
        return owner.arguments.get("learning_rate") or owner.arguments.get("lr") or Unknown(name, node.lineno)
    if name in ("classes_", "categories_"):
        classes = owner.state.get("classes")
        return Items([Unknown(name)] * classes) if classes else Items([Unknown(name)], more=True)
    return None


SETTINGS = "settings"
"""Kind of an object whose attributes are settings: what a parser of the command line gives, or a namespace."""


def _parser(machine: Machine, given: Arguments) -> Value:
    return Made("ArgumentParser", given.name, {}, {}, given.line)


def _option(machine: Machine, owner: Made, given: Arguments) -> Value:
    """`parser.add_argument("--size", default=224)`."""
    flags = [text for one in given.positional if isinstance(text := constant(one), str)]
    named = constant(given.get("dest"))
    longest = next((flag for flag in flags if flag.startswith("--")), flags[0] if flags else "")
    name = named if isinstance(named, str) else longest.lstrip("-").replace("-", "_")
    action = constant(given.get("action"))
    value = given.get("default")
    if value is None and action in ("store_true", "store_false"):
        value = Const(action == "store_false", (given.line,))
    owner.arguments[name] = value if value is not None else Unknown(f"the option {longest}", given.line)
    return unknown(given)


def _options(machine: Machine, owner: Made, given: Arguments) -> Value:
    made = Made(SETTINGS, "args", owner.arguments, {}, given.line)
    return Items([made, Unknown("further arguments")]) if _called(given) == "parse_known_args" else made


def _defaults(machine: Machine, owner: Made, given: Arguments) -> Value:
    owner.arguments.update(given.named)
    return Const(None)


def _namespace(machine: Machine, given: Arguments) -> Value:
    first = given.positional[0] if given.positional else None
    inner = first.values if isinstance(first, Mapping) else {}
    return Made(SETTINGS, given.name, {**{str(key): one for key, one in inner.items()}, **given.named}, {}, given.line)


def _variables(machine: Machine, given: Arguments) -> Value:
    owner = given.positional[0] if given.positional else None
    return Mapping(dict(owner.arguments)) if isinstance(owner, Made) and owner.kind == SETTINGS else unknown(given)


def _environment(machine: Machine, given: Arguments) -> Value:
    """`os.environ.get(name, default)`, `os.getenv(name, default)`: what it is where nobody sets it."""
    if "environ" not in given.name and not given.name.endswith("getenv"):
        return other(machine, given)
    return given.get("default", 1) or unknown(given)


def _member(machine: Machine, given: Arguments) -> Value:
    """`getattr(keras.applications, "VGG16")`."""
    owner, name = given.get("object", 0), constant(given.get("name", 1))
    if owner is None or not isinstance(name, str) or given.node is None:
        return unknown(given)
    found = machine.attribute(owner, name, given.node)
    return found if not isinstance(found, Unknown) else given.get("default", 2) or found


def _field(machine: Machine, given: Arguments) -> Value:
    """`field(default_factory=list)` of a data class."""
    factory = given.get("default_factory")
    if factory is not None:
        return machine.apply(factory, Arguments("default_factory", given.line))
    return given.get("default") or unknown(given)


def _told(machine: Machine, given: Arguments) -> Value:
    machine.told.append(given)
    return unknown(given)


def of_items(machine: Machine, owner: Items, name: str, given: Arguments) -> Value:
    """Methods of a list."""
    if name in ("append", "insert", "add") and given.positional:
        _append(machine, owner, given.positional[-1])
    elif name == "extend" and given.positional:
        more = given.positional[0]
        for one in elements(more) if isinstance(more, Items) else [element_of(more)]:
            _append(machine, owner, one)
        owner.more = True
    elif name in ("copy", "tolist"):
        return owner
    elif name == "index":
        return Unknown("an index", given.line)
    return Const(None)


def _append(machine: Machine, owner: Items, value: Value) -> None:
    inside = len(machine.loops) - owner.depth
    if inside <= 0 and not owner.more:
        owner.values.append(value)
        return
    if inside >= 2 and not owner.order:
        owner.order = GROUPED
    owner.more = True
    if isinstance(value, (Array, Items)) and owner.values:
        owner.values[:] = [join([owner.values[0], value])]
    elif len(owner.values) < 64:
        known = [constant(one) for one in owner.values]
        if not isinstance(value, Const) or value.value not in known:
            owner.values.append(value)


def of_mapping(machine: Machine, owner: Mapping, name: str, given: Arguments) -> Value:
    """Methods of a dictionary."""
    if name == "items":
        return Items([Items([Const(key), value]) for key, value in owner.values.items()])
    if name == "keys":
        return Items([Const(key) for key in owner.values])
    if name == "values":
        return Items(list(owner.values.values()))
    if name == "get":
        found = owner.values.get(constant(given.get("key", 0)))
        return found if found is not None else given.get("default", 1) or Const(None)
    if name == "update" and given.positional and isinstance(given.positional[0], Mapping):
        owner.values.update(given.positional[0].values)
    return unknown(given)


def of_constant(machine: Machine, owner: Const, name: str, given: Arguments) -> Value:
    """Methods of a text."""
    if isinstance(owner.value, str) and name in ("lower", "upper", "strip") and not given.positional:
        return Const(getattr(owner.value, name)())
    if name in ("glob", "rglob", "iterdir"):
        return files(machine, replace(given, positional=[owner]))
    if name == "joinpath" and isinstance(text := constant(given.get("other", 0)), str):
        return Const(f"{owner.value}/{text}"[:1000])
    return unknown(given)


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
    "add_argument": _option,
    **dict.fromkeys(("parse_args", "parse_known_args"), _options),
    **dict.fromkeys(("add_argument_group", "add_mutually_exclusive_group"), lambda machine, owner, given: owner),
    "set_defaults": _defaults,
    **dict.fromkeys(("flow_from_directory", "flow_from_dataframe", "flow"),
                    lambda machine, owner, given: machine.apply(External(f"{_called(given)}_of"),
                                                                _with_owner(owner, given))),
}  # fmt: skip


def _called(given: Arguments) -> str:
    node = given.node.func if given.node is not None else None
    return node.attr if isinstance(node, ast.Attribute) else "flow"


def _with_owner(owner: Made, given: Arguments) -> Arguments:
    return replace(given, positional=[owner, *given.positional], nodes=[*given.nodes[:1], *given.nodes])


def call_made(machine: Machine, owner: Made, given: Arguments) -> Value:
    """An object that is called: a loss on labels and predictions."""
    return unknown(given)


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


def _length(machine: Machine, given: Arguments) -> Value:
    value = given.get("obj", 0)
    if isinstance(value, Items) and not value.more:
        return Const(len(value.values))
    if isinstance(value, Array) and value.shape and isinstance(value.shape[0], int):
        return Const(value.shape[0])
    if isinstance(value, External) and value.name == "sys.argv":
        return Const(1)
    if isinstance(value, Batches):
        return Unknown("steps", given.line, 1.0)
    if isinstance(value, Array) and value.role in (IMAGES, LABELS, FEATURES, FILES):
        return Unknown("len(images)", given.line)
    return Unknown(f"len({machine.text(given.nodes[0]) if given.nodes else ''})", given.line)


def _enumerate(machine: Machine, given: Arguments) -> Value:
    value = given.get("iterable", 0)
    if isinstance(value, Items) and not value.more:
        return Items([Items([Const(k), one]) for k, one in enumerate(value.values)])
    if isinstance(value, LayerRange) and value.start is not None:
        parts = numbered(machine, value.model)[value.start : value.stop]
        return Items([Items([Const(k), one]) for k, one in enumerate(parts)], more=not parts)
    order, perm = order_of(value) if value is not None else ("", ())
    return Items([Items([Unknown("a number"), element_of(value or Unknown())])], more=True, order=order, perm=perm)


def _zip(machine: Machine, given: Arguments) -> Value:
    values = given.positional
    if values and all(isinstance(one, Items) and not one.more for one in values):
        return Items([Items(list(row)) for row in zip(*(elements(one) for one in values), strict=False)])
    if not values:
        return unknown(given)
    order, perm = order_of(values[0])
    return Items([Items([element_of(one) for one in values])], more=True, order=order, perm=perm)


def _map(machine: Machine, given: Arguments) -> Value:
    if len(given.positional) < 2:
        return unknown(given)
    over = given.positional[1]
    value = machine.apply(given.positional[0], Arguments("map", given.line, [element_of(over)]))
    order, perm = order_of(over)
    return Items([value], more=True, order=order, perm=perm)


def _same(machine: Machine, given: Arguments) -> Value:
    """`list(x)`, `sorted(x)`, `iter(x)`: the same elements."""
    value = given.get("iterable", 0)
    if isinstance(value, Items):
        return replace(value, values=list(value.values), depth=len(machine.loops))
    if isinstance(value, (Array, Batches, Mapping)):
        return Items([Const(key) for key in value.values]) if isinstance(value, Mapping) else value
    return Items([], depth=len(machine.loops)) if value is None else Unknown(given.name, given.line)


def _range(machine: Machine, given: Arguments) -> Value:
    return Items([Unknown("a number", given.line)], more=True)


def _next(machine: Machine, given: Arguments) -> Value:
    return element_of(given.positional[0]) if given.positional else unknown(given)


def _number(machine: Machine, given: Arguments) -> Value:
    value = given.get("x", 0)
    if isinstance(value, Array) and given.name.endswith("round"):
        return _NUMPY["around"](machine, given)
    known = number(value)
    if known is not None and abs(known) < 1e15:
        return Const(_CONVERSIONS[given.name.rpartition(".")[2]](known), lines_of(value))
    if isinstance(value, Unknown) and value.epochs:
        return value
    return value if isinstance(value, Array) else unknown(given)


_CONVERSIONS: dict[str, Callable[[Any], Any]] = {"int": int, "float": float, "round": round, "abs": abs}


def _table(machine: Machine, given: Arguments) -> Value:
    return Mapping(dict(given.named))


def _path(machine: Machine, given: Arguments) -> Value:
    texts = [constant(one) for one in given.positional]
    if texts and all(isinstance(one, str) for one in texts):
        return Const("/".join(str(one).rstrip("/") for one in texts)[:1000], lines_of(*given.positional))
    return unknown(given)


def _isinstance(machine: Machine, given: Arguments) -> Value:
    """Known for layers only: which of a network's layers a loop is at is not known."""
    value, kind = given.get("obj", 0), given.get("class", 1)
    if isinstance(value, Layer) and isinstance(kind, External):
        return Const(value.kind == kind.short)
    if isinstance(value, LayerRange) and value.start is not None and isinstance(kind, External):
        return _is_of_kind(value, kind)
    return unknown(given)


def _is_of_kind(value: LayerRange, kind: External) -> Value:
    """Whether a layer of a backbone is batch normalisation; of other kinds it is not known."""
    if kind.short == "BatchNormalization" and value.model.kind == "backbone":
        known = normalises(value.model.name)
        if value.start is not None and value.start < len(known):
            return Const(known[value.start])
    return Unknown("a kind of layer")


def _one_of(machine: Machine, given: Arguments) -> Value:
    values = [
        number(one) for one in (elements(given.positional[0]) if len(given.positional) == 1 else given.positional)
    ]
    if values and all(one is not None for one in values):
        pick = max if given.name.endswith("max") else min
        return Const(pick(one for one in values if one is not None))
    return unknown(given)


def _print(machine: Machine, given: Arguments) -> Value:
    return Const(None)


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(("glob", "listdir", "list_images", "list_files", "iterdir", "scandir", "walk"), files),
    **dict.fromkeys(("list", "tuple", "sorted", "reversed", "iter", "set"), _same),
    **dict.fromkeys(("int", "float", "round", "abs"), _number),
    **dict.fromkeys(("join", "Path", "PurePath", "str"), _path),
    **dict.fromkeys(("print", "seed_everything", "makedirs"), _print),
    **dict.fromkeys(("max", "min"), _one_of),
    "train_test_split": _split,
    "shuffle": _together,
    "resample": lambda machine, given: _resample(machine, None, given),
    "len": _length,
    "cardinality": lambda machine, given: Unknown("cardinality", given.line, 1.0),
    "ArgumentParser": _parser,
    **dict.fromkeys(("SimpleNamespace", "Namespace", "EasyDict", "Munch", "DotMap", "ConfigDict"), _namespace),
    "vars": _variables,
    "getattr": _member,
    "field": _field,
    **dict.fromkeys(("getenv", "get"), _environment),
    **dict.fromkeys(
        ("set_global_policy", "set_policy", "set_dtype_policy", "compute_class_weight", "compute_sample_weight"), _told
    ),
    "enumerate": _enumerate,
    "tqdm": _same,
    "zip": _zip,
    "map": _map,
    "range": _range,
    "next": _next,
    "dict": _table,
    "isinstance": _isinstance,
}
