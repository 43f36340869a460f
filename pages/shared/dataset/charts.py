"""Figures of a dataset, and sentences measured from it. No Streamlit in here."""

import html
from itertools import groupby
from operator import itemgetter

import altair as alt
import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.data.file_names import display_name
from core.store.run_colours import SERIES

_MANY = 8
"""More classes than this cannot be distinguished by colour: a heat map instead of bars."""

Counts = dict[str, dict[str, int]]


def count_table(counts: Counts) -> pd.DataFrame:
    """Counts by class (rows) and split (columns), with a row for their sum."""
    table = pd.DataFrame(counts)
    table.insert(0, "Class", [display_name(name) for name in table.index])
    total = {"Class": "All", **{split: int(table[split].sum()) for split in counts}}
    return pd.concat([table, pd.DataFrame([total])], ignore_index=True)


def count_chart(counts: Counts) -> alt.Chart:
    """Images of every class, one bar a split."""
    rows = [
        {"class": display_name(name), "split": split, "images": number}
        for split, classes in counts.items()
        for name, number in classes.items()
    ]
    chart: alt.Chart = (
        alt.Chart(pd.DataFrame(rows))
        .mark_bar(cornerRadiusEnd=3)
        .encode(
            y=alt.Y("class:N", title=None, sort=None, axis=alt.Axis(labelLimit=180)),
            x=alt.X("images:Q", title="Images", axis=alt.Axis(tickMinStep=1)),
            color=alt.Color("split:N", title=None, sort=list(counts), legend=alt.Legend(orient="top")),
            yOffset=alt.YOffset("split:N", sort=list(counts)),
            tooltip=[
                alt.Tooltip("class:N", title="Class"),
                alt.Tooltip("split:N", title="Split"),
                alt.Tooltip("images:Q", title="Images"),
            ],
        )
        .properties(height=min(120 + 22 * len(rows), 900))
    )
    return chart


def mix_figure(mix: NDArray[np.int64], names: tuple[str, ...]) -> go.Figure:
    """What every batch of an epoch holds, from the first to the last.

    Args:
        mix: Shape `(batches, classes)`, as from `core.data.order.batch_mix`.
        names: Of the classes.
    """
    # Plotly reads a little HTML in names.
    shown = [html.escape(display_name(name)) for name in names]
    numbers = np.arange(1, len(mix) + 1)
    figure = go.Figure(_heat_map(mix, shown, numbers) if len(names) > _MANY else _bars(mix, shown, numbers))
    figure.update_layout(
        barmode="stack",
        bargap=0.15 if len(mix) <= 60 else 0,
        height=320 if len(names) <= _MANY else min(900, 160 + 18 * len(names)),
        margin={"l": 10, "r": 10, "t": 30, "b": 10},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
        xaxis={"title": "Batch of the epoch", "dtick": 1 if len(mix) <= 20 else None},
        yaxis={"title": "Images"} if len(names) <= _MANY else {"type": "category", "autorange": "reversed"},
    )
    return figure


def describe_mix(mix: NDArray[np.int64], labels: NDArray[np.int64], names: tuple[str, ...]) -> str:
    """What was counted in the batches, in a sentence or two; no cause is claimed.

    Args:
        mix: Shape `(batches, classes)`.
        labels: Labels in the order in which the images come.
        names: Of the classes.
    """
    if not len(mix):
        return "No full batch: the batch size exceeds the number of training images."
    single = int(((mix > 0).sum(axis=1) == 1).sum())
    runs = [(len(list(run)), label) for label, run in groupby(labels.tolist())]
    length, label = max(runs, key=itemgetter(0))
    batches = "1 batch holds" if len(mix) == 1 else f"{len(mix):,} batches hold"
    text = (
        f"{single:,} of {batches} a single class; longest same-class streak: {length:,} "
        f"{'image' if length == 1 else 'images'} ({display_name(names[label])})."
    )
    if single == len(mix):
        return text
    shares = mix / mix.sum(axis=1, keepdims=True)
    k = int(np.argmax(mix.sum(axis=0)))
    whole = f"{100 * mix[:, k].sum() / mix.sum():.0f} % of the epoch"
    least, most = shares[:, k].min(), shares[:, k].max()
    of_batch = "" if len(mix) == 1 else f"{100 * least:.0f} to {100 * most:.0f} % of a batch, and "
    return f"{text} {display_name(names[k])} makes up {of_batch}{whole}."


def _bars(mix: NDArray[np.int64], names: list[str], numbers: NDArray[np.int64]) -> list[go.Bar]:
    return [
        go.Bar(
            x=numbers,
            y=mix[:, k],
            name=name,
            marker={"color": SERIES[k % len(SERIES)], "line": {"width": 0}},
            hovertemplate="Batch %{x}: %{y} of " + name + "<extra></extra>",
        )
        for k, name in enumerate(names)
    ]


def _heat_map(mix: NDArray[np.int64], names: list[str], numbers: NDArray[np.int64]) -> list[go.Heatmap]:
    template = "Batch %{x}: %{z} of %{y}<extra></extra>"
    return [go.Heatmap(x=numbers, y=names, z=mix.T, hovertemplate=template, colorbar={"title": "Images"})]
