"""Arithmetic, indexing, joining and reshaping of abstract arrays."""

import ast
from dataclasses import replace

from core.script.flow import soft
from core.script.flow.made import Layer, Made
from core.script.flow.objects import (
    FEATURES,
    FILES,
    GROUPED,
    IMAGES,
    LABELS,
    NUMBERS,
    PREDICTIONS,
    RAW,
    Array,
    Stat,
    Step,
)

_FACTORS = (1 / 255, 1 / 256, 1 / 127.5, 1 / 128, 1 / 127, 2 / 255)
"""Whoever multiplies by one of these has values of 0 to 255 before."""

_HIGH, _TINY = 100.0, 0.02

FAMILY_SPANS = {"tf": (-1.0, 1.0), "caffe": (-124.0, 151.0), "torch": (-2.2, 2.7), "standard": (-3.0, 3.0)}
"""What the preprocessing of each family makes of 0 to 255."""


def affine(array: Array, scale: float | None, offset: float, line: int, text: str) -> Array:
    """The array times `scale` plus `offset`; a scale of None is a change that is not known."""
    if array.role == LABELS:
        array = soft.by_factor(array, scale, offset, line)
        array = replace(array, turned=0 if array.turned else line) if scale == -1 else array
        return replace(array, scaled=line) if scale is not None and 0 < abs(scale) < 0.2 else array
    if array.role in (FEATURES, FILES, "map", "blank", "permutation", "eye", "fold"):
        return array
    if array.role == PREDICTIONS:
        return replace(array, span=None)
    if scale is None:
        return replace(array, span=None, strange=(text, line))
    array = assume_raw(array, scale)
    span = None if array.span is None else _ordered(array.span[0] * scale + offset, array.span[1] * scale + offset)
    return replace(array, span=span, steps=_with_step(array.steps, Step(line, text, scale, offset)))


def assume_raw(array: Array, scale: float) -> Array:
    """Images of unknown values that are multiplied by 1 / 255 were 0 to 255."""
    is_new = array.span is None and not array.steps and array.strange is None
    if not is_new or not any(abs(scale - one) < 1e-6 for one in _FACTORS):
        return array
    return replace(array, span=RAW, role=IMAGES if array.role == NUMBERS else array.role)


def _with_step(steps: tuple[Step, ...], new: Step) -> tuple[Step, ...]:
    """`x / 127.5 - 1` is one step, and so is `x / 127.5` with `x - 1` in the next line."""
    last = steps[-1] if steps else None
    if last is None or last.family or last.scale is None or new.scale is None:
        return (*steps, new)
    if last.text in new.text or (new.scale == 1 and new.line - last.line <= 2):
        text = new.text if last.text in new.text else last.text
        merged = Step(last.line if text == last.text else new.line, text, last.scale * new.scale,
                      last.offset * new.scale + new.offset)  # fmt: skip
        return (*steps[:-1], merged)
    return (*steps, new)


def preprocessed(array: Array, family: str, line: int, text: str) -> Array:
    """What a `preprocess_input`, or another function that is known, makes of images."""
    if array.role in (LABELS, FEATURES, PREDICTIONS, "map"):
        return array
    if family == "raw":
        return array
    span = FAMILY_SPANS.get(family)
    if array.span is not None and scale_of(array) not in ("raw", ""):
        span = _applied(array.span, family)
    role = IMAGES if array.role == NUMBERS else array.role
    return replace(array, span=span, role=role, steps=(*array.steps, Step(line, text, None, 0.0, family or "own")))


def _applied(span: tuple[float, float], family: str) -> tuple[float, float] | None:
    if family == "tf":
        return span[0] / 127.5 - 1, span[1] / 127.5 - 1
    if family == "caffe":
        return span[0] - 124, span[1] - 104
    return (span[0] / 255 - 0.485) / 0.22, (span[1] / 255 - 0.406) / 0.22


def normalised(array: Array, span: tuple[float, float], line: int, text: str, *, each: bool = False) -> Array:
    """Values that are brought into a range, whatever they were: by their own largest one, say, or `each` image by its
    own."""
    known = array.span
    scale = None
    if known is not None and known[1] > known[0] and not each:
        scale = (span[1] - span[0]) / (known[1] - known[0])
    role = IMAGES if array.role == NUMBERS else array.role
    if role == LABELS:
        return replace(array, scaled=line)
    own = replace(array, role=role, span=span)
    return replace(own, steps=(*array.steps, Step(line, text, scale, span[0], "" if scale else "range")))


def scale_of(array: Array) -> str:
    """`raw` (0 to 255), `unit` (0 to 1), a family, `tiny` (scaled twice), `other`, or empty where it is not known."""
    if array.strange is not None:
        return ""
    families = [step.family for step in array.steps if step.family not in ("", "range")]
    if len(families) == 1 and len(array.steps) == 1:
        return families[0] if families[0] != "own" else ""
    if array.span is None or "own" in families:
        return ""
    low, high = array.span
    return _named(low, high)


def _named(low: float, high: float) -> str:
    if high - low < 0.1:
        return "tiny"
    if high > _HIGH:
        return "raw" if low > -20 else "other"
    if -0.05 <= low <= 0.05 and 0.9 <= high <= 1.1:
        return "unit"
    return "tf" if abs(low + 1) < 0.05 and abs(high - 1) < 0.05 else "other"


def by_statistic(array: Array, op: ast.operator, stat: Stat, line: int, text: str) -> Array:
    """`x / x.max()`, `x - x.mean()` and the like."""
    if isinstance(op, ast.Div) and stat.kind in ("max", "range"):
        if array.span is not None and array.span[1] <= 1.5:
            return array
        return normalised(array, (0.0, 1.0), line, text, each=array.role == IMAGES and array.rank == 3)
    if isinstance(op, ast.Div) and stat.kind == "std":
        return replace(normalised(array, (-3.0, 3.0), line, text), strange=None)
    if isinstance(op, ast.Sub) and stat.kind == "mean":
        return replace(array, strange=(text, line), span=None)
    return array


def joined(arrays: list[Array]) -> Array:
    """One array for the elements of a list, or for the values of two branches."""
    first = arrays[0]
    for other in arrays[1:]:
        first = _both(first, other)
    return first


def _both(one: Array, other: Array) -> Array:
    marks = tuple(dict.fromkeys((*one.marks, *other.marks)))
    if ("augmented" in dict(one.marks)) != ("augmented" in dict(other.marks)):
        marks += tuple(("copies", line) for kind, line in marks if kind == "augmented")
    same = scale_of(one) == scale_of(other)
    return replace(
        one,
        role=one.role if one.role == other.role else NUMBERS,
        span=one.span if same and one.span == other.span else None,
        strange=one.strange or other.strange or (None if same else ("a branch", one.source.line)),
        shape=one.shape if one.shape == other.shape else None,
        channels=one.channels if one.channels == other.channels else "",
        order=one.order if one.order == other.order else "",
        encoding=one.encoding if one.encoding == other.encoding else "",
        classes=one.classes if one.classes == other.classes else None,
        part=one.part if one.part == other.part else None,
        perm=one.perm if one.perm == other.perm else (),
        scaled=one.scaled or other.scaled,
        turned=one.turned or other.turned,
        soft=one.soft or other.soft,
        marks=marks,
        random=_random_of(one, other),
        greyed=one.greyed or other.greyed,
        fits=tuple(dict.fromkeys((*one.fits, *other.fits))),
        out=one.out if one.out == other.out else None,
    )


def _random_of(one: Array, other: Array) -> tuple[Layer | Made, ...]:
    """The random changes of both; what one call does in several turns of a loop counts once."""
    known = {(change.kind, change.line) for change in one.random}
    return (*one.random, *(change for change in other.random if (change.kind, change.line) not in known))


def concatenated(arrays: list[Array], line: int, text: str, number: int) -> Array:
    """Arrays one behind the other: class by class, where each came from a place of its own."""
    whole = joined(arrays)
    distinct = len({one.source.number for one in arrays}) == len(arrays)
    parts = all(one.part is None for one in arrays)
    return replace(
        whole,
        order=GROUPED if distinct and parts and len(arrays) > 1 and not whole.order else whole.order,
        source=replace(whole.source, number=number, line=line, text=text),
        shape=None if whole.shape is None else (None, *whole.shape[1:]),
    )


def stacked(array: Array, count: int | None = None) -> Array:
    """A batch of such arrays."""
    return replace(array, shape=None if array.shape is None else (count, *array.shape))


def reshaped(array: Array, shape: tuple[int | None, ...]) -> Array:
    """The array in another shape; -1 is what is left over."""
    return replace(array, shape=tuple(None if side in (-1, None) else side for side in shape))


def expanded(array: Array, axis: int) -> Array:
    """With one more axis."""
    if array.shape is None:
        return array
    sides = list(array.shape)
    place = axis if axis >= 0 else len(sides) + 1 + axis
    return replace(array, shape=(*sides[:place], 1, *sides[place:]))


def element(array: Array) -> Array:
    """One element along the first axis."""
    return replace(array, shape=array.shape[1:] if array.shape else None)


def _ordered(one: float, other: float) -> tuple[float, float]:
    return (one, other) if one <= other else (other, one)


def operate(op: ast.operator, array: Array, value: float, *, number_first: bool, line: int, text: str) -> Array:
    """An array and a number, in either order."""
    scale: float | None = None
    offset = 0.0
    if isinstance(op, ast.Mult):
        scale = value
    elif isinstance(op, ast.Div) and not number_first and value:
        scale = 1.0 / value
    elif isinstance(op, ast.Add):
        scale, offset = 1.0, value
    elif isinstance(op, ast.Sub):
        scale, offset = (-1.0, value) if number_first else (1.0, -value)
    elif isinstance(op, ast.BitXor) and value == 1 and array.role == LABELS:
        scale = -1.0
    elif isinstance(op, (ast.Pow, ast.FloorDiv, ast.Mod)):
        scale = None
    return affine(array, scale, offset, line, text)
