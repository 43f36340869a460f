"""The candidates of a search for the best network: a table, and accuracy against time. Nothing here draws on a page."""

from typing import TYPE_CHECKING, Any

import pandas as pd
import plotly.graph_objects as go

from pages.shared.widgets.charts import BASELINE, TRAINING, VALIDATION
from pages.shared.widgets.figure_names import under_pointer
from pages.shared.widgets.share_column import in_percent
from pages.shared.widgets.text import percent

if TYPE_CHECKING:
    from core.store.fold_records import SearchCandidate, SearchResult

HEIGHT = 340

STATES = {"kept": "finalist", "dropped": "dropped", "left_out": "skipped", "waiting": "running"}


def ranking_table(result: "SearchResult") -> pd.DataFrame:
    """One row a candidate that was trained, the best first."""
    apart = {pair["candidate"]: pair["told_apart"] for pair in result["pairs"]}
    rows = []
    for rank, number in enumerate(result["ranking"], 1):
        row = result["candidates"][number]
        figures: Any = row["figures"]
        low, high = figures["interval"] or (None, None)
        rows.append(
            {
                "rank": rank,
                "network": row["settings"]["model.backbone"],
                "size": row["settings"]["data.image_size"],
                "head": row["settings"]["model.head"],
                "rate": row["settings"]["training.learning_rate"],
                "accuracy": in_percent(figures["accuracy"]),
                "interval": f"{percent(low)} to {percent(high)}",
                "auc": figures["auc"],
                "apart": "the best" if rank == 1 else "yes" if apart.get(number) else "no",
                "milliseconds": row["milliseconds"],
                "megabytes": row["megabytes"],
                "heads": len(row["heads"]),
                "state": STATES[row["state"]],
            }
        )
    return pd.DataFrame(rows)


def pareto(result: "SearchResult") -> list[int]:
    """Candidates that no other one beats in accuracy and in time, the fastest first."""
    measured = [(row["milliseconds"], row["figures"], k) for k, row in enumerate(result["candidates"])]
    points = [(time, -figures["accuracy"], k) for time, figures, k in measured if time is not None and figures]
    front: list[int] = []
    best = 1.0
    for _, worse, k in sorted(points):
        if worse < best:
            front, best = [*front, k], worse
    return front


def pareto_figure(result: "SearchResult") -> go.Figure:
    """Accuracy against the network's milliseconds an image, with the line of those that none beats in both."""
    figure, front = go.Figure(), pareto(result)
    rows = result["candidates"]
    figure.add_scatter(
        x=[rows[k]["milliseconds"] for k in front],
        y=[_accuracy(rows[k]) for k in front],
        mode="lines",
        line={"color": BASELINE, "dash": "dash", "shape": "hv"},
        hoverinfo="skip",
        name="Pareto front",
    )
    for name, states, colour in (
        ("finalist", ("kept", "waiting"), TRAINING),
        ("dropped", ("dropped",), VALIDATION),
    ):
        shown = [row for row in rows if row["state"] in states and row["figures"] and row["milliseconds"] is not None]
        ends = [_interval(row) for row in shown]
        figure.add_scatter(
            x=[row["milliseconds"] for row in shown],
            y=[_accuracy(row) for row in shown],
            error_y={
                "type": "data",
                "array": [high - _accuracy(row) for row, (_, high) in zip(shown, ends, strict=True)],
                "arrayminus": [_accuracy(row) - low for row, (low, _) in zip(shown, ends, strict=True)],
                "thickness": 1,
            },
            mode="markers",
            marker={"size": 11, "color": colour, "opacity": 0.8},
            customdata=[under_pointer(row["name"]) for row in shown],
            hovertemplate="%{customdata}<br>%{y:.1%}, %{x:.0f} ms<extra></extra>",
            name=name,
        )
    figure.update_xaxes(title="Milliseconds an image (network alone)", rangemode="tozero")
    figure.update_yaxes(title="Accuracy", tickformat=".0%")
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}
    return figure.update_layout(height=HEIGHT, margin={"l": 10, "r": 10, "t": 30, "b": 10}, legend=legend)


def pareto_words(result: "SearchResult") -> str:
    """The chart as text, for screen readers."""
    rows = result["candidates"]
    said = [
        f"{rows[k]['name']}: {percent(_accuracy(rows[k]))}, {rows[k]['milliseconds']:.0f} ms" for k in pareto(result)
    ]
    return f"Accuracy against time. Pareto front: {'; '.join(said) or 'none yet'}."


def _interval(row: "SearchCandidate") -> tuple[float, float]:
    ends = row["figures"]["interval"] if row["figures"] else None
    return (ends[0], ends[1]) if ends else (_accuracy(row), _accuracy(row))


def _accuracy(row: "SearchCandidate") -> float:
    return row["figures"]["accuracy"] if row["figures"] else 0.0
