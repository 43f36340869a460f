"""Summary beside the Train form: data set, what the run will be, the configuration as text."""

import contextlib

import streamlit as st

from core.config import RunConfig
from core.errors import UserError
from pages.shared.run.at_work import active_runs
from pages.shared.shell import chosen_dataset
from pages.shared.train import form as train_form
from pages.shared.widgets import fields
from pages.shared.widgets.text import plain


def show_dataset(reference: str) -> tuple[chosen_dataset.View | None, bool]:
    """The chosen data set in a line: the data set (None for the sample before it is drawn), and whether it is one."""
    with st.container(horizontal=True, vertical_alignment="center"):
        title = plain(chosen_dataset.title_of(reference))
        st.markdown(f":material/photo_library: Data set: **{title}**", width="content")
        st.page_link("pages/dataset.py", label="Look at it or choose another", icon=":material/swap_horiz:")
    try:
        view = chosen_dataset.peek(reference)
    except UserError as error:
        st.error(plain(str(error)))
        return None, False
    if view and view.problem:
        st.warning(plain(view.problem), icon=":material/warning:")
    return view, True


def show_summary(config: RunConfig, view: chosen_dataset.View | None) -> None:
    """What the run will be, and who is before it."""
    counts = view.counts() if view else train_form.sample_counts()
    classes = len(view.index.classes) if view else 2
    facts = train_form.facts(config, counts["train"], counts["val"])
    with st.grid(min_column_width=150):
        for label, value in facts.items():
            st.metric(label, value)
    queue = train_form.queue_sentence(len(active_runs()))
    st.caption(f"{train_form.cost_sentence(config, classes)} {queue}")


def read_config(reference: str, preset: str, name: str, *, split_on_disk: bool) -> RunConfig | None:
    """The form as a configuration; None, and a sentence, when something in it is not allowed."""
    try:
        return train_form.read_config(reference, preset, name, split_on_disk=split_on_disk)
    except UserError as error:
        st.error(fields.sentence_of(error))
        return None


def current_config(reference: str, preset: str, *, split_on_disk: bool) -> RunConfig | None:
    """The form as a configuration, for what stands beside it; None when something in it is not allowed."""
    with contextlib.suppress(UserError):
        return train_form.read_config(reference, preset, "", split_on_disk=split_on_disk)
    return None
