"""Learning-rate finder on the Train page: start it, watch it, take what it suggests."""

import dataclasses
from typing import TYPE_CHECKING

import streamlit as st

from core.access.roles import Action
from core.config import RunConfig
from core.lr_search.store import LrSearch, LrSearchSpec, LrSearchStore
from core.store.runs import RESUMABLE, STATUSES, Status
from core.workers import launch
from pages.shared import state
from pages.shared.shell.access import may
from pages.shared.train.job_panel import start_job, stop_button
from pages.shared.train.rate_words import MARKS, rate_words, suggestions
from pages.shared.widgets.text import duration, plain, sentence

if TYPE_CHECKING:
    from core.store.job_records import RangeTest


EVERY_SECONDS = 1.0
HEIGHT = 300

RATE = "training.learning_rate"

_ABOUT = (
    "Learning-rate range test: trains the head for up to 100 steps with an increasing learning rate and suggests a "
    "value from the loss. Creates no run."
)


def show_rate_finder(config: RunConfig | None) -> None:
    """The whole part, closed until it is asked for; `config` is the form, None while something in it is not allowed."""
    search = LrSearchStore().by_id(str(st.session_state.get(state.RATE_SEARCH, "")))
    with st.expander(
        "Learning-rate finder", icon=":material/speed:", key=state.RATE_PANEL, expanded=search is not None
    ):
        st.caption(_ABOUT)
        status = launch.poll(search) if search else None
        if not (status and status.is_active):
            _start_button(config, again=search is not None)
        if search and status:
            every = EVERY_SECONDS if status.is_active else None
            st.fragment(_tick, run_every=every)(search, config, status.is_active)


def _start_button(config: RunConfig | None, *, again: bool) -> None:
    if not may(Action.TRAIN):
        st.info("You may view this, but not start it.", icon=":material/lock:")
        return
    label = "Run again" if again else "Start the search"
    if st.button(label, icon=":material/search:", disabled=config is None, key="rate_start") and config:
        start_job("rate", LrSearchSpec(config), state.RATE_SEARCH)


def _tick(search: LrSearch, config: RunConfig | None, was_active: bool) -> None:
    status = launch.poll(search)
    if status.is_active != was_active:
        st.rerun()
    if status.is_active:
        _progress(search, status)
    elif status.status in RESUMABLE:
        said = plain(sentence(status.message or STATUSES[status.status]))
        (st.error if status.status == "failed" else st.warning)(said, icon=":material/info:")
    elif result := search.result():
        _show_result(search, result, config, status)


def _progress(search: LrSearch, status: Status) -> None:
    share = status.done / status.total if status.total else status.batch / status.batches if status.batches else 0.0
    st.progress(min(1.0, share), text=plain(status.message or STATUSES[status.status]))
    stop_button(search, "Stop the search", "rate_stop")


def _show_result(search: LrSearch, result: "RangeTest", config: RunConfig | None, status: Status) -> None:
    # Altair takes 0.3 s of the processor to load, and most visits of the page show no search.
    from pages.shared.train.rate_chart import rate_chart  # noqa: PLC0415

    st.altair_chart(
        rate_chart(result, dark=st.context.theme.type == "dark"), height=HEIGHT, width="stretch", alt=rate_words(result)
    )
    if result.valley is None:
        st.warning(plain(status.message), icon=":material/info:")
        return
    if config is not None and not _same(search.config(), config):
        st.warning(
            "The form has changed since this search; the result applies to its own settings.",
            icon=":material/history:",
        )
    with st.container(horizontal=True, vertical_alignment="center"):
        for name, suggested in suggestions(result).items():
            rate = rounded(suggested)
            taken = st.button(
                f"Use {rate:g} ({name})",
                type="primary" if name == "valley" else "secondary",
                icon=":material/input:",
                help=MARKS[name],
                on_click=take,
                args=(rate,),
                disabled=config is not None and config.training.learning_rate == rate,
                key=state.part_key("rate_take", name),
            )
            if taken:
                st.rerun()  # the whole page: the field stands outside of this fragment
    st.caption(
        f"{result.steps} steps in {duration(result.seconds)}. The suggestion is a starting value, accurate to about "
        "a factor of three: a single range test on shuffled images, judged by the training loss."
    )


def rounded(rate: float) -> float:
    """A rate with the two digits that it deserves."""
    return float(f"{rate:.2g}")


def take(rate: float) -> None:
    """Puts a rate into the form, before the next script run draws the field."""
    st.session_state[state.field_key(RATE)] = rate


def _same(one: RunConfig, other: RunConfig) -> bool:
    """Whether two configurations would have the same range test, as far as the form tells; names and folders aside."""
    parts = [
        dataclasses.replace(c, dataset="", name="", training=dataclasses.replace(c.training, learning_rate=1.0))
        for c in (one, other)
    ]
    return parts[0] == parts[1]
