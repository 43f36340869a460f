"""Which rows of the table of runs are shown, and in which order: the same for the page and the command line."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.errors import ConfigError
from core.runs_table.columns import WORDS, Column, find_column
from core.runs_table.rows import Row, data_name
from core.store.notes import Note, matches

MOST_CONDITIONS = 50
LONGEST = 500
"""Most characters of one condition."""

_FORM = re.compile(r"\s*([\w.]+)\s*(<=|>=|!=|=|<|>|~)\s*(.*?)\s*", re.DOTALL)
_HOW = 'write COLUMN, one of = != < <= > >= ~ (contains), and a value, as in "val_auc>=0.9" or "backbone=VGG16"'


@dataclass(frozen=True)
class Condition:
    """One condition on a column.

    Attributes:
        key: str. The column's key.
        sign: str. One of `= != < <= > >= ~`.
        value: str. As it was written; for `=`, `!=` and `~` several may stand side by side with `|` between them.
    """

    key: str
    sign: str
    value: str

    def holds(self, row: Row) -> bool:
        """Whether a row is as is asked; of a value that is not known only `!=` holds, and `=` with nothing after it."""
        column, found = find_column(self.key), row.get(self.key)
        if self.sign == "!=":
            return not self._is_one_of(column, found)
        if self.sign == "=":
            return self._is_one_of(column, found)
        if self.sign == "~":
            return any(part.strip().casefold() in _text(found).casefold() for part in self.value.split("|"))
        number, limit = _number(found), _number(self.value)
        if number is None or limit is None:
            return False
        return {"<": number < limit, "<=": number <= limit, ">": number > limit, ">=": number >= limit}[self.sign]

    def _is_one_of(self, column: Column, found: Any) -> bool:
        return any(_equal(column, found, part.strip()) for part in self.value.split("|"))

    def __str__(self) -> str:
        return f"{self.key}{self.sign}{self.value}"


@dataclass(frozen=True)
class Sort:
    """By which column, and which way; what is not known comes last either way."""

    key: str = "created"
    falls: bool = True

    def __str__(self) -> str:
        return f"{self.key}:{'desc' if self.falls else 'asc'}"


@dataclass(frozen=True)
class Query:
    """What is asked for; see `select`.

    Attributes:
        words: str. Words that must all be found in name, note or tags.
        tags: tuple of str. Tags that a row must all have.
        datasets: tuple of str. Names of datasets, of which one must be the row's; so with `statuses`.
        conditions: tuple of Condition. They must all hold.
    """

    words: str = ""
    tags: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    sort: Sort = Sort()

    @property
    def is_filter(self) -> bool:
        """Whether it leaves anything out."""
        return replace(self, sort=Sort()) != Query()

    def fits(self, row: Row) -> bool:
        """Whether a row is among what is asked for."""
        note = Note(str(row.get("note") or ""), tuple(row.get("tags") or ()))
        return (
            (not self.datasets or row.get("dataset") in self.datasets)
            and (not self.statuses or row.get("status") in self.statuses)
            and all(condition.holds(row) for condition in self.conditions)
            and matches(note, str(row.get("name")), text=self.words, tags=self.tags)
        )


def parse_condition(text: str) -> Condition:
    """A condition as a person writes it, such as `val_auc>=0.9`.

    Raises:
        ConfigError: it has another form, there is no such column, or a number is needed.
    """
    found = _FORM.fullmatch(text[:LONGEST]) if len(text) <= LONGEST else None
    if not found:
        raise ConfigError(f'"{text[:60]}" is not a condition; {_HOW}')
    name, sign, value = found.groups()
    column = find_column(name)
    if sign in ("<", "<=", ">", ">=") and (not column.is_number or _number(value) is None):
        what = f'"{value[:40]}" is not a number' if column.is_number else f"{column.key} is not a number"
        raise ConfigError(f'"{text[:60]}" is not possible: {what}; {_HOW}')
    if column.key == "dataset" and sign != "~":
        value = "|".join(data_name(part.strip()) for part in value.split("|"))
    return Condition(column.key, sign, value)


def parse_conditions(texts: Iterable[str]) -> tuple[Condition, ...]:
    """Conditions, each once; see `parse_condition`."""
    found = tuple(dict.fromkeys(parse_condition(text) for text in texts if text.strip()))
    if len(found) > MOST_CONDITIONS:
        raise ConfigError(f"{len(found)} conditions came; there may be {MOST_CONDITIONS} at most")
    return found


def parse_sort(text: str) -> Sort:
    """`val_auc`, `val_auc:asc` or `val_auc:desc`; without a way the best, largest or newest comes first.

    Raises:
        ConfigError: there is no such column, or no such way.
    """
    name, colon, way = text.strip().partition(":")
    column = find_column(name)
    if colon and way not in ("asc", "desc"):
        raise ConfigError(f'"{text[:60]}" is not a sort order; use asc (ascending) or desc after the colon')
    return Sort(column.key, way == "desc" if colon else column.falls)


def select(rows: Sequence[Row], query: Query) -> list[Row]:
    """The rows that are asked for, in order; of a bisect or sweep with those trials that are.

    A bisect or sweep is there when it or any of its trials fits. When none of them but it does, it has all its trials.
    """
    found = []
    for row in rows:
        inside = [trial for trial in row.trials if query.fits(trial)]
        if inside or query.fits(row):
            trials = tuple(in_order(inside or row.trials, query.sort))
            found.append(row if trials == row.trials else Row(**{**vars(row), "trials": trials}))
    return in_order(found, query.sort)


def in_order(rows: Iterable[Row], sort: Sort) -> list[Row]:
    """Rows sorted; equal ones stay as they came."""
    found = [(_sortable(row.get(sort.key)), row) for row in rows]
    known = sorted((pair for pair in found if pair[0] is not None), key=lambda pair: pair[0], reverse=sort.falls)
    return [row for _, row in known] + [row for value, row in found if value is None]


def _sortable(value: Any) -> Any:
    """Numbers before texts, as a setting may be either; None for what is not known."""
    if value is None or value in ((), ""):
        return None
    number = _number(value)
    return (1, _text(value).casefold()) if number is None or isinstance(value, str) else (0, number)


def _equal(column: Column, found: Any, asked: str) -> bool:
    if column.kind == WORDS:
        return asked.casefold() in {str(word).casefold() for word in found or ()} or not (asked or found)
    if found is None:
        return not asked
    number, limit = _number(found), _number(asked)
    if number is not None and limit is not None and not isinstance(found, str):
        return math.isclose(number, limit, rel_tol=1e-9) or f"{number:.4g}" == asked
    return _text(found).casefold() == asked.casefold()


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list):
        return " ".join(map(str, value))
    return "" if value is None else str(value)
