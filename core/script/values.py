"""What a folded value may be, how large it may become, and typed answers of it: the one place that asks for a type.

A folded value is None, a bool, an int, a float, a text, a tuple of such values, or a `Table` of them. Each is finite,
bounded in size and depth, and hashable, so a set, a dict, `in`, repr or list of one costs little and never fails.
"""

import math
from dataclasses import dataclass
from typing import Any

from core.errors import DataError


class Unknown:
    """The value of an expression that only running the script would tell."""


UNKNOWN = Unknown()

LARGEST = 10**15
"""Numbers, either sign; counts and sizes in a script stay far below."""

LONGEST = 10_000
"""Characters of a text."""

MOST = 1_000
"""Values in one value, those inside it counted at every level; 64 characters of a text count as one."""

DEEPEST = 8
"""Levels of tuples and tables in one value."""

_ALL_STEPS = 300_000
"""Steps that the values of one script may take together: part of a second. 400 lines take some thousand."""

_DEEPEST_EXPRESSION = 100
"""Levels of expressions, the names that are followed among them: Python's own stack holds about ten times that."""


@dataclass(frozen=True)
class Table:
    """A dictionary of the script, unlike Python's own hashable: keys with their values, `UNKNOWN` among them."""

    items: tuple[tuple[str | int, Any], ...]

    def get(self, key: Any) -> Any:
        """The value of a key; `UNKNOWN` where the script writes none."""
        return next((value for known, value in reversed(self.items) if known == key), UNKNOWN)


class TrainingContext:
    """Counts what the values of one script cost, and ends the reading where they cost too much."""

    def __init__(self, steps: int = _ALL_STEPS) -> None:
        self.left, self.depth = steps, 0

    def spend(self, steps: int = 1) -> None:
        """Takes steps off what is left.

        Raises:
            DataError: nothing is left.
        """
        self.left -= steps
        if self.left < 0:
            raise DataError(
                "the values in this script take too many steps to work out; paste only the part that trains"
            )

    @property
    def is_deep(self) -> bool:
        """Whether the expression at hand stands as deep as any may."""
        return self.depth >= _DEEPEST_EXPRESSION


def bounded(value: Any, work: TrainingContext) -> Any:
    """The value itself where it is of a known type, finite, and small enough; else `UNKNOWN`."""
    size = _size(value, DEEPEST, MOST)
    work.spend(max(1, size))
    return value if 0 < size <= MOST else UNKNOWN


def bounded_number(value: Any) -> Any:
    """A finite number that is not too large; `UNKNOWN` for anything else, however many digits it has."""
    if isinstance(value, float):
        return value if math.isfinite(value) and abs(value) <= LARGEST else UNKNOWN
    return value if isinstance(value, int) and -LARGEST <= value <= LARGEST else UNKNOWN


def as_number(value: Any) -> int | float | None:
    """A whole number or another; None for anything else, and True is no number."""
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def as_int(value: Any) -> int | None:
    """A whole number, be it written 20 or 20.0; None for anything else."""
    number = as_number(value)
    return int(number) if number is not None and number == int(number) else None


def as_text(value: Any) -> str | None:
    """A text; None for anything else."""
    return value if isinstance(value, str) else None


def as_bool(value: Any) -> bool | None:
    """True or False; None for anything else, 0 and 1 among them."""
    return value if isinstance(value, bool) else None


def as_pair(value: Any) -> tuple[int, int] | None:
    """The first two of a tuple or list of whole numbers, such as a size of images; None for anything else."""
    if not isinstance(value, tuple) or len(value) < 2:
        return None
    first, second = as_int(value[0]), as_int(value[1])
    return None if first is None or second is None else (first, second)


def as_texts(value: Any) -> tuple[str, ...]:
    """A text, or the texts of a tuple or list; empty where there is none."""
    parts = value if isinstance(value, tuple) else (value,)
    return tuple(part for part in parts if isinstance(part, str))


def as_tuple(value: Any) -> tuple[Any, ...] | None:
    """A tuple or list; None for anything else."""
    return value if isinstance(value, tuple) else None


def fitting(value: Any, kind: type) -> Any:
    """A value of a setting's own type.

    Args:
        value: A folded value.
        kind: type. Of the setting: bool, int, float or str.

    Returns:
        The value, or `UNKNOWN` where a setting of that type cannot have it, as a text that reads like a number.
    """
    found: Any = {bool: as_bool, int: as_number, float: as_number, str: as_text}[kind](value)
    return UNKNOWN if found is None else found


def _size(value: Any, depth: int, most: int) -> int:
    """Values in a value, itself among them; more than `most` where counting was given up, 0 for a type unknown here."""
    if isinstance(value, str):
        return 1 + len(value) // 64 if len(value) <= LONGEST else most + 1
    if value is None or isinstance(value, (bool, int, float)):
        return 1 if isinstance(value, bool) or value is None or bounded_number(value) is not UNKNOWN else 0
    parts = _parts(value)
    if parts is None or depth <= 0:
        return 0
    total = 1
    for part in parts:
        size = _size(part, depth - 1, most - total)
        if not size:
            return 0
        total += size
        if total > most:
            break
    return total


def _parts(value: Any) -> list[Any] | None:
    """What is inside a tuple or table; of a table its keys, too, and an unknown value counts as its key alone."""
    if isinstance(value, tuple):
        return list(value[: MOST + 1])
    if not isinstance(value, Table):
        return None
    return [one for item in value.items[: MOST + 1] for one in item if one is not UNKNOWN]
