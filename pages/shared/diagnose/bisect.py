"""The search for the cause on the Diagnose page: what it would cost, how it goes, what it found."""

from typing import TYPE_CHECKING

import streamlit as st

from core.access.roles import Action
from core.bisect.orient import seen_from
from core.bisect.store import Bisect, runs_of
from core.store.runs import STATUSES, Status
from pages.shared.diagnose import actions as diagnose_actions
from pages.shared.diagnose.charts import (
    side_colours,
    trials_caption,
    trials_chart,
    trials_frame,
    trials_height,
    trials_words,
)
from pages.shared.diagnose.choice import Pair
from pages.shared.diagnose.offer import search_buttons, show_offer, show_skipped
from pages.shared.diagnose.section import section
from pages.shared.diagnose.verdict import verdict_card
from pages.shared.run.view import LOOKS
from pages.shared.shell import jobs
from pages.shared.shell.access import may
from pages.shared.state import BISECT
from pages.shared.widgets.text import duration, plain, sentence

if TYPE_CHECKING:
    from core.store.bisect_record import BisectResult, BisectTrial
    from core.store.job_records import Cost


EVERY_SECONDS = 2.0
"""How often a running search is looked at."""


def shown_bisect(pair: Pair) -> Bisect | None:
    """The search that the address names, else the newest between the two runs."""
    asked = st.query_params.get(BISECT, "")
    if not asked:
        return diagnose_actions.newest_bisect(*pair)
    found = diagnose_actions.find_bisect(asked)
    if found is None:
        st.error("No such search. The comparison of the two runs is below.", icon=":material/error:")
    elif set(runs_of(found)) != {run.id for run in pair}:
        st.info("The search in the address belongs to two other runs.", icon=":material/info:")
        found = None
    return found or diagnose_actions.newest_bisect(*pair)


def result_of(bisect: Bisect | None) -> "BisectResult | None":
    """What a search has found so far; None before there is anything."""
    found = bisect.result() if bisect else None
    return found if found and "runs" in found else None


def show_verdict(bisect: Bisect | None, first: str) -> None:
    """The answer, if there is one, in one large sentence; that a search is running, if one is.

    Args:
        bisect: The search.
        first: Id of the run that the page calls A.
    """
    found = result_of(bisect)
    result = seen_from(found, first) if found else None
    verdict = result["verdict"] if result else None
    if bisect and diagnose_actions.status_of(bisect).is_active:
        st.info("Searching for the cause; progress is shown below.", icon=":material/search:")
    elif result and verdict:
        verdict_card(verdict, result)


def show_search(pair: Pair, bisect: Bisect | None) -> None:
    """The search: before it what it would cost, then how it goes and what came of every training."""
    section(
        "Find the cause",
        "Bisect: trains with each differing setting switched alone, in run A and in run B, with the same seeds, "
        "until the cause is clear.",
    )
    if bisect is None:
        show_offer(pair, None)
        return
    status = diagnose_actions.status_of(bisect)
    _trouble(status)
    search_buttons(bisect, status)
    st.fragment(_tick, run_every=jobs.follow_seconds(status, EVERY_SECONDS))(bisect, pair, status.is_active)
    if not status.is_active:
        if not may(Action.DIAGNOSE):
            return
        with st.expander("Run again", icon=":material/replay:"):
            show_offer(pair, bisect)


def _trouble(status: Status) -> None:
    message = plain(sentence(status.message or STATUSES[status.status]))
    if status.status in ("failed", "damaged"):
        st.error(message, icon=":material/error:")
    elif status.status in ("interrupted", "stopped"):
        st.warning(message, icon=LOOKS[status.status][1])


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
        st.progress(share, text=f"Trials: {done} of {len(trainings)} planned")
    st.caption(_cost_words(result.get("cost", {})))
    if len(trials):
        colours = side_colours([run.id for run in pair])
        chart = trials_chart(result, colours, dark=st.context.theme.type == "dark")
        st.altair_chart(chart, width="stretch", height=trials_height(len(trials)), alt=trials_words(result))
        st.caption(trials_caption(result))
    if not status.is_active:
        show_skipped(result.get("skipped", []))


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
        return "Done. See the verdict above."
    if status.is_active:
        return status.message or STATUSES[status.status]
    return "Ended without a verdict; results so far are kept."


def _cost_words(cost: "Cost") -> str:
    parts = (
        ("spent", cost.get("spent_minutes")),
        ("estimated", cost.get("estimated_minutes")),
        ("budget", cost.get("budget_minutes")),
    )
    known = [f"{word} {duration(60 * minutes)}" for word, minutes in parts if minutes is not None]
    return f"Time: {', '.join(known)}." if known else "Time: not known yet."
