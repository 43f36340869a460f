"""Search for the best network on the Train page: started, followed, its ranking, and one click that trains the best."""

from functools import lru_cache
from typing import TYPE_CHECKING

import streamlit as st

from core.access.roles import Action
from core.config import RunConfig
from core.errors import UserError
from core.jobs.job import BUDGET_MINUTES
from core.jobs.spec import RunSpec
from core.models.catalogue import networks_here
from core.search.candidates import HEADS, RATES, SIZES, Candidate, Wanted, candidates, config_of
from core.search.fine_tuned import best_settings
from core.search.store import Search, SearchSpec, SearchStore
from core.store.runs import STATUSES
from core.workers import launch
from pages.shared import state
from pages.shared.shell import jobs
from pages.shared.shell.access import may
from pages.shared.shell.chosen_dataset import title_of
from pages.shared.shell.notice import act
from pages.shared.train.job_panel import early_end, shown_job, start_job, stop_button
from pages.shared.train.search_chart import HEIGHT, pareto_figure, pareto_words, ranking_table
from pages.shared.widgets import fields
from pages.shared.widgets.share_column import share_number
from pages.shared.widgets.text import NOTHING, duration, plain

if TYPE_CHECKING:
    from core.store.fold_records import SearchResult

EVERY_SECONDS = 2.0

_KEPT = "Trained heads are kept and not trained again."


def show_search(config: RunConfig | None) -> None:
    """The whole part; `config` is the form, None while something in it is not allowed."""
    if not may(Action.SWEEP):
        return
    job = shown_job(SearchStore(), state.SEARCH, "search")
    with st.expander(
        "Find the best network for these images", icon=":material/trophy:", key=state.SEARCH_PANEL, expanded=bool(job)
    ):
        st.caption(
            "Cross-validates networks, image sizes, heads and learning rates on cached features and repeatedly "
            "drops the worse half (successive halving). Other settings are taken from the form above. The backbones "
            "stay frozen; at the end the best is also fine-tuned on the same folds, if the budget allows."
        )
        status = launch.poll(job) if job else None
        if not (status and status.is_active):
            _form(config)
        if job and status:
            result = job.result()
            below = result["sentence"] if result and result["ranking"] else ""
            early_end(job, status, "Resume the search", done=_KEPT, key="search_resume", below=below)
            st.fragment(_tick, run_every=jobs.follow_seconds(status, EVERY_SECONDS))(job, status.is_active)


def _form(config: RunConfig | None) -> None:
    here = networks_here()
    st.session_state.setdefault(state.SEARCH_NETWORKS, here)
    st.session_state.setdefault(state.SEARCH_SIZES, ", ".join(map(str, SIZES)))
    st.session_state.setdefault(state.SEARCH_BUDGET, round(BUDGET_MINUTES))
    st.multiselect(
        "Networks", here, key=state.SEARCH_NETWORKS, help="Those whose weights are on this machine.",
        persist_state="session",
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            "Image sizes", key=state.SEARCH_SIZES, max_chars=100, width=200, persist_state="session",
            help="Sides in pixels, separated by commas.",
        )  # fmt: skip
        st.number_input(
            "Budget in minutes", min_value=1, max_value=1440, key=state.SEARCH_BUDGET, width=160,
            help="Networks whose features would take too much of it are skipped and listed.",
        )  # fmt: skip
        wanted, count = _wanted(config)
        label = f"Compare {count} candidates" if count != 1 else "Compare 1 candidate"
        if st.button(label, icon=":material/play_arrow:", disabled=not count, key="search_start"):
            _start(config, wanted)
    st.caption(
        f"Heads: {plain('; '.join(HEADS))}. Learning rates: {', '.join(f'{rate:g}' for rate in RATES)}. The command "
        "`search` accepts others."
    )


def _wanted(config: RunConfig | None) -> tuple[Wanted, int]:
    """What the fields ask for, and how many candidates that makes; none, and a sentence, where it is not allowed."""
    networks = tuple(st.session_state[state.SEARCH_NETWORKS])
    parts = [part.strip() for part in str(st.session_state[state.SEARCH_SIZES] or "").split(",") if part.strip()]
    if config is None or not networks:
        return Wanted(), 0
    if not all(part.isdecimal() for part in parts):
        st.warning("Image sizes are whole numbers separated by commas.", icon=":material/info:")
        return Wanted(), 0
    wanted = Wanted(networks, tuple(map(int, parts)))
    try:
        return wanted, _count(config, wanted, tuple(networks_here()))
    except UserError as error:
        st.warning(fields.sentence_of(error), icon=":material/info:")
        return Wanted(), 0


@lru_cache(maxsize=32)
def _count(config: RunConfig, wanted: Wanted, here: tuple[str, ...]) -> int:
    """How many candidates; each is checked as a whole configuration, so a form that has not changed is not counted
    anew. `here` alone tells when weights have come or gone."""
    return len(candidates(config, wanted))


def _start(config: RunConfig | None, wanted: Wanted) -> None:
    if config is None:
        return
    minutes = float(st.session_state[state.SEARCH_BUDGET])
    start_job("search", SearchSpec(config, wanted=wanted, budget_minutes=minutes), state.SEARCH)


def _tick(job: Search, was_active: bool) -> None:
    status, result = launch.poll(job), job.result()
    if status.is_active != was_active:
        st.rerun()
    if status.is_active:
        share = status.done / status.total if status.total else 0.0
        st.progress(min(1.0, share), text=plain(status.message or STATUSES[status.status]))
        stop_button(job, "Stop the search", "search_stop")
    if result and result["ranking"]:
        _show_result(job, result)


def _show_result(job: Search, result: "SearchResult") -> None:
    st.divider()
    st.markdown(f":material/trophy: {plain(job.name() or title_of(job.dataset()))}: {plain(result['sentence'])}")
    if result["complete"]:
        _train_buttons(job, result)
    st.plotly_chart(
        pareto_figure(result), height=HEIGHT, alt=pareto_words(result), config={"displayModeBar": False},
        key="search_pareto",
    )  # fmt: skip
    _table(result)
    if (found := result.get("fine_tuned")) and found["reason"]:
        st.caption(f"Not fine-tuned on every fold: {plain(found['reason'])}.")
    left = [f"{row['name']}: {row['reason']}" for row in result["candidates"] if row["state"] == "left_out"]
    if left:
        st.caption(f"Skipped: {plain('; '.join(left[:10]))}.")
    st.caption(
        "“Differs from best” compares each with the best on the same folds (Nadeau and Bengio's interval of the "
        "differences, Holm's correction for their number). What to expect is the bootstrap bias correction of "
        f"Tsamardinos et al. Time: {duration(60 * result['cost'].get('spent_minutes', 0.0))}."
    )


def _train_buttons(job: Search, result: "SearchResult") -> None:
    """The best first: fine-tuned where that was shown to be better; the other way beside it, where it was tried."""
    found, first = result.get("fine_tuned"), best_settings(result)
    frozen = result["candidates"][result["ranking"][0]]["settings"]
    with st.container(horizontal=True):
        st.button(
            "Train the best" if first == frozen else "Train the best, fine-tuned", type="primary", key="search_train",
            icon=":material/play_arrow:", on_click=_train, args=(job, result, first),
            help="Starts a run with its settings, on the split of the dataset.",
        )  # fmt: skip
        if found and found["figures"]:
            other = found["settings"] if first == frozen else frozen
            st.button(
                "Train it fine-tuned" if first == frozen else "Train it with a frozen backbone", key="search_other",
                on_click=_train, args=(job, result, other),
                help="The same settings, and the last blocks are trained after the head." if first == frozen
                else "The same settings; only the head is trained.",
            )  # fmt: skip


def _table(result: "SearchResult") -> None:
    column = st.column_config
    st.dataframe(
        ranking_table(result),
        hide_index=True,
        placeholder=NOTHING,
        alt="Table of the candidates, the best first: settings, accuracy, interval, AUC, time and size.",
        column_config={
            "rank": column.NumberColumn("Rank"),
            "network": "Network",
            "size": column.NumberColumn("Image size", format="%d"),
            "head": "Head",
            "rate": column.NumberColumn("Rate", format="%g"),
            "accuracy": share_number("Accuracy"),
            "interval": "95 % CI",
            "auc": column.NumberColumn("AUC", format="%.3f"),
            "apart": column.TextColumn(
                "Differs from best", help="Whether the difference from the best one is significant on these images."
            ),
            "milliseconds": column.NumberColumn("ms per image", format="%.1f", help="Backbone only, batches of 16."),
            "megabytes": column.NumberColumn("MB", format="%.0f", help="Weights, as float32."),
            "heads": column.NumberColumn("Heads"),
            "state": "State",
        },
    )


def _train(job: Search, result: "SearchResult", settings: Candidate) -> None:
    """Starts a run of the best candidate, frozen or fine-tuned, and says where it is."""
    name = result["candidates"][result["ranking"][0]]["name"]
    act(
        lambda: jobs.begin("run", RunSpec(config_of(job.config(), settings, name=f"best: {name}"[:100]))),
        lambda run: f"Training of {name} started; see it on Live as {run.title()}.",
    )
