"""A row of a table by its name: Streamlit draws its tables, and the buttons in them take no key."""

from collections import Counter
from collections.abc import Mapping

import streamlit as st

WIDTH = 340


def row_choice(label: str, names: Mapping[str, str], key: str) -> str:
    """A list of the rows of a table, beside which stands what can be done to the one that is chosen.

    Args:
        label: What a row is.
        names: What each row is called, by its id.
        key: Session key.

    Returns:
        The id of the chosen row; empty for none.
    """
    if st.session_state.get(key) not in names:
        st.session_state[key] = None  # it has gone since it was chosen
    chosen = st.selectbox(
        label,
        list(names),
        index=None,
        key=key,
        format_func=apart(names).__getitem__,
        placeholder="Choose by name",
        width=WIDTH,
        help="The same as the buttons in the table, also for the keyboard.",
    )
    return chosen or ""


def apart(names: Mapping[str, str]) -> dict[str, str]:
    """The names, each with the end of its id where others are called the same."""
    often = Counter(names.values())
    return {row_id: f"{name} · {row_id[-6:]}" if often[name] > 1 else name for row_id, name in names.items()}
