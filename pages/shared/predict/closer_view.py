"""Closer look at one prediction: class activation map, nearest training images, out of distribution or not."""

import io
from collections.abc import Callable, Sequence

import streamlit as st
from PIL import Image

from core.data.file_names import display_name
from core.insight.answer import METHODS, Neighbour, Prediction
from core.insight.overlay import EVERYWHERE, NOWHERE, USUAL_OPACITY, overlay, scale_bar, smooth, where
from core.insight.reference import OutOfDistributionLimit, ordinal
from core.store.runs import Run
from core.workers.try_model_client import is_imported
from pages.shared.predict.asking import ask_once
from pages.shared.predict.shown import Shown
from pages.shared.run.facts import image_path, small_image
from pages.shared.run.held_out import ood_limit
from pages.shared.run.sample_of_run import draw_sample_of
from pages.shared.run.view import read_config
from pages.shared.state import CLOSER_ANSWER, CLOSER_CLASS, CLOSER_IMAGE, OPACITY
from pages.shared.widgets.text import number, plain

CARDS = 12
"""Up to so many images are shown large, with a bar for each class and their maps; of more only those looked at."""

SIDE, _NEAR_SIDE = 480, 200
"""Longer side of the images that are shown, in pixels."""


@st.fragment
def closer_look(
    run: Run, images: Sequence[Shown], answers: Sequence[Prediction], small: Callable[[Shown], bytes | None]
) -> None:
    """One image at a time, chosen by the person: here, or by its row in the table.

    Args:
        run: Run.
        images: Those that were asked about.
        answers: One for each. Where there are many they come without a map, and the model is asked for that of the
            image that is looked at.
        small: Gives a JPEG of an image, of at most `SIDE` pixels; None where it cannot be shown.
    """
    readable = [k for k, answer in enumerate(answers) if answer.label]
    if not readable:
        return
    st.markdown("##### Detail")
    few = len(images) <= CARDS
    if st.session_state.get(CLOSER_IMAGE) not in readable:
        st.session_state[CLOSER_IMAGE] = readable[0] if few else None
    labels = {k: f"{k + 1}. {display_name(images[k].name)}" for k in readable}
    k = st.selectbox(
        "Image",
        readable,
        index=0 if few else None,
        key=CLOSER_IMAGE,
        format_func=labels.__getitem__,
        placeholder="Select a row of the table, or an image here",
    )
    if k is None:
        return
    answer, image = answers[k] if few else _asked(run, images[k]), small(images[k])
    if answer is None:
        return
    show_insight(run, images[k], answer, image)


def show_insight(run: Run, image: Shown, answer: Prediction, small: bytes | None) -> None:
    """What is known about one answer: the class activation map, whether the image is foreign to it, what is nearest.

    Args:
        run: Run.
        image: What was asked about.
        answer: The answer.
        small: A JPEG of at most `SIDE` pixels; None where it cannot be shown.
    """
    if small:
        config = read_config(run)
        _where_it_looks(image, answer, small, config.data.fit if config else "stretch")
    _show_ood(run, answer)
    if answer.insight.neighbours:
        _nearest(run, answer.insight.neighbours)


def _asked(run: Run, image: Shown) -> Prediction | None:
    """The answer to a single image with its map; None when the model could not answer, which is then said."""
    found = ask_once(run, [image], CLOSER_ANSWER, heat=True)
    return found[0] if found else None


def foreign_words(answer: Prediction, known: OutOfDistributionLimit | None) -> str:
    """Whether an image is unlike the training images, in one sentence; empty where it is not known."""
    distance = answer.insight.distance
    if known is None or known.limit is None or distance is None:
        return ""
    nearest = f"its {ordinal(known.k)} nearest training image is {distance:.3f} away"
    if answer.insight.unlike:
        return (
            f"Out of distribution: {nearest}, and 99 % of the validation images lie within "
            f"{known.limit:.3f}. The prediction is unreliable for images unlike the training images."
        )
    return f"In distribution: {nearest}; 99 % of the validation images lie within {known.limit:.3f}."


def _where_it_looks(image: Shown, answer: Prediction, small: bytes, fit: str) -> None:
    maps = answer.insight.heat
    if not maps:
        st.caption(":material/visibility_off: No class activation map: this model has no feature map to look at.")
        return
    names = list(maps)
    if st.session_state.get(CLOSER_CLASS) not in names:
        # With views of the image, the predicted class may not be among those with a map, which are of the image itself.
        st.session_state[CLOSER_CLASS] = answer.label if answer.label in names else names[0]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox(
            "Explain class",
            names,
            key=CLOSER_CLASS,
            width=260,
            help="The map shows which regions of the image raise the score of this class.",
        )
        opacity = st.slider(
            "Map opacity",
            0,
            100,
            round(100 * USUAL_OPACITY),
            5,
            format="%d %%",
            key=OPACITY,
            width=260,
            help="0: image only; 100: map only.",
        )
    heat, opened = maps[name], Image.open(io.BytesIO(small))
    region = where(heat if fit == "stretch" else smooth(heat, opened.size, fit))
    laid = overlay(opened, heat, opacity / 100, "JPEG", fit)
    with st.grid(2, min_column_width=240, width=2 * SIDE + 16):  # they are not made larger than they are
        st.image(small, width="stretch", alt=f"{image.name}, original")
        st.image(laid, width="stretch", alt=f"{image.name} with the class activation map of {name}: mostly {region}")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("nothing", width="content")
        st.image(scale_bar(), width=160, alt="Colour scale of the map, from dark (0) to bright (maximum)")
        st.caption("most", width="content")
    size = f"{len(heat)} × {len(heat[0])}"
    special = {NOWHERE: "No region supports this class", EVERYWHERE: "All regions support this class alike"}
    found = special.get(region, f"Highest values {region}")
    st.caption(f"{found}. {METHODS[answer.insight.method]} {size}, upsampled.")


def _show_ood(run: Run, answer: Prediction) -> None:
    known = ood_limit(run)
    if known is None:
        reason = (
            "an imported model does not contain its training images"
            if is_imported(run)
            else f"this run has no stored features of them (it was stopped, or an earlier version made it); "
            f"compute them with `python -m core remember {run.id}`"
        )
        st.caption(f":material/info: Nearest training images not available: {reason}.")
        return
    words = foreign_words(answer, known)
    if answer.insight.unlike:
        st.warning(words, icon=":material/help:")
    elif words:
        st.markdown(f":material/check: {words}")
    st.caption(known.describe())


def _nearest(run: Run, neighbours: Sequence[Neighbour]) -> None:
    st.markdown("###### Nearest training images")
    draw_sample_of(run)
    with st.grid(min_column_width=115):
        for neighbour in neighbours:
            with st.container(border=True):
                _neighbour(run, neighbour)


def _neighbour(run: Run, neighbour: Neighbour) -> None:
    path = image_path(run, "train", neighbour.file)
    image = small_image(path, _NEAR_SIDE) if path else None
    if image:
        alt = f"Training image {neighbour.file} of class {neighbour.label}, distance {neighbour.distance:.3f}"
        st.image(image, width="stretch", alt=alt)
    else:
        st.caption(":material/hide_image: The image file is missing.")
    st.markdown(f"**{plain(neighbour.label)}** · {number(neighbour.distance)}")
    st.caption(plain(display_name(neighbour.file)))
