"""A model's class names as a person gives them: in one line with commas, or a file with one a line."""

import csv
import json
import re
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path

from core.errors import ModelError

QUOTING = 'a name with a comma goes in double quotes: a,"b, large"'
"""The rule, for help texts."""

MOST_BYTES = 1_000_000

_NUMBERED = (
    re.compile(r"(?P<number>\d{1,9})[ :,.)\t]+(?P<name>.*\S)"),
    re.compile(r"(?P<name>.*\S)\s*[:=\t]\s*(?P<number>\d{1,9}),?"),
)
"""A line with the number of its class before it, and with the number behind it."""

_LONGEST_LINE = 10_000  # characters; a pattern may take the square of it
_PLACE = re.compile(r"\d{1,9}")


def split_classes(text: str) -> list[str]:
    """The names in a line, blank ones left out; those with commas stand in double quotes.

    Args:
        text: Such as `cats,dogs` or `"cat, black",dog`.

    Raises:
        ModelError: a quote is not closed, or there is more than one line.
    """
    try:
        rows = list(csv.reader([text.strip()], skipinitialspace=True, strict=True))
    except csv.Error as error:
        raise ModelError(f"the classes cannot be read ({error}); {QUOTING}") from error
    return [name.strip() for row in rows for name in row if name.strip()]


def read_classes(path: Path) -> list[str]:
    """The names in a text file, one a line, blank ones left out.

    Numbers that tell the places of the names (`0 cats`, `cats: 0`) order them and are left away. JSON may hold a list
    of names, or a table such as `class_indices` of Keras.

    Args:
        path: Path. UTF-8, such as Teachable Machine's labels.txt.

    Raises:
        ModelError: it cannot be read, is too large or no text, or its numbers leave the order open.
    """
    try:
        with path.open("rb") as file:
            return names_in(file.read(MOST_BYTES + 1), str(path))
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}; give a text file with one class a line") from error


def names_in(content: bytes, source: str) -> list[str]:
    """The names in a text, as `read_classes` takes them out of a file.

    Args:
        content: The text.
        source: Where it is from, for the message.

    Raises:
        ModelError: it is too large or no text, or its numbers leave the order open.
    """
    if len(content) > MOST_BYTES:
        raise ModelError(f"{source} has more than 1 MB; give a text file with one class a line")
    try:
        text = content.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise ModelError(f"{source} is not UTF-8 text; save it as UTF-8, with one class a line") from error
    if text.startswith(("{", "[")):
        return _of_json(text, source)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) == 1 and "," in lines[0]:
        raise ModelError(f"{source} has one line, {lines[0][:80]}; give one class a line")
    if long := next((line for line in lines if len(line) > _LONGEST_LINE), ""):
        raise ModelError(
            f"{source} has a line of {len(long):,} characters; give a text file with one class a line, of at most "
            f"{_LONGEST_LINE:,} characters"
        )
    for pattern in _NUMBERED:
        found = list(takewhile(bool, map(pattern.fullmatch, lines)))  # at the first that does not fit it is decided
        if lines and len(found) == len(lines):
            numbers = [int(one["number"]) for one in found if one]
            return _by_number([one["name"].strip() for one in found if one], numbers, source) or lines
    return lines


def _by_number(names: list[str], numbers: list[int], source: str) -> list[str]:
    """The names in the order of their numbers; none where the numbers are no places, such as in `10 cents`."""
    if len(set(names)) != len(names) or sorted(numbers) != list(range(min(numbers), min(numbers) + len(numbers))):
        return []
    if numbers == sorted(numbers):
        return names if numbers[0] in (0, 1) else []
    if min(numbers):
        raise ModelError(
            f"{source} numbers its lines {', '.join(map(str, numbers[:5]))}: whether that is the order of the outputs "
            "cannot be told; put the lines in that order, without numbers"
        )
    return [name for _, name in sorted(zip(numbers, names, strict=True))]


def _of_json(text: str, source: str) -> list[str]:
    """The names in a list, or in a table of names and their numbers."""
    told = f"{source} is no list of names and no table of names and numbers; give a text file with one class a line"
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelError(told) from error
    if isinstance(found, dict) and not all(isinstance(each, str | int) for each in found.values()):
        raise ModelError(told)
    if isinstance(found, dict) and all(_PLACE.fullmatch(key) for key in found):
        found = {name: int(key) for key, name in found.items()}  # {"0": "cats"}
    if isinstance(found, dict):
        numbers = list(found.values())
        if sorted(map(str, numbers)) != sorted(map(str, range(len(numbers)))):
            raise ModelError(told)
        found = sorted(found, key=lambda name: int(found[name]))
    if (
        not found
        or not isinstance(found, Sequence)
        or not all(isinstance(name, str) and name.strip() for name in found)
    ):
        raise ModelError(told)
    return [name.strip() for name in found]
