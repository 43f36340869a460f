"""The address of the Runs page: whatever is shown stands in it, so that a link or a reload shows it again."""

from collections.abc import Callable, Sequence
from urllib.parse import unquote

import streamlit as st

from core.errors import UserError
from core.runs_table.columns import find_column, find_columns
from core.runs_table.query import Condition, Query, Sort, parse_condition, parse_sort
from pages.shared import state

_MOST, _LONGEST = 500, 500
"""Items of a list in an address that are read, and characters of each."""

USUAL = (
    "val_accuracy", "caveats", "best_val_accuracy", "val_auc", "val_loss", "model.backbone", "training.mode",
    "training.learning_rate", "epochs", "dataset", "seconds", "size", "tags", "created", "note",
)  # fmt: skip
"""Columns that are shown when nobody has chosen any."""


def get_text(name: str) -> str:
    """What the address says for a name; empty where it says nothing."""
    return str(st.query_params.get(name, ""))[:_LONGEST]


def put_text(name: str, value: str) -> None:
    """Says it in the address; nothing where there is nothing to say."""
    if value:
        st.query_params[name] = value
    else:
        st.query_params.pop(name, None)


def get_list(name: str) -> list[str]:
    """The items of a list in the address, each once."""
    text = str(st.query_params.get(name, ""))
    items = [unquote(item)[:_LONGEST] for item in text.split(",")[:_MOST]] if text else []
    return list(dict.fromkeys(item for item in items if item))


def put_list(name: str, items: Sequence[str]) -> None:
    """Writes a list into the address."""
    put_text(name, ",".join(item.replace("%", "%25").replace(",", "%2C") for item in items))


def read_query() -> tuple[Query, list[str]]:
    """What the address asks for, and a sentence on each thing in it that cannot be asked."""
    conditions, complaints = list[Condition](), list[str]()
    for text in get_list(state.LOOK_CONDITIONS):
        try:
            conditions.append(parse_condition(text))
        except UserError as error:
            complaints.append(str(error))
    complaints += _refused(parse_sort, [get_text(state.LOOK_SORT)])
    complaints += _refused(find_column, get_list(state.LOOK_COLUMNS))
    query = Query(
        words=get_text(state.LOOK_WORDS),
        tags=tuple(get_list(state.LOOK_TAGS)),
        datasets=tuple(get_list(state.LOOK_DATA)),
        statuses=tuple(get_list(state.LOOK_STATUS)),
        conditions=tuple(conditions),
        sort=read_sort(),
    )
    return query, complaints


def read_sort() -> Sort:
    """The order that the address asks for; the newest first where it asks for none that there is."""
    try:
        return parse_sort(get_text(state.LOOK_SORT) or "created")
    except UserError:
        return Sort()


def read_columns() -> list[str]:
    """The columns that the address asks for; the usual ones where it asks for none that there are."""
    found = []
    for name in get_list(state.LOOK_COLUMNS):
        try:
            found += find_columns([name])
        except UserError:
            continue
    return list(dict.fromkeys(found)) or list(USUAL)


def _refused(read: Callable[[str], object], asked: Sequence[str]) -> list[str]:
    """Why each text that cannot be read is not, in the words of what reads it."""
    complaints = []
    for text in filter(None, asked):
        try:
            read(text)
        except UserError as error:
            complaints.append(str(error))
    return complaints


def everything() -> str:
    """The whole of what the address says of this page, to notice that it has changed."""
    return "&".join(f"{name}={st.query_params.get(name, '')}" for name in state.LOOK)
