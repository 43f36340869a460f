"""The images that a model misclassifies: all of them in pages, highest confidence first, by class and confidence."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core.data.file_names import display_name
from core.insight.stored import Stored
from core.stats import metrics
from core.store.runs import Run
from core.workers.predict_client import NOT_MEDICAL, is_medical
from pages.shared.run.facts import image_path, small_image
from pages.shared.run.sample_of_run import draw_sample_of
from pages.shared.run.view import read_config
from pages.shared.shell.look import bring_into_sight
from pages.shared.state import part_key
from pages.shared.widgets.text import number, plain

if TYPE_CHECKING:
    from core.store.run_records import PartFigures

SHOWN = 12
"""Mistakes a page."""

_SIDE = 220
"""Longer side of a shown mistake in pixels."""

_JUST_OPENED = "mistake_just_opened"
"""Session key: whether the closer look is drawn for the first time, above what may be in sight."""


@dataclass(frozen=True)
class Wrong:
    """An image that was given another class than its own, with the probability of that class."""

    file: str
    label: str
    predicted: str
    probability: float | None


Look = Callable[[Run, str, Wrong], None]
"""Draws the closer look at a mistake of a part."""


@st.fragment
def mistakes_panel(run: Run, part: str, record: "PartFigures", kept: Stored | None, look: Look | None = None) -> None:
    """Mistakes with the choice of a class and of the minimum confidence; only this is drawn again by a choice.

    Args:
        run: Run.
        part: `val` or `test`.
        record: What evaluation.json says of the part: the worst mistakes of a run that keeps no predictions.
        kept: The predictions of the part; None where the run keeps none.
        look: What is drawn of the mistake that is clicked. Defaults to nothing: none can be.
    """
    found = all_mistakes(kept) if kept else [Wrong(m.file, m.label, m.predicted, m.probability) for m in record.worst]
    st.markdown("##### Mistakes, highest confidence first")
    if not found:
        st.success("No misclassified images.", icon=":material/check_circle:")
        return
    chosen = _chosen(run, part, found)
    page = _page(run, part, len(chosen))
    shown = chosen[(page - 1) * SHOWN : page * SHOWN]
    st.caption(f"{len(chosen)} of {len(found)} mistakes." if len(chosen) < len(found) else f"{len(found)} mistakes.")
    if read_config(run) and is_medical(run):
        st.warning(NOT_MEDICAL, icon=":material/medical_information:")
    draw_sample_of(run)
    if look:
        _closer(run, part, found, look)
    with st.grid(min_column_width=170):
        for wrong in shown:
            with st.container(border=True):
                _mistake(run, part, wrong)
                if look:
                    _open_button(run, part, wrong)


def all_mistakes(kept: Stored) -> list[Wrong]:
    """Every image whose most probable class is not its own, the most probable wrong answer first."""
    predicted = metrics.decide(kept.probabilities)
    wrong = np.flatnonzero(predicted != kept.labels)
    sure = kept.probabilities[wrong, predicted[wrong]]
    return [
        Wrong(kept.files[k], kept.classes[kept.labels[k]], kept.classes[predicted[k]], float(p))
        for k, p in sorted(zip(wrong.tolist(), sure.tolist(), strict=True), key=lambda item: -item[1])
    ]


def _chosen(run: Run, part: str, found: Sequence[Wrong]) -> list[Wrong]:
    """Those that the person wants to see; nothing to choose from where there are few."""
    if len(found) <= SHOWN:
        return list(found)
    kinds = sorted({(wrong.label, wrong.predicted) for wrong in found})
    words = {f"{label} predicted as {predicted}": (label, predicted) for label, predicted in kinds}
    left, right = st.columns([2, 1])
    with left:
        names = st.multiselect(
            "True and predicted class",
            list(words),
            key=part_key("mistakes", run.id, part),
            placeholder="All",
            help="The true class and the predicted class.",
        )
    with right:
        least = st.slider(
            "Minimum confidence",
            0.0,
            1.0,
            0.0,
            0.05,
            key=part_key("mistakes_sure", run.id, part),
            help="Probability of the predicted class.",
        )
    wanted = {words[name] for name in names} or set(kinds)
    return [
        wrong
        for wrong in found
        if (wrong.label, wrong.predicted) in wanted and (wrong.probability is None or wrong.probability >= least)
    ]


def _page(run: Run, part: str, count: int) -> int:
    """Which page of them is shown, from 1."""
    pages = max(1, -(-count // SHOWN))
    if pages == 1:
        return 1
    key = part_key("mistakes_page", run.id, part)
    if int(st.session_state.get(key, 1)) > pages:
        st.session_state[key] = 1  # the choice has made the list shorter
    words = f"{SHOWN} mistakes per page, highest confidence first."
    return int(st.number_input(f"Page, 1 to {pages}", 1, pages, key=key, width=160, help=words))


def _closer(run: Run, part: str, found: Sequence[Wrong], look: Look) -> None:
    """The mistake that was clicked, above the others."""
    key = _open_key(run, part)
    opened = next((wrong for wrong in found if wrong.file == st.session_state.get(key)), None)
    if opened is None:
        return
    place = f"mistake_closer_{part}"
    with st.container(border=True, key=place):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(f"###### {plain(display_name(opened.file))}", width="content")
            close = ":material/close:"
            st.button("Close", icon=close, type="tertiary", on_click=_open, args=(key, ""), key=part_key(key, "close"))
        look(run, part, opened)
    if st.session_state.pop(_JUST_OPENED, False):
        bring_into_sight(place)


def _open_button(run: Run, part: str, wrong: Wrong) -> None:
    key = _open_key(run, part)
    is_open = st.session_state.get(key) == wrong.file
    st.button(
        "Shown above" if is_open else "Detail",
        icon=":material/zoom_in:",
        type="tertiary",
        disabled=is_open,
        on_click=_open,
        args=(key, wrong.file),
        key=part_key(key, wrong.file),
        help="Enlarged image, all probabilities, class activation map, and correction of a wrong label.",
    )


def _open_key(run: Run, part: str) -> str:
    return part_key("mistake", run.id, part)


def _open(key: str, file: str) -> None:
    st.session_state[key] = file
    st.session_state[_JUST_OPENED] = bool(file)


def _mistake(run: Run, part: str, wrong: Wrong) -> None:
    said = f"{wrong.label} predicted as {wrong.predicted}, {number(wrong.probability, 2)}"
    path = image_path(run, part, wrong.file)
    image = small_image(path, _SIDE) if path else None
    if image:
        st.image(image, width="stretch", alt=f"{wrong.file}: {said}")
    else:
        st.caption(":material/hide_image: The image file is missing or cannot be read.")
    st.markdown(plain(said))
    st.caption(plain(display_name(wrong.file)))
