"""Choice of how many views of each image probabilities are averaged over: test-time augmentation."""

import streamlit as st

from core.insight.views import ALONE, Views, most_views, views_of
from core.store.runs import Run
from pages.shared.state import VIEWS
from pages.shared.widgets.text import plain


def choose_views(run: Run) -> Views:
    """Asks for the number of views and says which they are; of a run whose augmentation allows none, nothing."""
    most = most_views(run)
    if most == 1:
        return ALONE
    st.session_state[VIEWS] = min(int(st.session_state.get(VIEWS, 1)), most)  # another run may allow fewer
    count = st.number_input(
        "Views per image",
        1,
        most,
        key=VIEWS,
        width=200,
        help="Averages the probabilities over the image and views of it, mirrored and changed at random as the "
        "training images were (test-time augmentation). Takes as many times as long. Measured on two sets: "
        "AUC 0.002 higher with 8 views; no gain in accuracy is shown.",
    )
    views = views_of(run, int(count))
    if views.count > 1:
        st.caption(
            f"Mean of {views.count} views: {plain(views.describe())}. Class activation map and nearest training images "
            "are those of the image itself."
        )
    return views


def views_of_other(run: Run, views: Views) -> Views:
    """As many views as another run allows, for the same images; the image alone where it has no augmentation."""
    return views_of(run, min(views.count, most_views(run))) if views.count > 1 else ALONE
