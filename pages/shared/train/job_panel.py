"""What the parts of the Train page that follow a job share: which job is shown, its early end, its buttons."""

from collections.abc import Callable
from typing import Any, TypeVar

import streamlit as st

from core.jobs.job import Job, JobStore
from core.store.runs import RESUMABLE, STATUSES, Status
from core.workers import launch
from pages.shared.shell import jobs
from pages.shared.shell.notice import act
from pages.shared.widgets.text import plain, sentence

J = TypeVar("J", bound=Job)

_NEWEST = 5
"""Of so many it is asked whether they are running."""


def shown_job(store: JobStore[J], key: str, noun: str) -> J | None:
    """The job that the address names, or that of this session; else the newest one that is running.

    Args:
        store: JobStore.
        key: str. Its name in the address and in the session.
        noun: str. What to call it.
    """
    named = str(st.session_state.get(key, ""))
    asked = store.by_id(named)
    if asked:
        return asked
    if named:
        st.warning(f"The {noun} in the address does not exist (any more).", icon=":material/info:")
    return next((job for job in store.list()[:_NEWEST] if launch.poll(job).is_active), None)


def show_job(job: Job, key: str) -> None:
    """Puts a job into the session, and so into the address, which the page writes at its end."""
    st.session_state[key] = job.id


def early_end(job: Job, status: Status, label: str, *, done: str, key: str) -> None:
    """Why a job ended early, and the button that goes on with it; nothing of one running or finished.

    Args:
        job: Job.
        status: Status.
        label: str. Of the button.
        done: str. What is not done again, in a sentence.
        key: str. Session key of the button.
    """
    if status.status not in RESUMABLE:
        return
    said = plain(sentence(status.message or STATUSES[status.status]))
    (st.error if status.status == "failed" else st.warning)(said, icon=":material/info:")
    st.button(label, icon=":material/play_circle:", on_click=do, args=(jobs.go_on, job), help=done, key=key)


def stop_button(job: Job, label: str, key: str) -> None:
    """Stops a job; the whole page is drawn then, as what went wrong is said at its top."""
    if st.button(label, icon=":material/stop_circle:", on_click=do, args=(jobs.stop, job), key=key):
        st.rerun()


def do(action: Callable[[Any], object], job: Job) -> None:
    """What a button does; what goes wrong is said in the next script run."""
    act(lambda: action(job))
