"""Host names that the app answers to (PARITY_HOSTS), checked against the headers Host and Origin (DNS rebinding).

A web page may have its own name answered with 127.0.0.1 (DNS rebinding). The browser then lets it talk to a server of
this machine as if that were its own; only the name that it asks for gives it away.
"""

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from core.environment import LOCAL, PUBLIC, environment, plain_host

VARIABLE = "PARITY_HOSTS"

LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""This machine under the names that no other page can have."""

_AUTHORITY = re.compile(r"(?P<name>\[[0-9a-f:.]{2,45}\]|[a-z0-9._-]{1,253})(?::(?P<port>\d{1,5}))?", re.ASCII)
_PORTS = {"http": "80", "https": "443"}


def answered_names(mode: str, address: str | None, options: Collection[str]) -> tuple[str, ...]:
    """The names that the app answers to.

    Args:
        mode: str. `local`, `team` or `public`; see `core.access.modes.mode`.
        address: str or None. What the server listens on; only used in `local`.
        options: Names that the server's own option (`--server.allowedHosts`) gives.

    Returns:
        Names and patterns, this machine's own among them; none at all where any name is right: in a team or in
        public, where nobody has given names.

    Raises:
        ConfigError: a variable cannot be read; see `core.environment`.
    """
    given = (*environment().hosts, *map(plain_host, options))
    if mode != LOCAL and not given:
        return ()
    own = (plain_host(address),) if mode == LOCAL and address else ()
    return tuple(dict.fromkeys((*LOOPBACK, *own, *given)))


def refusal(mode: str, host: str | None, origin: str | None, names: Collection[str], origins: Collection[str]) -> str:
    """Why a page must not be shown to whoever asked for it so; empty when it may.

    Args:
        mode: str. `local`, `team` or `public`.
        host: str or None. The header Host: the name that was asked for.
        origin: str or None. The header Origin: the page that asks; None where no browser does.
        names: What `answered_names` gave.
        origins: Pages of other names that the server's own option (`--server.corsAllowedOrigins`) lets in.

    Returns:
        One sentence, safe for a place that reads Markdown.
    """
    if mode == PUBLIC and not names:
        return ""
    asked = _split(host or "")
    if names and not _is_among(asked, names):
        return (
            f"Parity was requested as {_shown(asked)} but answers only to {_listed(names)}: open one of these, or, "
            f"if that name is yours, add it to {VARIABLE} and start Parity again."
        )
    if origin is None or origin in origins:
        return ""
    # In a team a page of the visitor's own machine is a stranger's, too.
    page, friends = _split_origin(origin), names if mode == LOCAL else set(names) - set(LOOPBACK)
    if page is None or not (_is_same(page, asked, origin) or _is_among(page, friends)):
        return (
            f"Parity was requested as {_shown(asked)} by a page of {_shown(page)}: open Parity directly, or, if that "
            f"page is yours, add its name to {VARIABLE} and start Parity again."
        )
    return ""


_Authority = tuple[str, str]
"""A host name and a port; the port is empty where none is said."""


def _split(authority: str) -> _Authority | None:
    """`[::1]:8501` is `("::1", "8501")`; None for what is no name of a host."""
    found = _AUTHORITY.fullmatch(authority.lower())
    if found is None or int(found["port"] or 0) > 65535:
        return None
    return plain_host(found["name"]).strip("[]"), found["port"] or ""


def _split_origin(origin: str) -> _Authority | None:
    """`https://lab.example` is `("lab.example", "")`; None for what is no page's address, such as `null`."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return None
    if parts.scheme not in _PORTS or parts.path or parts.query or parts.fragment:
        return None
    return _split(parts.netloc)


def _is_same(page: _Authority, asked: _Authority | None, origin: str) -> bool:
    usual = _PORTS[urlsplit(origin).scheme]
    return asked is not None and (page[0], page[1] or usual) == (asked[0], asked[1] or usual)


def _is_among(authority: _Authority | None, names: Collection[str]) -> bool:
    if "*" in names:
        return True
    return authority is not None and any(
        authority[0].endswith(name[1:]) if name.startswith("*.") else authority[0] == name for name in names
    )


def _shown(authority: _Authority | None) -> str:
    """The name as code, in which Markdown means nothing; it has no back-quotes."""
    return f"`{authority[0][:60]}`" if authority else "something that is not a host name"


def _listed(names: Collection[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
