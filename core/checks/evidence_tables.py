"""The evidence of a finding as small tables, in the words of the form."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.checks.in_words import form_words
from core.stats.digits import digits

_NOTHING = "–"

_WORDS = {"auc": "AUC", "val": "validation", "train": "training", "std": "standard deviation", "pictures": "images"}
"""Parts of keys as the pages say them."""

Rows = list[dict[str, str]]


def evidence_tables(evidence: Mapping[str, Any]) -> list[tuple[str, Rows]]:
    """Tables as (name, rows); that of the single values comes first and has no name."""
    single = [{"Measured": _name(key), "Value": _value(value)} for key, value in evidence.items() if not _many(value)]
    several = [(_name(key), _rows(value)) for key, value in evidence.items() if _many(value)]
    return [*([("", single)] if single else []), *several]


def _many(value: Any) -> bool:
    """Whether a value takes a table of its own; a few numbers or words fit into a cell."""
    if isinstance(value, Mapping):
        return bool(value)
    if not isinstance(value, (list, tuple)):
        return False
    return len(value) > 4 or any(isinstance(one, (Mapping, list, tuple)) for one in value)


def _rows(value: Any) -> Rows:
    if isinstance(value, Mapping):
        return [{"": str(key), **_cells(one, named=False)} for key, one in value.items()]  # names of classes or parts
    return [_cells(one, named=True) for one in value]


def _cells(value: Any, *, named: bool) -> dict[str, str]:
    if isinstance(value, Mapping):
        return {_name(str(key)) if named else str(key): _value(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)) and len(value) <= 12:
        return {str(number): _value(one) for number, one in enumerate(value, 1)}
    return {"Value": _value(value)}


def _value(value: Any) -> str:
    if value in (None, "", [], ()):
        return _NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return digits(value, 4) if isinstance(value, float) else f"{value:,}"
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {_value(one)}" for key, one in value.items())
    several = isinstance(value, Sequence) and not isinstance(value, str)
    return ", ".join(_value(one) for one in value) if several else str(value)


def _name(key: str) -> str:
    """`val_auc` is "Validation AUC"; names of files and classes stay as they are."""
    if not key.isidentifier() or key != key.lower():
        return form_words(key)
    words = " ".join(_WORDS.get(word, word) for word in key.split("_") if word)
    return words[:1].upper() + words[1:]
