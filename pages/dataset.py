"""Dataset page: choose the images, and see what training batches will contain."""

import streamlit as st

from core.errors import LayoutQuestion, UserError
from pages.shared import state
from pages.shared.dataset import (
    address,
    health,
    images_tab,
    labels_view,
    layout_view,
    map_view,
    quality_view,
    sources,
    split_view,
)
from pages.shared.dataset import tabs as dataset_tabs
from pages.shared.dataset.rename_set import rename_set_button
from pages.shared.puzzle.menu import follow_puzzle
from pages.shared.shell import chosen_dataset as dataset_view
from pages.shared.shell.frame import frame
from pages.shared.widgets.text import heading, plain

TABS = {
    "Overview": dataset_tabs.show_overview,
    "Images": images_tab.show_images,
    "Quality": quality_view.show_quality,
    "Labels": labels_view.show_labels,
    "Map": map_view.show_map,
    "Split": split_view.show_split,
    "Augmentation": dataset_tabs.show_augmentation,
    "Batch composition": dataset_tabs.show_xray,
    "Problems": dataset_tabs.show_problems,
}


def show_dataset(reference: str) -> None:
    """The chosen dataset: its numbers, the way to the Train page, the tabs."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader(plain(dataset_view.title_of(reference)), anchor=False, width="content")
        rename_set_button(reference)
        st.button("Scan again", icon=":material/refresh:", on_click=dataset_view.forget_scans, type="tertiary")
    try:
        view = dataset_view.open_view(reference)
    except LayoutQuestion as question:
        layout_view.ask(reference, question)
        return
    except UserError as error:
        st.error(plain(dataset_view.without_path(reference, error)))
        return
    dataset_tabs.show_metrics(view)
    if view.problem:
        st.error(f"Training on this dataset is not possible yet. {plain(view.problem)}")
    elif st.button("Train on this", type="primary", icon=":material/tune:"):
        st.switch_page("pages/train.py")
    labels = health.tab_labels(view, list(TABS))
    for tab, show in zip(st.tabs(labels, key=state.TAB, on_change="rerun"), TABS.values(), strict=True):
        if tab.open:
            with tab:
                show(view)


frame("Dataset", in_menu=follow_puzzle)
heading("Dataset", "Your images, and what each training batch will contain.")
address.recall(list(TABS))
sources.choose_source()
st.divider()
show_dataset(state.chosen_dataset())
address.say(list(TABS))
