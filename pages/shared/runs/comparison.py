"""Any number of runs side by side: whether they can be compared, curves, differences, figures."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.compare.many import EPOCH, TIME, image_differences, setting_differences
from core.report.plot import Plot, to_csv, to_png, to_svg
from core.runs_table.columns import METRICS, columns
from core.runs_table.rows import Row, data_name, flat
from core.store.csv_tables import ENCODING
from core.store.run_colours import MOST_TOGETHER, run_looks
from pages.shared import state
from pages.shared.run.view import LOOKS, read_config
from pages.shared.runs import address, figures
from pages.shared.runs.choice import compare
from pages.shared.runs.figures import Compared, Drawn
from pages.shared.runs.table import labels, run_of
from pages.shared.state import part_key
from pages.shared.widgets.download import download
from pages.shared.widgets.fields import setting_label, word_of
from pages.shared.widgets.share_column import in_percent, share_bar
from pages.shared.widgets.swatch import swatch
from pages.shared.widgets.text import NOTHING, duration, number, percent, plain

_SHARES = ("val_accuracy", "best_val_accuracy", "saved_accuracy", "test_accuracy")
_PARTS = {"val": "Validation", "train": "Training"}
_ACROSS = {EPOCH: "Epochs", TIME: "Time"}


def compared_rows(rows: Sequence[Row]) -> tuple[list[Row], int]:
    """The runs that the address asks to compare; and how many are not there."""
    known = {row.id: row for row in flat(rows)}
    asked = address.get_list(state.LOOK_COMPARED)[:MOST_TOGETHER]
    found = [known[run_id] for run_id in asked if run_id in known]
    return found, len(asked) - len(found)


def show_comparison(rows: Sequence[Row], found: Sequence[Row], gone: int) -> None:
    """All of it, in place of the table."""
    names, looks = labels(found), run_looks([row.id for row in found])
    runs = [Compared(run_of(row), names[row.id], looks[row.id]) for row in found]
    st.button("Back to the table", icon=":material/arrow_back:", on_click=_leave)
    _choose(rows, found)
    if gone:
        st.info(f"{gone} of the runs in the address {'does' if gone == 1 else 'do'} not exist any more.")
    if not runs:
        st.info("No runs left to compare.", icon=":material/info:")
        return
    if said := image_differences([one.label for one in runs], [figures.images_seen(one.run) for one in runs]):
        about = " ".join([*said, "Their metrics are not directly comparable."])
        st.warning(plain(about), icon=":material/warning:")
    _results(runs, found)
    _diagnose(runs, found)
    _curves(runs)
    _differences(runs)
    _rocs(runs)
    _classes(runs)


def _leave() -> None:
    st.query_params.pop(state.LOOK_COMPARED, None)


def _choose(rows: Sequence[Row], found: Sequence[Row]) -> None:
    """The compared runs by name."""
    every = labels(flat(rows))

    def follow() -> None:
        compare([str(run_id) for run_id in st.session_state[_key("runs")]])

    st.session_state[_key("runs")] = [row.id for row in found]
    st.multiselect(
        "Compared runs",
        list(every),
        key=_key("runs"),
        format_func=every.__getitem__,
        on_change=follow,
        max_selections=MOST_TOGETHER,
        placeholder="Choose runs",
        help="A run keeps its colour, also on other pages.",
    )


def _results(runs: Sequence[Compared], rows: Sequence[Row]) -> None:
    """What became of each run, with the colour in which it is drawn."""
    table = pd.DataFrame(
        {
            "colour": [swatch(one.colour, one.dash) for one in runs],
            "name": [one.label for one in runs],
            "val_accuracy": [_metric("val_accuracy", row) for row in rows],  # in sight on a phone, too
            "status": [LOOKS[str(row.get("status"))][0] for row in rows],
            **{key: [_metric(key, row) for row in rows] for key in METRICS if key != "val_accuracy"},
            "epochs": [row.get("epochs") for row in rows],
            "seconds": [duration(row.get("seconds")) for row in rows],
        }
    )
    column = st.column_config
    shares = {
        key: share_bar(columns()[key].label, 130 if key == "best_val_accuracy" else 95, columns()[key].help)
        for key in _SHARES
    }
    st.dataframe(
        table.dropna(axis="columns", how="all"),
        hide_index=True,
        placeholder=NOTHING,
        alt="Table of the compared runs: "
        + "; ".join(_result_words(one, row) for one, row in zip(runs, rows, strict=True)),
        column_config={
            "colour": column.ImageColumn("", width=50, pinned=True),
            "name": column.TextColumn("Run", width=170, pinned=True),
            "status": column.TextColumn("State", width=90),
            **shares,
            "val_auc": column.NumberColumn("AUC", format="%.3f", width=70),
            "val_loss": column.NumberColumn("Loss", format="%.3f", width=70, help=columns()["val_loss"].help),
            "epochs": column.NumberColumn("Epochs", width=70),
            "seconds": column.TextColumn("Duration", width=80),
        },
    )


def _metric(key: str, row: Row) -> Any:
    return in_percent(row.get(key)) if key in _SHARES else row.get(key)


def _result_words(one: Compared, row: Row) -> str:
    return f"{one.label}, accuracy {percent(row.get('val_accuracy'))}, AUC {number(row.get('val_auc'))}"


def _diagnose(runs: Sequence[Compared], rows: Sequence[Row]) -> None:
    """Two of them lead to Diagnose: the best and the worst unless others are chosen."""
    if len(runs) < 2:
        return
    ids = [one.run.id for one in runs]
    names = {one.run.id: one.label for one in runs}
    ranked = sorted(rows, key=lambda row: -(row.get("saved_accuracy") or row.get("val_accuracy") or 0.0))
    pair = [ranked[0].id, ranked[-1].id] if len(runs) > 2 else ids
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if len(runs) > 2:
            pair = [_side(label, run_id, names) for label, run_id in zip(("Run A", "Run B"), pair, strict=True)]
        if st.button("Why do they differ?", icon=":material/troubleshoot:", disabled=pair[0] == pair[1],
                     help="Opens the two on the Diagnose page."):  # fmt: skip
            query = {state.RUN_A: pair[0], state.RUN_B: pair[1]}
            st.switch_page("pages/diagnose.py", query_params=query)


def _side(label: str, run_id: str, names: Mapping[str, str]) -> str:
    ids = list(names)
    key = part_key(_key("side"), label, *ids[:20])
    about = "One of the two runs that Diagnose compares."
    return str(st.selectbox(label, ids, ids.index(run_id), dict(names).__getitem__, key=key, help=about, width=260))


def _curves(runs: Sequence[Compared]) -> None:
    st.subheader("Curves", anchor=False)
    drawn = _how()
    with st.grid(3, min_column_width=300):
        for metric, title in figures.METRICS:
            _figure(figures.curve_plot(runs, metric, title, drawn), metric)


def _how() -> Drawn:
    """How the curves are drawn, in step with the address."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        part = _one_of("Images", state.LOOK_PART, _PARTS, "Split whose metrics are plotted.")
        across = _one_of("By", state.LOOK_ACROSS, _ACROSS, "Training time, without pauses.")
        weight = _smoothing()
        is_log = _log()
    return Drawn(part, across, weight, is_log)


def _one_of(label: str, name: str, words: Mapping[str, str], about: str) -> str:
    options = list(words)

    def follow() -> None:
        chosen = str(st.session_state[_key(name)])
        address.put_text(name, "" if chosen == options[0] else chosen)

    asked = address.get_text(name)
    st.session_state[_key(name)] = asked if asked in words else options[0]
    word = words.__getitem__
    st.segmented_control(label, options, key=_key(name), format_func=word, required=True, on_change=follow, help=about)
    return str(st.session_state[_key(name)])


def _smoothing() -> float:
    def follow() -> None:
        weight = float(st.session_state[_key("smooth")])
        address.put_text(state.LOOK_SMOOTH, f"{weight:g}" if weight else "")

    try:
        asked = float(address.get_text(state.LOOK_SMOOTH) or 0)
    except ValueError:
        asked = 0.0
    st.session_state[_key("smooth")] = round(min(max(asked, 0.0), 0.95) / 0.05) * 0.05 if math.isfinite(asked) else 0.0
    return float(
        st.slider(
            "Smoothing",
            0.0,
            0.95,
            step=0.05,
            key=_key("smooth"),
            on_change=follow,
            width=200,
            help="Exponential moving average; the unsmoothed curve stays visible in a lighter colour.",
        )
    )


def _log() -> bool:
    def follow() -> None:
        address.put_text(state.LOOK_LOG, "1" if st.session_state[_key("log")] else "")

    st.session_state[_key("log")] = address.get_text(state.LOOK_LOG) == "1"
    return bool(st.toggle("Log scale for loss", key=_key("log"), on_change=follow, help="A logarithmic scale."))


def _differences(runs: Sequence[Compared]) -> None:
    """Only the settings that are not the same in all runs."""
    st.subheader("What differs", anchor=False)
    configs = [read_config(one.run) for one in runs]
    rows = setting_differences(
        [{"dataset": data_name(config.dataset), **config.settings()} if config else None for config in configs]
    )
    if not rows:
        st.markdown(":material/check: No differences: all have the same settings.")
        return
    lines = []
    for key, values in rows:
        cells = {one.label: _value(key, value) for one, value in zip(runs, values, strict=True)}
        lines.append({"Setting": setting_label(key), **cells, "Key": key})
    table = pd.DataFrame(lines)
    config = {one.label: st.column_config.TextColumn(width=140) for one in runs}  # whatever the length of a name
    config["Setting"] = st.column_config.TextColumn(width=215, pinned=True)
    st.dataframe(table, hide_index=True, alt="The settings that differ, a column for each run", column_config=config)


def _rocs(runs: Sequence[Compared]) -> None:
    names = figures.roc_classes(runs)
    if not names:
        return
    st.subheader("ROC curves", anchor=False)
    name = names[0]
    if len(names) > 1:
        name = str(st.selectbox("Class", names, key=part_key(_key("roc"), *names[:20]), width=300))
    _figure(figures.roc_plot(runs, name), "roc", width=640)


def _classes(runs: Sequence[Compared]) -> None:
    plots = [figures.class_plot(runs, figure) for figure in figures.CLASS_FIGURES]
    if all(plot.is_empty for plot in plots):
        return
    st.subheader("Per-class metrics", anchor=False)
    with st.grid(3, min_column_width=300):
        for figure, plot in zip(figures.CLASS_FIGURES, plots, strict=True):
            _figure(plot, figure)


def _figure(plot: Plot, name: str, width: int | str = "stretch") -> None:
    """A figure under its title, and its three files."""
    with st.container(key=part_key(_key("figure"), name), width=width):  # type: ignore[arg-type]
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(f"**{plain(plot.title)}**", width="content")
            if not plot.is_empty:
                _save(plot, name)
        if plot.is_empty:
            st.caption("Not available for these runs yet.")
            return
        words = figures.plot_words(plot)
        st.vega_lite_chart(figures.frame(plot), figures.chart(plot), width="stretch", alt=words)


def _save(plot: Plot, name: str) -> None:
    files: dict[str, Callable[[], bytes]] = {
        "png": lambda: to_png(plot),
        "svg": lambda: to_svg(plot).encode(),
        "csv": lambda: to_csv(plot).encode(ENCODING),
    }
    with st.popover("Save", icon=":material/download:", type="tertiary", key=part_key(_key("save"), name)):
        for kind, data in files.items():
            download(kind.upper(), f"runs-{name}.{kind}", data, part_key(_key("save"), name, kind))


def _value(key: str, value: Any) -> str:
    if value is None:
        return NOTHING
    return str(value) if key == "dataset" else word_of(key, value)


def _key(name: str) -> str:
    return part_key("compare", name)
