"""The trials of a sweep as a table and as parallel coordinates. Nothing here draws on a page."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd
import plotly.graph_objects as go

from core.config import setting
from pages.shared.widgets.figure_names import literal
from pages.shared.widgets.share_column import in_percent
from pages.shared.widgets.text import percent

if TYPE_CHECKING:
    from core.store.job_records import SweepResult, SweepTrial


HEIGHT = 340

_INK = {False: "#17211f", True: "#e6edeb"}
_SCALE = [[0, "#D55E00"], [0.5, "#8C6BB1"], [1, "#1F8FD0"]]
"""From the worst trial to the best; neither end vanishes on a light or on a dark page."""

_DECADES = 10.0


def finished_trials(result: "SweepResult") -> "list[SweepTrial]":
    """The trials with a value, the best first; of equals the one with the lower loss."""
    rows = [(row["value"], row["loss"] or 0.0, row) for row in result.get("arms", []) if row["value"] is not None]
    return [row for *_, row in sorted(rows, key=lambda item: (-item[0], item[1]))]


def trials_table(result: "SweepResult", label: Any) -> pd.DataFrame:
    """One row a finished trial, the best first.

    Args:
        result: What the sweep has found so far.
        label: Setting to its words.
    """
    rows = [
        {
            **{label(key): row["settings"].get(key) for key in result["varied"]},
            "accuracy": in_percent(row["value"]),
            "interval": f"{percent(low)} to {percent(high)}",
            "loss": row["loss"],
            "auc": row["auc"],
            "epochs": row["epochs"],
            "open": ":material/monitoring: Open",
        }
        for row in finished_trials(result)
        for low, high in [row["interval"] or (None, None)]
    ]
    return pd.DataFrame(rows)


def trials_figure(result: "SweepResult", label: Any, *, dark: bool) -> go.Figure:
    """Every finished trial as a line through its settings to its accuracy, coloured by the accuracy.

    Args:
        result: What the sweep has found so far; at least one trial has finished.
        label: Setting to its words.
        dark: Whether the page is dark: text in a chart does not take the theme's colour by itself.
    """
    rows = finished_trials(result)
    values = [row["value"] or 0.0 for row in rows]
    low, high = min(values), max(values)
    spread = (low, high) if high > low else (low - 0.01, high + 0.01)
    dimensions = [_dimension(label(key), key, [row["settings"][key] for row in rows]) for key in result["varied"]]
    accuracy = {"label": "Accuracy", "values": values, "range": list(spread), "tickformat": ".1%"}
    lines = go.Parcoords(
        line={"color": values, "colorscale": _SCALE, "cmin": spread[0], "cmax": spread[1]},
        dimensions=[*dimensions, accuracy],
        labelfont={"size": 13, "color": _INK[dark]},
        tickfont={"size": 11, "color": _INK[dark]},
        rangefont={"size": 1, "color": "rgba(0,0,0,0)"},
    )
    figure = go.Figure(lines)
    clear = "rgba(0,0,0,0)"
    margin = {"l": 60, "r": 50, "t": 60, "b": 20}
    return figure.update_layout(height=HEIGHT, margin=margin, paper_bgcolor=clear, plot_bgcolor=clear)


def trials_words(result: "SweepResult") -> str:
    """The trials as text, for screen readers."""
    best = [f"{row['name']} {percent(row['value'])}" for row in finished_trials(result)[:3]]
    return (
        f"Parallel coordinates of the trials and their validation accuracy. The best: {'; '.join(best) or 'none yet'}."
    )


def _dimension(name: str, key: str, values: Sequence[Any]) -> dict[str, Any]:
    """An axis: numbers as they are, in their logarithm where they span powers of ten; words by their place."""
    different = sorted(set(values), key=lambda value: (isinstance(value, str), value))
    if isinstance(setting(key).default, str | bool):
        indices = {value: index for index, value in enumerate(different)}
        return _axis(
            name, [indices[value] for value in values], list(indices.values()), [literal(str(v)) for v in different]
        )
    shown = different if len(different) <= 6 else [different[round(k * (len(different) - 1) / 4)] for k in range(5)]
    texts = [f"{value:g}" for value in shown]
    if different[0] > 0 and different[-1] / different[0] >= _DECADES:
        return _axis(name, [math.log10(v) for v in values], [math.log10(v) for v in shown], texts)
    return _axis(name, list(values), shown, texts)


def _axis(name: str, values: list[Any], ticks: list[Any], texts: list[str]) -> dict[str, Any]:
    low, high = min(values), max(values)
    span = [low, high] if high > low else [low - 0.5, high + 0.5]
    return {"label": name, "values": values, "tickvals": ticks, "ticktext": texts, "range": span}
