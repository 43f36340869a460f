"""Functions of a script that are more than their call: properties, static methods, generators of datasets."""

import ast

from core.script.flow.made import Layer, Made
from core.script.flow.networks import Model
from core.script.flow.objects import Batches, Class, Function, Instance, Items
from core.script.flow.value import Value

_PROPERTIES = ("property", "cached_property")


def _decorated(function: Function, names: tuple[str, ...]) -> bool:
    found = getattr(function.node, "decorator_list", ())
    return any(getattr(one, "attr", getattr(one, "id", "")) in names for one in found)


def is_property(function: Function) -> bool:
    """Whether a method is computed where it is named, without a call."""
    return _decorated(function, _PROPERTIES)


def bound_to(function: Function, instance: Instance, made_by: Class) -> Instance | Class | None:
    """What a method gets before its arguments."""
    if _decorated(function, ("staticmethod",)):
        return None
    return made_by if _decorated(function, ("classmethod",)) else instance


def yielded(values: list[Value]) -> Value | None:
    """What a function gives one after the other where it is no batch of arrays: datasets, models and the like."""
    inner = [one for value in values for one in (value.values if isinstance(value, Items) else [value])]
    return Items(list(values)) if any(isinstance(one, (Batches, Model, Made, Layer)) for one in inner) else None


def fields_of(made_by: Class) -> list[str]:
    """Fields of a data class in their order, those without a default among them."""
    parts = [one for one in made_by.node.body if isinstance(one, ast.AnnAssign)]
    return [one.target.id for one in parts if isinstance(one.target, ast.Name)]
