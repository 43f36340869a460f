"""The three steps of the demo on the Home page, with how far each is."""

from functools import partial

import streamlit as st

from core.access.roles import Action
from core.start.story import Step, Story, read_story
from core.store.runs import Status
from pages.shared.puzzle import puzzle
from pages.shared.puzzle.menu import EVERY_SECONDS, diagnosis_query
from pages.shared.run.view import LOOKS
from pages.shared.shell.access import may_change
from pages.shared.shell.notice import act
from pages.shared.state import RUN
from pages.shared.widgets.fields import setting_label
from pages.shared.widgets.text import percent, plain

_TITLES = (
    "Bottleneck: train the head on cached features",
    "Frozen backbone, full pass: full forward pass in each step",
)
_WHY = "Why? Find the setting that causes the difference, by training with settings of both runs"
_WAITING = ":material/radio_button_unchecked:"
_ICONS = {
    "finished": ":green[:material/check_circle:]",
    "running": ":material/directions_run:",
    "queued": ":material/schedule:",
}


def show_steps(story: Story | None) -> None:
    """The three steps; they follow a demo under way."""
    under_way = bool(story and story.under_way)
    st.fragment(_steps, run_every=EVERY_SECONDS if under_way else None)(under_way)


def _steps(was_under_way: bool) -> None:
    story = read_story()
    if bool(story and story.under_way) != was_under_way:
        st.rerun()  # the whole page: the button below changes with it
    for number, title in enumerate(_TITLES, 1):
        step = story.steps[number - 1] if story else None
        _line(number, title, step.status if step else None, _training_words(step) if step else "one to three minutes")
    _line(3, _WHY, story.bisect_status if story else None, _search_words(story))
    if story:
        _links(story)
        _controls(story)


def _line(number: int, title: str, status: Status | None, words: str) -> None:
    icon = _ICONS.get(status.status, LOOKS[status.status][1]) if status else _WAITING
    st.markdown(f"{icon} **{number}** · {title} · {plain(words)}")


def _training_words(step: Step) -> str:
    status, best = step.status, percent(step.best)
    if status.status == "finished":
        return f"best {best}"
    if status.status == "running" and status.epochs:
        return f"epoch {status.epoch} of {status.epochs}, {best} so far" if step.best is not None else "running"
    return LOOKS[status.status][0].lower()


def _search_words(story: Story | None) -> str:
    if story is None:
        return "about five minutes"
    if story.problem:
        return f"search not possible: {story.problem}"
    if story.verdict:
        return _verdict_words(story)
    if story.bisect_status is None:
        return "starts when both have finished" if story.under_way else "not started"
    if not story.bisect_status.is_active:
        return story.bisect_status.message or LOOKS[story.bisect_status.status][0].lower()
    trials = story.result.get("arms", []) if story.result else []
    done = sum(trial["status"] in ("finished", "failed") for trial in trials)
    return f"{done} of {len(trials)} trials done" if trials else "starting"


def _verdict_words(story: Story) -> str:
    """What was found, in a few words; why, and with which numbers, stands on the Diagnose page."""
    if story.result is None:
        return story.verdict
    if factors := story.result.get("factors", []):
        return "found: " + ", ".join(f"{setting_label(key)} ({key})" for key in factors)
    return story.result.get("sentence") or story.verdict


def _links(story: Story) -> None:
    with st.container(horizontal=True):
        if story.bisect or story.runs_finished:
            label = "See the verdict" if story.verdict else "Watch the search"
            query = diagnosis_query(story)
            st.page_link("pages/diagnose.py", label=label, icon=":material/troubleshoot:", query_params=query)
        if not story.runs_finished:
            active = any(step.status.is_active for step in story.steps)
            label = "Watch the run" if active else "Open the run that ended early"
            run = story.run_to_watch
            st.page_link("pages/live.py", label=label, icon=":material/monitoring:", query_params={RUN: run.id})


def _controls(story: Story) -> None:
    """Stop for a running demo, and a way on for one that has ended before its verdict; for whoever may."""
    if not may_change(Action.DIAGNOSE, story.job.owner() if story.job else ""):
        return
    if story.job and story.job_status and story.job_status.is_active:
        stopping = story.job.stop_requested()
        pressed = st.button(
            "Stopping …" if stopping else "Stop the demo",
            icon=":material/stop_circle:", disabled=stopping, on_click=act, args=(partial(puzzle.stop, story),),
            help="What has been trained is kept; the demo can be resumed later.", key="puzzle_stop",
        )  # fmt: skip
    else:
        pressed = story.can_go_on and st.button(
            "Resume the demo",
            type="primary", icon=":material/play_circle:", on_click=act, args=(partial(puzzle.go_on, story),),
            help="Continues where it stopped; finished runs are not trained again.", key="puzzle_resume",
        )  # fmt: skip
    if pressed:
        st.rerun()  # the whole page: what went wrong is said there, and the buttons change
