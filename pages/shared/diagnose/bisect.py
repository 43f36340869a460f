"""The search for the cause on the Diagnose page: what it would cost, how it goes, what it found."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from core.access import Action
from core.bisect.orient import seen_from
from core.bisect.store import Bisect, BisectSpec, runs_of
from core.bisect.verdict import VERDICTS
from core.errors import UserError
from core.jobs.job import BUDGET_MINUTES
from core.store.runs import RESUMABLE, STATUSES, Status
from pages.shared.diagnose import actions as diagnose_actions
from pages.shared.diagnose.answer import margin_input, show_answers, show_factors
from pages.shared.diagnose.charts import (
    side_colours,
    trials_caption,
    trials_chart,
    trials_frame,
    trials_height,
    trials_words,
)
from pages.shared.diagnose.choice import Pair
from pages.shared.diagnose.view import section
from pages.shared.run.view import LOOKS
from pages.shared.shell import jobs
from pages.shared.shell.access import may
from pages.shared.state import BISECT, BUDGET, MARGIN, RUN_NOTICE, part_key
from pages.shared.widgets.fields import setting_label
from pages.shared.widgets.text import duration, plain, sentence

if TYPE_CHECKING:
    from core.bisect.store import Expected
    from core.store.bisect_record import BisectResult, BisectTrial, Skipped
    from core.store.job_records import Cost


EVERY_SECONDS = 2.0
"""How often a search at work is looked at."""

LOOKS_OF = {
    "single": (":material/target:", "green"),
    "joint": (":material/join_inner:", "green"),
    "interaction": (":material/hub:", "orange"),
    "no-difference": (":material/balance:", "blue"),
    "inconclusive": (":material/help:", "orange"),
}
"""Icon and colour of every verdict."""

_MEANINGS = {
    "single": "Switching it alone moves the result from one run's to the other's.",
    "joint": "No setting explains the gap alone; this set does.",
    "interaction": "What one of these settings does depends on another one.",
    "no-difference": "Nothing that matters is left between the two runs but the seed, which is chance.",
    "inconclusive": "What was tried does not decide it: neither a difference nor its absence is shown.",
}

_SHORT = 110
"""Up to so many characters a verdict is written large; a longer one a little smaller."""


def shown_bisect(pair: Pair) -> Bisect | None:
    """The search that the address names, else the newest between the two runs."""
    asked = st.query_params.get(BISECT, "")
    if not asked:
        return diagnose_actions.newest_bisect(*pair)
    found = diagnose_actions.find_bisect(asked)
    if found is None:
        st.error("There is no such search. What is known of the two runs is below.", icon=":material/error:")
    elif set(runs_of(found)) != {run.id for run in pair}:
        st.info("The search in the address is one between two other runs.", icon=":material/info:")
        found = None
    return found or diagnose_actions.newest_bisect(*pair)


def result_of(bisect: Bisect | None) -> "BisectResult | None":
    """What a search has found so far; None before there is anything."""
    found = bisect.result() if bisect else None
    return found if found and "runs" in found else None


def show_verdict(bisect: Bisect | None, first: str) -> None:
    """The answer, if there is one, in one large sentence; that a search is at work, if one is.

    Args:
        bisect: The search.
        first: Id of the run that the page calls A.
    """
    found = result_of(bisect)
    result = seen_from(found, first) if found else None
    verdict = result["verdict"] if result else None
    if bisect and diagnose_actions.status_of(bisect).is_active:
        st.info("The search for the cause is at work; how far it is stands below.", icon=":material/search:")
    elif result and verdict:
        _verdict(verdict, result)


def _verdict(verdict: str, result: "BisectResult") -> None:
    words, (icon, colour) = VERDICTS.get(verdict, verdict), LOOKS_OF.get(verdict, (":material/help:", "gray"))
    with st.container(border=True):
        st.badge(plain(words), icon=icon, color=colour)  # type: ignore[arg-type]
        said = str(result.get("sentence") or words)
        st.markdown(f"{'###' if len(said) <= _SHORT else '####'} {plain(said)}")
        st.caption(_MEANINGS.get(verdict, ""))
        show_factors(result)
        show_answers(result)


def show_search(pair: Pair, bisect: Bisect | None) -> None:
    """The search: before it what it would cost, then how it goes and what came of every training."""
    section(
        "Find the cause",
        "Trains again between the two runs: every setting that differs is switched alone, from A to B and from B to A, "
        "with the same seeds everywhere, until it is clear which one makes the difference (a bisect).",
    )
    if bisect is None:
        _offer(pair, None)
        return
    status = diagnose_actions.status_of(bisect)
    _trouble(status)
    _buttons(pair, bisect, status)
    every = EVERY_SECONDS if status.is_active else None
    st.fragment(_tick, run_every=every)(bisect, pair, status.is_active)
    if not status.is_active:
        if not may(Action.DIAGNOSE):
            return
        with st.expander("Search once more", icon=":material/replay:"):
            _offer(pair, bisect)


def _offer(pair: Pair, before: Bisect | None) -> None:
    """What a search would try and how long it would take, and the button that starts it."""
    if not may(Action.DIAGNOSE):
        st.info("You may look at searches here, but not start one.", icon=":material/lock:")
        return
    try:
        cost = _estimate(pair)
    except UserError as error:
        st.warning(f"No search is possible here. {plain(sentence(str(error)))}", icon=":material/info:")
        return
    factors = [str(key) for key in cost.get("factors") or []]
    _skipped(cost.get("skipped") or [])
    if not factors:
        st.info(
            "The two runs differ in no setting that a training could be repeated with, so there is nothing to switch. "
            "A search can still tell whether the gap is more than chance.",
            icon=":material/info:",
        )
    else:
        named = ", ".join(f"**{plain(setting_label(key))}** ({plain(key)})" for key in factors)
        st.markdown(f"To be tried: {named}.")
    trials, minutes = cost.get("arms", 0), float(cost.get("minutes") or 0.0)
    st.markdown(
        f"About **{trials} trainings**, **{duration(60 * minutes)}** on this machine; it is corrected on the way."
    )
    st.caption("All are trained with the same 3 seeds, and with 6 and at last 12 where that is not clear yet.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input(
            "Budget in minutes",
            min_value=1,
            max_value=1440,
            value=round(BUDGET_MINUTES),
            key=BUDGET,
            width=160,
            help="The search ends then at the latest and says what it knows.",
        )
        margin_input()
        st.button(
            "Find the cause" if before is None else "Search again",
            type="primary",
            icon=":material/troubleshoot:",
            on_click=_start,
            args=(pair,),
            key=part_key("bisect_start", pair[0].id, pair[1].id),
        )


def _estimate(pair: Pair) -> "Expected":
    with st.spinner("Working out what a search would cost …"):
        return diagnose_actions.estimate(*pair)


def _skipped(skipped: "Sequence[Skipped]") -> None:
    """What differs and is not tried, with the reason."""
    skipped = [row for row in skipped if row["key"] != "name"]
    if not skipped:
        return
    rows = [
        {"Setting": setting_label(row["key"]), "Not tried because": row["reason"],
         "Key": row["key"]}
        for row in skipped
    ]  # fmt: skip
    columns = {"Setting": st.column_config.TextColumn(width=150), "Key": st.column_config.TextColumn(width=150)}
    st.caption("Differs, but is not tried:")
    st.dataframe(pd.DataFrame(rows), hide_index=True, column_config=columns, alt="Settings not tried, with reasons")


def _trouble(status: Status) -> None:
    message = plain(sentence(status.message or STATUSES[status.status]))
    if status.status in ("failed", "damaged"):
        st.error(message, icon=":material/error:")
    elif status.status in ("interrupted", "stopped"):
        st.warning(message, icon=LOOKS[status.status][1])


def _buttons(pair: Pair, bisect: Bisect, status: Status) -> None:
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
            help="What was measured so far is kept, and the search can be resumed.",
            key=part_key("stop", bisect.id),
        )
    elif status.status in RESUMABLE:
        st.button(
            "Resume the search",
            type="primary",
            icon=":material/play_circle:",
            on_click=_resume,
            args=(bisect,),
            help="Goes on after the last finished training.",
            key=part_key("resume", bisect.id),
        )


def _tick(bisect: Bisect, pair: Pair, was_active: bool) -> None:
    status = diagnose_actions.status_of(bisect)
    if status.is_active != was_active:
        st.rerun()  # the whole page: the verdict and the buttons change with it
    result = settled(seen_from(bisect.result(), pair[0].id), is_active=status.is_active)
    trials = trials_frame(result)
    word, icon, colour = LOOKS[status.status]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(word, icon=icon, color=colour)  # type: ignore[arg-type]
        st.text(_message(status))
    if status.is_active:
        trainings = [trial["status"] for trial in result.get("arms", []) if not trial.get("own")]
        done = sum(state in ("finished", "failed") for state in trainings)
        share = done / len(trainings) if trainings else 0.0
        st.progress(share, text=f"Trainings done: {done} of {len(trainings)} planned")
    st.caption(_cost_words(result.get("cost", {})))
    if len(trials):
        colours = side_colours([run.id for run in pair])
        chart = trials_chart(result, colours, dark=st.context.theme.type == "dark")
        st.altair_chart(chart, width="stretch", height=trials_height(len(trials)), alt=trials_words(result))
        st.caption(trials_caption(result))
    if not status.is_active:
        _skipped(result.get("skipped", []))


def settled(result: "BisectResult", *, is_active: bool) -> "BisectResult":
    """The result as it is to be shown: in a search that has ended nothing trains, whatever was written last."""
    if is_active:
        return result
    trials: list[BisectTrial] = [
        {**trial, "status": "waiting"} if trial["status"] == "running" else trial for trial in result.get("arms", [])
    ]
    return {**result, "arms": trials}


def _message(status: Status) -> str:
    """Where the search is, in a sentence; why it ended early stands in a box of its own above."""
    if status.status == "finished":
        return "It came to its verdict, which stands at the top of the page."
    if status.is_active:
        return status.message or STATUSES[status.status]
    return "It ended before its verdict; what was measured so far is kept."


def _cost_words(cost: "Cost") -> str:
    parts = (
        ("spent", cost.get("spent_minutes")),
        ("estimated", cost.get("estimated_minutes")),
        ("budget", cost.get("budget_minutes")),
    )
    known = [f"{word} {duration(60 * minutes)}" for word, minutes in parts if minutes is not None]
    return f"Time: {', '.join(known)}." if known else "Time: not known yet."


def _start(pair: Pair) -> None:
    def start() -> None:
        # From the session: a number typed just before the click is newer than the page that holds the button.
        minutes, points = float(st.session_state[BUDGET]), float(st.session_state[MARGIN])
        st.query_params[BISECT] = jobs.begin("bisect", BisectSpec(*pair, minutes, points)).id

    _do(start, "The search has started.")


def _stop(bisect: Bisect) -> None:
    _do(lambda: jobs.stop(bisect), "The search stops after the batch it is at.")


def _resume(bisect: Bisect) -> None:
    _do(lambda: jobs.go_on(bisect), "The search goes on.")


def _do(action: Callable[[], None], success: str) -> None:
    """Says by a sentence in the next script run how it went."""
    try:
        action()
    except UserError as error:
        st.session_state[RUN_NOTICE] = (False, sentence(str(error)))
    except OSError as error:
        st.session_state[RUN_NOTICE] = (False, f"The folder of the search cannot be written: {error.strerror}.")
    else:
        st.session_state[RUN_NOTICE] = (True, success)
