"""Curves of a run over its epochs: training and validation of one metric. Nothing here draws on a page."""

import functools
import json
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import altair as alt
import pyarrow as pa

from core.compare.many import smooth
from core.models.unfreezing import stage_of
from pages.shared.widgets.charts import BASELINE, TRAINING, VALIDATION, thin
from pages.shared.widgets.text import number, percent

if TYPE_CHECKING:
    from core.store.run_records import EpochRecord

FINETUNING = "fine-tuning"
"""Begins the names of series that are no curves: where fine-tuning, or a later stage of it, begins."""

CURVE_HEIGHT = 300

_DOTS = 40
"""Up to so many epochs each has a dot."""

_ENDS = (30, 60, 120, 250, 500)
"""Where the axis of a long training ends meanwhile: curves in its first tenth would be hard to see."""

_TOPS = (1.0, 1.5, 2.0, 3.0, 5.0, 7.5, 10.0)
"""Where the axis of a loss ends, times a power of ten: few steps, so that it seldom moves while a run trains."""

AXIS_TITLES = {"loss": "Mean over images", "accuracy": "Share of images", "auc": "Area under ROC",
           "learning_rate": "Step size"}  # fmt: skip
"""What stands at the axis upwards, by metric."""


class Curve(NamedTuple):
    """A line chart: how it is drawn (Vega-Lite, without data) and what is in it."""

    spec: dict[str, Any]
    table: pa.Table


class Row(NamedTuple):
    """A point of a curve, or, without a value, where fine-tuning or a later stage of it begins."""

    epoch: float
    series: str
    value: float | None


class Looks(NamedTuple):
    """How the person wants curves: the weight of what came before in the moving average, and powers of ten upwards."""

    smoothing: float = 0.0
    is_log: bool = False


class _Scale(NamedTuple):
    """The vertical axis: its ends, and whether it is logarithmic."""

    low: float
    high: float
    is_log: bool


def curve(
    records: "Sequence[EpochRecord]",
    metric: str,
    title: str,
    last_epoch: int,
    baseline: float | None = None,
    looks: Looks = Looks(),  # noqa: B008 (a tuple, which nobody changes)
) -> Curve:
    """Training and validation values of one metric over the epochs.

    Args:
        records: One record an epoch.
        metric: `loss`, `accuracy`, `auc`, or `learning_rate`, which has one line.
        title: What the chart is called.
        last_epoch: Where the axis ends, so that it does not move while epochs arrive.
        baseline: A constant drawn dashed, for instance the share of the majority class. Defaults to none.
        looks: Smoothing and scale; only a loss takes powers of ten, which a learning rate always has.

    Returns:
        Description and data. The description hardly depends on the values (the axes end at a few round numbers): the
        browser mostly swaps the data in, and what Altair takes to make it (20 ms) is not paid for every viewer and
        tick.
    """
    kept, end = thin(records), max(last_epoch, 2)
    is_smoothed = looks.smoothing > 0 and metric != "learning_rate"
    rows = _long(kept, metric, baseline, end, _beginnings(records))
    scale = _scale_of(metric, [row.value for row in rows if row.value is not None], is_log=looks.is_log)
    if scale.is_log:
        rows = [row for row in rows if row.value is None or row.value > 0]
    table = rows_table(rows, ("epoch", "series", "value"))
    if is_smoothed:
        table = table.append_column("measured", table["value"])
        table = table.set_column(2, "value", pa.array(_smoothed(rows, looks.smoothing), pa.float64()))
    words = f"{title}, smoothed" if is_smoothed else title
    return Curve(json.loads(_curve_spec(metric, words, end, len(kept) <= _DOTS, is_smoothed, scale)), table)


def rows_table(rows: "Sequence[Row]", names: Sequence[str]) -> pa.Table:
    """Rows as the table that travels to the browser, without pandas, which takes longer: a tick of Live makes three."""
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    kinds = (pa.float64(), pa.string(), pa.float64())
    return pa.table([pa.array(column, kind) for column, kind in zip(columns, kinds, strict=True)], names=list(names))


@functools.lru_cache(maxsize=256)
def _curve_spec(metric: str, title: str, end: int, dots: bool, is_smoothed: bool, scale: _Scale) -> str:
    """The description of a curve as JSON."""
    names = list(_COLOURS)[: _LINES[metric]]
    # A chart with a single series is told by its title; three names do not fit below a chart on a phone.
    legend = None if len(names) == 1 else alt.Legend(**_LEGEND, columns=2 if len(names) > 2 else 0)
    data = alt.NamedData("curve")
    x = alt.X("epoch:Q", title="Epoch", scale=alt.Scale(domain=[1, end], nice=False), axis=_whole_numbers(end))
    y_scale = alt.Scale(domain=[scale.low, scale.high], nice=False, type="log" if scale.is_log else "linear")
    axis = alt.Axis(format=_form(metric, scale), tickCount=5)
    colour = alt.Color("series:N", title=None, scale=_series(_COLOURS, names), legend=legend)
    lines = (
        _values(data)
        .mark_line(
            point=alt.OverlayMarkDef(size=22) if dots and not is_smoothed else False,
            interpolate="step-before" if metric == "learning_rate" else "linear",
        )
        .encode(
            x,
            alt.Y("value:Q", title=AXIS_TITLES[metric], scale=y_scale, axis=axis),
            colour,
            alt.StrokeDash("series:N", title=None, scale=_series(_DASHES, names), legend=legend),
            _tips(metric, title),
        )
    )
    faint = _values(data).mark_line(opacity=0.3, strokeWidth=1, aria=False).encode(x, alt.Y("measured:Q"), colour)
    layers = [lines, *_begins(data, metric), *([faint] if is_smoothed else [])]
    chart = alt.layer(*layers).properties(title=title, height=CURVE_HEIGHT, padding=CURVE_PADDING).to_dict()
    for part in (chart, *chart["layer"]):
        part.pop("data", None)  # it comes beside the description
    return json.dumps(chart)


def _values(data: alt.NamedData) -> alt.Chart:
    return alt.Chart(data).transform_filter(f"indexof(datum.series, '{FINETUNING}') != 0")


def _tips(metric: str, title: str) -> list[alt.Tooltip]:
    return [
        alt.Tooltip("series:N", title="Curve"),
        alt.Tooltip("epoch:Q", title="Epoch"),
        alt.Tooltip("value:Q", title=title, format=_EXACT[metric]),
    ]


def _begins(data: alt.NamedData, metric: str) -> tuple[alt.Chart, alt.Chart]:
    """A line and words where fine-tuning or a stage of it begins; without data, and so invisible, where none does."""
    begins = alt.Chart(data).transform_filter(f"indexof(datum.series, '{FINETUNING}') == 0").encode(alt.X("epoch:Q"))
    # Without data a mark of its own for a screen reader would have no name; the chart's words say what it shows.
    rule = begins.mark_rule(color=BASELINE, strokeDash=[2, 2], aria=False).encode(
        tooltip=[alt.Tooltip("series:N", title="Begins here")]
    )
    rises = metric in ("accuracy", "auc")  # the words stand where the curves are not
    words = begins.transform_calculate(short=f"replace(datum.series, '{FINETUNING}, ', '')").mark_text(
        color=BASELINE,
        aria=False,
        angle=270,
        align="left" if rises else "right",
        baseline="top",
        dx=4 if rises else -4,
        dy=3,
    )
    return rule, words.encode(alt.Text("short:N"), y=alt.value("height" if rises else 0))


def axis_end(planned: int, last: int) -> int:
    """Where the axis of a running training ends: it moves in a few steps only, and never beyond what is planned."""
    return next((end for end in _ENDS if last < end < planned), max(planned, last))


def curve_words(records: "Sequence[EpochRecord]", metric: str, title: str) -> str:
    """The curve as text, for screen readers."""
    if not records:
        return f"{title} over the epochs. No epoch finished yet."
    last = records[-1]
    if metric == "learning_rate":
        return f"{title} over the epochs. In epoch {last.epoch} it is {last.figure(metric) or 0:.3g}."
    formatted = percent if metric == "accuracy" else number
    return (
        f"{title} over the epochs. After epoch {last.epoch}: training {formatted(last.figure(metric))}, "
        f"validation {formatted(last.figure('val_' + metric))}."
    )


_COLOURS: dict[str, Any] = {"training": TRAINING, "validation": VALIDATION, "majority class": BASELINE}
_LINES = {"loss": 2, "accuracy": 3, "auc": 2, "learning_rate": 1}
_FORMS = {"loss": ".2~f", "accuracy": ".0%", "auc": ".2~f", "learning_rate": ".0e"}
_EXACT = {"loss": ".4f", "accuracy": ".1%", "auc": ".4f", "learning_rate": ".3e"}
_DASHES: dict[str, Any] = {"training": [1, 0], "validation": [1, 0], "majority class": [6, 4]}
_LEGEND: dict[str, Any] = {
    "orient": "bottom", "symbolType": "stroke", "symbolStrokeWidth": 3, "columnPadding": 8, "labelFontSize": 12,
}  # fmt: skip
CURVE_PADDING: Any = {"left": 2, "right": 14, "top": 4, "bottom": 4}
"""Room for the half of a dot, and of a number at the axis, that lies beyond its end."""


def _scale_of(metric: str, values: Sequence[float], *, is_log: bool) -> _Scale:
    """The axis upwards: every value is inside, and its ends are round, so that they seldom move."""
    found = [value for value in values if math.isfinite(value)]
    positive = [value for value in found if value > 0]
    if metric in ("accuracy", "auc"):
        low = math.floor(10 * min(found) + 1e-9) / 10 if found else 0.0
        return _Scale(min(max(low, 0.0), 0.9), 1.0, is_log=False)
    if positive and (is_log or metric == "learning_rate"):
        powers = math.floor(math.log10(min(positive)) + 1e-9), math.ceil(math.log10(max(positive)) - 1e-9)
        return _Scale(10.0 ** powers[0], 10.0 ** max(powers[1], powers[0] + 1), is_log=True)
    return _Scale(min(0.0, *found, 0.0), _rounded_up(max(found, default=1.0)), is_log=False)


def _form(metric: str, scale: _Scale) -> str:
    """How the numbers at the axis are written, so that no two of them look the same."""
    if scale.is_log:
        return ".0e"
    if metric == "loss" and scale.high < 0.1:
        return f".{1 - math.floor(math.log10(scale.high))}~f"
    return _FORMS[metric]


def _rounded_up(value: float) -> float:
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next((top * power for top in _TOPS if top * power >= value * (1 - 1e-9)), 10 * power)


def _smoothed(rows: "Sequence[Row]", weight: float) -> list[float | None]:
    """The values, those of each curve as a moving average."""
    found = [row.value for row in rows]
    for series in ("training", "validation"):
        places = {k: row.value for k, row in enumerate(rows) if row.series == series and row.value is not None}
        for k, value in zip(places, smooth(list(places.values()), weight), strict=True):
            found[k] = value
    return found


def _series(values: dict[str, Any], names: Sequence[str]) -> alt.Scale:
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
) -> list[Row]:
    rows = [
        Row(record.epoch, series, value)
        for series, name in (("training", metric), ("validation", f"val_{metric}"))
        for record in records
        if (value := record.figure(name)) is not None
    ]
    rows += [Row(epoch, name, None) for epoch, name in beginnings]
    if baseline is not None:
        rows += [Row(1, "majority class", baseline), Row(end, "majority class", baseline)]
    return rows


def _whole_numbers(end: int) -> alt.Axis:
    return alt.Axis(format="d", tickMinStep=1, tickCount=min(end, 10), grid=False)
