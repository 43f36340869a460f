"""The Home page's list of searches, sweeps, reviews and checks: each opens by an address of its own."""

from datetime import UTC, datetime
from typing import Any

import streamlit as st

from core.runs_table.job_rows import KINDS, JobRow, at_work, job_rows
from pages.shared import state
from pages.shared.shell.dataset_address import may_open
from pages.shared.widgets.row_choice import row_choice
from pages.shared.widgets.text import moment

REFRESH_SECONDS = 3.0
FEW = 12
"""Rows before the others are asked for."""

PLACES = {
    "bisect": ("pages/diagnose.py", state.BISECT),
    "sweep": ("pages/train.py", state.SWEEP),
    "search": ("pages/train.py", state.SEARCH),
    "cross-validation": ("pages/train.py", state.CROSS_VALIDATION),
    "rate": ("pages/train.py", "rate"),
    "review": ("pages/dataset.py", "review"),
    "check": ("pages/dataset.py", "check"),
    "why": ("app.py", state.WHY),
}
"""Page and query parameter of each kind."""

OPEN, ALL, BY_NAME = "job_open", "jobs_all", "job_by_name"
"""Session keys: the row whose button was pressed; whether all rows are asked for; the job chosen by its name."""

_OF_DATA = ("review", "check")
"""Kinds that open a dataset, and so are for whoever may open that."""


def listed() -> list[JobRow]:
    """The jobs that this person may open."""
    return [row for row in job_rows() if row.kind not in _OF_DATA or may_open(row.dataset)]


def show_jobs() -> None:
    """The list, below the runs; nothing where there is none."""
    rows = listed()
    if not rows:
        return
    st.subheader("Searches, sweeps, reviews and checks", anchor=False)
    active = at_work(rows)
    st.fragment(_table, run_every=REFRESH_SECONDS if active else None)(active)


def _table(active: bool) -> None:
    """One row a job; `active` is whether one was active at the last full refresh."""
    rows = listed()
    if active and not at_work(rows):
        st.rerun()
    everything = len(rows) <= FEW or st.toggle(f"All {len(rows)}", key=ALL, help="Off: only the newest of each kind.")
    rows = rows if everything else rows[:FEW]
    column = st.column_config
    st.dataframe(
        table(rows),
        hide_index=True,
        alt="Table of searches, sweeps, reviews and checks: kind, what each is about, state, result, and creation "
        "time.",
        column_config={
            "kind": column.TextColumn("Kind", width=165, pinned=True),
            "open": column.ButtonColumn("Open", width=78, type="tertiary", key=OPEN),
            "title": column.TextColumn("Name", width=260),
            "status": column.TextColumn("State", width=85),
            "message": column.TextColumn("Result", width=320),
            "when": column.DatetimeColumn("Created", width=125, format="distance"),
        },
    )
    _by_name(rows)
    if click := st.session_state.get(OPEN):
        open_job(rows[click["row"]])


def _by_name(rows: list[JobRow]) -> None:
    """The way to the job that is chosen by its name."""
    zone = st.context.timezone
    names = {row.id: f"{KINDS[row.kind]}: {row.title}, {moment(row.created, zone)}" for row in rows}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = row_choice("A row of the table", names, BY_NAME)
        for row in rows:
            if row.id == chosen:
                page, name = PLACES[row.kind]
                st.page_link(page, label="Open", icon=":material/open_in_new:", query_params={name: row.id})


def table(rows: list[JobRow]) -> list[dict[str, Any]]:
    """The rows as they are shown."""
    return [
        {
            "kind": KINDS[row.kind],
            "open": ":material/open_in_new: Open",
            "title": row.title,
            "status": row.status.capitalize(),
            "message": " ".join(row.message.split()),
            "when": datetime.fromtimestamp(row.created, UTC),
        }
        for row in rows
    ]


def open_job(row: JobRow) -> None:
    """Leads to the page that shows a job; ends the script."""
    page, name = PLACES[row.kind]
    st.switch_page(page, query_params={name: row.id})
