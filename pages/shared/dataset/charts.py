"""Figures of a dataset, and sentences measured from it. No Streamlit in here."""

from itertools import groupby
from operator import itemgetter
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.data.file_names import display_name
from core.stats.percent import rough
from core.store.run_colours import SERIES
from pages.shared.widgets.figure_names import literal, short

_MANY = 8
"""More classes than this cannot be distinguished by colour: a heat map instead of bars."""

_ENDS = 20
"""Classes drawn from each end of those by number of images; bars of more of them would merge."""

_BAR_HEIGHT = 8
"""Pixels of a bar and its gap, where there are many."""

Counts = dict[str, dict[str, int]]


def count_table(counts: Counts) -> pd.DataFrame:
    """Counts by class (rows) and split (columns), with a row for their sum."""
    table = pd.DataFrame(counts)
    table.insert(0, "Class", [display_name(name) for name in table.index])
    total = {"Class": "All", **{split: int(table[split].sum()) for split in counts}}
    return pd.concat([table, pd.DataFrame([total])], ignore_index=True)


def drawn_classes(counts: Counts) -> list[str]:
    """The classes that `count_chart` draws: all, or the smallest and the largest of many, the smallest first."""
    names = list(next(iter(counts.values()), {}))
    if len(names) <= 2 * _ENDS:
        return names
    ordered = sorted(names, key=lambda name: sum(classes[name] for classes in counts.values()))
    return ordered[:_ENDS] + ordered[-_ENDS:]


def drawn_words(counts: Counts) -> str:
    """A sentence on which classes `count_chart` draws; empty where it draws all."""
    count, drawn = len(next(iter(counts.values()), {})), len(drawn_classes(counts))
    if drawn == count:
        return ""
    return f"The {_ENDS} smallest and the {_ENDS} largest of {count:,} classes; the counts of all are in the table."


def count_chart(counts: Counts) -> alt.Chart:
    """Images of the `drawn_classes`, one bar a split."""
    shown = drawn_classes(counts)
    rows = [
        {"class": display_name(name), "split": split, "images": classes[name]}
        for split, classes in counts.items()
        for name in shown
    ]
    height = max(min(22 * len(rows), 780), _BAR_HEIGHT * len(rows))
    chart: alt.Chart = (
        alt.Chart(pd.DataFrame(rows))
        .mark_bar(cornerRadiusEnd=3)
        .encode(
            y=alt.Y("class:N", title=None, sort=None, axis=alt.Axis(labelLimit=130, labelOverlap=False)),
            x=alt.X("images:Q", title="Images", axis=alt.Axis(tickMinStep=1)),
            color=alt.Color("split:N", title=None, sort=list(counts), legend=alt.Legend(orient="top")),
            yOffset=alt.YOffset("split:N", sort=list(counts)),
            tooltip=[
                alt.Tooltip("class:N", title="Class"),
                alt.Tooltip("split:N", title="Split"),
                alt.Tooltip("images:Q", title="Images"),
            ],
        )
        .properties(height=120 + height)
    )
    return chart


def mix_figure(mix: NDArray[np.int64], names: tuple[str, ...]) -> go.Figure:
    """What every batch of an epoch holds, from the first to the last.

    Args:
        mix: Shape `(batches, classes)`, as from `core.data.order.batch_mix`.
        names: Of the classes.
    """
    numbers = np.arange(1, len(mix) + 1)
    figure = go.Figure(_heat_map(mix, names, numbers) if len(names) > _MANY else _bars(mix, names, numbers))
    height = 320 if len(names) <= _MANY else min(900, 160 + 18 * len(names))
    figure.update_layout(
        barmode="stack",
        bargap=0.15 if len(mix) <= 60 else 0,
        height=height,
        margin={"l": 10, "r": 10, "t": 30, "b": 10},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
        xaxis={"title": "Batch of the epoch", "dtick": 1 if len(mix) <= 20 else None},
        yaxis={"title": "Images"} if len(names) <= _MANY else _class_axis(names, height),
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
    share = f"{rough(mix[:, k].sum() / mix.sum())} of the epoch"
    least, most = shares[:, k].min(), shares[:, k].max()
    of_batch = "" if len(mix) == 1 else f"{100 * least:.0f} to {100 * most:.0f} % of a batch, and "
    return f"{text} {display_name(names[k])} makes up {of_batch}{share}."


def _bars(mix: NDArray[np.int64], names: tuple[str, ...], numbers: NDArray[np.int64]) -> list[go.Bar]:
    return [
        go.Bar(
            x=numbers,
            y=mix[:, k],
            name=short(name),
            marker={"color": SERIES[k % len(SERIES)], "line": {"width": 0}},
            hovertemplate=f"Batch %{{x}}: %{{y}} of {literal(name)}<extra></extra>",
        )
        for k, name in enumerate(names)
    ]


def _heat_map(mix: NDArray[np.int64], names: tuple[str, ...], numbers: NDArray[np.int64]) -> list[go.Heatmap]:
    """Rows by the classes' places: names that are cut alike would be one row."""
    whole = [[literal(name)] * len(mix) for name in names]
    bar = {"title": "Images", "thickness": 12, "outlinewidth": 0, "tickformat": ",d"}
    bar |= {"dtick": 1} if mix.max(initial=0) <= _MANY else {}
    template = "Batch %{x}: %{z} of %{text}<extra></extra>"
    return [go.Heatmap(x=numbers, z=mix.T, text=whole, hovertemplate=template, colorbar=bar)]


def _class_axis(names: tuple[str, ...], height: int) -> dict[str, Any]:
    """The first class uppermost, and the names of as many as there is room for."""
    places = list(range(0, len(names), -(-18 * len(names) // (height - 100))))
    return {
        "autorange": "reversed", "tickmode": "array", "tickvals": places, "ticktext": [short(names[k]) for k in places],
    }  # fmt: skip
