"""A script or a notebook as one text that can be edited by line and column, and back again."""

import ast
import difflib
import re
from collections.abc import Iterable, Iterator, Sequence

from core.script.notebook import code_of, is_notebook, only_code, with_code
from core.script.text import magic_lines

_MARK = "# ---- cell {} ----"
_MARKED = re.compile(r"^# ---- cell \d+ ----\n", re.MULTILINE)


class Editable:
    """A script, or the code cells of a notebook one behind the other with a comment before each.

    Args:
        text: str. The file, which the reader has read.
        name: str. What it is called.

    Attributes:
        flat: str. The one text.
    """

    def __init__(self, text: str, name: str) -> None:
        self.name, self._text = name, text
        self._cells = code_of(text) if text and is_notebook(text, name) else []
        self.flat = _flat(self._cells) if self._cells else text

    def lines(self, places: Iterable[Sequence[int]]) -> list[int]:
        """Lines of the one text, of pairs of a code cell (0 where it is no notebook) and the line in it."""
        starts = [0]
        for code in self._cells:
            starts.append(starts[-1] + 2 + code.count("\n"))
        return [line + (starts[cell - 1] + 1 if 0 < cell < len(starts) else 0) for cell, line in places]

    def for_reader(self, flat: str) -> str:
        """An edited text as the reader takes it; of a notebook its code alone, as it is read many times."""
        return only_code(_split(flat)) if self._cells else flat

    def file(self, flat: str) -> str:
        """The file with an edited text in it; of a notebook all else stays."""
        return with_code(self._text, _split(flat)) if self._cells else flat


def _flat(cells: Sequence[str]) -> str:
    return "\n".join(f"{_MARK.format(number)}\n{code}" for number, code in enumerate(cells, 1))


def _split(flat: str) -> list[str]:
    parts = _MARKED.split(flat)[1:]
    return [part.removesuffix("\n") for part in parts[:-1]] + parts[-1:]


def tree_of(flat: str) -> ast.Module:
    """The tree of a text whose commands of a notebook are passed over; each line keeps its number.

    Raises:
        SyntaxError: it is no Python all the same.
    """
    try:
        return ast.parse(flat)
    except SyntaxError:
        pieces = re.split(r"(^# ---- cell \d+ ----\n)", flat, flags=re.MULTILINE)
        return ast.parse("".join(_readable(piece) for piece in pieces))


def _readable(code: str) -> str:
    """Commands as `pass`; a cell that is no Python as empty lines."""
    passed = magic_lines(code)
    try:
        ast.parse(passed)
    except SyntaxError:
        return "\n" * code.count("\n")
    return passed


def unified_diff(name: str, before: str, after: str) -> str:
    """What `patch` takes; of a notebook one diff a code cell, which is for reading. Empty where nothing was changed."""
    if not is_notebook(before, name):
        return "".join(_diff(name.lstrip("/"), before, after))
    cells = zip(code_of(before), code_of(after), strict=True)
    return "".join(
        line
        for number, (old, new) in enumerate(cells, 1)
        for line in _diff(f"{name.lstrip('/')} cell {number}", old, new)
    )


def _diff(name: str, before: str, after: str) -> Iterator[str]:
    olds, news = (
        [(one if one.endswith("\n") else f"{one}\n") for one in text.splitlines(keepends=True)]
        for text in (before, after)
    )
    return difflib.unified_diff(olds, news, f"a/{name}", f"b/{name}", n=1)
