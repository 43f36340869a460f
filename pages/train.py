"""Train page: choose a preset, change settings, start a run; learning-rate finder, sweep and cross-validation."""

import streamlit as st

from core.data.sample import CLASSES
from pages.shared import state
from pages.shared.puzzle.menu import follow_puzzle
from pages.shared.run.actions import show_notice
from pages.shared.run.upkeep import show_cloned
from pages.shared.shell.frame import frame
from pages.shared.train import form as train_form
from pages.shared.train.augmentation_editor import show_augmentation_editor
from pages.shared.train.cache_view import show_cache
from pages.shared.train.cross_validation_panel import show_cross_validation
from pages.shared.train.preflight import show_preflight
from pages.shared.train.rate_panel import show_rate_finder
from pages.shared.train.script_import import script_import
from pages.shared.train.search_panel import show_search
from pages.shared.train.start import show_start
from pages.shared.train.summary import current_config, read_config, show_dataset, show_summary
from pages.shared.train.sweep_panel import show_sweep
from pages.shared.widgets.text import heading


def show_form() -> None:
    """The whole page below the heading."""
    show_notice()
    show_cloned()
    reference = state.chosen_dataset()
    view, found = show_dataset(reference)
    split_on_disk = view is None or view.index.layout == "splits"
    reach = st.container()  # Start and summary stand above the form; they are known when it has been read
    preset = train_form.preset_control()
    classes = view.index.classes if view else CLASSES
    train_form.show_fields(preset, split_on_disk=split_on_disk, classes=classes)
    show_augmentation_editor(view)
    train_form.show_differences(preset, split_on_disk=split_on_disk)
    current = current_config(reference, preset, split_on_disk=split_on_disk) if found else None
    show_rate_finder(current)
    show_sweep(current)
    show_cross_validation(current, view)
    show_search(current)
    name = st.text_input(
        "Name of the run (optional)",
        max_chars=100,
        key=state.RUN_NAME,
        persist_state="session",
        help="How the lists of runs call it.",
    )
    config = read_config(reference, preset, name or "", split_on_disk=split_on_disk)
    if config and found:
        show_preflight(config, view)
    script_import()
    with reach.container(border=True):
        if config and found:
            show_summary(config, view)
        show_start(config, found=found)


frame("Train", in_menu=follow_puzzle)
heading("Train", "Choose how the network learns, and start. A preset fills every field; change what you like.")
show_form()
show_cache()
