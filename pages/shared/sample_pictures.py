"""The pictures of the built-in sample, drawn when a page first needs them: the finished examples come without them."""

import threading

import streamlit as st

from core import paths
from core.data.sample import ensure_sample, sample_folder, sample_is_ready
from core.errors import DataError
from core.runs import Run
from pages.shared.frame import plain
from pages.shared.progress_bar import Progress, with_bar
from pages.shared.run_facts import data_facts

_turn = threading.Lock()


def draw_sample() -> None:
    """Draws the sample set where it is not there yet, with a progress bar while that lasts.

    Raises:
        DataError: the home cannot be written, or has no room left.
    """
    if not sample_is_ready(paths.samples_folder()):
        with_bar("Drawing the sample set", _draw)


def draw_sample_of(run: Run) -> None:
    """The same for a run that was trained on the sample of this home; says so where it cannot be drawn."""
    facts = data_facts(run)
    if facts is None or facts.root != str(sample_folder(paths.samples_folder())):
        return
    try:
        draw_sample()
    except DataError as error:
        st.error(plain(str(error)), icon=":material/error:")


def _draw(progress: Progress) -> None:
    with _turn:  # of several viewers one draws; the others then find it there
        ensure_sample(paths.samples_folder(), progress)
