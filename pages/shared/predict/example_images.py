"""Images of a run's dataset as examples: a press asks the model about one, without a file of one's own."""

from functools import partial

import streamlit as st

from core.store.runs import Run
from pages.shared.predict.shown import Shown
from pages.shared.run.facts import image_path, small_image, split_files
from pages.shared.state import EXAMPLE, part_key
from pages.shared.widgets.text import plain

EXAMPLES = 4
"""Images that are offered, from as many classes as there are."""

_SIDE = 200


def held_out(run: Run) -> str:
    """The part whose images nothing was trained on: the test images where there are any."""
    return "test" if split_files(run, "test") else "val"


def examples(run: Run) -> list[Shown]:
    """Offers a few images that were kept back from the training.

    Returns:
        The one that was pressed; empty before a press, and where the images are no longer there.
    """
    part = held_out(run)
    labels = split_files(run, part)
    found = [(file, path) for file in _one_a_class(labels) if (path := image_path(run, part, file))]
    if not found:
        return []
    st.caption("Or choose a held-out image:")
    with st.grid(EXAMPLES, min_column_width=130):
        for number, (file, path) in enumerate(found, 1):
            with st.container(horizontal_alignment="center"):
                if small := small_image(path, _SIDE):
                    st.image(small, width=110, alt=f"Example {number}: {labels[file]}")
                st.button(
                    f"Example {number}",
                    key=part_key("example", run.id, str(number)),
                    help=f"True class: {plain(labels[file])}.",
                    on_click=partial(_choose, run.id, part, file),
                    width="stretch",
                )
    chosen = st.session_state.get(EXAMPLE)
    return [Shown(str(path), file, path, labels[file]) for file, path in found if chosen == (run.id, part, file)]


def _choose(run_id: str, part: str, file: str) -> None:
    st.session_state[EXAMPLE] = (run_id, part, file)


def _one_a_class(labels: dict[str, str]) -> list[str]:
    """The first images of each class in turn."""
    of_class: dict[str, list[str]] = {}
    for file in sorted(labels):
        of_class.setdefault(labels[file], []).append(file)
    rounds = range(max(map(len, of_class.values()), default=0))
    in_turn = (files[k] for k in rounds for files in of_class.values() if k < len(files))
    return [file for file, _ in zip(in_turn, range(EXAMPLES), strict=False)]
