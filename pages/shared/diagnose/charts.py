"""Figures of the Diagnose page: learning curves of two runs, and the trials of a bisect. Nothing here draws."""

import functools
import json
import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from core.bisect.arm_rows import judged_by, trial_rows
from core.store.run_colours import run_looks
from pages.shared.widgets.charts import thin
from pages.shared.widgets.curves import AXIS_TITLES, CURVE_PADDING, Curve, Row, axis_end, rows_table
from pages.shared.widgets.text import NOTHING, number, percent

if TYPE_CHECKING:
    from core.store.bisect_record import BisectResult
    from core.store.run_records import EpochRecord


SIDES = ("A", "B")
SIDE_DASHES: dict[str, tuple[int, ...]] = dict(zip(SIDES, ((), (7, 3)), strict=True))
SIDE_MARKS = dict(zip(SIDES, ("circle", "diamond"), strict=True))
"""What tells the two sides apart beside their colours, which are those of the runs."""

CURVE_HEIGHT = 300
TRIAL_HEIGHT, _AXIS_HEIGHT = 44, 130

_METRICS = {"accuracy": ".0%", "loss": ".2f", "auc": ".2f"}
_THINNEST = 0.004
"""Half the width that a band of one single value is drawn with."""


def side_colours(ids: Sequence[str]) -> list[str]:
    """The colours of run A and run B, the same as on other pages."""
    looks = run_looks(ids)
    return [looks[run_id].colour for run_id in ids]


def pair_curve(
    a: "Sequence[EpochRecord]", b: "Sequence[EpochRecord]", metric: str, title: str, colours: Sequence[str]
) -> Curve:
    """A validation metric of two runs over the epochs.

    Args:
        a: One record an epoch of run A.
        b: The same of run B.
        metric: `accuracy`, `loss` or `auc`.
        title: What the chart is called.
        colours: Of run A and run B.
    """
    rows = [
        Row(record.epoch, side, value)
        for side, records in zip(SIDES, (a, b), strict=True)
        for record in thin(records)
        if (value := record.figure(f"val_{metric}")) is not None
    ]
    last = max([int(row.epoch) for row in rows], default=2)
    spec = _pair_spec(metric, title, max(2, axis_end(last, last)), tuple(colours))
    return Curve(json.loads(spec), rows_table(rows, ("epoch", "run", "value")))


@functools.lru_cache(maxsize=64)
def _pair_spec(metric: str, title: str, end: int, colours: tuple[str, ...]) -> str:
    """The description of such a chart as JSON, without data: what Altair takes to make it is paid once."""
    y_scale = alt.Scale(zero=False, domainMax=1) if metric != "loss" else alt.Scale(zero=True)
    legend = alt.Legend(orient="bottom", symbolType="stroke", symbolStrokeWidth=3, labelFontSize=12)
    dashes = alt.Scale(domain=list(SIDES), range=[list(SIDE_DASHES[side]) or [1, 0] for side in SIDES])
    axis = alt.Axis(format=_METRICS[metric], tickCount=5)
    chart = (
        alt.Chart(alt.NamedData("curve"))
        .mark_line(point=alt.OverlayMarkDef(size=28), strokeWidth=2.5)
        .encode(
            alt.X("epoch:Q", title="Epoch", scale=alt.Scale(domain=[1, end], nice=False), axis=_whole_numbers(end)),
            alt.Y("value:Q", title=AXIS_TITLES[metric], scale=y_scale, axis=axis),
            alt.Color("run:N", title=None, scale=_scale(colours), legend=legend),
            alt.StrokeDash("run:N", title=None, scale=dashes, legend=legend),
            [
                alt.Tooltip("run:N", title="Run"),
                alt.Tooltip("epoch:Q", title="Epoch"),
                alt.Tooltip("value:Q", title=title, format=".1%" if metric == "accuracy" else ".4f"),
            ],
        )
        .properties(title=title, height=CURVE_HEIGHT, padding=CURVE_PADDING)
        .to_dict()
    )
    del chart["data"]  # it comes beside the description
    return json.dumps(chart)


def pair_words(a: "Sequence[EpochRecord]", b: "Sequence[EpochRecord]", metric: str, title: str) -> str:
    """The curves of two runs as text, for screen readers."""
    say = percent if metric == "accuracy" else number
    ends = [say(records[-1].figure(f"val_{metric}")) if records else NOTHING for records in (a, b)]
    return f"{title} of both runs over the epochs. At the end A has {ends[0]} and B {ends[1]}."


def trials_height(count: int) -> int:
    """Height of the chart of so many trials with its axis, in pixels."""
    return TRIAL_HEIGHT * max(1, count) + _AXIS_HEIGHT


def trials_chart(result: "BisectResult", colours: Sequence[str], *, dark: bool) -> alt.LayerChart | alt.FacetChart:
    """Every training of a bisect with its interval, in the order in which they ran, the two ends as bands behind.

    The same layers are there whatever has been measured, so that the browser keeps the chart and swaps the data in.

    Args:
        result: What the bisect has found so far.
        colours: Of run A and run B.
        dark: Whether the page is dark: text in a chart does not take the theme's colour by itself.
    """
    trials = trials_frame(result)
    low, high = _ends_of_axis(result, trials)
    # The same scale in every layer: a layer without one would draw the axis to zero.
    scale = alt.Scale(domain=[low, high], nice=False, clamp=True)
    title = judged_by(result)
    x = alt.X("value:Q", title=title, scale=scale, axis=alt.Axis(format=".0%", tickCount=6))
    start = alt.X("low:Q", title=title, scale=scale)
    y = alt.Y("place:O", title=None, axis=None, sort=None, scale=alt.Scale(domain=_rows(trials), paddingInner=0))
    legend = alt.Legend(orient="bottom", symbolOpacity=1, labelFontSize=12, titleFontSize=12)
    colour = alt.Color("from:N", title="Base run", scale=_scale(colours), legend=legend)
    shape = alt.Shape("from:N", title="Base run", scale=_scale(SIDE_MARKS.values()), legend=legend)
    tips = [
        alt.Tooltip("name:N", title="Training"),
        alt.Tooltip("state:N", title="State"),
        alt.Tooltip("value:Q", title=title, format=".1%"),
        alt.Tooltip("low:Q", title="Interval from", format=".1%"),
        alt.Tooltip("high:Q", title="Interval to", format=".1%"),
        alt.Tooltip("seconds:Q", title="Seconds", format=".0f"),
    ]
    measured = alt.Chart(trials[trials["value"].notna()])
    bands = alt.Chart(bands_frame(result)).mark_rect(opacity=0.16)
    seeds = alt.Chart(seeds_frame(result)).mark_point(filled=True, size=26, opacity=0.45, yOffset=8, aria=False)
    names = alt.Chart(trials).mark_text(align="left", dy=-11, fontSize=12, limit=900, color=_INK[dark])
    return alt.layer(
        bands.encode(start, alt.X2("high:Q"), color=colour, tooltip=[alt.Tooltip("about:N", title="Band")]),
        measured.mark_rule(strokeWidth=3, yOffset=8).encode(start, alt.X2("high:Q"), y, color=colour),
        measured.mark_point(filled=True, size=110, opacity=1, yOffset=8).encode(
            x, y, color=colour, shape=shape, tooltip=tips
        ),
        seeds.encode(x, y, color=colour, shape=shape, tooltip=[alt.Tooltip("about:N", title="Training")]),
        names.encode(y, alt.Text("label:N"), x=alt.value(2), tooltip=tips),
    ).properties(height=trials_height(len(trials)))


def trials_frame(result: "BisectResult") -> pd.DataFrame:
    """One row a trial: its name, what it starts from, its state, its value and interval."""
    rows = []
    for row, trial in enumerate(trial_rows(result)):
        value, bounds = trial.get("value"), trial.get("interval")
        state = str(trial.get("status", "waiting"))
        said = percent(value) if value is not None else _STATES.get(state, state)
        rows.append(
            {
                "place": row,
                "name": str(trial.get("name", "")),
                "label": f"{trial.get('name', '')}: {said}{trial['counted']}",
                "from": trial.get("base", "a").upper(),
                "state": state,
                "value": value,
                "low": bounds[0] if bounds else value,
                "high": bounds[1] if bounds else value,
                "seconds": trial.get("seconds"),
            }
        )
    columns = ["place", "name", "label", "from", "state", "value", "low", "high", "seconds"]
    numbers = dict.fromkeys(("value", "low", "high", "seconds"), "float64")
    return pd.DataFrame(rows, columns=columns).astype(numbers)


def seeds_frame(result: "BisectResult") -> pd.DataFrame:
    """One row a training of a trial that has several."""
    rows = [
        (row, trial.get("base", "a").upper(), one["value"], one["name"])
        for row, trial in enumerate(trial_rows(result))
        for one in trial["trainings"]
        if one.get("value") is not None
    ]
    return pd.DataFrame(rows, columns=["place", "from", "value", "about"])


def trials_caption(result: "BisectResult") -> str:
    """How to read the chart of the trials."""
    switched = "in the band of the other colour has the other run's result."
    if "measured" not in result:
        return f"Each dot is one trial with its 95 % CI. The bands are runs A and B with other seeds: a dot {switched}"
    return (
        "Each row is one combination of settings: a large dot for the mean with its CI, a small dot for each seed. "
        f"The bands are runs A and B over their seeds: a row {switched} The two runs themselves are shown for "
        "reference only."
    )


def bands_frame(result: "BisectResult") -> pd.DataFrame:
    """Where the two ends lie, repeats with other seeds included: one row for each end that was measured."""
    noise = {"A": result["noise"]["a"], "B": result["noise"]["b"]} if "noise" in result else {}
    rows = []
    for side in SIDES:
        values = [value for value in noise.get(side, []) if value is not None]
        if values:
            low, high = min(values), max(values)
            about = f"{side} with {len(values)} seeds: {percent(low)} to {percent(high)}"
            rows.append((side, max(0.0, low - _THINNEST), min(1.0, high + _THINNEST), about))
    return pd.DataFrame(rows, columns=["from", "low", "high", "about"])


def trials_words(result: "BisectResult") -> str:
    """The trials as text, for screen readers."""
    trials = [f"{trial.label}" for trial in trials_frame(result).itertuples()]
    bands = [str(about) for about in bands_frame(result)["about"]]
    if not trials:
        return "Trials between the two runs; none planned yet."
    return f"Trials between the two runs and their {judged_by(result).lower()}. {'; '.join([*bands, *trials])}."


_INK = {False: "#17211f", True: "#e6edeb"}
"""The theme's text colour, light and dark."""

_STATES = {"waiting": "not trained yet", "running": "training …", "failed": "failed", "finished": "finished"}


def _scale(values: Iterable[str]) -> alt.Scale:
    return alt.Scale(domain=list(SIDES), range=list(values))


def _rows(trials: pd.DataFrame) -> list[int]:
    return [int(row) for row in trials["place"]] or [0]


def _ends_of_axis(result: "BisectResult", trials: pd.DataFrame) -> tuple[float, float]:
    """Where the axis begins and ends, in steps of ten percent, so that it rarely moves while trials arrive."""
    bands = bands_frame(result)
    values = [*trials["low"].dropna(), *trials["high"].dropna(), *bands["low"], *bands["high"]]
    low, high = min(values, default=0.0), max(values, default=1.0)
    return max(0.0, math.floor(low * 10 - 0.2) / 10), min(1.0, math.ceil(high * 10) / 10)


def _whole_numbers(end: int) -> alt.Axis:
    return alt.Axis(format="d", tickMinStep=1, tickCount=min(end, 10), grid=False)
