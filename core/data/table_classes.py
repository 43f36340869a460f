"""The class of each row: what stands for no class, for several at once, or for one number in two spellings."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

MISSING = frozenset({"", "nan", "-nan", "n/a", "#n/a", "na", "#na", "<na>", "null", "nat"})
"""Cells in small letters that programs write where there is no value; `none` and `unknown` may be classes."""

_SEPARATORS = ("|", ";", ",", "/", "+", "&", " ")
_OBJECT = re.compile(r'\{\s*(?:"[^":{}]*"\s*:\s*"([^":{},]*)")?\s*\}')  # `{"class": "cat"}`, as VIA writes it
_AROUND = " []()'\""  # of a list that was written as text


def is_missing(cell: str) -> bool:
    """Whether a cell says that there is no value."""
    return cell.lower() in MISSING


def row_classes(cells: Sequence[str], known: Iterable[str]) -> list[str | None]:
    """The class of each row; `""` where there is none, None where there are several.

    Args:
        cells: Of the column with the class.
        known: The same column of all tables of a dataset.
    """
    known = list(known)
    if any(map(_OBJECT.fullmatch, known)) and all(is_missing(cell) or _OBJECT.fullmatch(cell) for cell in known):
        return [(match[1] or "").strip() if (match := _OBJECT.fullmatch(cell)) else "" for cell in cells]
    texts = {cell for cell in known if not is_missing(cell)}
    single = {text.strip(_AROUND) for text in texts}
    joined = Counter(piece for text in texts if "|" in text for piece in set(_pieces(text, "|")))
    found: dict[str, str | None] = {}
    for cell in set(cells):
        several = any(_is_several(cell, separator, single, joined) for separator in _SEPARATORS)
        found[cell] = "" if is_missing(cell) else None if several else _one_spelling(cell, texts)
    return [found[cell] for cell in cells]


def _is_several(cell: str, separator: str, single: set[str], joined: Counter[str]) -> bool:
    """Whether all pieces of a cell are classes of their own; with a bar, whether any of them comes again."""
    pieces = _pieces(cell, separator) if separator in cell else []
    if len(set(pieces)) < 2:
        return False
    if separator == "|":
        return any(piece in single or joined[piece] > 1 for piece in pieces)
    return all(piece in single for piece in pieces)


def _pieces(cell: str, separator: str) -> list[str]:
    return [piece for part in cell.split(separator) if (piece := part.strip(_AROUND))]


def _one_spelling(cell: str, texts: set[str]) -> str:
    """`1` for `1.0` where both are there, as a column has them of which some rows were read as numbers."""
    whole = re.fullmatch(r"(-?\d+)\.0+", cell)
    return whole[1] if whole and whole[1] in texts else cell
