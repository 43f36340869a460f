"""JSON values from outside, bounded: texts that can be shown, numbers that can be written out, nesting with an end."""

import json
from typing import Any

from core.files import json_values

LONGEST_TEXT = 20_000
"""Characters of a text in a small record; what is longer is cut, as errors of libraries can have any length."""

DEEPEST = 12
"""Levels to which lists and objects of a small record may be nested."""

MOST_VALUES = 12_000_000
"""Values of one record; a manifest of a million images has ten million."""

LARGEST_NUMBER = 10**15
"""No count and no time is larger; one with thousands of digits could not even be written out."""


class Damaged(ValueError):
    """A record is none of its kind; the message is a part of a sentence."""


def parsed(content: bytes | str) -> Any:
    """The JSON value of a text; not-a-number and infinity, which JSON has no word for, become None.

    Raises:
        Damaged: it is not JSON, or has too many values.
    """
    if json_values(content) > MOST_VALUES:
        raise Damaged(f"it has more than {MOST_VALUES:,} values")
    try:
        return json.loads(content, parse_constant=lambda _: None)
    except (ValueError, RecursionError) as error:
        raise Damaged("it is not JSON") from error


def tamed(value: Any, depth: int = DEEPEST) -> Any:
    """A copy of a JSON value whose texts can be shown and whose numbers can be written out.

    Raises:
        Damaged: it is nested too deeply, or has too large a number.
    """
    if isinstance(value, str):
        return displayable(value)
    if isinstance(value, dict | list):
        if not depth:
            raise Damaged(f"it is nested more than {DEEPEST} deep")
        if isinstance(value, list):
            return [tamed(item, depth - 1) for item in value]
        return {displayable(key): tamed(item, depth - 1) for key, item in value.items()}
    if isinstance(value, int) and abs(value) > LARGEST_NUMBER:
        raise Damaged("it has a whole number of more than 15 digits")
    if isinstance(value, float) and value - value != 0:
        return None
    return value


def displayable(text: str) -> str:
    """A text that any page and terminal can show: half a character of UTF-16 is a question mark, the length bounded."""
    text = text[:LONGEST_TEXT]
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
