"""How images become square: what crops them, pads them with bars, or cuts a part out, and what has no effect."""

import ast
from dataclasses import replace

from core.script.flow.machine import Arguments, constant, is_none, number, wholes
from core.script.flow.objects import IMAGES, NUMBERS, Array, Fitting
from core.script.flow.value import Value

CROP, BARS = "crop", "letterbox_black"
"""Ways that a run has, too: the centre square, and black bars."""

CUT, PADDED, KEPT = "cut", "padded", "kept"
"""Ways that no run has: a part is cut out, something is put around it, the sides keep their ratio."""

WAYS = {
    "smart_resize": CROP, "fit": CROP,
    "resize_with_pad": BARS,
    "resize_with_crop_or_pad": CUT, "central_crop": CUT, "crop_to_bounding_box": CUT, "center_crop": CUT, "crop": CUT,
    "CenterCrop": CUT,
    "pad_to_bounding_box": PADDED, "copyMakeBorder": PADDED, "pad": PADDED, "expand": PADDED, "paste": PADDED,
    "thumbnail": KEPT, "contain": KEPT,
}  # fmt: skip
"""What functions and layers do with the sides, by name."""

_ARGUMENTS = {
    "crop_to_aspect_ratio": CROP,
    "pad_to_aspect_ratio": BARS,
    "keep_aspect_ratio": CROP,
    "preserve_aspect_ratio": KEPT,
}
"""Arguments of what resizes images."""

_FILLS = ("fill_value", "constant_values", "value", "fill")


def fitted(array: Array, way: str, line: int, text: str) -> Array:
    """Images whose sides are changed in a way; nothing changes where they are square already and only have to fit."""
    if array.role not in (IMAGES, NUMBERS) or (way in (CROP, BARS, KEPT) and is_square(array)):
        return array
    return replace(array, fits=(*array.fits, Fitting(way, line, text)))


def is_square(array: Array) -> bool:
    """Whether height and width are known and the same."""
    sides = wholes(array.sizes[0]) if array.sizes is not None else None
    if array.shape is not None and len(array.shape) > 2:
        sides = array.shape[-3:-1]
    return sides is not None and len(sides) > 1 and sides[0] is not None and sides[0] == sides[1]


def as_asked(array: Array, given: Arguments) -> Array:
    """Images that a function resizes, pads or crops: by its name, and by its arguments."""
    short = given.name.rpartition(".")[2]
    way = by_arguments(given.named) or WAYS.get(short, "")
    if short == "central_crop" and number(given.get("central_fraction", 1)) == 1:
        way = ""
    if way == BARS and not _is_black(given.named):
        way = PADDED
    return fitted(array, way, given.line, short) if way else array


def by_arguments(arguments: dict[str, Value]) -> str:
    """The way that an argument such as `crop_to_aspect_ratio=True` says; empty where there is none."""
    for name, way in _ARGUMENTS.items():
        if not is_none(arguments.get(name)) and constant(arguments[name]) is not False:
            known = constant(arguments[name]) is True
            return (PADDED if way == BARS and not _is_black(arguments) else way) if known else KEPT
    return ""


def _is_black(arguments: dict[str, Value]) -> bool:
    mode = constant(arguments.get("fill_mode"))
    return mode in (None, "constant") and all(number(arguments[name]) == 0 for name in _FILLS if name in arguments)


def sliced(array: Array, parts: list[ast.expr], line: int, text: str) -> Array:
    """`image[10:90, 20:100]`: a part of the rows and columns."""
    first = 1 if array.rank == 4 else 0
    if array.role != IMAGES:
        return array
    dots = next((k for k, one in enumerate(parts) if isinstance(one, ast.Constant) and one.value is Ellipsis), None)
    ends = [isinstance(part, ast.Slice) and not (part.lower is None and part.upper is None) for part in parts]
    if dots is not None:
        ends[dots : dots + 1] = [False] * ((array.rank or 3) - len(parts) + 1)
    rows_and_columns = ends[first : first + 2]
    cuts = any(rows_and_columns) if array.rank in (3, 4) else sum(ends[:3]) > 1
    return fitted(array, CUT, line, text) if cuts else array
