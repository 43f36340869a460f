"""Host name under which a page was asked for (headers Host and Origin), and what the server is told of it."""

from collections.abc import Mapping

import streamlit as st
from streamlit import config, net_util
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core import hosts
from core.access.modes import mode

_NAMES, _ORIGINS = "server.allowedHosts", "server.corsAllowedOrigins"


def refuse_strange_name() -> str:
    """Why this page must not be shown under the name that it was asked for; empty when it may.

    Raises:
        ConfigError: PARITY_MODE or PARITY_HOSTS cannot be read.
    """
    headers = _headers()
    if headers is None or not len(headers):
        return ""
    now = mode()
    given = config.get_option("server.address"), config.get_option(_NAMES)
    names = hosts.answered_names(now, *given)
    return hosts.refusal(now, headers.get("Host"), headers.get("Origin"), names, config.get_option(_ORIGINS))


def has_gone() -> bool:
    """Whether whoever asked for this page has left already, so that nobody can tell under what name.

    A page that is made all the same would stay with the session, and be there for it under whatever name it comes back.
    """
    headers = _headers()
    return headers is not None and not len(headers)


def _headers() -> Mapping[str, str] | None:
    """What the browser sent with its connection, nothing once that has ended; None where there is no server."""
    if get_script_run_ctx(suppress_warning=True) is None or config.get_option("global.appTest"):
        return None
    return st.context.headers


def protect_server() -> None:
    """Has the server itself refuse sockets that ask for it under a strange name, from the first page of a process on.

    It only ever narrows what the server was started with. And the server is kept from asking a service of the internet
    for its own address: it would, and let everybody wait, for every socket of a strange page.

    Raises:
        ConfigError: PARITY_MODE or PARITY_HOSTS cannot be read.
    """
    net_util.get_external_ip = _no_address
    if not config.get_option(_NAMES):
        names = hosts.answered_names(mode(), config.get_option("server.address"), ())
        config.set_option(_NAMES, list(names))


def _no_address() -> None:
    """Instead of `net_util.get_external_ip`: pages of other names are named by PARITY_HOSTS."""
