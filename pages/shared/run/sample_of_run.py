"""Draws the sample images for a run that was trained on them: an example run comes without its images."""

import streamlit as st

from core import paths
from core.data.sample import sample_folder
from core.errors import DataError
from core.store.runs import Run
from pages.shared.run.facts import data_facts
from pages.shared.shell.sample_images import draw_sample
from pages.shared.widgets.text import plain, sentence


def draw_sample_of(run: Run) -> None:
    """The same for a run that was trained on the sample of this home; says so where it cannot be drawn."""
    facts = data_facts(run)
    if facts is None or facts.root != str(sample_folder(paths.samples_folder())):
        return
    try:
        draw_sample()
    except DataError as error:
        st.error(plain(sentence(str(error))), icon=":material/error:")
