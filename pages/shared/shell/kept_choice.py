"""What an address named last is kept in the session, as the menu's links name nothing."""

from collections.abc import Sequence

import streamlit as st

from core.errors import RunError
from core.store.runs import Run, RunStore
from pages.shared.state import CHOSEN, FILLED, PAGE, RUN, TOUR, part_key


def enter(page: str) -> None:
    """Notes which page is shown: what the address names when it is opened was not put there by the page.

    Args:
        page: Its title.
    """
    if st.session_state.get(PAGE) != page:
        st.session_state[PAGE] = page
        for key in [key for key in st.session_state if str(key).startswith(f"{FILLED}:")]:
            del st.session_state[key]


def chosen_before(*names: str) -> dict[str, str]:
    """What was chosen last in this session: the menu's links name nothing, so the address alone would lose it."""
    return dict(st.session_state.get(part_key(CHOSEN, *names), {}))


def remember_choice(*names: str) -> None:
    """Remembers what the address names, unless the page itself has put it there, or the tour has."""
    named = _named(names)
    if named == st.session_state.get(part_key(FILLED, *names)):
        return
    st.session_state.pop(part_key(FILLED, *names), None)  # whoever comes back to it has chosen it
    if TOUR not in st.session_state:
        st.session_state[part_key(CHOSEN, *names)] = named


def remember_default(*names: str) -> None:
    """Notes that the page itself has put into the address what it names: nobody has chosen it."""
    st.session_state[part_key(FILLED, *names)] = _named(names)


def remember_look(*names: str) -> None:
    """Keeps in mind what the address says, and says it again when the page is opened by an address that says nothing.

    While the page is shown an address that has become empty stays so: whoever has emptied it has meant it.
    """
    shown = part_key(FILLED, *names)
    if shown not in st.session_state and not _named(names):
        for name, value in chosen_before(*names).items():
            st.query_params[name] = value
    st.session_state[shown] = {}
    if TOUR not in st.session_state:
        st.session_state[part_key(CHOSEN, *names)] = _named(names)


def _named(names: Sequence[str]) -> dict[str, str]:
    return {name: st.query_params[name] for name in names if st.query_params.get(name)}


def chosen_run() -> Run | None:
    """The run that the address names; None when it names none or one that does not exist."""
    run_id = st.query_params.get(RUN, "")
    try:
        return RunStore().get(run_id) if run_id else None
    except RunError:
        return None
