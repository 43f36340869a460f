"""The map of a dataset's images as a figure. No Streamlit in here."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from core.data.file_names import display_name
from pages.shared.dataset.map_colours import PARTS, Group
from pages.shared.widgets.figure_names import literal

_SYMBOLS = {"train": "circle", "val": "diamond", "test": "square"}
_WEBGL = 8000
"""From so many points on the browser's graphics card draws them: as separate elements they would be slow."""

_FITS = [[0, "#D55E00"], [0.25, "#E69F00"], [0.6, "#8FA8A3"], [1, "#56B4E9"]]
"""From a label that does not fit to one that does; distinguishable for colour-blind people, on white and on black."""

Row = Mapping[str, Any]


def map_figure(rows: Sequence[Row], groups: Sequence[Group], axes: Sequence[str]) -> go.Figure:
    """A dot for every image: its colour says the group, its form the part; rings are around what looks wrong.

    Args:
        rows: `{"file", "label", "part", "x", "y", "issue", "note"}`; `part` is `train`, `val` or `test`, `note` what
            to say of the image beside its class.
        groups: What is drawn in one colour, or along one scale of colours, in the order of the legend.
        axes: Titles of the two axes; empty where a number on them means nothing.
    """
    figure = go.Figure()
    kind = go.Scattergl if len(rows) > _WEBGL else go.Scatter
    for group in groups:
        if group.rows:
            figure.add_trace(_dots(kind, group))
    wrong = [row for row in rows if row["issue"]]
    if wrong:
        figure.add_trace(_rings(kind, wrong))
    figure.update_layout(
        height=560,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        legend={"orientation": "h", "y": -0.12 if any(axes) else -0.02, "yanchor": "top", "x": 0},
        dragmode="lasso",
        hovermode="closest",
    )
    for axis, title in zip((figure.layout.xaxis, figure.layout.yaxis), axes, strict=True):
        axis.update(title=title, zeroline=False, showticklabels=bool(title), showgrid=bool(title))
    return figure


def near_order(rows: Sequence[Row]) -> list[int]:
    """Positions of rows along a curve (Morton's) on which those that lie close on the map mostly follow each other.

    Args:
        rows: With `x` and `y`.
    """
    if not rows:
        return []
    positions = np.array([(row["x"], row["y"]) for row in rows], float)
    spread = np.maximum(np.ptp(positions, axis=0), 1e-12)
    cells = ((positions - positions.min(axis=0)) / spread * 1023).astype(np.int64)
    # The bits of both cells by turns: x0 y0 x1 y1 ...
    codes = sum(((cells[:, axis] >> bit) & 1) << (2 * bit + axis) for bit in range(10) for axis in (0, 1))
    order: list[int] = np.argsort(codes, kind="stable").tolist()
    return order


def selected_files(event: Any) -> list[str]:
    """Files of the selected dots, each once, in the order of the dots.

    Args:
        event: What Streamlit says of the selection: `{"selection": {"points": [{"customdata": [file, ...]}]}}`.
    """
    points = event.get("selection", {}).get("points", []) if hasattr(event, "get") else []
    found = [point.get("customdata") for point in points]
    names = [data[0] if isinstance(data, list | tuple) and data else data for data in found]
    return list(dict.fromkeys(name for name in names if isinstance(name, str)))


def _dots(kind: Any, group: Group) -> Any:
    # Opaque: the colours have 3 to 1 against the white and the dark page, and would lose it if the page shone through.
    marker: dict[str, Any] = {"symbol": [_SYMBOLS[row["part"]] for row in group.rows], "size": 6, "opacity": 1}
    if len({row["part"] for row in group.rows}) == 1:
        marker["symbol"] = marker["symbol"][0]
    if group.values is None:
        marker["color"] = group.colour
    else:
        bar = {
            "title": {"text": "label fits", "side": "right"},
            "thickness": 12,
            "outlinewidth": 0,
            "len": 0.9,
            "y": 0.45,
        }
        marker |= {"color": list(group.values), "colorscale": _FITS, "cmin": 0, "cmax": 1, "colorbar": bar}
    name = literal(group.name)
    return kind(
        **_positions(group.rows),
        text=[literal(row["file"]) for row in group.rows],
        mode="markers",
        name=name,
        marker=marker,
        showlegend=group.values is None,
        hovertemplate="%{text}<extra>" + name + "</extra>",
    )


def _rings(kind: Any, rows: Sequence[Row]) -> Any:
    """Open circles in a colour of no class, which do not take part in hovering."""
    return kind(
        **_positions(rows),
        mode="markers",
        name="label looks wrong",
        marker={"color": "rgba(0,0,0,0)", "size": 12, "line": {"color": "#D62728", "width": 1.5}, "symbol": "circle"},
        hoverinfo="skip",
    )


def _positions(rows: Sequence[Row]) -> dict[str, list[Any]]:
    """Where the dots are and whose they are: the file, its class and part, and what else there is to say of it.

    These are texts, drawn as such by the card of pages/shared/dataset/map_hover.js; Plotly itself does not show them.
    """
    return {
        "x": [row["x"] for row in rows],
        "y": [row["y"] for row in rows],
        "customdata": [
            [row["file"], f"{display_name(row['label'])} · {PARTS[row['part']]}", row["note"]] for row in rows
        ],
    }
