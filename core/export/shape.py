"""Schema rules for JSON from outside: nested rules; the first that does not fit is named.

A rule is a function of (value, where) that returns a complaint, or an empty string.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from core.data.file_names import display_name

Rule = Callable[[Any, str], str]

_LONGEST = 5000


def text(value: Any, where: str) -> str:
    """A string of at most 5,000 characters."""
    return "" if isinstance(value, str) and len(value) <= _LONGEST else f"{where} is not text"


def number(value: Any, where: str) -> str:
    """A finite number; True and False are none."""
    fits = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300
    return "" if fits else f"{where} is not a number"


def count(value: Any, where: str) -> str:
    """A whole number from 0 to 10**15."""
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 10**15
    return "" if fits else f"{where} is not a count"


def share(value: Any, where: str) -> str:
    """A number from 0 to 1."""
    return number(value, where) or ("" if 0 <= value <= 1 else f"{where} is not between 0 and 1")


def one_of(allowed: Collection[str]) -> Rule:
    """One of some words."""
    return lambda value, where: (
        "" if isinstance(value, str) and value in allowed else f"{where} is not one of the allowed values"
    )


def maybe(rule: Rule) -> Rule:
    """Null, or what the rule says."""
    return lambda value, where: "" if value is None else rule(value, where)


def each(rule: Rule, most: int = 1_000_000) -> Rule:
    """A list of at most `most` items that follow the rule."""

    def check(value: Any, where: str) -> str:
        if not isinstance(value, list) or len(value) > most:
            return f"{where} is not a list of at most {most:,} items"
        return next((said for k, item in enumerate(value) if (said := rule(item, f"{where}[{k}]"))), "")

    return check


def fields(rules: Mapping[str, Rule], optional: Mapping[str, Rule] | None = None) -> Rule:
    """An object with these keys, perhaps with the optional ones; what else is in it only has to be plain."""
    known = {**rules, **(optional or {})}

    def check(value: Any, where: str) -> str:
        if not isinstance(value, dict):
            return f"{where} is not an object"
        if missing := [key for key in rules if key not in value]:
            return f"{where} lacks {missing[0]}"
        for key, item in value.items():
            if said := known.get(key, plain)(item, f"{where}.{display_name(str(key))}"):
                return said
        return ""

    return check


def mapping(rule: Rule, most: int = 1000) -> Rule:
    """An object with any keys of at most 5,000 characters, whose values follow the rule."""

    def check(value: Any, where: str) -> str:
        if not isinstance(value, dict) or len(value) > most or any(len(key) > _LONGEST for key in value):
            return f"{where} is not an object with at most {most:,} keys"
        return next((said for item in value.values() if (said := rule(item, f"{where}.(…)"))), "")

    return check


def plain(value: Any, where: str, depth: int = 6) -> str:
    """Any JSON value, nested at most six deep."""
    if isinstance(value, dict | list):
        if depth == 0:
            return f"{where} is nested too deeply"
        items = value.values() if isinstance(value, dict) else value
        return next((said for item in items if (said := plain(item, where, depth - 1))), "")
    if value is None or isinstance(value, bool) or (isinstance(value, str) and len(value) <= _LONGEST):
        return ""
    return number(value, where)
