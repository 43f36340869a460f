"""Charts of a run: confusion matrix, ROC. Nothing here draws on a page; the curves are in curves.py."""

import html
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.store.run_colours import SERIES
from core.store.runs import METRICS
from pages.shared.widgets.text import number

if TYPE_CHECKING:
    from core.store.run_records import EpochRecord, Roc


TRAINING, VALIDATION, BASELINE = SERIES[0], SERIES[1], SERIES[-1]
"""Colours of the theme in .streamlit/config.toml: first and second series, and what is only a reference."""

POINTS = 300
"""Most epochs drawn: more cannot be distinguished, and every viewer gets them at every tick."""

CURVES = 8
"""Most ROC curves in one chart, the worst first."""

FIGURE_HEIGHT = 380

_CELLS = 12
"""Up to so many classes the confusion matrix has its numbers written in."""

_LABEL = 18
"""Longest class name at an axis, in characters; the whole name appears under the pointer."""


def thin(records: "Sequence[EpochRecord]", most: int = POINTS) -> "list[EpochRecord]":
    """Evenly chosen records, always with the first and the last."""
    if len(records) <= most:
        return list(records)
    return [records[k] for k in np.linspace(0, len(records) - 1, most).round().astype(int)]


def history_frame(records: "Sequence[EpochRecord]") -> pd.DataFrame:
    """One row an epoch with everything that was measured, for a table or a file."""
    columns = ["epoch", "phase", *METRICS, "learning_rate", "seconds"]
    return pd.DataFrame([{name: getattr(record, name) for name in columns} for record in records], columns=columns)


def confusion_figure(table: Sequence[Sequence[int]], classes: Sequence[str]) -> go.Figure:
    """How often each true class (row) was predicted as each class (column): counts, coloured by the row share."""
    counts = np.asarray(table, dtype=np.int64)
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    names = [html.escape(name, quote=False) for name in classes]
    about = [
        [
            f"{names[i]} predicted as {names[j]}<br>{counts[i, j]} images, {shares[i, j]:.1%} of its row"
            for j in _to(names)
        ]
        for i in _to(names)
    ]
    heat = go.Heatmap(z=shares, zmin=0, zmax=1, colorscale=_BLUES, customdata=about, xgap=2, ygap=2)
    heat.update(hovertemplate="%{customdata}<extra></extra>", colorbar={"title": "Row share", "tickformat": ".0%"})
    heat.showscale = len(names) > _CELLS
    figure = go.Figure(heat)
    if len(names) <= _CELLS:
        _write_cells(figure, counts, shares)
    ticks: dict[str, Any] = {"showgrid": False, "automargin": True, "ticks": ""}
    ticks |= {"tickmode": "array", "tickvals": list(_to(names)), "ticktext": [_short(name) for name in classes]}
    # Long names lean towards the left, where there is room for them.
    angle = -35 if len(names) > 2 and max(map(len, classes)) > 8 else 0
    # Fixed ends: marks that lie on the cells would push them together, away from their names.
    near, far = -0.5, len(names) - 0.5
    figure.update_xaxes(title="Predicted class", tickangle=angle, range=[near, far], **ticks)
    figure.update_yaxes(title="True class", range=[far, near], **ticks)
    return figure.update_layout(height=FIGURE_HEIGHT, margin={"l": 10, "r": 10, "t": 10, "b": 10})


def confusion_words(table: Sequence[Sequence[int]], classes: Sequence[str]) -> str:
    """The confusion matrix as text, for screen readers."""
    rows = [
        f"of {sum(row)} images of {name}, {row[k]} were predicted as {name}"
        for k, (name, row) in enumerate(zip(classes, table, strict=False))
    ]
    return f"Confusion matrix: {'; '.join(rows[:_CELLS])}."


def roc_figure(curves: "Mapping[str, Roc]") -> go.Figure:
    """ROC curves, each class against the rest, with the diagonal of chance."""
    figure = go.Figure()
    for colour, (name, roc) in zip(SERIES, worst_curves(curves), strict=False):
        figure.add_scatter(
            x=roc.false_positive_rate,
            y=roc.true_positive_rate,
            mode="lines",
            line={"color": colour, "width": 2.5},
            name=f"{_short(name)}, AUC {number(roc.auc)}",
            hovertemplate="FPR %{x:.1%}, TPR %{y:.1%}<extra></extra>",
        )
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"color": BASELINE, "dash": "dash"}, name="chance", hoverinfo="skip"
    )
    figure.update_xaxes(title="False positive rate", range=[-0.01, 1.01], tickformat=".0%", dtick=0.2)
    figure.update_yaxes(title="True positive rate", range=[-0.01, 1.01], tickformat=".0%", dtick=0.2)
    legend = {"x": 0.98, "y": 0.04, "xanchor": "right", "yanchor": "bottom", "bgcolor": "rgba(0,0,0,0)"}
    return figure.update_layout(height=FIGURE_HEIGHT, margin={"l": 10, "r": 30, "t": 10, "b": 10}, legend=legend)


def roc_words(curves: "Mapping[str, Roc]") -> str:
    """The ROC curves as text, for screen readers."""
    areas = [f"{name} {number(roc.auc)}" for name, roc in worst_curves(curves)]
    return f"ROC curves; area under the curve: {', '.join(areas)}. Chance is 0.5."


def worst_curves(curves: "Mapping[str, Roc]") -> "list[tuple[str, Roc]]":
    """The curves that are drawn: those with the smallest area, at most `CURVES`."""
    return sorted(curves.items(), key=lambda item: item[1].auc or 0.0)[:CURVES]


# Opaque, so that the numbers on it can be read in the light and in the dark theme alike.
_BLUES = [[0, "#e8f1f7"], [1, "#00527f"]]
_INK, _PAPER, _DARK_CELL = "#17211f", "#ffffff", 0.7


def _write_cells(figure: go.Figure, counts: np.ndarray, shares: np.ndarray) -> None:
    for i, j in np.ndindex(counts.shape):
        font = {"size": 14, "color": _PAPER if shares[i, j] > _DARK_CELL else _INK}
        figure.add_annotation(
            x=j, y=i, text=f"{counts[i, j]}<br>{shares[i, j]:.0%}", showarrow=False, font=font, align="center"
        )


def _short(name: str) -> str:
    """A class name for an axis: literal (Plotly reads a few HTML tags) and not too long."""
    return html.escape(name if len(name) <= _LABEL else name[: _LABEL - 1] + "…", quote=False)


def _to(items: Sequence[Any]) -> range:
    return range(len(items))
