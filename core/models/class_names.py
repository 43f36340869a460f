"""A model's class names as a person gives them: in one line with commas, or a file with one a line."""

import csv
import re
from pathlib import Path

from core.errors import ModelError

QUOTING = 'a name with a comma goes in double quotes: a,"b, large"'
"""The rule, for help texts."""

MOST_BYTES = 1_000_000

_NUMBERED = re.compile(r"(\d+)[ :,\t]+(.*)")


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
    """The names in a text file, one a line, blank ones left out; numbers before them (`0 cats`) are left away.

    Args:
        path: Path. UTF-8, such as Teachable Machine's labels.txt.

    Raises:
        ModelError: it cannot be read, is too large or no text.
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
        ModelError: it is too large or no text.
    """
    if len(content) > MOST_BYTES:
        raise ModelError(f"{source} has more than 1 MB; give a text file with one class a line")
    try:
        lines = [line.strip() for line in content.decode("utf-8-sig").splitlines() if line.strip()]
    except UnicodeDecodeError as error:
        raise ModelError(f"{source} is not UTF-8 text; save it as UTF-8, with one class a line") from error
    numbered = [_NUMBERED.fullmatch(line) for line in lines]
    if lines and all(found and int(found[1]) == k for k, found in enumerate(numbered)):
        return [found[2].strip() for found in numbered if found]
    return lines
