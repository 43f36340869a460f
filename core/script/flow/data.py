"""Datasets and generators: where their images come from, how they are ordered, batched, split and repeated."""

import ast
from dataclasses import replace

from core.script.flow import arrays
from core.script.flow.batches import flag
from core.script.flow.machine import (
    Arguments,
    Handler,
    Machine,
    constant,
    is_none,
    is_value,
    number,
    unknown,
    wholes,
    word,
)
from core.script.flow.made import Made
from core.script.flow.objects import (
    IMAGES,
    LABELS,
    RAW,
    Array,
    Batches,
    Const,
    External,
    Function,
    Items,
    Source,
    Unknown,
)
from core.script.flow.value import Value

_ENCODINGS = {"int": "integers", "binary": "integers", "sparse": "integers", "categorical": "one-hot"}


_CHANNELS = {"grayscale": 1, "rgba": 4}


_ARGUMENTS = {
    "image_dataset_from_directory": (
        *("directory", "labels", "label_mode", "class_names", "color_mode", "batch_size", "image_size", "shuffle"),
        *("seed", "validation_split", "subset", "interpolation", "follow_links", "crop_to_aspect_ratio"),
    ),
    "flow_from_directory": (
        *("generator", "directory", "target_size", "color_mode", "classes", "class_mode", "batch_size", "shuffle"),
        *("seed", "save_to_dir"),
    ),
    "flow_from_dataframe": (
        *("generator", "dataframe", "directory", "x_col", "y_col", "weight_col", "target_size", "color_mode"),
        *("classes", "class_mode", "batch_size", "shuffle", "seed"),
    ),
    "flow": ("generator", "x", "y", "batch_size", "shuffle", "sample_weight", "seed"),
}
"""Positional arguments of what makes batches."""


def _origin(machine: Machine, given: Arguments) -> Made:
    """The call as it was made."""
    short = given.name.rpartition(".")[2].removesuffix("_of")
    values, lines = given.bound(_ARGUMENTS.get(short, ()))
    return Made(short, given.name, values, lines, given.line, {"unread": given.unread}, given.node)


def _directory(machine: Machine, given: Arguments) -> Value:
    """`image_dataset_from_directory`, of one part or both."""
    if constant(given.get("subset")) == "both":
        return Items([_one_directory(machine, given, part) for part in ("training", "validation")])
    return _one_directory(machine, given, word(given.get("subset")) or "")


def _folder(machine: Machine, value: Value | None, node: ast.expr | None) -> str:
    if isinstance(node, ast.Name) and not isinstance(value, (Const, Unknown)):
        return node.id  # a name that the script does not define: the same folder wherever it stands
    return word(value) or ""


def _two(sides: tuple[int | None, ...] | None) -> tuple[int | None, int | None]:
    """Height and width; not known where the script does not give two."""
    return (sides[0], sides[1]) if sides is not None and len(sides) == 2 else (None, None)


def _one_directory(machine: Machine, given: Arguments, subset: str) -> Batches:
    sides = wholes(given.get("image_size", 6)) or (256, 256) if "image_size" not in given.named else wholes(
        given.named["image_size"])  # fmt: skip
    colour = constant(given.get("color_mode", 4)) or "rgb"
    batched = not is_none(given.get("batch_size", 5)) or given.get("batch_size", 5) is None
    shape = (*_two(sides), _CHANNELS.get(str(colour), 3))
    number_of = machine.new_number()
    folder = _folder(machine, given.get("directory", 0), _node(given, "directory", 0))
    source = Source(number_of, given.line, given.name.rpartition(".")[2], "folder")
    x = Array(
        IMAGES, source, RAW, shape=(None, *shape) if batched else shape, channels="grey" if shape[2] == 1 else "rgb"
    )
    mode = given.get("label_mode", 2)
    y: Value | None = None
    names = given.get("class_names", 3)
    classes = len(names.values) if isinstance(names, Items) and not names.more else None
    if not is_none(mode) or mode is None:
        known = "int" if mode is None else constant(mode)
        encoding = _ENCODINGS.get(str(known), "")
        y = Array(
            LABELS,
            source,
            encoding=encoding,
            classes=classes or (2 if known == "binary" else None),
            of=number_of,
            said=_said(machine, given, "label_mode", 2),
        )
    if constant(given.get("labels", 1)) is None and "labels" in given.named:
        y = None
    shuffled = None if given.unread else flag(given.get("shuffle"), default=True)
    made = Batches(
        "dataset", x, y, given.line, machine.text(given.node) if given.node else given.name, number_of, batched,
        origin=_origin(machine, given),
        reshuffles=given.line if shuffled else 0, shuffled=shuffled, folder=folder, subset=subset,
        seed=constant(given.get("seed")), names=classes, split=not is_none(given.get("validation_split")),
    )  # fmt: skip
    machine.sources.append(made)
    return made


def _node(given: Arguments, name: str, position: int) -> ast.expr | None:
    if given.node is not None:
        for keyword in given.node.keywords:
            if keyword.arg == name:
                return keyword.value
    return given.nodes[position] if 0 <= position < len(given.nodes) else None


def _flow_from(machine: Machine, given: Arguments) -> Value:
    """`flow_from_directory` and `flow_from_dataframe` of an ImageDataGenerator, which stands first."""
    owner = given.positional[0]
    if not isinstance(owner, Made) or owner.kind != "ImageDataGenerator":
        return unknown(given)
    frame = given.name.endswith("dataframe")
    shift = 2 if frame else 0
    sides = wholes(given.get("target_size", 2 + shift if not frame else -1))
    if given.get("target_size", 2) is None:
        sides = (256, 256)
    colour = constant(given.get("color_mode", 3 if not frame else -1)) or "rgb"
    shape = (None, *_two(sides), _CHANNELS.get(str(colour), 3))
    number_of = machine.new_number()
    source = Source(number_of, given.line, given.name.rpartition(".")[2].removesuffix("_of"), "folder")
    x = Array(IMAGES, source, RAW, shape=shape, channels="grey" if shape[3] == 1 else "rgb")
    folder = "" if frame else _folder(machine, given.get("directory", 1), _node(given, "directory", 1))
    classes = given.get("classes", 4 if not frame else -1)
    names = len(classes.values) if isinstance(classes, Items) and not classes.more else None
    y = _generator_labels(machine, given, source, names, number_of)
    batches = _of_generator(machine, owner, given, x, y)
    made = replace(batches, folder=folder, names=names, subset=word(given.get("subset")) or "")
    machine.sources.append(made)
    return made


def _said(machine: Machine, given: Arguments, name: str, position: int) -> tuple[int, str]:
    node = _node(given, name, position)
    return (given.line, "the default") if node is None else (node.lineno, machine.text(node))


def _generator_labels(machine: Machine, given: Arguments, source: Source, names: int | None, of: int) -> Array | None:
    position = -1 if given.name.endswith("dataframe_of") else 5
    mode = given.get("class_mode", position)
    if mode is not None and is_none(mode):
        return None
    known = "categorical" if mode is None else constant(mode)
    if known == "input":
        return Array()
    classes = names or (2 if known == "binary" else None)
    said = _said(machine, given, "class_mode", position)
    return Array(LABELS, source, encoding=_ENCODINGS.get(str(known), ""), classes=classes, of=of, said=said)


def _of_generator(machine: Machine, owner: Made, given: Arguments, x: Array, y: Value | None) -> Batches:
    shuffled = None if given.unread else flag(given.get("shuffle"), default=True)
    return Batches(
        "generator", generated(machine, owner, x), y, given.line,
        machine.text(given.node) if given.node else given.name,
        x.source.number or machine.new_number(), repeats=0, reshuffles=given.line if shuffled else 0, shuffled=shuffled,
        made=owner.line, split=not is_none(owner.arguments.get("validation_split")),
        origin=_origin(machine, given), generator=owner,
    )  # fmt: skip


def generated(machine: Machine, owner: Made, x: Value) -> Value:
    """What an ImageDataGenerator makes of images: its function first, then its factor."""
    function, rescale = owner.arguments.get("preprocessing_function"), owner.arguments.get("rescale")
    line = owner.lines.get("preprocessing_function", owner.line)
    if not is_none(function) and function is not None:
        before = x
        x = machine.apply(function, Arguments(getattr(function, "name", "a function"), line, [x]))
        x = _named(x, before, function, line, machine, owner) if isinstance(x, Array) else replace_unknown(before, line)
    if not is_none(rescale) and isinstance(x, Array) and not is_value(rescale, 0):
        text = f"rescale={machine.text(owner.state['rescale'])}" if "rescale" in owner.state else "rescale"
        x = arrays.affine(x, number(rescale), 0.0, owner.lines.get("rescale", owner.line), text)
    odd = [name for name in owner.arguments if name.startswith(("featurewise", "samplewise", "zca"))
           and constant(owner.arguments[name]) is not False]  # fmt: skip
    if odd and isinstance(x, Array):
        x = replace(x, strange=(odd[0], owner.lines.get(odd[0], owner.line)), span=None)
    return replace(x, random=(*x.random, owner)) if isinstance(x, Array) else x


def replace_unknown(x: Value, line: int) -> Value:
    """Images behind a function that is not known."""
    return replace(x, span=None, strange=("a function", line)) if isinstance(x, Array) else x


def _named(x: Array, before: Value, function: Value, line: int, machine: Machine, owner: Made) -> Array:
    """The function's steps stand where the generator is made, in its words."""
    if not isinstance(before, Array) or not isinstance(function, (Function, External)):
        return x
    text = function.name if isinstance(function, External) else (
        machine.text(owner.state["preprocessing_function"]) if "preprocessing_function" in owner.state else "a function"
    )  # fmt: skip
    new = tuple(replace(step, line=line, text=text) for step in x.steps[len(before.steps) :])
    return replace(x, steps=(*before.steps, *new), shape=before.shape, source=before.source)


def _flow(machine: Machine, given: Arguments) -> Value:
    """`datagen.flow(x, y)`."""
    owner, x, y = given.positional[0], given.get("x", 1), given.get("y", 2)
    if not isinstance(owner, Made) or owner.kind != "ImageDataGenerator":
        return unknown(given)
    if isinstance(x, Items) and len(x.values) == 2 and not x.more:
        x, y = x.values
    array = x if isinstance(x, Array) else Array(strange=("x", given.line))
    batches = _of_generator(machine, owner, given, array, y)
    noisy = any(name in owner.arguments for name in ("rotation_range", "horizontal_flip", "zoom_range", "vertical_flip",
                                                     "width_shift_range", "height_shift_range"))  # fmt: skip
    if noisy and isinstance(batches.x, Array):
        marked = replace(batches.x, marks=(*batches.x.marks, ("augmented", given.line)))
        return replace(batches, x=marked, number=machine.new_number())
    return replace(batches, number=machine.new_number())


def _generator(machine: Machine, given: Arguments) -> Value:
    made = Made("ImageDataGenerator", given.name, *given.bound(("featurewise_center",)), given.line, node=given.node)
    for keyword in given.node.keywords if given.node is not None else ():
        if keyword.arg:
            made.state[keyword.arg] = keyword.value
    if given.unread:
        made.arguments["featurewise_unknown"] = Unknown()
    return made


HANDLERS: dict[str, Handler] = {
    "image_dataset_from_directory": _directory,
    "ImageDataGenerator": _generator,
    **dict.fromkeys(("flow_from_directory_of", "flow_from_dataframe_of"), _flow_from),
    "flow_of": _flow,
}
