"""The two faces of the Runs page: the table, which follows active runs, and the comparison."""

import streamlit as st

from core.runs_table.query import select
from core.runs_table.rows import Row, count_runs, flat, table_rows
from core.sentences import counted
from pages.shared import state
from pages.shared.runs import address
from pages.shared.runs.choice import show_choice
from pages.shared.runs.comparison import compared_rows, show_comparison
from pages.shared.runs.filters import show_filters
from pages.shared.runs.table import chosen_runs, show_table, visible_rows
from pages.shared.shell.notice import keep_notice
from pages.shared.widgets.text import plain

REFRESH_SECONDS = 3.0

UNREAD_SECONDS = 1.0
"""The same while runs are read that nobody has looked at yet."""

READ_SECONDS = 0.4
"""What a look may take to read those, twice; the next look goes on."""


def table() -> None:
    """Filter, choice and table; drawn again by itself while a run is active or details are still to be read."""
    rows = table_rows(READ_SECONDS)
    if not rows and not count_runs():
        _say_none()
        return
    unread = _unread(rows)
    if unread or any(row.is_active for row in rows):
        st.fragment(_follow, run_every=UNREAD_SECONDS if unread else REFRESH_SECONDS)(address.everything())
    else:
        _table(rows)


def compare() -> None:
    """The comparison that the address asks for."""
    rows = table_rows(READ_SECONDS)
    show_comparison(rows, *compared_rows(rows))


def _follow(said: str) -> None:
    """The table while something moves; a change of what is shown, or of what is told, is the whole page's.

    Args:
        said: What the address said when the whole page was drawn last.
    """
    rows = table_rows(READ_SECONDS)
    moves = any(row.is_active for row in rows) or _unread(rows)
    if not moves or address.everything() != said or state.RUN_NOTICE in st.session_state:
        keep_notice()
        st.rerun()
    _table(rows)


def _table(rows: list[Row]) -> None:
    """Everything below the heading."""
    query, complaints = address.read_query()
    for said in complaints:
        st.warning(plain(f"Ignored part of the address: {said}."), icon=":material/filter_alt_off:")
    show_filters(rows, query)
    found = select(rows, query)
    if unread := _unread(rows):
        told = f"{counted(unread, 'run')} {'is' if unread == 1 else 'are'}"
        st.caption(f":material/hourglass_top: {told} being read for the first time and will appear soon.")
    if not found:
        st.info("No runs match the filter.", icon=":material/filter_alt_off:")
        return
    visible = visible_rows(found)
    choice = st.container()
    show_table(visible, query)
    _count(rows, found)
    with choice:
        show_choice(visible, chosen_runs(visible), rows)


def _unread(rows: list[Row]) -> int:
    """Runs that were not reached yet, or of which the details were not."""
    inside = flat(rows)
    return count_runs() - len(inside) + sum(not row.is_read for row in inside)


def _count(rows: list[Row], found: list[Row]) -> None:
    shown = f"{len(found):,} of {len(rows):,}" if len(found) < len(rows) else f"{len(rows):,}"
    st.caption(f"{shown} {'row' if len(rows) == 1 else 'rows'}; trials are listed inside their bisect or sweep.")


def _say_none() -> None:
    st.info(
        "There are no runs yet. Set one up on the Train page, or run the demo or open the finished example on the "
        "Home page.",
        icon=":material/info:",
    )
    with st.container(horizontal=True):
        st.page_link("pages/train.py", label="Set up a training", icon=":material/tune:")
        st.page_link("app.py", label="Home", icon=":material/home:")
