"""CSV files: written so that a spreadsheet opens them and runs nothing in them, and read back as they were.

A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula, and such a name may come from whoever
gives a file; an apostrophe in front keeps it text. The mark at the beginning (BOM) tells Excel that it is UTF-8.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

ENCODING = "utf-8-sig"
"""UTF-8 with the mark at the beginning; reading by it takes files without the mark, too."""

_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")
_ESCAPED = re.compile(r"''*[=+\-@\t\r\n]")


def safe_cell(text: str) -> str:
    """A text as a cell that no spreadsheet runs; `plain_cell` gives the text again."""
    return f"'{text}" if _FORMULA.match(text) else text


def plain_cell(cell: str) -> str:
    """The text of which `safe_cell` has made this cell."""
    return cell[1:] if _ESCAPED.match(cell) else cell


def csv_text(rows: Iterable[Sequence[str]]) -> str:
    """Rows of texts as CSV, each cell safe; without the mark at the beginning."""
    out = io.StringIO()
    csv.writer(out).writerows([safe_cell(cell) for cell in row] for row in rows)
    return out.getvalue()


def csv_bytes(text: str) -> bytes:
    """CSV text as the bytes of a file, with the mark; what is no valid text is escaped."""
    return text.encode(ENCODING, errors="backslashreplace")


def read_csv(path: Path) -> list[list[str]]:
    """The rows of a CSV file as they were before `csv_text`.

    Raises:
        OSError, UnicodeDecodeError, csv.Error: it cannot be read, or is no CSV.
    """
    with path.open(newline="", encoding=ENCODING) as file:
        return [[plain_cell(cell) for cell in row] for row in csv.reader(file)]
