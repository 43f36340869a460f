"""Charts of a run: curves, confusion matrix, ROC. Nothing here draws on a page."""

import functools
import html
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import altair as alt
import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.models.unfreezing import stage_of
from core.store.run_colours import SERIES
from core.store.runs import METRICS
from pages.shared.widgets.text import number, percent

if TYPE_CHECKING:
    from core.store.run_records import EpochRecord, Roc


TRAINING, VALIDATION, BASELINE = SERIES[0], SERIES[1], SERIES[-1]
"""Colours of the theme in .streamlit/config.toml: first and second series, and what is only a reference."""

POINTS = 300
"""Most epochs drawn: more cannot be told apart, and every viewer gets them at every tick."""

FINETUNING = "fine-tuning"
"""Begins the names of series that are no curves: where fine-tuning, or a later stage of it, begins."""

CURVES = 8
"""Most ROC curves in one chart, the worst first."""

CURVE_HEIGHT, FIGURE_HEIGHT = 320, 380

_DOTS = 40
"""Up to so many epochs each has a dot."""

_ENDS = (30, 60, 120, 250, 500)
"""Where the axis of a long training ends meanwhile: curves in its first tenth would be hard to see."""

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


class Curve(NamedTuple):
    """A line chart: how it is drawn (Vega-Lite, without data) and what is in it."""

    spec: dict[str, Any]
    frame: pd.DataFrame


def curve(
    records: "Sequence[EpochRecord]", metric: str, title: str, last_epoch: int, baseline: float | None = None
) -> Curve:
    """Training and validation values of one metric over the epochs.

    Args:
        records: One record an epoch.
        metric: `loss`, `accuracy`, `auc`, or `learning_rate`, which has one line.
        title: What the chart is called.
        last_epoch: Where the axis ends, so that it does not move while epochs arrive.
        baseline: A constant drawn dashed, for instance the share of the majority class. Defaults to none.

    Returns:
        Description and data. The description does not depend on the values: the browser only swaps the data in, and
        what Altair takes to make it (20 ms) is not paid for every viewer and tick.
    """
    kept, end = thin(records), max(last_epoch, 2)
    frame = _long(kept, metric, baseline, end, _beginnings(records))
    return Curve(json.loads(_curve_spec(metric, title, end, len(kept) <= _DOTS, frame.empty)), frame)


@functools.lru_cache(maxsize=256)
def _curve_spec(metric: str, title: str, end: int, dots: bool, empty: bool) -> str:
    """The description of a curve as JSON."""
    names = list(_COLOURS)[: _LINES[metric]]
    y_scale = alt.Scale(zero=False, domainMax=1) if metric in ("accuracy", "auc") else alt.Scale(zero=True)
    if metric == "learning_rate":
        y_scale = alt.Scale(type="log")  # that of fine-tuning is a hundredth of the head's
    if empty:
        y_scale = alt.Scale(domain=[0, 1])
    data = alt.NamedData("curve")
    lines = (
        alt.Chart(data)
        .transform_filter(f"indexof(datum.series, '{FINETUNING}') != 0")
        .mark_line(
            point=alt.OverlayMarkDef(size=22) if dots else False,
            clip=True,
            interpolate="step-before" if metric == "learning_rate" else "linear",
        )
        .encode(
            alt.X("epoch:Q", title="Epoch", scale=alt.Scale(domain=[1, end], nice=False), axis=_whole_numbers(end)),
            alt.Y("value:Q", title=None, scale=y_scale, axis=alt.Axis(format=_FORMS[metric], tickCount=5)),
            alt.Color("series:N", title=None, scale=_scale(_COLOURS, names), legend=_LEGEND),
            alt.StrokeDash("series:N", title=None, scale=_scale(_DASHES, names), legend=_LEGEND),
            [
                alt.Tooltip("series:N", title="Curve"),
                alt.Tooltip("epoch:Q", title="Epoch"),
                alt.Tooltip("value:Q", title=title, format=_EXACT[metric]),
            ],
        )
    )
    spec = alt.layer(lines, *_begins(data, metric)).properties(title=title, height=CURVE_HEIGHT).to_dict()
    for part in (spec, *spec["layer"]):
        part.pop("data", None)  # it comes beside the description
    return json.dumps(spec)


def _begins(data: alt.NamedData, metric: str) -> tuple[alt.Chart, alt.Chart]:
    """A line and words where fine-tuning or a stage of it begins; without data, and so invisible, where none does."""
    begins = alt.Chart(data).transform_filter(f"indexof(datum.series, '{FINETUNING}') == 0").encode(alt.X("epoch:Q"))
    rule = begins.mark_rule(color=BASELINE, strokeDash=[2, 2]).encode(
        tooltip=[alt.Tooltip("series:N", title="Begins here")]
    )
    rises = metric in ("accuracy", "auc")  # the words stand where the curves are not
    words = begins.transform_calculate(short=f"replace(datum.series, '{FINETUNING}, ', '')").mark_text(
        color=BASELINE, angle=270, align="left" if rises else "right", baseline="top", dx=4 if rises else -4, dy=3
    )
    return rule, words.encode(alt.Text("short:N"), y=alt.value("height" if rises else 0))


def axis_end(planned: int, last: int) -> int:
    """Where the axis of a training at work ends: it moves in a few steps only, and never beyond what is planned."""
    return next((end for end in _ENDS if last < end < planned), max(planned, last))


def curve_words(records: "Sequence[EpochRecord]", metric: str, title: str) -> str:
    """The curve for somebody who cannot see it."""
    if not records:
        return f"{title} over the epochs. No epoch is finished yet."
    last = records[-1]
    if metric == "learning_rate":
        return f"{title} over the epochs. In epoch {last.epoch} it is {last.figure(metric) or 0:.3g}."
    formatted = percent if metric == "accuracy" else number
    return (
        f"{title} over the epochs. After epoch {last.epoch}: training {formatted(last.figure(metric))}, "
        f"validation {formatted(last.figure('val_' + metric))}."
    )


def confusion_figure(table: Sequence[Sequence[int]], classes: Sequence[str]) -> go.Figure:
    """How often each true class (row) was read as each class (column): counts, coloured by the share of the row."""
    counts = np.asarray(table, dtype=np.int64)
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    names = [html.escape(name, quote=False) for name in classes]
    about = [
        [f"{names[i]} read as {names[j]}<br>{counts[i, j]} images, {shares[i, j]:.1%} of its row" for j in _to(names)]
        for i in _to(names)
    ]
    heat = go.Heatmap(z=shares, zmin=0, zmax=1, colorscale=_BLUES, customdata=about, xgap=2, ygap=2)
    heat.update(hovertemplate="%{customdata}<extra></extra>", colorbar={"title": "Row share", "tickformat": ".0%"})
    heat.showscale = len(names) > _CELLS
    figure = go.Figure(heat)
    if len(names) <= _CELLS:
        _write_cells(figure, counts, shares)
    ticks = {"tickmode": "array", "tickvals": list(_to(names)), "ticktext": [_short(name) for name in classes]}
    # Long names lean towards the left, where there is room for them.
    angle = -35 if len(names) > 2 and max(map(len, classes)) > 8 else 0
    figure.update_xaxes(title="Predicted class", showgrid=False, tickangle=angle, automargin=True, **ticks)
    figure.update_yaxes(title="True class", showgrid=False, autorange="reversed", automargin=True, **ticks)
    return figure.update_layout(height=FIGURE_HEIGHT, margin={"l": 10, "r": 10, "t": 10, "b": 10})


def confusion_words(table: Sequence[Sequence[int]], classes: Sequence[str]) -> str:
    """The confusion matrix for somebody who cannot see it."""
    rows = [
        f"of {sum(row)} images of {name}, {row[k]} were read as {name}"
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
            hovertemplate="%{x:.1%} false alarms, %{y:.1%} found<extra></extra>",
        )
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"color": BASELINE, "dash": "dash"}, name="chance", hoverinfo="skip"
    )
    figure.update_xaxes(title="False positive rate", range=[-0.01, 1.01], tickformat=".0%", dtick=0.2)
    figure.update_yaxes(title="True positive rate", range=[-0.01, 1.01], tickformat=".0%", dtick=0.2)
    legend = {"x": 0.98, "y": 0.04, "xanchor": "right", "yanchor": "bottom", "bgcolor": "rgba(0,0,0,0)"}
    return figure.update_layout(height=FIGURE_HEIGHT, margin={"l": 10, "r": 30, "t": 10, "b": 10}, legend=legend)


def roc_words(curves: "Mapping[str, Roc]") -> str:
    """The ROC curves for somebody who cannot see them."""
    areas = [f"{name} {number(roc.auc)}" for name, roc in worst_curves(curves)]
    return f"ROC curves; area under the curve: {', '.join(areas)}. Chance is 0.5."


def worst_curves(curves: "Mapping[str, Roc]") -> "list[tuple[str, Roc]]":
    """The curves that are drawn: those with the smallest area, at most `CURVES`."""
    return sorted(curves.items(), key=lambda item: item[1].auc or 0.0)[:CURVES]


_COLOURS: dict[str, Any] = {"training": TRAINING, "validation": VALIDATION, "majority": BASELINE}
_LINES = {"loss": 2, "accuracy": 3, "auc": 2, "learning_rate": 1}
_FORMS = {"loss": ".2f", "accuracy": ".0%", "auc": ".2f", "learning_rate": ".0e"}
_EXACT = {"loss": ".4f", "accuracy": ".1%", "auc": ".4f", "learning_rate": ".3e"}
_DASHES: dict[str, Any] = {"training": [1, 0], "validation": [1, 0], "majority": [6, 4]}
_LEGEND = alt.Legend(orient="bottom", symbolType="stroke", symbolStrokeWidth=3, columnPadding=8, labelFontSize=12)

# Opaque, so that the numbers on it can be read in the light and in the dark theme alike.
_BLUES = [[0, "#e8f1f7"], [1, "#00527f"]]
_INK, _PAPER, _DARK_CELL = "#17211f", "#ffffff", 0.7


def _scale(values: dict[str, Any], names: Sequence[str]) -> alt.Scale:
    return alt.Scale(domain=list(names), range=[values[name] for name in names])


def _beginnings(records: "Sequence[EpochRecord]") -> list[tuple[float, str]]:
    """Where fine-tuning and each later stage of it begins, between two epochs, and how it is called."""
    first: dict[int, float] = {}
    for record in records:
        if stage := stage_of(record.phase):
            first.setdefault(stage, record.epoch - 0.5)
    return [(epoch, FINETUNING if stage == 1 else f"{FINETUNING}, stage {stage}") for stage, epoch in first.items()]


def _long(
    records: "Sequence[EpochRecord]", metric: str, baseline: float | None, end: int, beginnings: list[tuple[float, str]]
) -> pd.DataFrame:
    rows: list[tuple[float, str, float | None]] = [
        (record.epoch, series, record.figure(name))
        for series, name in (("training", metric), ("validation", f"val_{metric}"))
        for record in records
        if record.figure(name) is not None
    ]
    rows += [(epoch, name, None) for epoch, name in beginnings]
    if baseline is not None:
        rows += [(1, "majority", baseline), (end, "majority", baseline)]
    return pd.DataFrame(rows, columns=["epoch", "series", "value"])


def _whole_numbers(end: int) -> alt.Axis:
    return alt.Axis(format="d", tickMinStep=1, tickCount=min(end, 10), grid=False)


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
