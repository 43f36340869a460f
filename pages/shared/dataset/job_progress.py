"""Progress of a worker's job on the images, with a button that stops it."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from core.store.folder import JobFolder
from core.workers import launch
from pages.shared.dataset import curate
from pages.shared.state import part_key
from pages.shared.widgets.text import about, plain, sentence


def show_progress(job: JobFolder, name: str, place: str, stop: Callable[[Any], None]) -> None:
    """One look at a running job; the page is drawn again when it has ended.

    Args:
        job: The job.
        name: What the button calls it, such as `review`.
        place: Part of the button's key: a job may be shown in several tabs.
        stop: Asks the job to stop; for the button's `on_click`.
    """
    status = launch.poll(job)
    if not status.is_active:
        st.rerun()
    part = status.done / status.total if status.total else 0.0
    left = f" {sentence(about(status.eta_seconds) + ' left')}" if status.eta_seconds else ""
    st.progress(min(max(part, 0.0), 1.0), text=plain(f"{status.message}{left}"))
    if curate.may_curate():
        stopping = job.stop_requested()
        st.button(
            "Stopping …" if stopping else f"Stop the {name}",
            icon=":material/stop_circle:",
            key=part_key("stop", place, job.id),
            disabled=stopping,
            on_click=stop,
            args=(job,),
        )
