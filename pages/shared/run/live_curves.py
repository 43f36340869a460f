"""The curves of a run, running or ended, as the person wants them drawn."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import streamlit as st

from core.config import RunConfig
from core.store.runs import Run, Status
from pages.shared.run.facts import DataFacts, Stamp, epochs, shared_stamp
from pages.shared.state import CURVES_LOG, CURVES_SMOOTHING
from pages.shared.widgets.curves import CURVE_HEIGHT, Looks, axis_end, curve, curve_words

if TYPE_CHECKING:
    from core.store.run_records import EpochRecord

_CURVES = (("loss", "Loss"), ("accuracy", "Accuracy"), ("auc", "AUC"))
_RATE = ("learning_rate", "Learning rate")


def choose_looks() -> None:
    """Scale and smoothing of the curves."""
    with st.popover("Curves", icon=":material/tune:", type="tertiary"):
        st.toggle("Log scale", key=CURVES_LOG, help="Logarithmic axis for the loss.")
        st.slider(
            "Smoothing",
            0.0,
            0.9,
            0.0,
            0.1,
            key=CURVES_SMOOTHING,
            help="Exponential moving average; the unsmoothed curve stays visible in a lighter colour.",
        )


def _looks() -> Looks:
    state = st.session_state
    return Looks(float(state.get(CURVES_SMOOTHING, 0.0)), bool(state.get(CURVES_LOG, False)))


def show_curves(
    run: Run, records: "Sequence[EpochRecord]", facts: DataFacts | None, status: Status, config: RunConfig
) -> None:
    """The curves of a run, and its learning rate where it is known."""
    planned = status.epochs or config.training.most_epochs
    last = records[-1].epoch if records else 0
    end = axis_end(planned, last) if status.is_active else last or planned
    rates = {record.learning_rate for record in records if record.learning_rate is not None}
    has_rate_curve = len(rates) > 1 or (status.is_active and _may_change_rate(config))
    with st.grid(4 if has_rate_curve else 3, min_column_width=250):
        for metric, name in (*_CURVES, *([_RATE] if has_rate_curve else [])):
            baseline = facts.majority_share if facts and metric == "accuracy" else None
            stamp = shared_stamp(run.path / "events.jsonl")
            spec, table = _drawn(str(run.path), stamp, metric, name, end, baseline, _looks())
            st.vega_lite_chart(
                table,
                json.loads(spec),
                width="stretch",
                height=CURVE_HEIGHT,
                alt=curve_words(records, metric, name),
            )
    if rates and not has_rate_curve:
        st.caption(f"Learning rate: **{rates.pop():g}** in every epoch.")


def _may_change_rate(config: RunConfig) -> bool:
    """Whether the learning rate of a running training may still become another one."""
    training = config.training
    return training.mode == "fine_tune" or training.schedule != "none" or training.reduce_on_plateau > 0


@st.cache_resource(max_entries=96, show_spinner=False)
def _drawn(
    folder: str, stamp: Stamp | None, metric: str, name: str, end: int, baseline: float | None, looks: Looks
) -> tuple[str, pa.Table]:
    """A curve's description and its data as they travel; made once for all viewers, until the next epoch."""
    drawn = curve(epochs(Run(Path(folder))), metric, name, end, baseline, looks)
    return json.dumps(drawn.spec), drawn.table
