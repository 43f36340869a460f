"""Functions and methods of a script that nothing in it calls: which they are, and in which order they are followed."""

import ast

from core.script.flow.objects import Class, External, Function, Scope

Uncalled = tuple[Function, Class | None]
"""A function, and the class that it is a method of."""


def uncalled_in(scope: Scope, called: set[int]) -> list[Uncalled]:
    """Those of a module that were not called, the ones that others of them do not name first.

    Args:
        scope: Scope. Of the module.
        called: set of int. Identities of the functions that were called.
    """
    found: list[Uncalled] = [(one, None) for one in scope.names.values() if isinstance(one, Function)]
    for made_by in [one for one in scope.names.values() if isinstance(one, Class)]:
        found += [(one, made_by) for one in made_by.attributes.values() if isinstance(one, Function)]
    left = [one for one in found if id(one[0].node) not in called]
    names = [_names(function) for function, _ in left]
    named = [
        any(_name(function) in inner for k, inner in enumerate(names) if k != place)
        for place, (function, _) in enumerate(left)
    ]
    return [one for first in (False, True) for one, by_others in zip(left, named, strict=True) if by_others is first]


def is_plain(made_by: Class) -> bool:
    """Whether a class is made from none of a library: an object of it can be made and asked like any other."""
    bases = [one for one in made_by.bases if not (isinstance(one, External) and one.short in ("object", "ABC"))]
    return all(isinstance(one, Class) and is_plain(one) for one in bases)


def _name(function: Function) -> str:
    return getattr(function.node, "name", "")


def _names(function: Function) -> set[str]:
    """What a function calls by a name or as a member."""
    nodes = [one.func for one in ast.walk(function.node) if isinstance(one, ast.Call)]
    return {getattr(one, "attr", getattr(one, "id", "")) for one in nodes}
