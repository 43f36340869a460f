"""Tables of labels as files: CSV, TSV, JSON, JSON lines and Parquet become rows of text, all of it bounded.

A table comes from elsewhere: its size, its rows, its columns and each of its cells are limited before they are used.
"""

import codecs
import csv
import io
import json
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path, PurePosixPath
from typing import Any

from core.data.file_names import display_name
from core.data.label_studio import image_and_choice
from core.data.parquet_rows import parquet_rows
from core.errors import DataError
from core.files import json_values

TABLE_EXTENSIONS = frozenset({".csv", ".tsv", ".tab", ".jsonl", ".ndjson", ".json", ".parquet"})
SPREADSHEET = "is a spreadsheet, which is not read; save its table as CSV"
_SPREADSHEETS = frozenset({".xlsx", ".xls", ".xlsm", ".xlsb", ".ods", ".numbers"})
MAX_BYTES = 200_000_000
MAX_ROWS = 500_000
MAX_COLUMNS = 2_000
MAX_CELLS = 20_000_000
MAX_VALUES = 5_000_000  # of a table in JSON; each takes some 60 bytes once it is read
MAX_LINE = 10_000_000  # characters; of the longest row that may be there, each cell of the longest kind
MAX_CELL = 4_096  # characters; a longer text is no path and no class
_MOST_OF_A_LIST = 100  # values of a list in JSON that become one cell, a bar between them
_SEPARATORS = ",;\t|"
_SAID = re.compile(r'"?sep=([,;\t|])"?[,;\t|]*(?:\r\n|\r|\n)', re.IGNORECASE)  # the first line for Excel; no row
_PIECE = 2**20
_LONG = 100  # characters
_STARTING = 500  # lines that are looked at before the rest is read
_SNIFFED = 20  # lines that decide on the separator
_DOUBT = "{name} is not UTF-8 and is read as cp1252 (western Europe); if its letters look wrong, save it as UTF-8."
_UNSEEN = " \t\r\n\v\f\u00a0\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"  # blanks, also those of no width


@dataclass(frozen=True)
class Table:
    """A table as text.

    Attributes:
        columns: Names, without spaces around them.
        rows: Cells by row, each row as long as `columns`.
        note: What is doubtful about how it was read, as a sentence; `""` if nothing is.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""

    def column(self, name: str) -> list[str]:
        """The cells of a column."""
        at = self.columns.index(name)
        return [row[at] for row in self.rows]


def is_table_name(name: str) -> bool:
    """Whether a file may be a table by its extension."""
    return PurePosixPath(name).suffix.lower() in TABLE_EXTENSIONS


def is_spreadsheet(name: str) -> bool:
    """Whether a file may be a spreadsheet by its extension, which is no table that is read."""
    return PurePosixPath(name).suffix.lower() in _SPREADSHEETS


def read_table(path: Path) -> Table:
    """Reads a table.

    Args:
        path: A file of one of `TABLE_EXTENSIONS`.

    Raises:
        DataError: it cannot be read, is too large, or is no table.
    """
    name, suffix = display_name(path.name), path.suffix.lower()
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise DataError(f"{name} is not a file; give the table.")
        if size > MAX_BYTES:
            raise DataError(f"{name} has {size / 1e6:,.0f} MB; a table may have {MAX_BYTES / 1e6:,.0f} MB at most.")
        if suffix == ".parquet":
            return _of_records(name, parquet_rows(path, name, MAX_ROWS, MAX_COLUMNS))
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{name} cannot be read: {error.strerror or error}.") from error
    code, sure = _code(data)
    if suffix == ".json":
        table = _of_records(name, _json_list(data.decode(code, "replace"), name))
    elif suffix in (".jsonl", ".ndjson"):
        table = _of_records(name, _json_lines(_lines(data, code, name), name))
    else:
        table = _of_cells(name, _cells(_lines(data, code, name), suffix))
        table = replace(table, note=_swallowed(table, data.count(b'"'), name))
    doubt = "" if sure else _DOUBT.format(name=name)
    return replace(table, note=" ".join(filter(None, (table.note, doubt))))


def _code(data: bytes) -> tuple[str, bool]:
    """UTF-8 with or without a mark, UTF-16 with one, else what Windows writes in western Europe; and whether it is."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16", True
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for at in range(0, len(data), _PIECE):
            decoder.decode(data[at : at + _PIECE])
        decoder.decode(b"", final=True)
    except UnicodeError:
        return "cp1252", False
    return "utf-8-sig", True


def _swallowed(table: Table, marks: int, name: str) -> str:
    """A sentence where a quotation mark opens a cell and is never closed: all lines behind it are in that cell."""
    last = next((cell for cell in reversed(table.rows[-1]) if cell), "")
    if "\n" not in last or marks % 2 == 0:
        return ""
    begin, lines = display_name(last.splitlines()[0][:40]), last.count("\n")
    return (
        f"In {name} a quotation mark before “{begin}” is never closed, so the {lines:,} lines behind it are read as "
        "one cell; close or remove it."
    )


def _lines(data: bytes, code: str, name: str) -> Iterator[str]:
    """The lines of a text with their ends, one at a time, and none longer than a row is.

    Raises:
        DataError: one of them is longer.
    """
    with io.TextIOWrapper(io.BytesIO(data), code, "replace", newline="") as text:
        while line := text.readline(MAX_LINE + 1):
            if len(line) > MAX_LINE:
                raise DataError(f"{name} is not a table: it has a line of more than {MAX_LINE:,} characters.")
            yield line.replace("\0", "")


def _cells(lines: Iterator[str], suffix: str) -> Iterator[list[str]]:
    start = list(islice(lines, _STARTING))
    if start and (said := _SAID.fullmatch(start[0])):
        return csv.reader(chain(start[1:], lines), delimiter=said[1], skipinitialspace=True)
    separator = "\t" if suffix in (".tsv", ".tab") else _separator("".join(start))
    return csv.reader(chain(start, lines), delimiter=separator, skipinitialspace=True)


def _separator(text: str) -> str:
    """The character that gives the first lines the same number of cells, and the most."""
    lines = [line for line in text[:100_000].splitlines() if line.strip()][:_SNIFFED]
    counts = {}
    for separator in _SEPARATORS:
        widths = [len(row) for row in csv.reader(lines, delimiter=separator, skipinitialspace=True)]
        counts[separator] = (
            (sum(width == widths[0] for width in widths), widths[0]) if widths and widths[0] > 1 else (0, 0)
        )
    best = max(_SEPARATORS, key=lambda separator: counts[separator])
    return best if counts[best][0] else ","


def _of_cells(name: str, cells: Iterator[list[str]]) -> Table:
    rows: list[tuple[str, ...]] = []
    columns: tuple[str, ...] = ()
    try:
        for number, row in enumerate(cells):
            if number > 2 * MAX_ROWS:  # blank lines are no rows, but take time
                raise DataError(f"{name} has more than {MAX_ROWS:,} rows; split it.")
            if not any(cell.strip() for cell in row):
                continue
            if not columns:
                columns = _columns(name, row)
                continue
            _check_count(name, len(rows), len(columns))
            padded = [*row[: len(columns)], *[""] * (len(columns) - len(row))]
            rows.append(tuple(cell.strip(_UNSEEN)[:MAX_CELL] for cell in padded))
    except csv.Error as error:
        raise DataError(f"{name} is not a table: {error}.") from error
    if not rows:
        raise DataError(f"{name} has no rows.")
    return Table(columns, tuple(rows))


def _of_records(name: str, records: Iterable[dict[str, Any]]) -> Table:
    listed: list[dict[str, str]] = []
    known: dict[str, None] = {}
    long, size = dict[str, str](), 0
    for record in records:
        known.update(dict.fromkeys(record))
        _check_count(name, len(listed), len(known))
        cells = {key: _text(value) for key, value in record.items()}
        for key, cell in cells.items():
            if len(cell) > _LONG:  # Parquet has the same text once, in whatever number of rows it stands
                cells[key] = long.setdefault(cell, cell)
                size += len(cell) if cells[key] is cell else 0
        if size > MAX_BYTES:
            raise DataError(f"{name} has more than {MAX_BYTES / 1e6:,.0f} MB of text; remove unneeded columns.")
        listed.append(cells)
    columns = _columns(name, list(known))
    if not listed or not columns:
        raise DataError(f"{name} has no rows.")
    return Table(columns, tuple(tuple(record.get(key, "") for key in known) for record in listed))


def _columns(name: str, cells: Sequence[str]) -> tuple[str, ...]:
    """Names of the columns, each of them once."""
    if len(cells) > MAX_COLUMNS:
        raise DataError(f"{name} has {len(cells):,} columns; at most {MAX_COLUMNS:,} are supported.")
    found: list[str] = []
    for number, cell in enumerate(cells, 1):
        title = str(cell).strip()[:MAX_CELL] or f"column {number}"
        found.append(title if title not in found else f"{title} ({number})")
    return tuple(found)


def _check_count(name: str, rows: int, columns: int) -> None:
    """Refuses one row more than is read; short rows are filled up, so that cells count too."""
    if rows >= MAX_ROWS:
        raise DataError(f"{name} has more than {MAX_ROWS:,} rows; split it.")
    if (rows + 1) * columns > MAX_CELLS:
        raise DataError(f"{name} has more than {MAX_CELLS:,} cells; remove unneeded columns.")


def _text(value: Any) -> str:
    """A cell as text; what is no plain value is none."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list) and value and all(isinstance(each, str) for each in value[:_MOST_OF_A_LIST]):
        return "|".join(each.strip(_UNSEEN) for each in value[:_MOST_OF_A_LIST])[:MAX_CELL]
    if isinstance(value, float) and not math.isfinite(value):
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    return str(value).strip(_UNSEEN)[:MAX_CELL] if isinstance(value, str | int | float) else ""


def _json_list(text: str, name: str) -> Iterator[dict[str, Any]]:
    parsed = _json(text, name)
    if not isinstance(parsed, list) or not all(isinstance(item, dict) for item in parsed):
        raise _no_records(name)
    return (image_and_choice(item) for item in parsed)


def _json_lines(lines: Iterator[str], name: str) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines):
        if number > 2 * MAX_ROWS:  # blank lines are no rows, but take time
            raise DataError(f"{name} has more than {MAX_ROWS:,} rows; split it.")
        if not line.strip():
            continue
        item = _json(line, name)
        if not isinstance(item, dict):
            raise _no_records(name)
        yield image_and_choice(item)


def _json(text: str, name: str) -> Any:
    if (values := json_values(text)) > MAX_VALUES:
        raise DataError(f"{name} has {values:,} values; a table may have {MAX_VALUES:,} at most.")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{name} is not JSON: {display_name(str(error))}.") from error


def _no_records(name: str) -> DataError:
    return DataError(f"{name} is not a table: it must be a list of objects, one for each image.")
