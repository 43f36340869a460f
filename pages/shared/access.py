"""Who is at the page, and the check that every function begins with that changes something."""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core import access
from core.access import Action, Person

P = ParamSpec("P")
R = TypeVar("R")


def person() -> Person:
    """The person at this page, as the login, the reverse proxy or the session says.

    Raises:
        ConfigError: PARITY_MODE names no mode.
    """
    context = get_script_run_ctx()
    return access.person(str(st.user.get("email") or ""), context.session_id if context else "")


def guarded(action: Action) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Makes a function refuse whoever may not do what it does, however it was reached.

    Args:
        action: Action. What the function does; found again as its attribute `action`.
    """

    def guard(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            person().require(action)
            return function(*args, **kwargs)

        checked.action = action  # type: ignore[attr-defined]
        return checked

    return guard
