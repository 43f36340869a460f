"""Charts of a run: confusion matrix, ROC. Nothing here draws on a page; the curves are in curves.py."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.sentences import counted
from core.store.run_colours import SERIES
from core.store.runs import METRICS
from pages.shared.widgets.figure_names import LABEL, short, under_pointer
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

CELLS = 12
"""Up to so many classes the confusion matrix has its numbers written in."""

_CELLS_WITH_SHARE = 6
"""Up to so many classes a cell has room for its share below its count: `100%` is wider than a cell of eight."""

_LEGEND_ROW = 21
"""Pixels of an entry of a legend below a figure."""

_TALLEST, _ROUND_CELLS = 640, 190
"""Most pixels of a confusion matrix, and those above and below its cells."""

_NAME_HEIGHT, _ACROSS = 13, 14
"""Pixels of a name at an axis; most names across, which stand on end there: a phone has room for no more."""


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
    """How often each true class (row) was predicted as each class (column): counts, coloured by the row share.

    Up to `CELLS` classes each cell has its count written in, of few with its share below, and says both under the
    pointer, empty or not. Of more
    classes only the colours are drawn, the figure is higher, and the axes name as many classes as there is room for.
    """
    counts = np.asarray(table, dtype=np.int64)
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    is_written = len(classes) <= CELLS
    gap = 2 if len(classes) <= 40 else 0
    figure = go.Figure(
        go.Heatmap(z=shares, zmin=0, zmax=1, colorscale=_BLUES, xgap=gap, ygap=gap, showscale=not is_written)
    )
    if is_written:
        about = [[cell_about(counts, classes, (i, j)) for j in _to(classes)] for i in _to(classes)]
        figure.data[0].update(customdata=about, hovertemplate="%{customdata}<extra></extra>")
        _write_cells(figure, counts, shares)
    else:
        figure.data[0].update(hoverinfo="skip", colorbar=_BAR)
    height = FIGURE_HEIGHT if is_written else max(FIGURE_HEIGHT, min(_TALLEST, _ROUND_CELLS + 15 * len(classes)))
    # Long names lean towards the left, where there is room for them; many stand on end.
    lean = -35 if max(map(len, classes), default=0) > (8 if len(classes) > 2 else 12) else 0
    # Fixed ends: marks that lie on the cells would push them together, away from their names.
    near, far = -0.5, len(classes) - 0.5
    across = _ticks(classes, _ACROSS)
    figure.update_xaxes(title="Predicted class", tickangle=lean if is_written else -90, range=[near, far], **across)
    upwards = _ticks(classes, (height - _ROUND_CELLS) // _NAME_HEIGHT)
    figure.update_yaxes(title="True class", range=[far, near], **upwards)
    return figure.update_layout(height=height, margin={"l": 10, "r": 10, "t": 10, "b": 10})


def cell_about(counts: np.ndarray, classes: Sequence[str], cell: tuple[int, int]) -> str:
    """What a cell of the confusion matrix says under the pointer.

    Args:
        counts: Shape `(classes, classes)`.
        classes: Their names.
        cell: True and predicted class.
    """
    names = under_pointer(f"{classes[cell[0]]} predicted as {classes[cell[1]]}")
    share = counts[cell] / max(1, counts[cell[0]].sum())
    return f"{names}<br>{counted(int(counts[cell]), 'image')}, {share:.1%} of its row"


def confusion_words(table: Sequence[Sequence[int]], classes: Sequence[str]) -> str:
    """The confusion matrix as text, for screen readers."""
    rows = [
        f"of {counted(sum(row), 'image')} of {name}, {row[k]} {'was' if row[k] == 1 else 'were'} predicted as {name}"
        for k, (name, row) in enumerate(zip(classes, table, strict=False))
    ]
    return f"Confusion matrix: {'; '.join(rows[:CELLS])}."


def roc_figure(curves: "Mapping[str, Roc]") -> go.Figure:
    """ROC curves, each class against the rest, with the diagonal of chance."""
    figure = go.Figure()
    for colour, (name, roc) in zip(SERIES, worst_curves(curves), strict=False):
        figure.add_scatter(
            x=roc.false_positive_rate,
            y=roc.true_positive_rate,
            mode="lines",
            line={"color": colour, "width": 2.5},
            name=f"{short(name)}, AUC {number(roc.auc)}",
            hovertemplate="FPR %{x:.1%}, TPR %{y:.1%}<extra></extra>",
        )
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"color": BASELINE, "dash": "dash"}, name="chance", hoverinfo="skip"
    )
    figure.update_xaxes(title="False positive rate", range=[-0.01, 1.01], tickformat=".0%", dtick=0.2)
    figure.update_yaxes(title="True positive rate", range=[-0.01, 1.01], tickformat=".0%", dtick=0.2)
    return legend_below(figure)


def legend_below(figure: go.Figure) -> go.Figure:
    """Puts the legend of a figure below it, where it hides no curve, and gives it the room that it needs there."""
    entries = sum(trace.showlegend is not False for trace in figure.data)
    legend = {"orientation": "h", "x": 0, "xanchor": "left", "y": -0.2, "yanchor": "top", "font": {"size": 12}}
    height = FIGURE_HEIGHT + _LEGEND_ROW * max(0, entries - 2)
    return figure.update_layout(height=height, margin={"l": 10, "r": 30, "t": 10, "b": 10}, legend=legend)


def roc_words(curves: "Mapping[str, Roc]") -> str:
    """The ROC curves as text, for screen readers."""
    areas = [f"{name} {number(roc.auc)}" for name, roc in worst_curves(curves)]
    return f"ROC curves; area under the curve: {', '.join(areas)}. Chance is 0.5."


def worst_curves(curves: "Mapping[str, Roc]") -> "list[tuple[str, Roc]]":
    """The curves that are drawn: those with the smallest area, at most `CURVES`."""
    return sorted(curves.items(), key=lambda item: item[1].auc or 0.0)[:CURVES]


# Opaque, so that the numbers on it can be read in the light and in the dark theme alike.
_BLUES = [[0, "#e8f1f7"], [1, "#00527f"]]
_BAR = {
    "title": {"text": "Row share", "side": "top"}, "tickformat": ".0%", "orientation": "h", "thickness": 10, "len": 0.9,
    "y": 1, "yanchor": "bottom", "ypad": 4, "outlinewidth": 0, "nticks": 6,
}  # fmt: skip
"""The scale of colours lies above the cells: beside them it would take a third of a phone's width."""
_INK, _PAPER, _DARK_CELL = "#17211f", "#ffffff", 0.7


def _write_cells(figure: go.Figure, counts: np.ndarray, shares: np.ndarray) -> None:
    has_room = len(counts) <= _CELLS_WITH_SHARE
    for i, j in np.ndindex(counts.shape):
        font = {"size": 14, "color": _PAPER if shares[i, j] > _DARK_CELL else _INK}
        text = f"{counts[i, j]}<br>{shares[i, j]:.0%}" if has_room else str(counts[i, j])
        figure.add_annotation(x=j, y=i, text=text, showarrow=False, font=font, align="center")


def _ticks(classes: Sequence[str], most: int) -> dict[str, Any]:
    """An axis of classes: the name of every class, or evenly chosen ones where there is no room for all."""
    step = -(-len(classes) // max(1, most)) if len(classes) > CELLS else 1
    named = list(_to(classes))[::step]
    axis: dict[str, Any] = {"showgrid": False, "automargin": True, "ticks": "", "tickmode": "array", "tickvals": named}
    if len(classes) > CELLS:
        axis["tickfont"] = {"size": 11}
    return {**axis, "ticktext": [short(classes[k], LABEL) for k in named]}


def _to(items: Sequence[Any]) -> range:
    return range(len(items))
