"""Feature cache on a page: its size, and the button that empties it."""

import streamlit as st

from core.access import Action
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
            "What the frozen network makes of each image is kept, so that a later run on the same images starts at "
            "once, whatever its head, order or rate. When the limit is reached, what was not used for longest goes "
            "first; a run whose features have gone computes them again."
        )
        if arrays and access.may(Action.MANAGE):
            st.button(f"Remove {file_size(size)}", icon=":material/delete_sweep:", on_click=empty, args=(cache,))


def title(arrays: int, size: int, limit: int) -> str:
    """How much of how much."""
    if not arrays:
        return f"Cached features: none (at most {file_size(limit)})"
    return f"Cached features: {file_size(size)} of at most {file_size(limit)}"


@guarded(Action.MANAGE)
def empty(cache: FeatureCache) -> None:
    """Removes all of them."""
    try:
        freed = cache.empty()
    except UserError as error:
        st.session_state[RUN_NOTICE] = (False, sentence(str(error)))
        return
    st.toast(f"Removed {file_size(freed)} of cached features.", icon=":material/check:")
