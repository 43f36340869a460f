"""What a button has done, said in one sentence by the script run that follows."""

import time
from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from core.errors import UserError
from pages.shared.state import NOTICE_SHOWN, RUN_NOTICE
from pages.shared.widgets.text import plain, sentence

T = TypeVar("T")

NOTICE_SECONDS = 4.0
"""So long a toast stays."""


def act(action: Callable[[], T], success: str | Callable[[T], str] = "", folder: str = "The job's folder") -> None:
    """Does what a button is for, and notes how it went for `show_notice`.

    Args:
        action: What raises UserError, or OSError where `folder` cannot be written, if it cannot be done.
        success: The sentence, or what makes it of the action's result. Defaults to saying nothing.
        folder: What the sentence on a full or read-only disk calls the folder.
    """
    try:
        done = action()
    except UserError as error:
        st.session_state[RUN_NOTICE] = (False, sentence(str(error)))
    except OSError as error:
        st.session_state[RUN_NOTICE] = (False, f"{folder} cannot be written: {error.strerror}.")
    else:
        said = success if isinstance(success, str) else success(done)
        if said:
            st.session_state[RUN_NOTICE] = (True, said)


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
