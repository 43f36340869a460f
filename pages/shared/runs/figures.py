"""Figures of any number of runs: what is in each, and how it is drawn on a page. Nothing here draws."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import streamlit as st

from core.compare.many import EPOCH, Images, curve, images_of, smooth
from core.report.plot import Line, Plot
from core.store.run_colours import Look
from core.store.runs import Run
from pages.shared.run.facts import Stamp, file_stamp
from pages.shared.widgets.charts import POINTS
from pages.shared.widgets.text import percent

if TYPE_CHECKING:
    from core.store.run_records import EpochRecord, Evaluation, Roc

HEIGHT, _LEGEND_ROW, _DOTS = 260, 19, 40
"""Pixels of a figure without its legend, which a chart of Streamlit holds within its height, and of a row of that;
up to so many epochs each has a dot."""

_LABEL = "length(datum.label) > 27 ? slice(datum.label, 0, 16) + '…' + slice(datum.label, -10) : datum.label"
"""A long name in a legend loses its middle: its end tells apart what is called the same."""

_LEGEND = {"orient": "bottom", "columns": 1, "labelLimit": 190, "labelExpr": _LABEL}
"""A figure is 300 pixels wide at least, and its legend begins where its axis does."""

_SHARE, _SHARE_UNDER_POINTER = ".0%", ".1%"

METRICS = (("loss", "Loss"), ("accuracy", "Accuracy"), ("auc", "AUC"))
CLASS_FIGURES = ("recall", "precision", "f1")
_MOST_CLASSES = 40
"""Classes in the figure of each class; the first ones, by name."""


@dataclass(frozen=True)
class Compared:
    """A run in a comparison.

    Attributes:
        label: What it is called in it; no two are called the same.
        look: Its colour and dashes, which it has on every page.
    """

    run: Run
    label: str
    look: Look

    @property
    def colour(self) -> str:
        """As `#rrggbb`."""
        return self.look.colour

    @property
    def dash(self) -> tuple[int, ...]:
        """Tells runs of one colour apart."""
        return self.look.dash


@dataclass(frozen=True)
class Drawn:
    """How curves are drawn.

    Attributes:
        part: `val` or `train`.
        across: `epoch` or `time`.
        weight: Of what came before, in the average.
        is_log: Whether losses are drawn by powers of ten.
    """

    part: str = "val"
    across: str = EPOCH
    weight: float = 0.0
    is_log: bool = False


def curve_plot(runs: Sequence[Compared], metric: str, title: str, drawn: Drawn) -> Plot:
    """One metric of all runs over the epochs, or over the minutes of training."""
    key = f"val_{metric}" if drawn.part == "val" else metric
    lines = []
    for one in runs:
        xs, ys = curve(epochs_of(one.run), key, drawn.across)
        if drawn.across != EPOCH:
            xs = [x / 60 for x in xs]
        means = smooth(ys, drawn.weight)
        kept = [round(k) for k in np.linspace(0, len(xs) - 1, min(len(xs), POINTS))]
        xs, ys, means = ([values[k] for k in kept] for values in (xs, ys, means))
        if drawn.weight:
            lines.append(Line(one.label, one.colour, xs, ys, one.dash, is_faint=True))
        lines.append(Line(one.label, one.colour, xs, means, one.dash))
    words = "Validation" if drawn.part == "val" else "Training"
    name = f"{words} {title if title == 'AUC' else title.lower()}"
    across = "epoch" if drawn.across == EPOCH else "minutes of training"
    return Plot(name, across, name, tuple(lines), is_log=drawn.is_log and metric == "loss",
                shares="y" if metric == "accuracy" else "")  # fmt: skip


def roc_plot(runs: Sequence[Compared], class_name: str) -> Plot:
    """The ROC curve of one class for every run that has one."""
    lines = []
    for one in runs:
        if roc := _rocs(one.run).get(class_name):
            label = one.label if roc.auc is None else f"AUC {roc.auc:.3f}, {one.label}"
            lines.append(Line(label, one.colour, roc.false_positive_rate, roc.true_positive_rate, one.dash))
    return Plot(f"ROC, {class_name}", "false positive rate", "true positive rate", tuple(lines), span=(0.0, 1.0),
                shares="xy")  # fmt: skip


def roc_classes(runs: Sequence[Compared]) -> list[str]:
    """The classes of which any run has a ROC curve."""
    return list(dict.fromkeys(name for one in runs for name in _rocs(one.run)))


def class_plot(runs: Sequence[Compared], figure: str) -> Plot:
    """One figure of every class, a dot a run."""
    found = {one.label: _class_figures(one.run, figure) for one in runs}
    names = sorted({name for values in found.values() for name in values}, key=str.casefold)[:_MOST_CLASSES]
    lines = []
    for one in runs:
        dots = [(value, k) for k, name in enumerate(names) if (value := found[one.label].get(name)) is not None]
        lines.append(Line(one.label, one.colour, [x for x, _ in dots], [float(k) for _, k in dots], mark=one.look.mark))
    title = "F1" if figure == "f1" else figure.capitalize()
    return Plot(f"{title} of each class", title, "class", tuple(lines), categories=tuple(names))


def chart(plot: Plot) -> dict[str, Any]:
    """How the figure is drawn on a page, as Vega-Lite without its data, which `frame` gives.

    Values stand under the pointer, and the legend picks a run out. Written by hand: Altair takes ten times as long.
    """
    layers = [_dots(plot)] if plot.categories else _lines(plot)
    pick = {"name": "picked", "select": {"type": "point", "fields": ["run"]}, "bind": "legend"}
    layers[-1]["params"] = [pick]
    layers[-1]["encoding"]["opacity"] = {"condition": {"param": "picked", "value": 1.0}, "value": 0.12}
    legend = _LEGEND_ROW * len({line.name for line in plot.lines})
    return {"height": max(HEIGHT, 30 * len(plot.categories)) + legend, "layer": layers}


def frame(plot: Plot) -> pd.DataFrame:
    """One row a point; what has no logarithm is left out where the axis is of powers of ten."""
    rows = [
        (line.name, x, y, k, line.is_faint)
        for line in plot.lines
        for k, (x, y) in enumerate(zip(line.xs, line.ys, strict=True))
        if y > 0 or not plot.is_log
    ]
    found = pd.DataFrame(rows, columns=["run", "x", "y", "at", "faint"])
    if plot.categories:
        found["class"] = [plot.categories[round(y)] for y in found["y"]]
    return found


def _dots(plot: Plot) -> dict[str, Any]:
    names = {"field": "class", "type": "nominal", "title": None, "sort": list(plot.categories)}
    encoding = {
        "x": {**_value("x", plot.x), "scale": {"domain": [0, 1]}, "axis": {"grid": False}},
        "y": {**names, "axis": {"labelLimit": 90, "grid": True}},
        **_marked(plot),
        "tooltip": [_name("run", "Run"), _name("class", "Class"), {**_value("x", plot.x), "format": ".3f"}],
    }
    return {"mark": {"type": "point", "filled": True, "size": 90}, "encoding": encoding}


def _lines(plot: Plot) -> list[dict[str, Any]]:
    """What was measured, pale, and over it the lines."""
    x_form, y_form = (_SHARE if axis in plot.shares else None for axis in "xy")
    upward: dict[str, Any] = {"type": "log"} if plot.is_log else {"zero": False}
    along: dict[str, Any] = {"zero": False, "nice": False}
    if plot.span:
        upward["domain"], along = list(plot.span), {"domain": [0, 1]}
    axis = {"grid": False, "tickMinStep": 0.2 if plot.span else 1, **({"format": x_form} if x_form else {})}
    encoding = {
        "x": {**_value("x", plot.x), "scale": along, "axis": axis},
        "y": {**_value("y", plot.y), "scale": upward, "axis": {"tickCount": 5, "format": y_form or ".3~g"}},
        "order": {"field": "at", "type": "quantitative"},
        **_look(plot),
    }
    tips = [
        _name("run", "Run"),
        {**_value("x", plot.x), "format": _SHARE_UNDER_POINTER if x_form else ".4~g"},
        {**_value("y", plot.y), "format": _SHARE_UNDER_POINTER if y_form else ".4~g"},
    ]
    longest = max((len(line.xs) for line in plot.lines), default=0)
    dots = {"size": 22} if longest <= _DOTS and not plot.span else False
    return [
        {
            "transform": [{"filter": "datum.faint"}],
            "mark": {"type": "line", "strokeWidth": 1, "opacity": 0.3},
            "encoding": dict(encoding),
        },
        {
            "transform": [{"filter": "!datum.faint"}],
            "mark": {"type": "line", "strokeWidth": 2.2, "point": dots},
            "encoding": {**encoding, "tooltip": tips},
        },
    ]


def _look(plot: Plot) -> dict[str, Any]:
    """Colour and dash of each run, with one legend for both."""
    looks = {line.name: line for line in plot.lines}
    names = list(looks)
    legend = {
        **_LEGEND,
        "symbolStrokeWidth": 3,
        "symbolType": "stroke",
        "symbolOpacity": 1,  # else as pale as what was measured
    }
    channel = {"field": "run", "type": "nominal", "title": None, "legend": legend}
    dashes = [list(looks[name].dash) or [1, 0] for name in names]
    return {
        "color": {**channel, "scale": {"domain": names, "range": [looks[name].colour for name in names]}},
        "strokeDash": {**channel, "scale": {"domain": names, "range": dashes}},
    }


def _marked(plot: Plot) -> dict[str, Any]:
    """Colour and shape of each run's dots, with one legend for both."""
    channel = {"field": "run", "type": "nominal", "title": None, "legend": _LEGEND}
    names = [line.name for line in plot.lines]
    return {
        "color": {**channel, "scale": {"domain": names, "range": [line.colour for line in plot.lines]}},
        "shape": {**channel, "scale": {"domain": names, "range": [line.mark for line in plot.lines]}},
    }


def _value(field: str, title: str | None) -> dict[str, Any]:
    return {"field": field, "type": "quantitative", "title": title}


def _name(field: str, title: str) -> dict[str, Any]:
    return {"field": field, "type": "nominal", "title": title}


def plot_words(plot: Plot) -> str:
    """The figure as text, for screen readers: where each run ends."""
    if plot.categories:
        return f"{plot.title} for {len(plot.lines)} runs and {len(plot.categories)} classes."
    say = percent if "y" in plot.shares else "{:.3g}".format
    ends = [f"{line.name} {say(line.ys[-1])}" for line in plot.lines if len(line.ys) and not line.is_faint]
    return f"{plot.title} of {len(ends)} runs. The last value of each: {'; '.join(ends)}."


def epochs_of(run: Run) -> "list[EpochRecord]":
    """One record an epoch; see `Run.epochs`."""
    stamp = file_stamp(run.path / "events.jsonl")
    return _epochs(str(run.path), stamp) if stamp else []


def evaluation_of(run: Run) -> "Evaluation | None":
    """The figures of the saved model; None without any."""
    stamp = file_stamp(run.path / "evaluation.json")
    return _evaluation(str(run.path), stamp) if stamp else None


def images_seen(run: Run) -> Images:
    """Which images a run saw; see `core.compare.many`."""
    stamp = file_stamp(run.path / "manifest.json")
    return _images(str(run.path), stamp) if stamp else Images()


def _rocs(run: Run) -> "dict[str, Roc]":
    evaluation = evaluation_of(run)
    return evaluation.val.roc if evaluation and evaluation.val else {}


def _class_figures(run: Run, figure: str) -> dict[str, float | None]:
    evaluation = evaluation_of(run)
    if not evaluation or not evaluation.val:
        return {}
    rows = zip(evaluation.val.per_class, evaluation.classes, strict=False)
    return {
        row.name or name: {"recall": row.recall, "precision": row.precision, "f1": row.f1}[figure] for row, name in rows
    }


@st.cache_resource(max_entries=400, show_spinner=False)
def _epochs(folder: str, stamp: Stamp) -> "list[EpochRecord]":
    """Shared by all viewers: nobody changes them."""
    return Run(Path(folder)).epochs()


@st.cache_resource(max_entries=200, show_spinner=False)
def _evaluation(folder: str, stamp: Stamp) -> "Evaluation | None":
    return Run(Path(folder)).evaluation()


@st.cache_data(max_entries=400, show_spinner=False)
def _images(folder: str, stamp: Stamp) -> Images:
    return images_of(Run(Path(folder)))
