"""Table of runs: its rows and columns, from the runs on disk."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import streamlit as st

from core.runs_table.details import details
from core.store.index import Summary, read_note, summaries
from core.store.runs import Run, RunStore
from core.workers import launch
from core.workers.try_model_client import is_imported
from pages.shared.run.facts import Stamp, file_stamp
from pages.shared.widgets.share_column import in_percent, share_bar

MODES = {"bottleneck": "Bottleneck", "end_to_end": "Full pass", "fine_tune": "Fine-tune"}
MOST = 200

_OFTEN_EMPTY = ("caveats", "tags", "note")
"""Columns that are shown where a run has something in them."""

_SECONDS = 0.5
"""How long reading the findings of a table's runs may take at once."""


def recent_runs() -> list[dict[str, Any]]:
    """One row a run, the newest first; a run whose files have not changed is not read again."""
    runs = RunStore().list()[:MOST]
    return [_row(run, _settled(run, summary)) for run, summary in zip(runs, summaries(runs), strict=True)]


def run_table(rows: list[dict[str, Any]], more: list[list[str]]) -> list[dict[str, Any]]:
    """The rows as the Home page shows them, each with the entries of its menu and what is known against its figures."""
    known = details([Run(row["path"]) for row in rows], _SECONDS)  # what was not reached in time comes at a later look
    table = [
        {
            "name": row["name"],
            "last": in_percent(row["last"]),
            "open": ":material/monitoring: Open",
            "more": entries,
            "status": row["status"],
            "caveats": list(one.caveats) if one else [],
            "tags": row["tags"],
            "best": in_percent(row["best"]),
            "val_loss": row["val_loss"],
            "mode": row["mode"],
            "when": datetime.fromtimestamp(row["created"], UTC),
            "note": row["note"],
        }
        for row, one, entries in zip(rows, known, more, strict=True)
    ]
    empty = {key for key in _OFTEN_EMPTY if not any(row[key] for row in table)}
    return [{key: value for key, value in row.items() if key not in empty} for row in table]


def columns(key: str, menu: str, on_menu: Callable[[], None]) -> dict[str, Any]:
    """How the columns of `run_table` are shown.

    Args:
        key: Session key of the row whose button was pressed.
        menu: Session key of the row, and the entry of its menu, that was chosen.
        on_menu: Called when an entry was chosen.
    """
    column = st.column_config
    return {
        "name": column.TextColumn("Run", width=150, pinned=True),
        "open": column.ButtonColumn("Open", width=78, type="tertiary", key=key),
        "more": column.ButtonColumn("More", width=70, type="tertiary", key=menu, on_click=on_menu),
        "status": column.TextColumn("State", width=85),
        "tags": column.ListColumn("Tags", width=110),
        "mode": column.TextColumn("Mode", width=100),
        "last": share_bar("Accuracy", 90, "Validation accuracy of the last epoch."),
        "caveats": column.ListColumn(
            "Caveats", width=330, help="Findings that make the validation metrics unreliable."
        ),
        "best": share_bar("Best val. accuracy", 130, "Best validation accuracy of any epoch."),
        "val_loss": column.LineChartColumn("Validation loss", width=95, y_min=0),
        "when": column.DatetimeColumn("Created", width=125, format="distance"),
        "note": column.TextColumn("Note", width=200),
    }


def _settled(run: Run, summary: Summary) -> Summary:
    """The summary as it is after a worker that has died was noticed."""
    if not summary.is_active:
        return summary
    launch.poll(run)
    return summaries([run])[0]


def _row(run: Run, summary: Summary) -> dict[str, Any]:
    note = read_note(run)
    return {
        "id": summary.run,
        "path": run.path,
        "imported": _imported(run.path, file_stamp(run.path / "manifest.json")),
        "note": " ".join(note.text.split()),
        "tags": list(note.tags),
        "active": summary.is_active,
        "name": summary.name or run.title(),
        "status": summary.status.capitalize(),
        "mode": MODES.get(summary.mode, "unknown"),
        "best": summary.best,
        "last": summary.val_accuracy,
        "val_loss": list(summary.val_loss),
        "created": summary.created,
    }


@lru_cache(maxsize=4 * MOST)
def _imported(path: Path, stamp: Stamp | None) -> bool:  # the stamp only says whether what is kept still holds
    return is_imported(Run(path))
