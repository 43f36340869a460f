"""Attributes and methods of arrays and of Pillow's images."""

import ast
from collections.abc import Callable
from dataclasses import replace

from core.script.flow.chance import turned
from core.script.flow.fitting import CUT, KEPT, fitted
from core.script.flow.machine import Arguments, Machine, constant, wholes
from core.script.flow.made import Made
from core.script.flow.numbers import decided, to_shape
from core.script.flow.objects import IMAGES, LABELS, NUMBERS, Array, Const, External, Items, Stat, Unknown
from core.script.flow.value import Value


def attribute(machine: Machine, owner: Array, name: str, node: ast.expr) -> Value | None:
    """`x.shape`, `x.T`."""
    if name == "shape":
        if owner.shape is None:
            return Items([Unknown("a side")], more=True)
        return Items([Const(side) if isinstance(side, int) else Unknown("a side", node.lineno) for side in owner.shape])
    if name in ("values", "T"):
        return owner
    return Unknown(name, node.lineno) if name in ("size", "dtype", "ndim") else None


_STATISTICS = ("max", "min", "mean", "std")


_KEPT = ("astype", "copy", "numpy", "squeeze", "tolist", "to_numpy", "apply", "sort_values")


def method(machine: Machine, owner: Array, name: str, given: Arguments) -> Value:
    """Methods of an array or image."""
    if name in _STATISTICS:
        return Stat(name, owner)
    if name in ("argmax", "round"):
        return decided(machine, name, owner, given)
    if name in _KEPT:
        return replace(owner, shape=None) if name == "squeeze" else owner
    known = _METHODS.get(name)
    if known is not None:
        return known(owner, given)
    strange = replace(owner, shape=None, span=None, strange=(name, given.line))
    return Unknown(name, given.line) if owner.role == NUMBERS else strange


def _reshape_method(owner: Array, given: Arguments) -> Array:
    return to_shape(owner, given.positional[0] if len(given.positional) == 1 else Items(given.positional))


def _resize_method(owner: Array, given: Arguments) -> Array:
    """Pillow's, which takes (width, height)."""
    sides = wholes(given.positional[0]) if given.positional and owner.role == IMAGES else None
    channels = 1 if owner.channels == "grey" else 3
    size = (given.positional[0], given.line) if given.positional and owner.role == IMAGES else owner.sizes
    return replace(owner, shape=(sides[1], sides[0], channels) if sides and len(sides) == 2 else None, sizes=size)


def _transposed(owner: Array, given: Arguments) -> Array:
    """Pillow's `transpose(Image.FLIP_LEFT_RIGHT)`; numpy's changes the order of the axes only."""
    how = given.get("method", 0)
    moved = replace(owner, shape=None)
    if not isinstance(how, External) or owner.role != IMAGES:
        return moved
    kind = {"FLIP_LEFT_RIGHT": "fliplr", "FLIP_TOP_BOTTOM": "flipud"}.get(how.short, "transpose")
    return turned(moved, Made(kind, how.short, {}, {}, given.line))


def _convert_method(owner: Array, given: Arguments) -> Array:
    """Pillow's `convert("L")`."""
    grey = constant(given.get("mode", 0)) == "L"
    if not grey:
        return owner
    shape = owner.shape[:2] if owner.shape else None
    return replace(owner, channels="grey", shape=shape, greyed=owner.greyed or given.line)


_METHODS: dict[str, Callable[[Array, Arguments], Value]] = {
    **dict.fromkeys(("reshape", "reshape_as"), _reshape_method),
    **dict.fromkeys(("flatten", "ravel"),
                    lambda owner, given: replace(owner, shape=(None,) if owner.role == LABELS else None)),
    "resize": _resize_method,
    "convert": _convert_method,
    **dict.fromkeys(("transpose", "permute"), _transposed),
    **dict.fromkeys(("crop", "thumbnail"), lambda owner, given: replace(
        fitted(owner, CUT if given.name.endswith("crop") else KEPT, given.line, given.name), shape=None)),
    "rotate": lambda owner, given: turned(replace(owner, shape=None), Made("rotate", "rotate", {}, {}, given.line)),
}  # fmt: skip
