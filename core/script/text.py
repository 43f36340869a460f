"""Parses the text of a pasted script or notebook into a syntax tree; one sentence where that fails."""

import ast
import io
import re
import tokenize
import warnings
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from core.errors import DataError
from core.script.notebook import Cell, is_notebook, read_cells

LONGEST = 300_000
"""Characters; scripts in forums have a few thousand, and a tree takes a few hundred bytes for each."""

LARGEST = 10_000_000
"""Bytes of a file: a notebook holds its images, too, and each character of a script may take four."""

DEEPEST = 100
"""Levels of the syntax tree: whatever reads it by recursion stays far from Python's own limit."""

MOST_PARTS = 50_000
"""Nodes of the syntax tree; a script of 1,000 lines has a third of that."""

_MAGIC = re.compile(r"^([ \t]*+)(?:[%!?].*|[\w.]++\?\??[ \t]*+|\w[\w, \t]*+=[ \t]*+[%!].*)$", re.MULTILINE)
"""Lines that a notebook knows and Python does not: `%matplotlib inline`, `!pip ...`, `fit?`, `files = !ls`."""

_TABS = re.compile(r"^ {0,99}\t[ \t]{0,99}", re.MULTILINE)
"""Tabs that indent, which may stand beside spaces; whoever indents by more is refused as too deep."""

_MARKS = ((b"\xff\xfe\0\0", "utf-32"), (b"\0\0\xfe\xff", "utf-32"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
"""What other encodings of Unicode begin with; the longer marks first."""

_ENCODINGS = re.compile(
    r"utf-?(8|8-sig|16|32)|ascii|iso-8859-\d+|(cp|windows-)\d+|shift_?jis|euc[-_](jp|kr)|gb(k|2312|18030)|big5|koi8[-_][ru]",
    re.IGNORECASE,
)
"""Those that people save scripts in. Python knows others, which are no text or take the square of a text's length."""


@dataclass(frozen=True)
class Source:
    """A script's text and its tree.

    Attributes:
        name: What to call it in messages.
        tree: Of the whole; a notebook's cells stand one behind the other.
        lines: Those that the tree was made from.
        left_out: By line: what was left out, a notebook's commands among it.
        starts: The line before the first of each code cell; empty where it is no notebook.
    """

    name: str
    tree: ast.Module
    lines: list[str]
    left_out: dict[int, str] = field(default_factory=dict)
    starts: tuple[int, ...] = ()

    @cached_property
    def encoded(self) -> list[bytes]:
        """The lines in bytes, as the tree counts columns; a line may be long and is asked for often."""
        return [line.encode(errors="replace") for line in self.lines]

    def cell(self, line: int) -> tuple[int, int]:
        """The code cell of a line, from 1 on, and the line's number in it; cell 0 where it is no notebook."""
        cell = bisect_right(self.starts, line - 1)
        return (cell, line - self.starts[cell - 1]) if cell else (0, line)

    def where(self, line: int) -> str:
        """`line 7`, or `cell 3, line 7` of a notebook."""
        return place_of(self.entry(line))

    def entry(self, line: int) -> dict[str, int]:
        """`{"line": 7}`, with the `cell` of a notebook, as a record says it."""
        cell, line = self.cell(line)
        return {"cell": cell, "line": line} if cell else {"line": line}


def place_of(one: Mapping[str, Any]) -> str:
    """Where an entry of a record stands, in a sentence's words: its `line`, and its `cell` where it has one."""
    return f"cell {one['cell']}, line {one['line']}" if "cell" in one else f"line {one['line']}"


def is_too_large(content: bytes, name: str) -> bool:
    """Whether a file is too large whatever is in it; a notebook may be larger, as it holds images."""
    notebook = name.lower().endswith(".ipynb") or content[:100].lstrip().startswith(b"{")
    return len(content) > (LARGEST if notebook else 4 * LONGEST)


def decode(content: bytes, name: str) -> str:
    """A file's bytes as text: UTF-8, or what its first bytes or its `coding:` line say.

    Raises:
        DataError: it is not text in that encoding, or the encoding is not known; one sentence.
    """
    encoding = next((encoding for mark, encoding in _MARKS if content.startswith(mark)), "")
    try:
        encoding = encoding or tokenize.detect_encoding(io.BytesIO(content[:2000]).readline)[0]
        return content.decode(encoding) if _ENCODINGS.fullmatch(encoding) else _decode_utf8(content, name)
    except UnicodeDecodeError as error:
        raise DataError(f"{name} is not text in {encoding.upper()}: {error.reason}; save it as UTF-8") from error
    except (SyntaxError, LookupError, ValueError):
        return _decode_utf8(content, name)


def _decode_utf8(content: bytes, name: str) -> str:
    """For what names an encoding that Python does not know, or whose first lines are no text in it."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{name} is not text in UTF-8: {error.reason}; save it as UTF-8") from error


def parse(text: str, name: str) -> Source:
    """Reads a script's text, or the code cells of a notebook.

    Args:
        text: str. As pasted; a common indentation and lines of a notebook that begin with `%` or `!` do no harm.
        name: str. What to call it in a message.

    Raises:
        DataError: one sentence, with the line where there is one.
    """
    name = " ".join(name.split())[:100] or "the script"
    text = text.removeprefix("\ufeff")
    notebook = is_notebook(text, name)
    if len(text) > (LARGEST if notebook else LONGEST):
        raise DataError(_too_long(name, f"{len(text):,} characters"))
    cells = read_cells(text, name) if notebook else [Cell(text)]
    if (length := sum(len(cell.text) for cell in cells)) > LONGEST:
        raise DataError(_too_long(name, f"{length:,} characters"))
    source = _join(cells, name, notebook=notebook)
    _check_size(source.tree, name)
    return source


def _too_long(name: str, what: str) -> str:
    return f"{name} has {what}; paste the part that trains, at most {LONGEST:,} characters"


def _join(cells: list[Cell], name: str, *, notebook: bool) -> Source:
    """One tree of all cells. A cell of a notebook that is no Python is left out; a script that is none is refused."""
    starts: list[int] = []
    source = Source(name, ast.Module([], []), [])
    refused: DataError | None = None
    for cell in cells:
        starts.append(len(source.lines))
        try:
            part = _parse_cell(cell, name, f"cell {len(starts)}, " if notebook else "")
        except DataError as error:
            if not notebook:
                raise
            refused = refused or error
            part = Source(name, ast.Module([], []), _lines(cell.text), {1: _of_cell(error, name)})
        if source.lines:
            ast.increment_lineno(part.tree, len(source.lines))
        source.tree.body.extend(part.tree.body)
        source.left_out.update({line + len(source.lines): text for line, text in part.left_out.items()})
        source.lines.extend(part.lines)
    if refused is not None and not source.tree.body:
        raise refused
    return Source(name, source.tree, source.lines, source.left_out, tuple(starts) if notebook else ())


def _of_cell(error: DataError, name: str) -> str:
    return str(error).removeprefix(name).lstrip(", ")


def _dedent(lines: list[str]) -> list[str]:
    """The lines without the indentation they share; `textwrap.dedent` compiles a pattern as long as that is."""
    margin = min((len(line) - len(line.lstrip(" ")) for line in lines if line.strip()), default=0)
    return [line[margin:] if line.strip() else "" for line in lines] if margin else lines


def _lines(text: str) -> list[str]:
    return text.split("\n")


def _parse_cell(cell: Cell, name: str, where: str) -> Source:
    """The tree of one cell, or of a whole script."""
    if cell.command:
        return Source(name, ast.Module([], []), _lines(cell.text), {1: cell.command})
    if "\0" in cell.text:
        raise DataError(f"{name} is not program text: it holds null bytes; paste the script's text")
    text = cell.text.replace("\r\n", "\n").replace("\r", "\n")
    lines = _dedent(_lines(_TABS.sub(lambda found: found[0].expandtabs(8), text)))
    text = "\n".join(lines)
    try:
        return Source(name, _tree(text, name), lines)
    except SyntaxError:
        numbers = [number for number, line in enumerate(lines, 1) if _MAGIC.match(line)]
        commands = {k: f"{lines[k - 1].strip()[:200]}: a notebook's command" for k in numbers}
        text = magic_lines(text)
        if (mended := _mended(text)) is not None:
            return Source(name, mended[0], lines, {**commands, mended[1]: mended[2]})
        tree = _tree_or_sentence(text, name, where)
    return Source(name, tree, lines, commands)


def magic_lines(text: str) -> str:
    """A text in which lines that only a notebook knows are `pass`; every line keeps its number."""
    return _MAGIC.sub(r"\1pass", text)


_CLOSES = {"(": ")", "[": "]", "{": "}"}

_MOST_MENDED = 4
"""Lines at whose end a bracket is tried."""


def _mended(text: str) -> tuple[ast.Module, int, str] | None:
    """The tree with the one bracket closed that was left open: its line, and what to say; None where that is not it."""
    try:
        _tree(text, "")
    except SyntaxError as error:
        found, first = re.match(r"'([(\[{])' was never closed", error.msg or ""), error.lineno or 0
    except DataError:
        return None
    else:
        return None
    if found is None or not first:
        return None
    lines = text.split("\n")
    for k in range(first - 1, min(first - 1 + _MOST_MENDED, len(lines))):
        if lines[k].rstrip().endswith(("(", "[", "{", ",")) or not lines[k].strip():
            continue
        closed = [*lines[:k], lines[k] + _CLOSES[found[1]], *lines[k + 1 :]]
        try:
            tree = _tree("\n".join(closed), "")
        except (SyntaxError, DataError):
            continue
        return (
            tree,
            first,
            f"'{found[1]}' is never closed; read as if {_CLOSES[found[1]]} stood at the end of line {k + 1}",
        )
    return None


def _tree_or_sentence(text: str, name: str, where: str) -> ast.Module:
    try:
        return _tree(text, name)
    except SyntaxError as error:
        line = f", {where}line {error.lineno}" if error.lineno else ""
        if "print" in (error.msg or "") and "parentheses" in (error.msg or ""):
            raise DataError(
                f"{name}{line}: this is Python 2 (print without parentheses); write print(...), then give it again"
            ) from error
        raise DataError(f"{name}{line}: this is not Python 3: {error.msg}; repair the line, then give it again") from (
            error
        )


def _tree(text: str, name: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of another's strings such as "C:\data"
            return ast.parse(text)
    except SyntaxError:
        raise
    except ValueError as error:
        raise DataError(f"{name} is not program text: {error}; paste the script's text") from error
    except (RecursionError, MemoryError) as error:
        raise DataError(_too_deep(name)) from error


def _check_size(tree: ast.Module, name: str) -> None:
    level, count = list[ast.AST]([tree]), 0
    for _ in range(DEEPEST):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        count += len(level)
        if count > MOST_PARTS:
            raise DataError(f"{name} has more than {MOST_PARTS:,} names, values and calls; paste the part that trains")
        if not level:
            return
    raise DataError(_too_deep(name))


def _too_deep(name: str) -> str:
    return f"{name} is nested more than {DEEPEST} levels deep; paste only the part that trains"
