"""Train page: choose a preset, change settings, start a run; learning-rate finder, sweep and cross-validation."""

import streamlit as st

from pages.shared import state
from pages.shared.puzzle.menu import follow_puzzle
from pages.shared.run.upkeep import show_cloned
from pages.shared.shell.frame import frame
from pages.shared.shell.notice import show_notice
from pages.shared.train import address
from pages.shared.train.cache_view import show_cache
from pages.shared.train.choices import show_choices
from pages.shared.train.cross_validation_panel import show_cross_validation
from pages.shared.train.customise import show_customise
from pages.shared.train.expectation import show_download
from pages.shared.train.preflight import show_preflight
from pages.shared.train.problems import labels_of, problems
from pages.shared.train.rate_panel import show_rate_finder
from pages.shared.train.script_import import script_import
from pages.shared.train.search_panel import show_search
from pages.shared.train.start import show_limits, show_start
from pages.shared.train.summary import (
    counts_of,
    current_config,
    in_short,
    read_config,
    show_dataset,
    show_summary,
)
from pages.shared.train.sweep_panel import show_sweep
from pages.shared.widgets.text import heading


def show_form() -> None:
    """The whole page below the heading."""
    address.recall()
    show_notice()
    show_cloned()
    reference = state.chosen_dataset()
    view, found = show_dataset(reference)
    split_on_disk = view is None or view.index.layout == "splits"
    counts, classes = counts_of(view)
    show_choices(reference, counts if found else None, classes)
    reach = st.container()  # the summary stands above the form; it is known when the form has been read
    preset, told = show_customise(view, split_on_disk=split_on_disk)
    current = current_config(reference, preset, split_on_disk=split_on_disk) if found else None
    show_rate_finder(current)
    show_sweep(current)
    show_cross_validation(current, view)
    show_search(current)
    name = st.text_input(
        "Run name (optional)",
        max_chars=100,
        key=state.RUN_NAME,
        persist_state="session",
        help="Shown in lists of runs.",
    )
    config = read_config(reference, preset, name or "", split_on_disk=split_on_disk, told=told)
    if config and found:
        show_preflight(config, view)
    script_import()
    wrong = [] if config else labels_of(problems(preset, split_on_disk=split_on_disk))
    with reach.container(border=bool(config and found)):  # without them nothing may stand in it
        may_start, ready = show_limits(), True
        if config and found:
            show_summary(config, view, may_start=may_start)
            ready = not may_start or show_download(config)
    if may_start:
        about = in_short(config, view) if config and found else ""
        show_start(config, found=found, wrong=wrong, ready=ready, about=about)


frame("Train", in_menu=follow_puzzle)
heading("Train", "Choose one of three presets and start, or customise every setting.")
show_form()
address.say()
show_cache()
