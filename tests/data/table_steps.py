"""Writes tables of labels, and reads a folder that has some."""

import re
from pathlib import Path

import pytest

from core.data.scan import scan
from core.data.table_choice import remember_table, table_choice
from core.errors import DataError
from tests.data.layout_cases import build
from tests.data.table_cases import Case


def table(header: str, *lines: str) -> str:
    return "\n".join((header, *lines)) + "\n"


def listed(template: str, count: int, start: int = 0) -> list[str]:
    """A line for each number; `{c}` is a or b in turn, `{m}` the number in another order."""
    numbers = range(start, start + count)
    return [template.format(n=n, c="ab"[n % 2], m=(n * 7 + 3) % 20, s="MF"[n // 3 % 2], d=n % 3) for n in numbers]


def run_case(case: Case, tmp_path: Path) -> None:
    root = build(tmp_path / "data", case.tree)
    for file, text in case.tables.items():
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_bytes(text if isinstance(text, bytes) else text.encode())
    if case.refuses:
        with pytest.raises(DataError, match=case.refuses) as caught:
            scan(root)
        assert "\n" not in str(caught.value)
    else:
        index = scan(root)
        assert index.counts() == case.reads
        for says in case.says:
            assert re.search(says, " ".join(index.notes)), index.notes
    if case.flags:
        columns = {key: case.flags.get(key, "") for key in ("image", "label", "part", "group")}
        remember_table(root, table_choice(root, case.flags["table"], columns))
        assert scan(root).counts() == case.chosen
