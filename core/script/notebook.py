"""The code cells of a Jupyter notebook, as far as they are Python."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from core.errors import DataError

MOST_CELLS = 5_000
"""Of all kinds; notebooks have some tens."""

_PYTHON = ("time", "timeit", "capture", "prun")
"""Commands for a whole cell behind which Python follows."""

_COMMAND = re.compile(r"\s*%%(\w+)[^\n]*")


@dataclass(frozen=True)
class Cell:
    """A cell's text; `command` says why it is left out, where it is no Python."""

    text: str
    command: str = ""


def is_notebook(text: str, name: str) -> bool:
    """Whether a text is a notebook's file: by its name, or a JSON object that has cells."""
    begins = text[:100].lstrip().startswith("{")
    return name.lower().endswith(".ipynb") or (begins and ('"cells"' in text or '"worksheets"' in text))


def read_cells(text: str, name: str) -> list[Cell]:
    """The code cells, in order.

    Raises:
        DataError: it is no notebook, or one in another language; one sentence.
    """
    try:
        record = json.loads(text)
    except (ValueError, RecursionError, MemoryError) as error:
        raise DataError(f"{name} is not a notebook: its text is not JSON; save it again, or paste its code") from error
    if not isinstance(record, dict):
        raise DataError(f"{name} is not a notebook: it has no cells; save it again, or paste its code")
    language = _language(record)
    if language not in ("", "python"):
        raise DataError(f"{name} is a notebook in {language[:40]}; only Python is read")
    cells = [_cell(text) for text in _code(record)]
    if not cells:
        raise DataError(f"{name} is a notebook without code cells; paste the code that trains")
    return cells


def code_of(text: str) -> list[str]:
    """The texts of the code cells, commands and all; of a notebook that `read_cells` has read."""
    return list(_code(json.loads(text)))


def with_code(text: str, cells: list[str]) -> str:
    """The notebook's file with other texts in its code cells; all else of it stays.

    Args:
        text: str. The notebook's file, which `read_cells` has read.
        cells: list of str. One text a code cell, in order.
    """
    record = json.loads(text)
    for cell, code in zip(_code_cells(record), cells, strict=True):
        key = "source" if "source" in cell else "input"
        cell[key] = code.splitlines(keepends=True) if isinstance(cell.get(key), list) else code
    return json.dumps(record, indent=1, ensure_ascii=False) + "\n"


def only_code(cells: list[str]) -> str:
    """A notebook's file of nothing but these code cells."""
    return json.dumps({"cells": [{"cell_type": "code", "source": code} for code in cells], "metadata": {}})


def _language(record: dict[str, Any]) -> str:
    told = _dict(record.get("metadata"))
    for part, key in (("language_info", "name"), ("kernelspec", "language")):
        if isinstance(language := _dict(told.get(part)).get(key), str):
            return "python" if language.lower() in ("python", "ipython") else " ".join(language.split()).lower()
    return ""


def _code(record: dict[str, Any]) -> Iterator[str]:
    for cell in _code_cells(record):
        source = cell.get("source", cell.get("input", ""))
        parts = source if isinstance(source, list) else [source]
        yield "".join(part for part in parts if isinstance(part, str))


def _code_cells(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The form of before 2015 keeps cells in a worksheet, and their text under `input`."""
    sheets = _list(record.get("worksheets"))[:1] or [record]
    for cell in _list(_dict(sheets[0]).get("cells"))[:MOST_CELLS]:
        if _dict(cell).get("cell_type") == "code":
            yield cell


def _cell(text: str) -> Cell:
    found = _COMMAND.match(text)
    if found is None:
        return Cell(text)
    if found[1] not in _PYTHON:
        return Cell(text, f"{found[0].strip()[:200]}: a cell that is not Python")
    # Its line stays, empty: the lines after it keep their numbers.
    return Cell(text[: found.start()] + "\n" * found[0].count("\n") + text[found.end() :])


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
