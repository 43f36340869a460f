"""What a page shows stands in its address and comes back from it: read at the page's start, written at its end.

A reload, a second tab, the back button and a link that was sent all bring an address; each of its parts that is not
what the page has said itself is put into the session before anything is drawn. Else the session counts: the menu's
links name nothing. Nothing usual stands in the address.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.errors import UserError
from core.sentences import counted
from pages.shared.state import FILLED, part_key
from pages.shared.widgets.text import plain, sentence

LONGEST = 500
"""Most characters of one value of an address; a longer one is not read."""

_MOST_TOLD = 5


@dataclass(frozen=True)
class Part:
    """One thing that an address names.

    Attributes:
        name: str. The query parameter.
        said: callable. What the session has of it, as text; empty for what is usual.
        take: callable. Puts what an address says into the session, empty for what is usual; raises UserError for what
            is not allowed.
        fills: bool. Whether taking it changes what the other parts stand for, so that they are taken again after it.
        alone: bool. Whether a link may name it alone and mean nothing else by that, as the id of a job.
    """

    name: str
    said: Callable[[], str]
    take: Callable[[str], None]
    fills: bool = False
    alone: bool = False


def recall(page: str, parts: Sequence[Part]) -> list[str]:
    """Puts into the session what the address says and the page has not said itself; what is not allowed is told.

    Args:
        page: str. Whose address it is.
        parts: sequence of Part. In the order in which they are taken.

    Returns:
        The names of the parts that were taken.
    """
    key, here = part_key(FILLED, "address", page), _here(parts)
    before: dict[str, Any] | None = st.session_state.get(key)
    if before is None:
        changed = _at_arrival(parts, here)
        st.session_state[key] = {"shown": here, "empty": {} if changed else _said(parts)}
        asked = here
    else:
        asked = here if any(here.values()) else {**here, **before["empty"]}
        changed = [part for part in parts if asked[part.name] != before["shown"][part.name]]
        changed = [] if here == before["shown"] else _with_filled(parts, changed)
        if came_by_history():  # maybe from another page, left before it was drawn: what this one has shown is forgotten
            changed = list(parts)
    _take(changed, asked)
    return [part.name for part in changed]


def _at_arrival(parts: Sequence[Part], here: dict[str, str]) -> list[Part]:
    """What is taken of the address with which a page is opened: all of it, but of a link to one thing only that."""
    named = [part for part in parts if here[part.name]]
    return list(parts) if any(not part.alone for part in named) else named


def _with_filled(parts: Sequence[Part], changed: Sequence[Part]) -> list[Part]:
    """Those that have changed, and after one that fills the others all of them."""
    fills = any(part.fills for part in changed)
    return [part for part in parts if fills or part in changed]


def came_by_history() -> bool:
    """Whether this script run is the answer to the browser's back or forward button."""
    context = get_script_run_ctx(suppress_warning=True)
    return bool(context and context.is_history_navigation)


def say(page: str, parts: Sequence[Part]) -> None:
    """Writes into the address what the session has, at once, so that the back button has one step for it."""
    here, now = _here(parts), _said(parts)
    if now != here:
        others = {name: value for name, value in st.query_params.to_dict().items() if name not in now}
        st.query_params.from_dict({**others, **{name: value for name, value in now.items() if value}})
    st.session_state.setdefault(part_key(FILLED, "address", page), {"empty": {}})["shown"] = now


def tell(complaints: Sequence[str]) -> None:
    """Says what of an address was not taken."""
    for text in complaints[:_MOST_TOLD]:
        st.warning(f"Part of the address was ignored. {plain(sentence(text))}", icon=":material/link_off:")
    if len(complaints) > _MOST_TOLD:
        others = len(complaints) - _MOST_TOLD
        st.warning(f"{counted(others, 'other part')} of the address {'was' if others == 1 else 'were'} ignored, too.")


def value_part(
    name: str, key: str, usual: str, check: Callable[[str], None] | None = None, *, alone: bool = False
) -> Part:
    """A text of the session.

    Args:
        name: str. The query parameter.
        key: str. Session key.
        usual: str. What is not worth saying.
        check: callable. Raises UserError for a text that is not allowed. Defaults to anything.
        alone: bool. See `Part`.
    """

    def said() -> str:
        value = str(st.session_state.get(key) or usual)
        return "" if value == usual else value

    def take(text: str) -> None:
        if text and check:
            check(text)
        st.session_state[key] = text or usual

    return Part(name, said, take, alone=alone)


def _here(parts: Sequence[Part]) -> dict[str, str]:
    return {part.name: str(st.query_params.get(part.name, "")) for part in parts}


def _said(parts: Sequence[Part]) -> dict[str, str]:
    return {part.name: part.said()[:LONGEST] for part in parts}


def _take(parts: Sequence[Part], asked: dict[str, str]) -> None:
    complaints = []
    for part in parts:
        text = asked[part.name]
        try:
            if len(text) > LONGEST:
                raise UserError(f"{part.name} has {len(text):,} characters; it may have {LONGEST} at most")
            part.take(text)
        except UserError as error:
            complaints.append(str(error))
    tell(complaints)
