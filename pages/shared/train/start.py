"""The button that starts the run that the form describes, or why there is none."""

import streamlit as st

from core.access import PUBLIC, Action, mode, policy
from core.config import RunConfig
from core.errors import UserError
from core.jobs import time_limits
from pages.shared import state
from pages.shared.shell import access
from pages.shared.train import actions
from pages.shared.widgets import fields
from pages.shared.widgets.progress_bar import follow


def show_start(config: RunConfig | None, *, found: bool) -> None:
    """The button, for whoever may train.

    Args:
        config: What the form says; None while something in it is not allowed.
        found: Whether there is a data set.
    """
    if not access.may(Action.TRAIN):
        st.info("You may look at this form, but not start a training here.", icon=":material/lock:")
        return
    if mode() == PUBLIC:
        st.caption(
            f":material/public: Here a training is on the sample with the built-in network, frozen, up to "
            f"{policy().epochs} epochs; one trains at a time. {time_limits.words(policy())}"
        )
    if config is None and found:
        st.caption(":material/error: A setting below is not allowed. Put it right to start.")
    clicked = st.button("Start training", type="primary", icon=":material/play_arrow:", disabled=config is None)
    token = state.start_token(actions.used_tokens(), clicked=clicked)
    if clicked and config and found:
        _start(config, token)
    elif found:
        actions.get_ready()


def _start(config: RunConfig, token: str) -> None:
    """Admits, starts, and leads to the curves; a refusal is one sentence, and the form stays as it is."""
    bar = st.progress(0.0, text="Checking the data set …")
    try:
        run = actions.start_once(token, config, follow(bar, "Checking the data set"))
    except UserError as error:
        bar.empty()
        st.error(fields.sentence_of(error))
        return
    st.switch_page("pages/live.py", query_params={state.RUN: run.id})
