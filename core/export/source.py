"""Extracts from the program's own source the functions, constants and imports that a standalone script needs.

What a script does is then what the program does, as it is the same text. Flags are decided on the way: `if FLAG:` at
the beginning of a statement keeps one of its branches.
"""

import ast
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_LINT = re.compile(r"  # (?:type: ignore|noqa|fmt)\b.*$", re.MULTILINE)


@dataclass(frozen=True)
class Piece:
    """One statement at the top of a module.

    Attributes:
        names: What it defines.
        text: Its source, with the comment above it.
        needs: Every name that it mentions.
    """

    names: tuple[str, ...]
    text: str
    needs: frozenset[str]


def pieces_of(module: str, flags: Mapping[str, bool]) -> list[Piece]:
    """The definitions of a module of this program, in their order, with the flags decided.

    Args:
        module: Its path below the project, such as `core/stats/metrics.py`.
        flags: Names of flags and which branch of an `if` on them stays.
    """
    text = _LINT.sub("", _decided((ROOT / module).read_text(encoding="utf-8"), flags))
    tree, lines = ast.parse(text), text.splitlines()
    found: list[Piece] = []
    for node in tree.body:
        names = _defined(node)
        if names:
            found.append(Piece(names, _text(node, lines), _mentioned(node)))
        elif found and _is_words(node):  # below a constant, saying what it is
            last = found.pop()
            found.append(Piece(last.names, f"{last.text}\n{_text(node, lines)}", last.needs))
    return found


def imports_of(modules: Sequence[str], names: Collection[str]) -> list[str]:
    """The statements that bring these names, as far as the modules import them from elsewhere than this program."""
    whole: set[str] = set()
    parts: dict[str, set[str]] = {}
    for module in modules:
        for node in ast.parse((ROOT / module).read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Import):
                whole |= {ast.unparse(ast.Import([a])) for a in node.names if (a.asname or a.name) in names}
            elif isinstance(node, ast.ImportFrom) and not str(node.module).startswith("core"):
                wanted = {alias.name for alias in node.names if alias.name in names}
                parts[str(node.module)] = parts.get(str(node.module), set()) | wanted
    return [*sorted(whole), *(f"from {name} import {', '.join(sorted(p))}" for name, p in sorted(parts.items()) if p)]


def needed(pieces: Sequence[Piece], start: str, given: Mapping[str, object]) -> tuple[list[Piece], set[str]]:
    """The pieces that `start` reaches, in their order, and every name that they mention.

    Args:
        pieces: Of all modules; where two define a name the first holds.
        start: Name to begin with.
        given: Names that somebody else defines.
    """
    home: dict[str, Piece] = {}
    for piece in pieces:
        for name in piece.names:
            home.setdefault(name, piece)
    mentioned, todo, chosen = {start}, [start], set()
    while todo:
        name = todo.pop()
        if name in given or name not in home or home[name] in chosen:
            continue
        chosen.add(home[name])
        todo += home[name].needs - mentioned
        mentioned |= home[name].needs
    return [piece for piece in pieces if piece in chosen], mentioned


def _decided(text: str, flags: Mapping[str, bool]) -> str:
    """The text with every `if FLAG:` replaced by the branch that stays, and without what can no longer be reached."""
    while (found := _first_flag(ast.parse(text), flags)) is not None:
        node, kept, last = found
        lines = text.splitlines()
        body = _dedented(lines, kept, node.col_offset) if kept else []
        text = "\n".join([*lines[: node.lineno - 1], *body, *lines[last:]]) + "\n"
    return text


def _first_flag(tree: ast.Module, flags: Mapping[str, bool]) -> tuple[ast.If, list[ast.stmt], int] | None:
    """An `if` on a flag, the branch that stays, and the last line that goes: all that follows a branch that returns."""
    for body in _bodies(tree):
        for node in body:
            if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id in flags:
                kept = node.body if flags[node.test.id] else node.orelse
                returns = bool(kept) and isinstance(kept[-1], ast.Return)
                return node, kept, (body[-1] if returns else node).end_lineno or node.lineno
    return None


def _bodies(tree: ast.Module) -> Iterator[list[ast.stmt]]:
    """Every block of statements, from the outside inwards."""
    for parent in ast.walk(tree):
        for block in (getattr(parent, "body", None), getattr(parent, "orelse", None)):
            if isinstance(block, list):
                yield block


def _dedented(lines: Sequence[str], body: Sequence[ast.stmt], column: int) -> list[str]:
    """The lines of a branch, moved to where its `if` stood."""
    first, last = _first_line(body[0], lines), body[-1].end_lineno or 0
    extra = body[0].col_offset - column
    return [line[extra:] if line[:extra].isspace() else line for line in lines[first:last]]


def _first_line(node: ast.stmt, lines: Sequence[str]) -> int:
    """Index of a statement's first line, with the decorators and the comment above it."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(d.lineno for d in decorators)]) - 1
    while first > 0 and lines[first - 1].lstrip().startswith("#"):
        first -= 1
    return first


def _text(node: ast.stmt, lines: Sequence[str]) -> str:
    return "\n".join(lines[_first_line(node, lines) : node.end_lineno])


def _defined(node: ast.stmt) -> tuple[str, ...]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return (node.name,)
    if isinstance(node, ast.Assign):
        return tuple(n.id for target in node.targets for n in ast.walk(target) if isinstance(n, ast.Name))
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return (node.target.id,)
    return ()


def _is_words(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _mentioned(node: ast.stmt) -> frozenset[str]:
    return frozenset(n.id for n in ast.walk(node) if isinstance(n, ast.Name))
