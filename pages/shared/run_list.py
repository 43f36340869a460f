"""The runs on disk as rows of a table."""

from typing import Any

import pandas as pd
import streamlit as st

from core import launch
from core.registry import Summary, summaries
from core.runs import Run, RunStore

MODES = {"bottleneck": "Bottleneck", "end_to_end": "End to end", "fine_tune": "Fine-tune"}
MOST = 200


def recent_runs() -> list[dict[str, Any]]:
    """One row a run, the newest first; a run whose files have not changed is not read again."""
    runs = RunStore().list()[:MOST]
    return [_row(_settled(run, summary)) for run, summary in zip(runs, summaries(runs), strict=True)]


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


def _settled(run: Run, summary: Summary) -> Summary:
    """The summary as it is after a worker that has died was noticed."""
    if not summary.is_active:
        return summary
    launch.poll(run)
    return summaries([run])[0]


def _row(summary: Summary) -> dict[str, Any]:
    return {
        "id": summary.run,
        "active": summary.is_active,
        "name": summary.name or summary.run,
        "status": summary.status.capitalize(),
        "mode": MODES.get(summary.mode, "unknown"),
        "best": None if summary.best is None else round(summary.best, 3),
        "last": None if summary.val_accuracy is None else round(summary.val_accuracy, 3),
        "val_loss": list(summary.val_loss),
        "created": summary.created,
    }
