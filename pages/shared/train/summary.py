"""Summary beside the Train form: dataset, what the run will be, the configuration as text."""

import contextlib

import streamlit as st

from core.config import RunConfig
from core.errors import ConfigError, UserError
from core.estimate.duration import download_bytes, expected
from core.estimate.memory import memory
from pages.shared.run.at_work import active_runs
from pages.shared.shell import chosen_dataset
from pages.shared.train import expectation
from pages.shared.train import form as train_form
from pages.shared.train.problems import key_of
from pages.shared.widgets import fields
from pages.shared.widgets.text import duration, file_size, plain, sentence


def show_dataset(reference: str) -> tuple[chosen_dataset.View | None, bool]:
    """The chosen dataset in a line: the dataset (None for the sample before it is drawn), and whether it is one."""
    with st.container(horizontal=True, vertical_alignment="center"):
        title = plain(chosen_dataset.title_of(reference))
        st.markdown(f":material/photo_library: Dataset: **{title}**", width="content")
        st.page_link("pages/dataset.py", label="View or change", icon=":material/swap_horiz:")
    try:
        view = chosen_dataset.peek(reference)
    except UserError as error:
        st.error(plain(sentence(chosen_dataset.without_path(reference, error))))
        return None, False
    if view and view.problem:
        st.warning(plain(view.problem), icon=":material/warning:")
    return view, True


def show_summary(config: RunConfig, view: chosen_dataset.View | None, *, may_start: bool) -> None:
    """What the run will be and, where it may start, who is before it."""
    counts, classes = counts_of(view)
    facts = train_form.facts(config, counts["train"], counts["val"])
    with st.grid(min_column_width=135):
        for label, value in facts.items():
            st.metric(label, value)
        _show_expectation(config, counts, classes)
    if warning := expectation.memory_warning(memory(config, classes)):
        st.warning(warning, icon=":material/memory:")
    queue = train_form.queue_sentence(len(active_runs())) if may_start else ""
    st.caption(f"{train_form.cost_sentence(config, classes)} {queue}".strip())


def counts_of(view: chosen_dataset.View | None) -> tuple[dict[str, int], int]:
    """Images by split, and how many classes; of the sample before it is drawn too."""
    if view is None:
        return {"test": 0, **train_form.sample_counts()}, 2
    return view.counts(), len(view.index.classes)


def in_short(config: RunConfig, view: chosen_dataset.View | None) -> str:
    """What starts, in a line: images, duration, memory, download."""
    counts, classes = counts_of(view)
    found = expected(config, counts["train"], counts["val"] + counts["test"], classes)
    size = download_bytes(config)
    fetched = f" · {file_size(size)} to download" if size else ""
    needed, _ = expectation.memory_words(memory(config, classes))
    images = f"{counts['train'] + counts['val']:,} images"
    title = plain(chosen_dataset.title_of(config.dataset))
    return f"**{title}** · {images} · {expectation.duration_words(found)} · {needed} of memory{fetched}"


def _show_expectation(config: RunConfig, counts: dict[str, int], classes: int) -> None:
    """Duration, memory and download, as metrics."""
    found = expected(config, counts["train"], counts["val"] + counts["test"], classes)
    st.metric("Duration, at most", duration(max(1.0, found.seconds)), help=expectation.duration_help(found))
    needed, remark = expectation.memory_words(memory(config, classes))
    st.metric(
        "Expected memory", needed, delta=remark or None, delta_color="off", delta_arrow="off",
        help="Rough estimate from the measured memory of the backbone's forward pass. The limit is PARITY_MEMORY or "
             "this machine's memory.",
    )  # fmt: skip
    if size := download_bytes(config):
        st.metric("Download", file_size(size), help="Pretrained weights; downloaded once.")


def read_config(reference: str, preset: str, name: str, *, split_on_disk: bool, told: set[str]) -> RunConfig | None:
    """The form as a configuration; None when something in it is not allowed, and a sentence unless that was told.

    Args:
        reference: The chosen dataset.
        preset: The preset.
        name: Of the run.
        split_on_disk: Whether the folder says which images are held out.
        told: Settings whose problem stands at their field.
    """
    try:
        return train_form.read_config(reference, preset, name, split_on_disk=split_on_disk)
    except ConfigError as error:
        if key_of(error) not in told:
            st.error(fields.sentence_of(error))
        return None


def current_config(reference: str, preset: str, *, split_on_disk: bool) -> RunConfig | None:
    """The form as a configuration, for the other parts of the page; None when something in it is not allowed."""
    with contextlib.suppress(UserError):
        return train_form.read_config(reference, preset, "", split_on_disk=split_on_disk)
    return None
