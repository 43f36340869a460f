"""The runs on disk as rows of a table."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from core import launch
from core.errors import RunError
from core.model_import import is_imported
from core.notes import read_note
from core.runs import Run, RunStore

MODES = {"bottleneck": "Bottleneck", "end_to_end": "End to end", "fine_tune": "Fine-tune"}
MOST = 200

Stamps = tuple[tuple[int, int], ...]


def recent_runs() -> list[dict[str, Any]]:
    """One row a run, the newest first; a run whose files have not changed is not read again."""
    return [_settled_row(run) for run in RunStore().list()[:MOST]]


def run_table(rows: list[dict[str, Any]], more: list[list[str]]) -> pd.DataFrame:
    """The rows as the Home page shows them, each with the entries of its menu."""
    table = pd.DataFrame(rows)
    table["more"] = more
    table["when"] = pd.to_datetime(table["created"], unit="s", utc=True)
    table["open"] = ":material/monitoring: Open"
    return table[["name", "open", "more", "status", "tags", "last", "best", "val_loss", "mode", "when", "note"]]


def columns(key: str, menu: str, on_menu: Callable[[], None]) -> dict[str, Any]:
    """How the columns of `run_table` are shown.

    Args:
        key: Session key of the row whose button was pressed.
        menu: Session key of the row, and the entry of its menu, that was chosen.
        on_menu: Called when an entry was chosen.
    """
    column = st.column_config
    share = {"min_value": 0.0, "max_value": 1.0, "format": "percent", "width": 90}
    return {
        "name": column.TextColumn("Run", width=150, pinned=True),
        "open": column.ButtonColumn("Curves", width=78, type="tertiary", key=key),
        "more": column.ButtonColumn("More", width=70, type="tertiary", key=menu, on_click=on_menu),
        "status": column.TextColumn("State", width=85),
        "tags": column.ListColumn("Tags", width=110),
        "mode": column.TextColumn("Way of training", width=100),
        "last": column.ProgressColumn("Accuracy", help="Validation accuracy of the last epoch.", **share),
        "best": column.ProgressColumn("Best", help="Highest validation accuracy of any epoch.", **share),
        "val_loss": column.LineChartColumn("Validation loss", width=95, y_min=0),
        "when": column.DatetimeColumn("Made", width=125, format="distance"),
        "note": column.TextColumn("Note", width=200),
    }


def _settled_row(run: Run) -> dict[str, Any]:
    row = _row(str(run.path), _stamps(run.path))
    if row["active"]:
        launch.poll(run)
        row = _row(str(run.path), _stamps(run.path))
    return row


def _stamps(path: Path) -> Stamps:
    """Time and length of the files a row is made from: equal stamps, equal row."""
    return tuple(_stamp(path / name) for name in ("config.json", "status.json", "events.jsonl", "note.json"))


def _stamp(path: Path) -> tuple[int, int]:
    try:
        info = path.stat()
    except OSError:
        return 0, 0
    return info.st_mtime_ns, info.st_size


@st.cache_data(max_entries=4 * MOST, show_spinner=False)
def _row(path: str, stamps: Stamps) -> dict[str, Any]:  # the stamps only say whether the kept row still holds
    run = Run(Path(path))
    status = run.read_status()
    epochs = run.epochs()
    accuracies = [value for epoch in epochs if (value := epoch.get("val_accuracy")) is not None]
    (name, mode), note = _name_and_mode(run), read_note(run)
    return {
        "id": run.id,
        "path": run.path,
        "imported": is_imported(run),
        "note": " ".join(note.text.split()),
        "tags": list(note.tags),
        "active": status.is_active,
        "name": name,
        "status": status.status.capitalize(),
        "mode": mode,
        "best": round(max(accuracies), 3) if accuracies else None,
        "last": round(accuracies[-1], 3) if accuracies else None,
        "val_loss": [value for epoch in epochs if (value := epoch.get("val_loss")) is not None],
        "created": status.created,
    }


def _name_and_mode(run: Run) -> tuple[str, str]:
    try:
        config = run.config()
    except RunError:
        return run.id, "unknown"
    return config.name or run.id, MODES[config.training.mode]
