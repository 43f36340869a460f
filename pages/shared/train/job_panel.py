"""What parts of the Train page that follow a job share: its start, which one is shown, its early end, its buttons."""

from functools import partial
from typing import TypeVar

import streamlit as st

from core.errors import UserError
from core.jobs.job import Job, JobStore
from core.jobs.spec import Spec
from core.store.runs import RESUMABLE, STATUSES, Status
from core.workers import launch
from pages.shared.shell import jobs
from pages.shared.shell.notice import act
from pages.shared.widgets import fields
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


def start_job(kind: str, spec: Spec[J], key: str) -> None:
    """Starts a job and shows it; where it cannot be started, why, in a sentence.

    Args:
        kind: str. A name of `core.start.kinds.KINDS`.
        spec: Spec. What is asked for.
        key: str. Its name in the session, and so in the address, which the page writes at its end.
    """
    try:
        with st.spinner("Checking the dataset …"):
            job = jobs.begin(kind, spec)
    except UserError as error:
        st.error(fields.sentence_of(error))
        return
    st.session_state[key] = job.id
    st.rerun()


def early_end(job: Job, status: Status, label: str, *, done: str, key: str, below: str = "") -> None:
    """Why a job ended early, and the button that goes on with it; nothing of one running or finished.

    Args:
        job: Job.
        status: Status.
        label: str. Of the button.
        done: str. What is not done again, in a sentence.
        key: str. Session key of the button.
        below: str. What the page says below anyway, and so is not said here. Defaults to nothing.
    """
    if status.status not in RESUMABLE:
        return
    message = status.message.removesuffix(below).strip() if below else status.message
    said = plain(sentence(message or STATUSES[status.status]))
    (st.error if status.status == "failed" else st.warning)(said, icon=":material/info:")
    st.button(label, icon=":material/play_circle:", on_click=act, args=(partial(jobs.go_on, job),), help=done, key=key)


def stop_button(job: Job, label: str, key: str) -> None:
    """Stops a job; the whole page is drawn then, as what went wrong is said at its top."""
    stopping = job.stop_requested()
    pressed = st.button(
        "Stopping …" if stopping else label, icon=":material/stop_circle:", disabled=stopping, on_click=act,
        args=(partial(jobs.stop, job),), help="It stops as soon as it can save its state.", key=key,
    )  # fmt: skip
    if pressed:
        st.rerun()
