"""Work under way on the Home page, of every kind: its progress, the link to it, and the button that stops it."""

from functools import partial

import streamlit as st

from core.housekeeping.trial_ids import trial_ids
from core.start.kinds import KINDS, Kind
from core.start.puzzle import PuzzleStore
from core.start.story import read_story
from core.store.folder import JobFolder
from core.store.status import STATUSES, Status
from core.why.store import WhyStore
from core.workers import launch
from pages.shared import state
from pages.shared.home.jobs_list import PLACES
from pages.shared.run.tab_title import share_done
from pages.shared.shell import jobs
from pages.shared.shell.access import may_change
from pages.shared.shell.notice import act
from pages.shared.widgets.text import about, plain, sentence

EVERY_SECONDS = 3.0
"""How often work under way is looked at."""

_NEWEST = 20
"""Of so many of each kind it is asked whether they are running; older ones have ended long ago."""

_SHOWN = 10


_NOUNS = {
    "run": "Run",
    "rate": "Learning-rate search",
    "bisect": "Find the cause",
    "sweep": "Sweep",
    "cross-validation": "Cross-validation",
    "search": "Search for the best network",
    "review": "Label review",
    "check": "Check with features",
    "puzzle": "Demo",
    "why": "Two scripts",
}
"""What a person calls each kind of job."""

_PLACES = {**PLACES, "run": ("pages/live.py", state.RUN), "puzzle": ("app.py", "")}
"""Page that shows each kind, and the query parameter that names a job there; empty for none."""

Work = tuple[Kind, JobFolder, Status]


def show_running() -> None:
    """Everything that is running or queued, above the runs; nothing where nothing is."""
    found = running()
    st.fragment(_tick, run_every=EVERY_SECONDS if found else None)(bool(found))


def running() -> list[Work]:
    """Jobs that are running or queued, the newest first; the runs that one of them trains stand with it alone.

    The demo and its two runs have a place of their own on the page.
    """
    elsewhere, found = trial_ids() | _of_the_puzzle() | _of_questions(), []
    for kind in KINDS:
        for job in kind.store().list()[:_NEWEST]:
            if job.id in elsewhere or not job.read_status().is_active:
                continue
            if (status := launch.poll(job)).is_active:
                found.append((kind, job, status))
    return sorted(found, key=lambda work: work[1].id, reverse=True)[:_SHOWN]


def _of_the_puzzle() -> set[str]:
    story = read_story()
    if story is None or not story.under_way:
        return set()
    return {*(step.run.id for step in story.steps), *(job.id for job in PuzzleStore().list()[:_NEWEST])}


def _of_questions() -> set[str]:
    """What running questions of two scripts train and search: each question is one row, and its Stop ends these too."""
    active = [why for why in WhyStore().list()[:_NEWEST] if why.read_status().is_active]
    return {part for why in active for part in why.part_ids()}


def _tick(was_active: bool) -> None:
    found = running()
    if was_active != bool(found):
        st.rerun()  # the whole page: the table of runs has another row, or another state in it
    if not found:
        return
    with st.container(border=True, key="running"):
        st.subheader(":material/directions_run: Running now", anchor=False)
        for kind, job, status in found:
            _show(kind, job, status)


def _show(kind: Kind, job: JobFolder, status: Status) -> None:
    page, key = _PLACES[kind.name]
    share, left = share_done(status), status.run_seconds_left
    with st.container(horizontal=True, vertical_alignment="center", key=state.part_key("running", job.id)):
        with st.container(gap="xxsmall"):
            st.markdown(f"**{plain(_title(_NOUNS[kind.name], job))}**")
            said = plain(status.message or STATUSES[status.status])
            st.progress(share, text=f"{said} {sentence(f'{about(left)} left')}" if left is not None else said)
        query = {key: job.id} if key else None
        st.page_link(page, label="Open", icon=":material/monitoring:", query_params=query)
        if may_change(kind.action, job.owner()):
            st.button(
                "Stopping …" if job.stop_requested() else "Stop",
                icon=":material/stop_circle:",
                disabled=job.stop_requested(),
                key=state.part_key("stop", job.id),
                on_click=act,
                args=(partial(jobs.stop, job), "It stops as soon as it can save its state."),
                help="Results so far are kept.",
            )


def _title(noun: str, job: JobFolder) -> str:
    title = job.title()
    return f"{noun}: {title}" if title != job.id else noun
