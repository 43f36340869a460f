"""Figures of held-out images: confusion matrix to click in, ROC curve with the threshold, reliability diagram."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from core.insight.calibration import Calibration
from core.insight.stored import Stored
from core.sentences import counted
from core.stats import metrics
from core.store.run_colours import SERIES
from pages.shared.widgets.charts import (
    BASELINE,
    CURVES,
    TRAINING,
    VALIDATION,
    cell_about,
    confusion_figure,
    legend_below,
)
from pages.shared.widgets.figure_names import short
from pages.shared.widgets.text import percent

Bins = Sequence[dict[str, Any]]

MARKS = 600
"""Most cells of a confusion matrix that can be clicked: a browser draws each mark as an element of its own."""

_CELL_PIXELS, _SMALLEST = 250, 8
"""About the side of a whole confusion matrix on a narrow page, in pixels, of which each cell gets its part; and the
smallest mark, which a pointer still meets."""


def clickable_confusion(table: Sequence[Sequence[int]], classes: Sequence[str]) -> go.Figure:
    """The confusion matrix with invisible marks on its cells: Plotly tells clicks on marks, not on cells.

    Cells without images have none: there is nothing to see. Of more than `MARKS` filled cells the first ones of
    `cells_in_order` have one; the list of cells beside the figure has them all.
    """
    figure, counts = confusion_figure(table, classes), np.asarray(table, dtype=np.int64)
    cells = cells_in_order(counts)[:MARKS]
    return figure.add_scatter(
        x=[j for _, j in cells],
        y=[i for i, _ in cells],
        mode="markers",
        marker={"size": max(_SMALLEST, _CELL_PIXELS / len(classes)), "symbol": "square", "opacity": 0},
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
        customdata=[cell_about(counts, classes, cell) for cell in cells],
        hovertemplate="%{customdata}<br>Click to see them<extra></extra>",
        showlegend=False,
    )


def mark_threshold(figure: go.Figure, x: float, y: float, words: str) -> go.Figure:
    """Marks where a threshold lies on a curve; `words` say what its place means."""
    figure.add_scatter(
        x=[x],
        y=[y],
        mode="markers",
        marker={"size": 13, "color": VALIDATION, "line": {"width": 2, "color": "#ffffff"}},
        cliponaxis=False,
        name="at the threshold",
        hovertemplate=f"{words}<extra>at the threshold</extra>",
    )
    return legend_below(figure)


@dataclass(frozen=True)
class PrecisionRecall:
    """The curve of one class against the rest, with its average precision and the share of its images."""

    name: str
    recall: Sequence[float]
    precision: Sequence[float]
    average: float
    share: float


def precision_recall_curves(stored: Stored) -> list[PrecisionRecall]:
    """The curve of the positive class of two, else of each class; those with the smallest average precision first."""
    curves = []
    for k, name in enumerate(stored.classes):
        positive, scores = stored.labels == k, stored.probabilities[:, k]
        average = metrics.average_precision(positive, scores)
        if average is not None and (k == 1 or len(stored.classes) > 2):
            curve = metrics.precision_recall(positive, scores)
            curves.append(PrecisionRecall(name, *curve, average, float(positive.mean())))
    return sorted(curves, key=lambda curve: curve.average)[:CURVES]


def precision_recall_figure(curves: Sequence[PrecisionRecall]) -> go.Figure:
    """Precision upwards by recall to the right; of a single class with the line of answers drawn at random."""
    figure = go.Figure()
    for colour, curve in zip(SERIES, curves, strict=False):
        figure.add_scatter(
            x=curve.recall,
            y=curve.precision,
            mode="lines",
            line={"color": colour, "width": 2.5, "shape": "vh"},
            name=f"{short(curve.name)}, average precision {curve.average:.3f}",
            hovertemplate="recall %{x:.1%}, precision %{y:.1%}<extra></extra>",
        )
    if len(curves) == 1:
        figure.add_scatter(
            x=[0, 1], y=[curves[0].share] * 2, mode="lines", line={"color": BASELINE, "dash": "dash"},
            name="chance", hoverinfo="skip",
        )  # fmt: skip
    figure.update_xaxes(title="Recall", range=[-0.01, 1.01], tickformat=".0%", dtick=0.2)
    figure.update_yaxes(title="Precision", range=[-0.01, 1.01], tickformat=".0%", dtick=0.2)
    return legend_below(figure)


def precision_recall_words(curves: Sequence[PrecisionRecall]) -> str:
    """The curves as text, for screen readers."""
    said = [f"{curve.name} {curve.average:.3f} (chance {curve.share:.3f})" for curve in curves]
    return f"Precision-recall curves; average precision: {', '.join(said)}."


def reliability_figure(before: Bins, after: Bins | None) -> go.Figure:
    """How often the answers were right (upwards) by how sure they were (to the right), with 95 % CIs."""
    figure = go.Figure()
    low = min((one["low"] for one in [*before, *(after or ())]), default=0.0)
    figure.add_scatter(
        x=[low, 1], y=[low, 1], mode="lines", line={"color": BASELINE, "dash": "dash"}, name="perfect calibration",
        hoverinfo="skip",
    )  # fmt: skip
    _add_bins(figure, before, "uncalibrated", VALIDATION, "circle")
    if after is not None:
        _add_bins(figure, after, "calibrated", TRAINING, "diamond")
    figure.update_xaxes(title="Confidence", range=[low - 0.02, 1.02], tickformat=".0%", dtick=0.1)
    figure.update_yaxes(title="Accuracy", range=[-0.02, 1.02], tickformat=".0%", dtick=0.2)
    return legend_below(figure)


def reliability_words(before: Bins, after: Bins | None, found: Calibration) -> str:
    """The reliability diagram as text, for screen readers."""
    rows = [
        f"confidence {percent(one['sure'])}, accuracy {percent(one['right'])} ({counted(one['count'], 'image')})"
        for one in before
    ]
    words = f"Reliability diagram. Uncalibrated: {'; '.join(rows)}."
    if after is not None:
        rows = [f"confidence {percent(one['sure'])}, accuracy {percent(one['right'])}" for one in after]
        words += f" Calibrated at temperature {found.temperature:.2f}: {'; '.join(rows)}."
    return words


def clicked_cell(state: Any) -> tuple[int, int] | None:
    """The cell (true class, predicted class) that a selection in `clickable_confusion` is on."""
    points = (state or {}).get("selection", {}).get("points", [])
    if not points:
        return None
    return round(points[0]["y"]), round(points[0]["x"])


def cell_words(classes: Sequence[str], cell: tuple[int, int], count: int) -> str:
    """A cell of the confusion matrix as a choice in a list."""
    true, said = (classes[k] for k in cell)
    return f"{true} predicted as {said}: {count}" if cell[0] != cell[1] else f"{true}, correct: {count}"


def cells_in_order(table: np.ndarray) -> list[tuple[int, int]]:
    """Cells with images in them: the wrong ones first, the fullest first."""
    filled = [(int(i), int(j)) for i, j in zip(*np.nonzero(table), strict=True)]
    return sorted(filled, key=lambda cell: (cell[0] == cell[1], -table[cell]))


def _add_bins(figure: go.Figure, bins: Bins, name: str, colour: str, symbol: str) -> None:
    right = np.array([one["right"] for one in bins])
    ends = np.array([one["interval"] for one in bins])
    figure.add_scatter(
        x=[one["sure"] for one in bins],
        y=right,
        mode="lines+markers",
        cliponaxis=False,
        name=name,
        line={"color": colour, "width": 2},
        marker={"size": 10, "symbol": symbol},
        error_y={"type": "data", "array": ends[:, 1] - right, "arrayminus": right - ends[:, 0], "thickness": 1},
        customdata=[counted(one["count"], "image") for one in bins],
        hovertemplate="confidence %{x:.1%}, accuracy %{y:.1%}, %{customdata}<extra></extra>",
    )
