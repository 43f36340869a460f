"""Actions on a run from a page: stop, end now, resume; each answered by one sentence."""

import streamlit as st

from core.access.roles import Action
from core.store.runs import RESUMABLE, Run, Status
from pages.shared.shell import jobs
from pages.shared.shell.access import may_change
from pages.shared.shell.notice import act
from pages.shared.state import part_key

_FOLDER = "The run's folder"


def action_buttons(run: Run, status: Status) -> None:
    """Stop for an active run, Resume for one that ended early."""
    if not may_change(Action.TRAIN, run.owner()):
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
    act(lambda: jobs.stop(run), "Stopping after the current batch; the model so far is kept.", _FOLDER)


def end_run(run: Run) -> None:
    """Ends the run's worker at once."""
    act(lambda: jobs.end_now(run), "Killed; the last finished epoch is kept.", _FOLDER)


def resume_run(run: Run) -> None:
    """Puts the run back in the queue."""
    act(lambda: jobs.go_on(run), "Resumed.", _FOLDER)
