"""Sweep panel of the Train page: what to vary, progress, and the best settings into the form."""

from typing import TYPE_CHECKING

import streamlit as st

from core.access.roles import Action
from core.config import RunConfig, setting
from core.errors import UserError
from core.jobs.job import BUDGET_MINUTES
from core.store.runs import STATUSES
from core.sweep.plan import MOST_TRIALS, VARIED, Trial, plan, read_choices
from core.sweep.store import Sweep, SweepSpec, SweepStore
from core.workers import launch
from pages.shared import state
from pages.shared.shell import jobs
from pages.shared.shell.access import may
from pages.shared.train.job_panel import early_end, shown_job, start_job, stop_button
from pages.shared.train.sweep_chart import HEIGHT, finished_trials, trials_figure, trials_table, trials_words
from pages.shared.widgets import fields
from pages.shared.widgets.row_choice import row_choice
from pages.shared.widgets.share_column import share_number
from pages.shared.widgets.text import NOTHING, duration, percent, plain

if TYPE_CHECKING:
    from core.store.job_records import SweepResult


EVERY_SECONDS = 2.0

_KEPT = "Finished trials are kept and not trained again."

SUGGESTED = {
    "training.learning_rate": "1e-4, 3e-4, 1e-3, 3e-3, 1e-2",
    "model.dropout": "0, 0.2, 0.5",
    "model.dense_units": "0, 64, 256",
    "model.head": "dense 128 relu; dense 256 relu, dropout 0.5",
    "training.optimizer": "adam, sgd",
    "training.momentum": "0, 0.9",
    "training.weight_decay": "0, 1e-4, 1e-2",
    "training.label_smoothing": "0, 0.1",
    "training.focal_gamma": "0, 1, 2",
    "training.schedule": "none, cosine, exponential",
    "training.schedule_end": "0.001, 0.01, 0.1",
    "data.batch_size": "16, 32, 64",
    "training.epochs": "10, 30",
    "training.early_stopping": "3, 10",
    "training.reduce_on_plateau": "0, 2",
    "training.class_weight": "none, balanced",
    "data.sampling": "all, balanced",
    "data.shuffle": "samples, batches",
    "data.drop_remainder": "no, yes",
    "data.augmentation": "none; light; flip horizontal, rotation 20",
    "training.seed": "1, 2, 3",
}
"""Values that a field begins with."""

_VALUES = "Values separated by commas; for random search also a range such as 1e-4..1e-1."
_LISTS = "Lists separated by semicolons."

FIRST = ("training.learning_rate", "model.dropout")
"""Settings that are varied unless the person chooses others."""


def show_sweep(config: RunConfig | None) -> None:
    """The whole part, closed until it is asked for; `config` is the form, None while something in it is not allowed."""
    if not may(Action.SWEEP):
        return
    sweep = shown_job(SweepStore(), state.SWEEP, "sweep")
    with st.expander(
        "Sweep: grid or random search", icon=":material/grid_on:", key=state.SWEEP_PANEL, expanded=bool(sweep)
    ):
        st.caption(
            "Trains the head once for each combination of these values, on the same cached features (computed once "
            "per augmentation). Other settings are taken from the form above."
        )
        status = launch.poll(sweep) if sweep else None
        if not (status and status.is_active):
            _form(config)
        if sweep and status:
            early_end(sweep, status, "Resume the sweep", done=_KEPT, key="sweep_resume")
            st.fragment(_tick, run_every=jobs.follow_seconds(status, EVERY_SECONDS))(sweep, status.is_active)


def _form(config: RunConfig | None) -> None:
    st.session_state.setdefault(state.SWEEP_KEYS, list(FIRST))
    keys = st.multiselect(
        "Settings to vary",
        VARIED,
        format_func=fields.label_of,
        key=state.SWEEP_KEYS,
        persist_state="session",
        help="Each trial uses other values of these settings; everything else is taken from the form above.",
    )
    for key in keys:
        st.session_state.setdefault(state.choices_key(key), SUGGESTED[key])
        st.text_input(
            fields.label_of(key),
            key=state.choices_key(key),
            max_chars=300,
            persist_state="session",
            help=_LISTS if setting(key).metadata["notation"] else _VALUES,
        )
    _how_many()
    trials = _trials(config, keys)
    st.session_state.setdefault(state.SWEEP_BUDGET, round(BUDGET_MINUTES))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input(
            "Budget in minutes",
            min_value=1,
            max_value=1440,
            key=state.SWEEP_BUDGET,
            width=160,
            help="The sweep ends at this limit with the trials finished by then.",
        )
        label = f"Start {len(trials)} trials" if len(trials) != 1 else "Start 1 trial"
    if st.button(label, type="secondary", icon=":material/play_arrow:", disabled=not trials, key="sweep_start"):
        _start(config, trials)


def _how_many() -> None:
    st.session_state.setdefault(state.SWEEP_RANDOM, 0)
    st.session_state.setdefault(state.SWEEP_SEED, 1)
    with st.container(horizontal=True):
        st.number_input(
            "Random search: number of trials",
            min_value=0,
            max_value=MOST_TRIALS,
            key=state.SWEEP_RANDOM,
            width=160,
            help="0: grid search over all combinations. With many settings, random search finds good values sooner.",
        )
        if st.session_state[state.SWEEP_RANDOM]:
            st.number_input(
                "Random seed",
                min_value=0,
                max_value=2**31 - 1,
                key=state.SWEEP_SEED,
                width=160,
                help="The same seed gives the same trials.",
            )


def _trials(config: RunConfig | None, keys: list[str]) -> list[Trial]:
    """The trials that the fields ask for; none, and a sentence, when something in them is not allowed."""
    if config is None or not keys:
        return []
    try:
        choices = {key: read_choices(key, str(st.session_state[state.choices_key(key)] or "")) for key in keys}
        count, seed = int(st.session_state[state.SWEEP_RANDOM]), int(st.session_state.get(state.SWEEP_SEED, 1))
        return plan(config, choices, count, seed)
    except UserError as error:
        st.warning(fields.sentence_of(error), icon=":material/info:")
        return []


def _start(config: RunConfig | None, trials: list[Trial]) -> None:
    if config is None:
        return
    minutes = float(st.session_state[state.SWEEP_BUDGET])
    start_job("sweep", SweepSpec(config, trials=trials, budget_minutes=minutes), state.SWEEP)


def _tick(sweep: Sweep, was_active: bool) -> None:
    status, result = launch.poll(sweep), sweep.result()
    if status.is_active != was_active:
        st.rerun()
    rows = result.get("arms", [])
    if status.is_active:
        done = sum(row["status"] in ("finished", "failed") for row in rows)
        st.progress(done / len(rows) if rows else 0.0, text=plain(status.message or STATUSES[status.status]))
        stop_button(sweep, "Stop the sweep", "sweep_stop")
    if finished_trials(result):
        _show_result(result)


def _show_result(result: "SweepResult") -> None:
    st.divider()
    best = result.get("best")
    if best:
        st.markdown(f":material/emoji_events: {plain(result['sentence'])}")
        taken = st.button(
            "Use the best settings", type="primary", icon=":material/input:", on_click=take,
            args=(best["settings"],), key="sweep_take",
        )  # fmt: skip
        if taken:
            st.rerun()  # the whole page: the fields stand outside of this fragment
    figure = trials_figure(result, fields.label_of, dark=st.context.theme.type == "dark")
    st.plotly_chart(
        figure, height=HEIGHT, alt=trials_words(result), config={"displayModeBar": False}, key="sweep_lines"
    )
    failed = [row["name"] for row in result["arms"] if row["status"] == "failed"]
    if failed:
        st.caption(f"Failed trials: {plain('; '.join(failed[:10]))}.")
    _show_table(result)
    if best:
        st.caption(
            "The optimism of the best trial is estimated by bootstrap bias correction (choosing on resampled "
            f"images, measuring on those not drawn): {percent(best['optimism'])} here. Time: "
            f"{duration(60 * result['cost']['spent_minutes'])}."
        )


def _show_table(result: "SweepResult") -> None:
    rows, column = finished_trials(result), st.column_config
    st.dataframe(
        trials_table(result, fields.label_of),
        hide_index=True,
        placeholder=NOTHING,
        alt="Table of the trials, the best first: settings, validation accuracy, its interval, loss, AUC, epochs.",
        column_config={
            "accuracy": share_number("Accuracy"),
            "interval": column.TextColumn("95 % CI"),
            "loss": column.NumberColumn("Loss", format="%.4f"),
            "auc": column.NumberColumn("AUC", format="%.3f"),
            "epochs": column.NumberColumn("Epochs"),
            "open": column.ButtonColumn("Open", type="tertiary", key=state.SWEEP_OPEN),
        },
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        names = {row["run"]: row["name"] for row in rows if row["run"]}
        if chosen := row_choice("A trial of the table", names, state.part_key(state.SWEEP_OPEN, "by_name")):
            query = {state.RUN: chosen}
            st.page_link("pages/live.py", label="Open", icon=":material/monitoring:", query_params=query)
    if click := st.session_state.get(state.SWEEP_OPEN):
        st.switch_page("pages/live.py", query_params={state.RUN: rows[click["row"]]["run"]})


def take(settings: Trial) -> None:
    """Puts a trial's settings into the form, before the next script run draws the fields."""
    for key, value in settings.items():
        st.session_state[state.field_key(key)] = value
