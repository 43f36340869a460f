"""Actions on a run from a page: stop, end now, resume; each answered by one sentence."""

import time
from collections.abc import Callable

import streamlit as st

from core.access import Action
from core.errors import AccessError, UserError
from core.store.runs import RESUMABLE, Run, Status
from pages.shared.shell import jobs
from pages.shared.shell.access import person
from pages.shared.state import NOTICE_SHOWN, RUN_NOTICE, part_key
from pages.shared.widgets.text import plain, sentence

NOTICE_SECONDS = 4.0
"""So long a toast stays."""


def show_notice() -> None:
    """Says what the button pressed last has done."""
    worked, said = st.session_state.pop(RUN_NOTICE, (True, ""))
    if not said:
        return
    st.session_state[NOTICE_SHOWN] = (worked, said), time.monotonic()
    if worked:
        st.toast(plain(said), icon=":material/check:")
    else:
        st.error(plain(said), icon=":material/error:")


def keep_notice() -> None:
    """Says once more what was said a moment ago: for a page that runs again by itself, which takes it away."""
    notice, when = st.session_state.get(NOTICE_SHOWN, (None, 0.0))
    if notice and time.monotonic() - when < NOTICE_SECONDS:
        st.session_state.setdefault(RUN_NOTICE, notice)


def action_buttons(run: Run, status: Status) -> None:
    """Stop for an active run, Resume for one that ended early."""
    if not may_change(run):
        return
    if status.is_active and run.stop_requested():
        with st.popover("Stopping…", icon=":material/hourglass_top:", key=part_key("stopping", run.id)):
            st.write("Stops after the current batch and saves the model, which takes a moment.")
            st.button(
                "Kill the process",
                icon=":material/dangerous:",
                on_click=end_run,
                args=(run,),
                help="For a run that does not stop. No new model is saved; Resume continues after the last finished "
                "epoch.",
                key=part_key("end_now", run.id),
            )
    elif status.is_active:
        with st.popover("Stop", icon=":material/stop_circle:", key=part_key("stop", run.id)):
            st.write("Stop this run? The model so far is kept, and the run can be resumed.")
            st.button(
                "Stop the run",
                type="primary",
                icon=":material/stop_circle:",
                on_click=stop_run,
                args=(run,),
                key=part_key("stop_now", run.id),
            )
    elif status.status in RESUMABLE:
        st.button(
            "Resume",
            type="primary",
            icon=":material/play_circle:",
            on_click=resume_run,
            args=(run,),
            help="Continues after the last finished epoch with the same result as without a break.",
            key=part_key("resume", run.id),
        )


def stop_run(run: Run) -> None:
    """Asks the run to stop."""
    _do(lambda: jobs.stop(run), "Stopping after the current batch; the model so far is kept.")


def end_run(run: Run) -> None:
    """Ends the run's worker at once."""
    _do(lambda: jobs.end_now(run), "Killed; the last finished epoch is kept.")


def resume_run(run: Run) -> None:
    """Puts the run back in the queue."""
    _do(lambda: jobs.go_on(run), "Resumed.")


def may_change(run: Run) -> bool:
    """Whether the person may stop and resume this run; for what is drawn."""
    try:
        person().require(Action.TRAIN, run.owner())
    except AccessError:
        return False
    return True


def _do(action: Callable[[], None], success: str) -> None:
    try:
        action()
    except UserError as error:
        st.session_state[RUN_NOTICE] = (False, sentence(str(error)))
    except OSError as error:
        st.session_state[RUN_NOTICE] = (False, f"The run's folder cannot be written: {error.strerror}.")
    else:
        st.session_state[RUN_NOTICE] = (True, success)
