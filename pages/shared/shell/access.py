"""Access on pages: who is signed in, whether a page may be seen, and the guard of every action."""

import functools
import sys
from collections.abc import Callable
from ipaddress import ip_address
from typing import ParamSpec, TypeVar

import streamlit as st
from streamlit.errors import StreamlitSecretNotFoundError
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.access.modes import LOCAL, TEAM, mode
from core.access.persons import Person, has_lists, person_of
from core.access.roles import Action
from core.errors import AccessError, ConfigError
from pages.shared.shell.hosts import has_gone, protect_server, refuse_strange_name

P = ParamSpec("P")
R = TypeVar("R")

_said: set[str] = set()
_MOST_SAID = 20
"""A refusal may name what a stranger has sent: no more of them than that are remembered and printed."""


def person() -> Person:
    """The person at this page, as the login, the reverse proxy or the session says.

    Raises:
        ConfigError: PARITY_MODE names no mode, or PARITY_HOSTS something that is no host.
        AccessError: the page was asked for under the name of a stranger.
    """
    context = get_script_run_ctx(suppress_warning=True)
    if context is None:  # no page: a test, or a script that imports what a page does
        return person_of("", "")
    if refusal := refuse_strange_name():  # what a button calls runs before the page is asked for
        raise AccessError(refusal)
    return person_of(str(st.user.get("email") or ""), context.session_id)


def may(action: Action) -> bool:
    """Whether the person at this page may do something; for what is drawn, never for what is done."""
    return person().may(action)


def may_change(action: Action, owner: str) -> bool:
    """Whether the person at this page may do something with a job of `owner`; for what is drawn, as `may`."""
    try:
        person().require(action, owner)
    except AccessError:
        return False
    return True


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


def admit_person() -> None:
    """Ends the page with one sentence for whoever may not see it, or where the app must not be served like this."""
    if has_gone():
        st.stop()
    if refusal := _refusal():
        if refusal not in _said and len(_said) < _MOST_SAID:  # for the operator, who reads the terminal
            _said.add(refusal)
            print(refusal, file=sys.stderr, flush=True)
        st.error(refusal, icon=":material/lock:")
        st.stop()
    try:
        person().require(Action.LOOK)
    except AccessError as error:
        _ask_to_log_in(str(error))
        st.stop()
    if mode() == TEAM and st.user.get("email"):
        st.sidebar.caption(f":material/person: {person().role}")
        if st.user.get("is_logged_in"):
            st.sidebar.button("Log out", icon=":material/logout:", on_click=st.logout, type="tertiary")


def _refusal() -> str:
    """Why the app must not be served at all as it was started; empty when it may."""
    try:
        served = mode()
        protect_server()
        strange_name = refuse_strange_name()
    except ConfigError as error:
        return f"{error}."
    if served == LOCAL and not _is_loopback(st.get_option("server.address")):
        return (
            "Parity was started for everybody on the network, without any login. Start it with `make run`, or with "
            "`--server.address 127.0.0.1`, for yourself alone; to serve others set PARITY_MODE to team or public."
        )
    if served == TEAM and not has_lists():
        return (
            "PARITY_MODE is team, but nobody is on its lists; set PARITY_ADMINS, PARITY_TRAINERS or PARITY_VIEWERS to "
            "e-mail addresses, separated by commas."
        )
    return strange_name


def _is_loopback(address: str | None) -> bool:
    """Whether only this machine can reach the address; None, Streamlit's default, stands for all interfaces."""
    if address == "localhost":
        return True
    try:
        return ip_address(address or "0.0.0.0").is_loopback  # noqa: S104 (it is refused)
    except ValueError:
        return False


def _ask_to_log_in(sentence: str) -> None:
    st.warning(sentence, icon=":material/lock:")
    if st.user.get("is_logged_in"):
        st.button("Log out", icon=":material/logout:", on_click=st.logout)
    elif _has_login():
        st.button("Log in", type="primary", icon=":material/login:", on_click=st.login)


def _has_login() -> bool:
    """Whether the app's secrets set up a login of Streamlit's own; behind a proxy there often are no secrets at all."""
    try:
        return "auth" in st.secrets
    except StreamlitSecretNotFoundError:  # no file, or one that cannot be read: the server has said so at its start
        return False
