"""The runs on disk as rows of a table."""

from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from core import launch
from core.errors import RunError
from core.runs import Run, RunStore

MODES = {"bottleneck": "Bottleneck", "end_to_end": "End to end", "fine_tune": "Fine-tune"}
MOST = 200

Stamps = tuple[tuple[int, int], ...]


def recent_runs() -> list[dict[str, Any]]:
    """One row a run, the newest first; a run whose files have not changed is not read again."""
    return [_settled_row(run) for run in RunStore().list()[:MOST]]


def run_table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """The rows as the Home page shows them."""
    table = pd.DataFrame(rows)
    table["when"] = pd.to_datetime(table["created"], unit="s", utc=True)
    table["open"] = ":material/monitoring: Open"
    return table[["name", "open", "status", "mode", "last", "best", "val_loss", "when"]]


def columns(key: str) -> dict[str, Any]:
    """How the columns of `run_table` are shown; `key` holds the row whose button was pressed."""
    column = st.column_config
    share = {"min_value": 0.0, "max_value": 1.0, "format": "percent", "width": 90}
    return {
        "name": column.TextColumn("Run", width=150, pinned=True),
        "open": column.ButtonColumn("Curves", width=78, type="tertiary", key=key),
        "status": column.TextColumn("State", width=85),
        "mode": column.TextColumn("Way of training", width=100),
        "last": column.ProgressColumn("Accuracy", help="Validation accuracy of the last epoch.", **share),
        "best": column.ProgressColumn("Best", help="Highest validation accuracy of any epoch.", **share),
        "val_loss": column.LineChartColumn("Validation loss", width=95, y_min=0),
        "when": column.DatetimeColumn("Made", width=125, format="distance"),
    }


def _settled_row(run: Run) -> dict[str, Any]:
    row = _row(str(run.path), _stamps(run.path))
    if row["active"]:
        launch.poll(run)
        row = _row(str(run.path), _stamps(run.path))
    return row


def _stamps(path: Path) -> Stamps:
    """Time and length of the files a row is made from: equal stamps, equal row."""
    return tuple(_stamp(path / name) for name in ("config.json", "status.json", "events.jsonl"))


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
    name, mode = _name_and_mode(run)
    return {
        "id": run.id,
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
