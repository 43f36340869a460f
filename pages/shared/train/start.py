"""The button that starts the run that the form describes, or why there is none; it stays in sight at the bottom."""

import secrets
from collections.abc import Container

import streamlit as st

from core import files, paths
from core.access.limits import policy
from core.access.modes import PUBLIC, mode
from core.access.roles import Action
from core.config import RunConfig
from core.errors import UserError
from core.jobs import time_limits
from pages.shared import state
from pages.shared.shell import access
from pages.shared.train import actions
from pages.shared.widgets import fields
from pages.shared.widgets.progress_bar import follow
from pages.shared.widgets.text import plain

_NO_IMAGES = "There are no images to train on: choose another dataset with “View or change” above."


def show_limits() -> bool:
    """Says who may start what here; whether this person may start anything."""
    if not access.may(Action.TRAIN):
        st.info("You may view this form, but not start a run.", icon=":material/lock:")
        return False
    if not files.is_writable(paths.home()):
        st.error(
            plain(f"No run can start: {paths.home()} cannot be written. Set PARITY_HOME to a folder that can be."),
            icon=":material/lock:",
        )
        return False
    if mode() == PUBLIC:
        st.caption(
            f":material/public: Here runs use the sample and the built-in frozen backbone, up to {policy().epochs} "
            f"epochs, one run at a time. {time_limits.words(policy())}"
        )
    return True


def show_start(config: RunConfig | None, *, found: bool, wrong: list[str], ready: bool, about: str) -> None:
    """The button, for whoever may train, in a bar that stays at the bottom of the window.

    Args:
        config: What the form says; None while something in it is not allowed.
        found: Whether there is a dataset that can be trained on.
        wrong: Labels of the fields that are to be put right.
        ready: Whether what the run needs is here or can be fetched.
        about: What would start, in a line.
    """
    with st.bottom:
        place = st.container(gap="small")
        with st.container(horizontal=True, vertical_alignment="center", key="start_bar"):
            waits = config is None or not ready or not found
            icon = ":material/play_arrow:"
            clicked = st.button("Start training", type="primary", icon=icon, disabled=waits, key="start_training")
            if not found:
                st.markdown(f":red[:material/error: {_NO_IMAGES}]", width="stretch")
            elif wrong:
                names = ", ".join(wrong)
                st.markdown(f":red[:material/error: Correct these fields before you start: {names}.]", width="stretch")
            elif about:
                st.caption(about, width="stretch")
    token = _token(actions.used_tokens(), clicked=clicked)
    if clicked and config and found:
        with place:
            _start(config, token)
    elif found:
        actions.get_ready()


def _start(config: RunConfig, token: str) -> None:
    """Admits, starts, and leads to the curves; a refusal is one sentence, and the form stays as it is."""
    bar = st.progress(0.0, text="Checking the dataset …")
    try:
        run = actions.start_once(token, config, follow(bar, "Checking the dataset"))
    except UserError as error:
        bar.empty()
        st.error(fields.sentence_of(error))
        return
    st.switch_page("pages/live.py", query_params={state.RUN: run.id})


def _token(used: Container[str], *, clicked: bool) -> str:
    """The token of the form as it stands: the same for two clicks on Start, a new one when the form is seen again.

    Args:
        used: Tokens that have started a run.
        clicked: Whether this very script run is a click on Start.
    """
    token = str(st.session_state.get(state.START_TOKEN, ""))
    if not token or (token in used and not clicked):
        token = st.session_state[state.START_TOKEN] = secrets.token_hex(8)
    return token
