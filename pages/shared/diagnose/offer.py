"""What starts, stops and resumes the search for the cause, and what it would try and cost."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from core.access.roles import Action
from core.bisect.store import Bisect, BisectSpec
from core.errors import UserError
from core.jobs.job import BUDGET_MINUTES
from core.sentences import counted
from core.store.runs import RESUMABLE, Status
from pages.shared.diagnose import actions as diagnose_actions
from pages.shared.diagnose.answer import margin_input
from pages.shared.diagnose.choice import Pair
from pages.shared.shell import jobs
from pages.shared.shell.access import may
from pages.shared.shell.notice import act
from pages.shared.state import BISECT, BUDGET, MARGIN, part_key
from pages.shared.widgets.fields import setting_label
from pages.shared.widgets.text import duration, plain, sentence

if TYPE_CHECKING:
    from core.bisect.store import Expected
    from core.store.bisect_record import Skipped

_FOLDER = "The folder of the search"


def show_offer(pair: Pair, before: Bisect | None) -> None:
    """What a search would try and how long it would take, and the button that starts it."""
    if not may(Action.DIAGNOSE):
        st.info("You may view searches, but not start one.", icon=":material/lock:")
        return
    try:
        cost = _estimate(pair)
    except UserError as error:
        st.warning(f"Search not possible. {plain(sentence(str(error)))}", icon=":material/info:")
        return
    factors = [str(key) for key in cost.get("factors") or []]
    show_skipped(cost.get("skipped") or [])
    if not factors:
        st.info(
            "The two runs have no differing setting that can be switched. A search can still test whether the gap "
            "is more than chance.",
            icon=":material/info:",
        )
    else:
        named = ", ".join(f"**{plain(setting_label(key))}** ({plain(key)})" for key in factors)
        st.markdown(f"Settings to test: {named}.")
    trials, minutes = cost.get("arms", 0), float(cost.get("minutes") or 0.0)
    st.markdown(
        f"About **{counted(trials, 'trial')}**, **{duration(60 * minutes)}** on this machine; updated while it runs."
    )
    st.caption("Each is trained with the same 3 seeds, then 6 and 12 if the result is unclear.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input(
            "Budget in minutes",
            min_value=1,
            max_value=1440,
            value=round(BUDGET_MINUTES),
            key=BUDGET,
            width=160,
            help="The search ends at this limit at the latest and reports its result so far.",
        )
        margin_input()
        st.button(
            "Find the cause" if before is None else "Run again",
            type="primary",
            icon=":material/troubleshoot:",
            on_click=_start,
            args=(pair,),
            key=part_key("bisect_start", pair[0].id, pair[1].id),
        )


def _estimate(pair: Pair) -> "Expected":
    with st.spinner("Estimating the cost …"):
        return diagnose_actions.estimate(*pair)


def show_skipped(skipped: "Sequence[Skipped]") -> None:
    """What differs and is not tried, with the reason."""
    skipped = [row for row in skipped if row["key"] != "name"]
    if not skipped:
        return
    rows = [
        {"Setting": setting_label(row["key"]), "Excluded because": row["reason"],
         "Key": row["key"]}
        for row in skipped
    ]  # fmt: skip
    columns = {"Setting": st.column_config.TextColumn(width=150), "Key": st.column_config.TextColumn(width=150)}
    st.caption("Excluded from the search:")
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config=columns,
        alt="Settings excluded from the search, with reasons",
    )


def search_buttons(bisect: Bisect, status: Status) -> None:
    """Stop while it is running, Resume where it has ended early."""
    if not may(Action.DIAGNOSE):
        return
    if status.is_active and (bisect.path / "stop").exists():
        st.button("Stopping …", icon=":material/hourglass_top:", disabled=True, key=part_key("stopping", bisect.id))
    elif status.is_active:
        st.button(
            "Stop the search",
            icon=":material/stop_circle:",
            on_click=_stop,
            args=(bisect,),
            help="Results so far are kept; the search can be resumed.",
            key=part_key("stop", bisect.id),
        )
    elif status.status in RESUMABLE:
        st.button(
            "Resume the search",
            type="primary",
            icon=":material/play_circle:",
            on_click=_resume,
            args=(bisect,),
            help="Continues after the last finished trial.",
            key=part_key("resume", bisect.id),
        )


def _start(pair: Pair) -> None:
    def start() -> None:
        # From the session: a number typed just before the click is newer than the page that holds the button.
        minutes, points = float(st.session_state[BUDGET]), float(st.session_state[MARGIN])
        st.query_params[BISECT] = jobs.begin("bisect", BisectSpec(*pair, minutes, points)).id

    act(start, "Search started.", _FOLDER)


def _stop(bisect: Bisect) -> None:
    act(lambda: jobs.stop(bisect), "Stopping after the current batch.", _FOLDER)


def _resume(bisect: Bisect) -> None:
    act(lambda: jobs.go_on(bisect), "Search resumed.", _FOLDER)
