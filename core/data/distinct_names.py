"""Names of classes that cannot be shown, stored or told apart are refused."""

import unicodedata
from collections.abc import Iterable

from core.data.file_names import display_name
from core.errors import DataError

LONGEST = 255
"""Most characters of a class's name."""


def check_class_name(name: str) -> None:
    """Refuses names that cannot be shown or stored.

    Raises:
        DataError: if `name` is blank, longer than 255 characters or has control or undecodable characters.
    """
    if not name.strip():
        raise DataError("A class folder has a blank name; rename it.")
    shown = display_name(name)
    if len(name) > LONGEST:
        raise DataError(f"The class name {shown} has {len(name)} characters; at most {LONGEST} are allowed.")
    if not can_be_shown(name):
        raise DataError(f"The class name {shown} has characters that cannot be shown; rename the folder.")


def can_be_shown(name: str) -> bool:
    """Whether a name has no control character, no line break and no half of a character."""
    return not any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in name)


def check_distinct(names: Iterable[str]) -> None:
    """Refuses names that differ only in case, blanks or how an accent is stored, as one of two computers mixes them up.

    Raises:
        DataError: naming the first such pair.
    """
    seen: dict[str, str] = {}
    for name in names:
        key = unicodedata.normalize("NFC", unicodedata.normalize("NFC", _seen(name)).casefold())
        if seen.setdefault(key, name) != name:
            raise DataError(
                f"The classes {seen[key]} and {name} look the same (case, blanks, or the way an accent is "
                "stored); rename one or merge them."
            )


def _seen(name: str) -> str:
    """A name without what is not seen: marks of no width, and which blanks it has."""
    return " ".join("".join(c for c in name if unicodedata.category(c) != "Cf").split())
