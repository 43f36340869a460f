"""Feature cache on a page: its size, and the button that empties it."""

import streamlit as st

from core.access.roles import Action
from core.data.feature_cache import FeatureCache, feature_cache
from core.errors import UserError
from pages.shared.shell import access
from pages.shared.shell.access import guarded
from pages.shared.state import RUN_NOTICE
from pages.shared.widgets.text import file_size, sentence


def show_cache() -> None:
    """One line, and what can be done about it."""
    cache = feature_cache()
    arrays, size = cache.held()
    with st.expander(title(arrays, size, cache.limit_bytes), icon=":material/database:"):
        st.caption(
            "Features of the frozen backbone are cached, so a later run on the same images starts immediately, with "
            "any head, shuffle or learning rate. At the limit, least recently used entries are removed first and "
            "computed again when needed."
        )
        if arrays and access.may(Action.MANAGE):
            st.button(f"Remove {file_size(size)}", icon=":material/delete_sweep:", on_click=empty, args=(cache,))


def title(arrays: int, size: int, limit: int) -> str:
    """How much of how much."""
    if not arrays:
        return f"Feature cache: empty (at most {file_size(limit)})"
    return f"Feature cache: {file_size(size)} of at most {file_size(limit)}"


@guarded(Action.MANAGE)
def empty(cache: FeatureCache) -> None:
    """Removes all of them."""
    try:
        freed = cache.empty()
    except UserError as error:
        st.session_state[RUN_NOTICE] = (False, sentence(str(error)))
        return
    st.toast(f"Removed {file_size(freed)} from the feature cache.", icon=":material/check:")
