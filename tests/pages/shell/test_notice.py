"""What a button has done is said once, in one sentence, by the script run that follows."""

import time

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from pages.shared.shell.notice import NOTICE_SECONDS, keep_notice
from pages.shared.state import NOTICE_SHOWN, RUN_NOTICE
from pages.shared.widgets.text import plain


def page() -> None:
    """A button for each way in which an action can end."""
    import streamlit as st

    from core.errors import RunError
    from pages.shared.shell.notice import act, show_notice

    def refuse() -> None:
        raise RunError("the run has finished")

    def no_space() -> None:
        raise OSError(28, "No space left on device")

    show_notice()
    st.button("stop", on_click=act, args=(lambda: None, "Stopping."))
    st.button("name", on_click=act, args=(lambda: "dogs", lambda name: f"Renamed to {name}."))
    st.button("silent", on_click=act, args=(lambda: "dogs",))
    st.button("refused", on_click=act, args=(refuse, "Stopping."))
    st.button("full", on_click=act, args=(no_space, "Stopping.", "The run's folder"))
    st.button("other", key="other")


def after(label: str) -> AppTest:
    at = AppTest.from_function(page).run()
    button = next(one for one in at.button if one.label == label)
    at = button.click().run()
    assert not at.exception
    return at


def test_what_worked_is_a_toast_and_is_said_once() -> None:
    at = after("stop")
    assert [toast.value for toast in at.toast] == [plain("Stopping.")]
    at = at.button(key="other").click().run()
    assert (len(at.toast), len(at.error)) == (0, 0)


def test_the_sentence_may_be_made_of_the_result() -> None:
    assert [toast.value for toast in after("name").toast] == [plain("Renamed to dogs.")]


def test_without_a_sentence_nothing_is_said() -> None:
    at = after("silent")
    assert (len(at.toast), len(at.error)) == (0, 0)


def test_what_cannot_be_done_is_an_error_in_one_sentence() -> None:
    assert [error.value for error in after("refused").error] == [plain("The run has finished.")]
    assert [error.value for error in after("full").error] == [
        plain("The run's folder cannot be written: No space left on device.")
    ]


def test_a_page_that_runs_again_by_itself_says_it_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    state: dict[str, object] = {NOTICE_SHOWN: ((True, "Stopping."), 100.0)}
    monkeypatch.setattr(st, "session_state", state)
    monkeypatch.setattr(time, "monotonic", lambda: 100.0 + NOTICE_SECONDS)
    keep_notice()
    assert RUN_NOTICE not in state
    monkeypatch.setattr(time, "monotonic", lambda: 103.0)
    keep_notice()
    assert state[RUN_NOTICE] == (True, "Stopping.")
