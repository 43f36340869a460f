"""The map of a data set's pictures as a figure. No Streamlit in here."""

import html
from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from core.data.images import display_name
from pages.shared.charts import SERIES

PARTS = {"train": "training", "val": "validation", "test": "test"}
_SYMBOLS = {"train": "circle", "val": "diamond", "test": "square"}
_WEBGL = 8000
"""From so many points on the browser's graphics card draws them: as separate elements they would be slow."""


def map_figure(
    rows: Sequence[Mapping[str, Any]], part_of: Mapping[str, str], classes: Sequence[str], explained: Sequence[float]
) -> go.Figure:
    """A dot for every picture: its colour says the class, its form the part; flags are rings around what looks wrong.

    Args:
        rows: `{"file", "label", "x", "y", "issue"}`, as in `Review.result`.
        part_of: `train`, `val` or `test` by file.
        classes: Names of the classes, in the order of their colours.
        explained: Share of the variance along each axis.
    """
    figure = go.Figure()
    kind = go.Scattergl if len(rows) > _WEBGL else go.Scatter
    for k, label in enumerate(classes):
        for part, word in PARTS.items():
            mine = [row for row in rows if row["label"] == label and part_of.get(row["file"]) == part]
            if mine:
                figure.add_trace(_dots(kind, mine, f"{_shown(label)}, {word}", SERIES[k % len(SERIES)], _SYMBOLS[part]))
    wrong = [row for row in rows if row["issue"]]
    if wrong:
        figure.add_trace(_rings(kind, wrong))
    figure.update_layout(
        height=560,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        legend={"orientation": "h", "y": -0.12, "yanchor": "top", "x": 0},
        xaxis={"title": f"First component ({explained[0]:.0%} of the variance)", "zeroline": False},
        yaxis={"title": f"Second component ({explained[1]:.0%})", "zeroline": False},
        dragmode="lasso",
    )
    return figure


def selected_files(event: Any) -> list[str]:
    """Files of the selected dots, each once, in the order of the dots.

    Args:
        event: What Streamlit says of the selection: `{"selection": {"points": [{"customdata": [file]}]}}`.
    """
    points = event.get("selection", {}).get("points", []) if hasattr(event, "get") else []
    found = [point.get("customdata") for point in points]
    names = [data[0] if isinstance(data, list | tuple) and data else data for data in found]
    return list(dict.fromkeys(name for name in names if isinstance(name, str)))


def _dots(kind: Any, rows: Sequence[Mapping[str, Any]], name: str, colour: str, symbol: str) -> Any:
    return kind(
        x=[row["x"] for row in rows],
        y=[row["y"] for row in rows],
        customdata=[[row["file"]] for row in rows],
        text=[_shown(row["file"]) for row in rows],
        mode="markers",
        name=name,
        marker={"color": colour, "symbol": symbol, "size": 6, "opacity": 0.75},
        hovertemplate="%{text}<extra>" + name + "</extra>",
    )


def _rings(kind: Any, rows: Sequence[Mapping[str, Any]]) -> Any:
    """Open circles in a colour of no class, which do not take part in hovering."""
    return kind(
        x=[row["x"] for row in rows],
        y=[row["y"] for row in rows],
        customdata=[[row["file"]] for row in rows],
        mode="markers",
        name="label looks wrong",
        marker={"color": "rgba(0,0,0,0)", "size": 12, "line": {"color": "#D62728", "width": 1.5}, "symbol": "circle"},
        hoverinfo="skip",
    )


def _shown(name: str) -> str:
    """Plotly reads a little HTML in names."""
    return html.escape(display_name(name))
