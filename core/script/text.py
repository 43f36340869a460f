"""Parses the text of a pasted script or notebook into a syntax tree; one sentence where that fails."""

import ast
import re
import textwrap
import warnings

from core.errors import DataError

LONGEST = 300_000
"""Characters; scripts in forums have a few thousand, and a tree takes a few hundred bytes for each."""

DEEPEST = 100
"""Levels of the syntax tree: whatever reads it by recursion stays far from Python's own limit."""

_MAGIC = re.compile(r"^(\s*)[%!].*$", re.MULTILINE)


def parse(text: str, name: str) -> tuple[ast.Module, list[str], list[int]]:
    """Reads a script's text.

    Args:
        text: str. As pasted; a common indentation and lines of a notebook that begin with `%` or `!` do no harm.
        name: str. What to call it in a message.

    Returns:
        The tree, the lines it was made from, and the numbers of the notebook lines that were left out.

    Raises:
        DataError: one sentence, with the line where there is one.
    """
    name = " ".join(name.split())[:100] or "the script"
    if len(text) > LONGEST:
        raise DataError(
            f"{name} has {len(text):,} characters; paste the part that trains, at most {LONGEST:,} characters"
        )
    if "\0" in text:
        raise DataError(f"{name} is no text of a program: it holds null bytes; paste the script's text")
    text = textwrap.dedent(text.removeprefix("\ufeff").expandtabs(8))
    magic: list[int] = []
    try:
        tree = _tree(text, name)
    except SyntaxError:
        magic = [text.count("\n", 0, found.start(1)) + 1 for found in _MAGIC.finditer(text)]
        tree = _tree_or_sentence(_MAGIC.sub(r"\1pass", text), name)
    _check_depth(tree, name)
    return tree, text.split("\n"), magic


def _tree_or_sentence(text: str, name: str) -> ast.Module:
    try:
        return _tree(text, name)
    except SyntaxError as error:
        line = f", line {error.lineno}" if error.lineno else ""
        if "print" in (error.msg or "") and "parentheses" in (error.msg or ""):
            raise DataError(
                f"{name}{line}: this is Python 2 (print without parentheses); write print(...), then paste it again"
            ) from error
        raise DataError(f"{name}{line}: this is not Python 3: {error.msg}; repair the line, then paste it again") from (
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
        raise DataError(f"{name} is no text of a program: {error}; paste the script's text") from error
    except (RecursionError, MemoryError) as error:
        raise DataError(_too_deep(name)) from error


def _check_depth(tree: ast.Module, name: str) -> None:
    level: list[ast.AST] = [tree]
    for _ in range(DEEPEST):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return
    raise DataError(_too_deep(name))


def _too_deep(name: str) -> str:
    return f"{name} is nested more than {DEEPEST} levels deep; paste only the part that trains"
