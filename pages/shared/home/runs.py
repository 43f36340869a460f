"""The table of the last runs on the Home page, and what can be done to each."""

from typing import Any

import streamlit as st

from core.access.roles import Action
from core.housekeeping.trial_ids import trial_ids
from core.store import examples
from core.store.runs import Run, RunStore
from pages.shared import state
from pages.shared.run import rows as run_list
from pages.shared.run.rename import rename_dialog
from pages.shared.run.upkeep import (
    delete_run,
    may_organise,
    open_clone,
    show_deleted,
    show_trash,
)
from pages.shared.shell import tour
from pages.shared.shell.access import may
from pages.shared.widgets.row_choice import row_choice

REFRESH_SECONDS = 3.0

TO_RENAME = "run_to_rename"
"""Session key: id of the run for which a name is asked in the next script run."""

BY_NAME = "home_run_by_name"
"""Session key: id of the run that was chosen by its name."""

FEW = 8
"""Rows on this page; all others are on the Runs page."""

RENAME = ":material/edit: Rename"
CLONE, DELETE = ":material/content_copy: Clone", ":material/delete: Delete"
"""Entries of a row's menu."""

Row = dict[str, Any]


def own_runs() -> list[Row]:
    """The runs that a person has started; those that a search or a sweep has trained stand where it stands."""
    trials = trial_ids()
    return [row for row in run_list.recent_runs() if row["id"] not in trials]


def show_table(rows: list[Row]) -> None:
    """The last runs, and the way to all of them; the table follows active runs."""
    show_deleted()
    if run := RunStore().by_id(st.session_state.pop(TO_RENAME, "")):
        rename_dialog(run)  # not within the part that is drawn again by itself, which would close it
    active = any(row["active"] for row in rows)
    with st.container(key="recent_runs"):
        st.fragment(_table, run_every=REFRESH_SECONDS if active else None)(active)
    if len(rows) > 1:
        label = "All runs: filter, sort and compare"
        st.page_link("pages/runs.py", label=label, icon=":material/table_rows:")
    show_trash()


def _table(active: bool) -> None:
    """One row a run; `active` is whether one was active at the last full refresh."""
    rows = own_runs()
    if active and not any(row["active"] for row in rows):
        st.rerun()
    first = examples.puzzle()[:2] if tour.shows_the_runs() else ()  # there may be many newer ones
    rows = sorted(rows, key=lambda row: row["id"] not in first)[:FEW]

    def choose() -> None:
        click = st.session_state[state.MORE]
        on_menu(rows[click["row"]], click["label"])

    st.dataframe(
        run_list.run_table(rows, [_entries(row) for row in rows]),
        column_config=run_list.columns(state.OPEN_RUN, state.MORE, choose),
        hide_index=True,
        alt="Table of the runs: name, state, tags, training mode, accuracy, loss and creation time.",
    )
    pressed = _by_name(rows)
    if click := st.session_state.get(state.OPEN_RUN):
        st.switch_page("pages/live.py", query_params={state.RUN: rows[click["row"]]["id"]})
    if run_id := st.session_state.pop(state.TO_CLONE, ""):
        open_clone(RunStore().get(run_id))
    if pressed or st.session_state.get(state.MORE):
        st.rerun()  # the whole page: what was deleted is said above the table, and a name is asked for over it


def _by_name(rows: list[Row]) -> bool:
    """What the table's buttons do, for the run that is chosen by its name; whether a button was pressed."""
    pressed = False
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = row_choice("A run of the table", {row["id"]: row["name"] for row in rows}, BY_NAME)
        for row in rows:
            if row["id"] == chosen:
                query = {state.RUN: chosen}
                st.page_link("pages/live.py", label="Open", icon=":material/monitoring:", query_params=query)
                for entry in _entries(row):
                    key = state.part_key(BY_NAME, entry)
                    pressed |= st.button(entry, type="tertiary", key=key, on_click=on_menu, args=(row, entry))
    return pressed


def on_menu(row: Row, entry: str) -> None:
    """What an entry of a row's menu does, before the next script run; `row` is the one that was on the screen."""
    if entry == DELETE:
        delete_run(_run(row))
    elif entry == RENAME:
        st.session_state[TO_RENAME] = row["id"]
    else:
        st.session_state[state.TO_CLONE] = row["id"]


def _entries(row: Row) -> list[str]:
    """What this person can do to a run, apart from looking at it."""
    can_clone, can_organise = may(Action.TRAIN) and not row["imported"], may_organise(_run(row))
    offered = ((CLONE, can_clone), (RENAME, can_organise), (DELETE, can_organise and not row["active"]))
    return [entry for entry, can in offered if can]


def _run(row: Row) -> Run:
    return Run(row["path"])
