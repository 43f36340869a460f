"""Weights of classes that scikit-learn computes, for as long as a script uses them as they are."""

from dataclasses import dataclass, replace

from core.script.flow.machine import Arguments, Handler, Machine, is_none, unknown, whole, word
from core.script.flow.objects import Items, Mapping
from core.script.flow.value import Value


@dataclass(frozen=True, eq=False)
class Weights(Value):
    """What `compute_class_weight` or `compute_sample_weight` gives; whatever is computed of it is a value of its own.

    Attributes:
        how: `balanced`, or `none` where all are 1.
        at: Index of the class whose weight it is; None where it is all of them.
    """

    how: str
    at: int | None = None


def _computed(machine: Machine, given: Arguments) -> Value:
    how = given.get("class_weight", 0)
    if is_none(how):
        return Weights("none")
    return Weights("balanced") if word(how) == "balanced" else unknown(given)


_METHODS = ("tolist", "copy", "astype", "numpy", "to_numpy", "item", "flatten", "ravel", "squeeze", "to_dict")
_FUNCTIONS = (
    *("list", "tuple", "array", "asarray", "constant", "convert_to_tensor", "float", "float32", "copy", "deepcopy"),
    *("Series", "cast", "squeeze", "ravel", "stack", "hstack"),
)
_ROUNDED = ("round", "around", "round_")
"""Two decimals or more change no weight much."""


def of_weights(machine: Machine, owner: Weights, name: str, given: Arguments) -> Value:
    """Methods of an array of weights."""
    digits = whole(given.get("decimals", 0)) or 0
    return owner if name in _METHODS or (name == "round" and digits > 1) else unknown(given)


def kept(short: str, given: Arguments) -> Value | None:
    """What a function of a library gives that leaves weights as they are; None for any other call."""
    weights = in_order(given.positional[0]) if given.positional else None
    rounded = short in _ROUNDED and (whole(given.get("decimals", 1) or given.get("ndigits")) or 0) > 1
    return weights if short in _FUNCTIONS or rounded else None


def weight_of(owner: Weights, place: int | None) -> Weights:
    """The weight of one class."""
    return replace(owner, at=place)


def joined(one: Weights, other: Weights) -> Weights | None:
    """Weights that are one or the other of these; None where they differ in how they are computed."""
    if one.how != other.how:
        return None
    return one if one.at == other.at else replace(one, at=None)


def in_order(value: Value | None) -> Weights | None:
    """The weights in an array, a list or a dictionary, where each class has its own; None where one is another value.

    Args:
        value: Value. Of `class_weight`, say; None where it is not given.
    """
    if isinstance(value, Weights) or value is None:
        return value
    pairs: list[tuple[object, Value]] = []
    if isinstance(value, Mapping):
        pairs = [*value.values.items(), *([(None, value.rest)] if value.rest is not None else [])]
    elif isinstance(value, Items):
        pairs = [(None if value.more else k, one) for k, one in enumerate(value.values)]
    found = [one for key, one in pairs if isinstance(one, Weights) and one.at in (None, key)]
    same = {one.how for one in found}
    return Weights(same.pop()) if len(found) == len(pairs) and len(same) == 1 else None


HANDLERS: dict[str, Handler] = dict.fromkeys(("compute_class_weight", "compute_sample_weight"), _computed)
