"""numpy and the like on abstract arrays: making, joining, reshaping, scaling, shuffling, statistics."""

import ast
from dataclasses import replace

from core.script.flow import arrays, soft
from core.script.flow.chance import turned
from core.script.flow.joining import element_of, join
from core.script.flow.machine import Arguments, Handler, Machine, constant, elements, number, unknown, whole, wholes
from core.script.flow.made import Made
from core.script.flow.objects import (
    GROUPED,
    IMAGES,
    LABELS,
    NUMBERS,
    PREDICTIONS,
    Array,
    Batches,
    Const,
    External,
    Items,
    Source,
    Stat,
    Unknown,
)
from core.script.flow.value import Value


def as_array(machine: Machine, value: Value | None, line: int) -> Value:
    """An array of a list's elements; other values as they are."""
    if not isinstance(value, Items) or not value.values:
        return value if value is not None and not isinstance(value, Items) else Array()
    source = Source(machine.new_number(), line, "a list", "list")
    if value.more and any(isinstance(one, Const) for one in value.values):
        return _labels(value, source)
    whole_value = join(value.values)
    if isinstance(whole_value, Array):
        count = None if value.more else len(value.values)
        stacked = arrays.stacked(whole_value, count)
        kept = whole_value.source if whole_value.source.number else source
        order = value.order or whole_value.order
        return replace(stacked, source=kept, order=order, perm=value.perm or whole_value.perm)
    if all(isinstance(one, Const) and isinstance(one.value, (int, float)) for one in value.values):
        return Array(NUMBERS, source, shape=(len(value.values),), order=value.order)
    return Array(NUMBERS, source, order=value.order, perm=value.perm)


def _labels(value: Items, source: Source) -> Array:
    """Whole numbers or names that a loop appends: labels, and their number where they are 0, 1, 2 and so on."""
    known = [constant(one) for one in value.values]
    is_whole = all(isinstance(one, int) for one in known)
    classes = len(set(known)) if is_whole and set(known) == set(range(len(set(known)))) else None
    classes = classes if (classes or 0) > 1 else None
    encoding = "integers" if is_whole else ("text" if all(isinstance(one, str) for one in known) else "")
    order = value.order or (GROUPED if len(set(map(str, known))) > 1 and value.depth == 0 and not value.perm else "")
    order = order if is_whole else value.order
    return Array(LABELS, source, encoding=encoding, classes=classes, order=order, perm=value.perm, shape=(None,))


def _array(machine: Machine, given: Arguments) -> Value:
    """`np.array(list)`, `tf.constant(x)`, `np.asarray(image)`."""
    value = as_array(machine, given.positional[0] if given.positional else None, given.line)
    return value if isinstance(value, (Array, Batches, Const)) else unknown(given)


def _blank(machine: Machine, given: Arguments) -> Value:
    """`np.zeros(shape)`."""
    shape = wholes(given.get("shape", 0))
    return Array("blank", shape=shape if shape is not None else (whole(given.get("shape", 0)),))


def _loaded(machine: Machine, given: Arguments) -> Value:
    """`np.load(path)`: what was saved there in this script, or what nobody knows."""
    path = constant(given.positional[0]) if given.positional else None
    saved = machine.saved.get(path) if isinstance(path, str) else None
    if isinstance(saved, Array):
        return saved
    text = machine.text(given.node) if given.node is not None else "load"
    return Array(NUMBERS, Source(machine.new_number(), given.line, text, "file"))


def _saved(machine: Machine, given: Arguments) -> Value:
    path = constant(given.positional[0]) if given.positional else None
    if isinstance(path, str) and len(given.positional) > 1:
        machine.saved[path if path.endswith(".npy") else f"{path}.npy"] = given.positional[1]
    return Const(None)


def _opened(machine: Machine, given: Arguments) -> Value:
    """`open("x.npy", "rb")` stands for its path; `Image.open` is an image."""
    if given.name.startswith(("PIL", "Image")):
        return machine.apply(External("load_img"), given)
    return given.positional[0] if given.positional else unknown(given)


def _concatenated(machine: Machine, given: Arguments) -> Value:
    """`np.concatenate([a, b])`; of batches or predictions what one of them is."""
    listed = given.positional[0] if given.positional else None
    if isinstance(listed, Items) and not listed.more:
        found = [as_array(machine, one, given.line) for one in listed.values]
        known = [one for one in found if isinstance(one, Array)]
        if known and len(known) == len(found):
            text = machine.text(given.node) if given.node is not None else "concatenate"
            return _blank_labels(arrays.concatenated(known, given.line, text, machine.new_number()), known)
        return Array()
    one = element_of(listed) if listed is not None else Unknown()
    if isinstance(one, Array) and isinstance(listed, Items):
        return replace(one, order=listed.order or one.order, perm=listed.perm or one.perm)
    return Array()


def _blank_labels(whole_array: Array, parts: list[Array]) -> Array:
    """`np.concatenate([np.zeros(n), np.ones(n)])` is labels, class by class."""
    if all(one.role == "blank" and one.rank == 1 for one in parts) and len(parts) > 1:
        return replace(whole_array, role=LABELS, order=GROUPED, encoding="integers", classes=len(parts))
    return whole_array


def _repeated(machine: Machine, given: Arguments) -> Value:
    value = as_array(machine, given.positional[0] if given.positional else None, given.line)
    if isinstance(value, Array) and value.role in (IMAGES, NUMBERS) and value.rank != 1:
        return replace(value, marks=(*value.marks, ("copies", given.line)), shape=None)
    listed = given.positional[0] if given.positional else None
    if isinstance(listed, Items) and len(listed.values) > 1:
        return _labels(replace(listed, more=True, depth=0), Source(machine.new_number(), given.line, "labels"))
    return value if isinstance(value, Array) else unknown(given)


def _arithmetic(op: ast.operator) -> Handler:
    """`np.divide(a, b)`, also `out=a`."""

    def handler(machine: Machine, given: Arguments) -> Value:
        if len(given.positional) < 2:
            return unknown(given)
        value = machine.operate(
            op, given.positional[0], given.positional[1], given.node or ast.Constant(0, lineno=given.line)
        )
        if "out" in given.named and given.node is not None and given.scope is not None:
            target = next(word.value for word in given.node.keywords if word.arg == "out")
            machine.assign(target, value, given.scope)
        return value

    return handler


def _same(machine: Machine, given: Arguments) -> Value:
    """What leaves the values of its first argument as they are."""
    value = given.positional[0] if given.positional else next(iter(given.named.values()), None)
    if isinstance(value, Items):
        return as_array(machine, value, given.line)
    return value if value is not None else unknown(given)


def _reshaped(machine: Machine, given: Arguments) -> Value:
    value = as_array(machine, given.get("a", 0), given.line)
    return to_shape(value, given.get("newshape", 1) or given.get("shape", 1)) if isinstance(value, Array) else value


def to_shape(value: Array, shape: Value | None) -> Array:
    """The array in another shape; of unknown shape where the new one is not known."""
    sides = wholes(shape)
    if sides is None and isinstance(shape, Const):
        sides = (whole(shape),)
    return replace(value, shape=None) if sides is None else _in_shape(value, sides)


def _in_shape(value: Array, sides: tuple[int | None, ...]) -> Array:
    if len(sides) == 2 and sides[-1] == -1 and value.shape is not None:
        total: int | None = 1
        for side in value.shape[1:]:
            total = None if total is None or side is None else total * side
        return replace(value, shape=(None if sides[0] == -1 else sides[0], total))
    return arrays.reshaped(value, sides)


def _expanded(machine: Machine, given: Arguments) -> Value:
    value = as_array(machine, given.positional[0] if given.positional else given.get("a"), given.line)
    axis = whole(given.get("axis", 1))
    return arrays.expanded(value, axis if axis is not None else 0) if isinstance(value, Array) else unknown(given)


def _squeezed(machine: Machine, given: Arguments) -> Value:
    value = given.positional[0] if given.positional else None
    return replace(value, shape=None) if isinstance(value, Array) else unknown(given)


def _turned(machine: Machine, given: Arguments) -> Value:
    """`np.fliplr`, `cv2.flip`, `tf.image.random_flip_left_right`: another version of an image."""
    value = given.positional[0] if given.positional else None
    if not isinstance(value, Array):
        return unknown(given)
    short, last = given.name.rpartition(".")[2], (value.rank or 0) - 1
    if short == "flip" and not given.name.startswith("cv2") and whole(given.get("axis", 1)) in (-1, last):
        return replace(value, channels={"bgr": "rgb", "rgb": "bgr"}.get(value.channels, value.channels))
    return turned(value, Made(short, given.name, *given.bound(("image", "first")), given.line))


def _statistic(kind: str) -> Handler:
    def handler(machine: Machine, given: Arguments) -> Value:
        value = as_array(machine, given.positional[0] if given.positional else None, given.line)
        return Stat(kind, value) if isinstance(value, Array) else unknown(given)

    return handler


def _argmax(machine: Machine, given: Arguments) -> Value:
    value = given.positional[0] if given.positional else None
    return decided(machine, "argmax", value, given) if isinstance(value, Array) else unknown(given)


def _rounded(machine: Machine, given: Arguments) -> Value:
    value = given.positional[0] if given.positional else None
    return decided(machine, "round", value, given) if isinstance(value, Array) else unknown(given)


def decided(machine: Machine, how: str, value: Array, given: Arguments) -> Value:
    """A class for each row of predictions; noted where the model's output does not go with it."""
    if value.role == LABELS:
        return replace(value, encoding="integers", shape=(None,))
    if value.role != PREDICTIONS:
        return Array(NUMBERS)
    if value.out is not None:
        machine.note(
            "decided", given.line, how=how, out=value.out, text=machine.text(given.node) if given.node else how
        )
    return Array("decisions", feed=value.feed, of=value.of)


def _one_hot(machine: Machine, given: Arguments) -> Value:
    """`to_categorical(y, n)`, `tf.one_hot(y, n)`, `pd.get_dummies(y)`."""
    value = as_array(machine, given.positional[0] if given.positional else given.get("y"), given.line)
    array = value if isinstance(value, Array) else Array()
    classes = whole(given.get("num_classes", 1) or given.get("depth", 1) or given.get("nb_classes"))
    made = replace(array, role=LABELS, encoding="one-hot", classes=classes or array.classes, shape=None, span=None)
    return soft.by_ends(made, given.get("off_value", 3), given.get("on_value", 2), given.line)


def _eye(machine: Machine, given: Arguments) -> Value:
    return Array("eye", classes=whole(given.get("N", 0)))


def _normalize(machine: Machine, given: Arguments) -> Value:
    """`keras.utils.normalize(x)`, `tf.image.per_image_standardization(x)`."""
    value = given.positional[0] if given.positional else None
    if not isinstance(value, Array):
        return unknown(given)
    span = (-3.0, 3.0) if "standard" in given.name else (0.0, 1.0)
    return arrays.normalised(value, span, given.line, given.name.rpartition(".")[2])


def _negated(machine: Machine, given: Arguments) -> Value:
    """`np.logical_not(y)`."""
    value = given.positional[0] if given.positional else None
    if not isinstance(value, Array) or value.role != LABELS:
        return unknown(given)
    return replace(value, turned=0 if value.turned else given.line)


def _clipped(machine: Machine, given: Arguments) -> Value:
    value = given.positional[0] if given.positional else None
    ends = [number(one) for one in given.positional[1:3]]
    if not isinstance(value, Array) or len(ends) != 2:
        return value if isinstance(value, Array) else unknown(given)
    if value.role == LABELS:
        return soft.by_ends(value, given.positional[1], given.positional[2], given.line)
    low, high = ends
    if value.span is None or low is None or high is None:
        return value
    return replace(value, span=(max(value.span[0], low), min(value.span[1], high)))


def _bounded(machine: Machine, given: Arguments) -> Value:
    """`tf.maximum(y, 0.1)` of labels; of anything else nothing is known."""
    value = given.positional[0] if given.positional else None
    if not isinstance(value, Array) or value.role != LABELS:
        return unknown(given)
    return soft.bounded(value, given.name.rpartition(".")[2], given.get("y", 1), given.line)


def chosen_labels(given: Arguments) -> Value:
    """`np.where(y == 1, 0.9, 0.1)`."""
    made = soft.by_ends(Array(LABELS), given.get("y", 2), given.get("x", 1), given.line)
    return made if made.soft is not None else unknown(given)


def collected(values: list[Value]) -> list[Value]:
    """The elements of lists inside a list."""
    return [inner for one in values for inner in (elements(one) or [one])]


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(("array", "asarray", "constant", "stack", "convert_to_tensor", "float32", "from_numpy"), _array),
    **dict.fromkeys(("zeros", "empty", "ones", "zeros_like", "full"), _blank),
    **dict.fromkeys(("concatenate", "vstack", "concat", "append", "hstack"), _concatenated),
    **dict.fromkeys(("divide", "true_divide", "truediv"), _arithmetic(ast.Div())),
    **dict.fromkeys(("multiply", "mul", "scalar_mul"), _arithmetic(ast.Mult())),
    **dict.fromkeys(("subtract", "sub"), _arithmetic(ast.Sub())),
    "add": _arithmetic(ast.Add()),
    **dict.fromkeys(("cast", "copy", "identity", "ascontiguousarray", "ensure_shape", "stop_gradient", "Series",
                     "uint8", "cvtColorTwoPlane", "deepcopy", "get_value"), _same),
    "reshape": _reshaped,
    "expand_dims": _expanded,
    "squeeze": _squeezed,
    **dict.fromkeys(("fliplr", "flipud", "flip", "rot90", "rotate", "warpAffine", "warpPerspective", "random_noise",
                     "mirror"), _turned),
    **dict.fromkeys(("amax", "reduce_max"), _statistic("max")),
    **dict.fromkeys(("amin", "reduce_min"), _statistic("min")),
    "mean": _statistic("mean"),
    "std": _statistic("std"),
    "argmax": _argmax,
    **dict.fromkeys(("rint", "around", "round_"), _rounded),
    **dict.fromkeys(("to_categorical", "one_hot", "get_dummies"), _one_hot),
    "eye": _eye,
    **dict.fromkeys(("maximum", "minimum"), _bounded),
    **dict.fromkeys(("per_image_standardization",), _normalize),
    "logical_not": _negated,
    "clip": _clipped,
    "clip_by_value": _clipped,
    **dict.fromkeys(("repeat", "tile"), _repeated),
    "load": _loaded,
    "save": _saved,
    "open": _opened,
}  # fmt: skip
