"""What a script draws at random, and images that are changed by it: by a value that is drawn, or in some cases only."""

from dataclasses import replace

from core.script.flow.joining import join
from core.script.flow.machine import Arguments, constant, number, whole
from core.script.flow.made import Layer, Made
from core.script.flow.objects import IMAGES, NUMBERS, Array, Items, Unknown
from core.script.flow.value import Value

DRAWN = "changed by chance"
"""Kind of a change by something that is drawn, of which no more is known."""

TURNED = "a reversed axis"
"""Kind of a change of all images by `x[:, :, ::-1]`."""

SHARE, EVEN = "a share from 0 to 1", "an even chance"
"""Texts of values that are drawn: evenly from 0 to 1, and true in one of two cases."""

_NO_DRAWS = ("seed", "set_seed", "shuffle", "permutation", "split", "fold_in")
_BACKEND = ("random_uniform", "random_normal", "random_binomial", "random_bernoulli")
_FLIPS = {"flip_left_right": 1, "fliplr": 1, "mirror": 1, "hflip": 1, "flip_up_down": 0, "flipud": 0, "vflip": 0}
_FLIPPED = {1: "random_flip_left_right", 0: "random_flip_up_down"}


def draw(given: Arguments) -> Unknown | None:
    """What `tf.random.uniform(...)`, `random.random()` and the like give; None for any other function."""
    *modules, short = given.name.split(".")
    if short in _NO_DRAWS or not ("random" in modules or short in _BACKEND):
        return None
    if short == "getrandbits" and whole(given.get("k", 0)) == 1:
        return Unknown(EVEN, given.line, drawn=given.line)
    return Unknown(SHARE if _is_share(short, modules, given) else given.name, given.line, drawn=given.line)


def _is_share(short: str, modules: list[str], given: Arguments) -> bool:
    if short in ("random", "rand") and not given.positional and not given.named:
        return True
    if "uniform" not in short:
        return False
    first = 0 if modules[:1] in (["random"], ["np"], ["numpy"]) else 1  # TensorFlow's has the shape first
    ends = [given.get(name, first + k) or given.get(old) for k, (name, old) in
            enumerate((("minval", "low"), ("maxval", "high")))]  # fmt: skip
    return all(one is None or number(one) == k for k, one in enumerate(ends))


def line_of(*values: Value | None) -> int:
    """The line that draws one of these values, or an element of them; 0 where none is drawn."""
    for value in values:
        for one in value.values[:8] if isinstance(value, Items) else [value]:
            if isinstance(one, Unknown) and one.drawn:
                return one.drawn
    return 0


def passed_on(value: Value, line: int) -> Value:
    """What is not known and made of something that is drawn is drawn too."""
    return replace(value, drawn=line) if line and isinstance(value, Unknown) and not value.drawn else value


def compared(text: str, line: int, values: list[Value]) -> Unknown:
    """`tf.random.uniform(()) > 0.5` is true in one of two cases."""
    shares = [one for one in values if isinstance(one, Unknown) and one.drawn and one.text == SHARE]
    is_even = len(values) == 2 and len(shares) == 1 and any(constant(one) == 0.5 for one in values)
    return Unknown(EVEN if is_even else text, line)


def changed(array: Array, line: int, text: str) -> Array:
    """Images that something drawn changes."""
    if array.role not in (IMAGES, NUMBERS):
        return array
    return replace(array, random=(*array.random, Made(DRAWN, text, {}, {}, line)))


def changed_by(before: list[Value], after: Value, given: Arguments) -> Value:
    """What a function makes of images where something drawn is among its arguments, and it recorded no change."""
    if not isinstance(after, Array) or not line_of(*given.positional, *given.named.values()):
        return after
    most = max((len(one.random) for one in before if isinstance(one, Array)), default=-1)
    return changed(after, given.line, given.name) if len(after.random) == most else after


def turned(array: Array, made: Made) -> Array:
    """Images that are all turned, flipped or moved in the same way."""
    array = replace(array, marks=(*array.marks, ("augmented", made.line)))
    return replace(array, random=(*array.random, made)) if array.role in (IMAGES, NUMBERS) else array


def joined(values: list[Value], test: Value | None) -> Value:
    """One value for those of several branches; `test` is what decides at random between them, if anything does."""
    return join(values) if test is None else by_chance(values, join(values), test)


def by_chance(values: list[Value], whole_value: Value, test: Value) -> Value:
    """What a value is where something drawn decides which of these it is."""
    if isinstance(whole_value, Items) and not whole_value.more:
        parts = [one.values for one in values if isinstance(one, Items) and len(one.values) == len(whole_value.values)]
        if len(parts) == len(values):
            columns = zip(*parts, whole_value.values, strict=True)
            return replace(whole_value, values=[by_chance(list(one[:-1]), one[-1], test) for one in columns])
    found = [one for one in values if isinstance(one, Array)]
    if not isinstance(whole_value, Array) or len(found) != len(values) or whole_value.role not in (IMAGES, NUMBERS):
        return whole_value
    kept = min(found, key=lambda one: len(one.random))
    others = [one for one in found if one is not kept and _differs(one, kept)]
    if not others:
        return whole_value
    return replace(
        kept, shape=whole_value.shape, marks=whole_value.marks, random=(*kept.random, _made(kept, others, test))
    )


def _differs(one: Array, other: Array) -> bool:
    same = one.random == other.random and one.steps == other.steps and one.channels == other.channels
    return not same or one.sizes is not other.sizes or one.strange != other.strange


def _made(kept: Array, others: list[Array], test: Value) -> Layer | Made:
    """A flip in one of two cases is the random flip of tf.image; anything else, a whole batch's among it, is a change
    by chance."""
    new = others[0].random[len(kept.random) :]
    text, line = getattr(test, "text", ""), line_of(test) or getattr(test, "line", 0)
    if len(others) == 1 and len(new) == 1:
        axis = axis_of(new[0])
        if text == EVEN and axis is not None and others[0].steps == kept.steps and kept.rank != 4:
            return Made(_FLIPPED[axis], new[0].kind, {}, {}, new[0].line)
    first = new[0] if new else None
    name = getattr(first, "name", "") or getattr(first, "kind", "")
    return Made(DRAWN, name, {}, {}, first.line if first else line, {"of": first})


def axis_of(made: Layer | Made) -> int | None:
    """1 for a change that always flips left and right, 0 for up and down; None for any other."""
    if made.kind == "flip" and isinstance(made, Made) and made.name.startswith("cv2"):
        code = whole(made.arguments.get("first"))
        return code if code in (0, 1) else None
    return _FLIPS.get(made.kind)
