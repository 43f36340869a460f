"""The accuracy of each fold of a cross-validation, repeat by repeat. Nothing here draws on a page."""

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from pages.shared.widgets.charts import BASELINE, TRAINING, VALIDATION
from pages.shared.widgets.text import percent

if TYPE_CHECKING:
    from core.store.fold_records import CrossValidationResult

HEIGHT = 260


def folds_figure(result: "CrossValidationResult") -> go.Figure:
    """A mark a fold and repeat, and the mean with its interval.

    Args:
        result: At least one head was trained.
    """
    heads, found = result["heads"], result["figures"]
    figure = go.Figure()
    figure.add_scatter(
        x=[head["accuracy"] for head in heads],
        y=[f"Repeat {head['repeat']}" for head in heads],
        mode="markers",
        marker={"size": 11, "color": VALIDATION, "opacity": 0.75},
        customdata=[[head["fold"], head["correct"], head["count"]] for head in heads],
        hovertemplate="fold %{customdata[0]}: %{customdata[1]} of %{customdata[2]} correct<extra></extra>",
        name="a fold",
    )
    if found and found["interval"]:
        low, high = found["interval"]
        figure.add_vrect(x0=low, x1=high, fillcolor=TRAINING, opacity=0.15, line_width=0)
        figure.add_vline(x=found["accuracy"], line={"color": BASELINE, "dash": "dash"})
    figure.update_xaxes(title="Accuracy on the images of the fold", tickformat=".0%")
    figure.update_yaxes(autorange="reversed")
    return figure.update_layout(height=HEIGHT, margin={"l": 10, "r": 10, "t": 10, "b": 10}, showlegend=False)


def folds_words(result: "CrossValidationResult") -> str:
    """The chart as text, for screen readers."""
    values = sorted(head["accuracy"] for head in result["heads"])
    found = result["figures"]
    mean = f"; mean {percent(found['accuracy'])}" if found else ""
    return f"Accuracy of {len(values)} folds, from {percent(values[0])} to {percent(values[-1])}{mean}."
