"""Splits the data files of whole scripts: `=== name` begins a script, `#%%` a notebook's cell, `# FAULT id` a fault."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

SCRIPTS = Path(__file__).parent / "scripts"
_FAULT = re.compile(r"\s*# FAULT ([a-z0-9 -]+)$")


@dataclass(frozen=True)
class Example:
    """A whole script: its text as read, and the findings any one of which names its fault, by cell and line."""

    name: str
    text: str
    faults: frozenset[tuple[str, int, int]]


def examples(file: str) -> list[Example]:
    """The scripts of a data file."""
    whole = (SCRIPTS / file).read_text(encoding="utf-8")
    return [_example(*part.split("\n", 1)) for part in re.split(r"^=== ", whole, flags=re.MULTILINE)[1:]]


def _example(name: str, text: str) -> Example:
    is_notebook = name.endswith(".ipynb")
    cells = text.split("#%%\n") if is_notebook else [text]
    faults, clean = set(), []
    for number, cell in enumerate(cells, 1):
        lines = cell.split("\n")
        for k, line in enumerate(lines, 1):
            if found := _FAULT.search(line):
                faults |= {(id, number if is_notebook else 0, k) for id in found[1].split()}
                lines[k - 1] = line[: found.start()]
        clean.append("\n".join(lines))
    return Example(name, _notebook(clean) if is_notebook else clean[0], frozenset(faults))


def _notebook(cells: list[str]) -> str:
    return json.dumps({"cells": [{"cell_type": "code", "source": cell} for cell in cells], "metadata": {}})
