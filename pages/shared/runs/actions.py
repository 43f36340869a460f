"""What is done to the runs chosen in the table: tags, reports to download. Nothing is drawn in here."""

import io
import zipfile
from collections.abc import Sequence

import streamlit as st

from core.access.roles import Action
from core.errors import UserError
from core.jobs.job import BudgetedJob, rename_job
from core.report.run_report import run_report
from core.runs_table.columns import columns
from core.runs_table.rows import Row
from core.store.csv_tables import csv_bytes, csv_text
from core.store.notes import read_note, write_note
from core.store.runs import Run
from pages.shared import state
from pages.shared.shell.access import guarded, person
from pages.shared.shell.notice import act
from pages.shared.widgets.text import sentence

MOST_REPORTS = 50
"""Reports in one zip: they are made while somebody waits."""


def tag_runs(runs: Sequence[Run], add: Sequence[str], remove: Sequence[str]) -> None:
    """Adds and removes tags; a run that may not be changed is named, the others are."""
    refused = []
    for run in runs:
        try:
            _tag(run, add, remove)
        except UserError as error:
            refused.append(f"{run.title()}: {error}")
    done = len(runs) - len(refused)
    said = f"The tags of {done} {'run' if done == 1 else 'runs'} were changed."
    failed = " ".join(map(sentence, dict.fromkeys(refused)))
    st.session_state[state.RUN_NOTICE] = (False, f"{said} {failed}") if refused else (True, said)


def rename_group(job: BudgetedJob, name: str) -> None:
    """Gives a bisect or sweep a name."""
    act(
        lambda: _rename_group(job, name),
        lambda called: f"Renamed to “{called}”." if called else "Now has its automatic name.",
    )


def reports(runs: Sequence[Run]) -> bytes:
    """The reports of several runs in one zip."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for run in runs[:MOST_REPORTS]:
            archive.writestr(f"{run.id}.html", run_report(run))
    return file.getvalue()


def table_csv(rows: Sequence[Row], shown: Sequence[str]) -> bytes:
    """The table as CSV: what every run is called and where it is, then the columns that are shown."""
    keys = ["name", "kind", "status", *(key for key in shown if key not in ("name", "kind", "status"))]
    lines = [["run", *keys], *([row.id, *(_cell(row.get(key)) for key in keys)] for row in rows)]
    return csv_bytes(csv_text(lines))


def known_columns() -> list[str]:
    """Every column's key."""
    return list(columns())


def _cell(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else "" if value is None else str(value)


@guarded(Action.ORGANISE)
def _tag(run: Run, add: Sequence[str], remove: Sequence[str]) -> None:
    person().require_own(Action.ORGANISE, run.owner())
    note, gone = read_note(run), {tag.casefold() for tag in remove}
    write_note(run, note.text, [tag for tag in (*note.tags, *add) if tag.casefold() not in gone])


@guarded(Action.ORGANISE)
def _rename_group(job: BudgetedJob, name: str) -> str:
    person().require_own(Action.ORGANISE, job.owner())
    return rename_job(job, name)
