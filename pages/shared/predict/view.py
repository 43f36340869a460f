"""Predictions on a page: cards for a few images, a table for many, CSV for all."""

import base64
from collections.abc import Sequence
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from core.checks.in_words import form_words
from core.data.file_names import display_name
from core.data.images import thumbnail
from core.data.rendering import SQUARES, window_words
from core.errors import UnreadableImage, UserError
from core.insight.answer import Prediction
from core.insight.calibration import apply_temperature
from core.sentences import counted, listed
from core.store.csv_tables import csv_bytes
from core.store.run_images import run_rendering
from core.store.runs import Run
from core.workers.predict_client import NOT_MEDICAL, is_medical, to_csv
from core.workers.try_model_client import PLAIN_NOTES, import_notes, is_imported
from pages.shared.predict.asking import ask_once
from pages.shared.predict.choose_views import choose_views
from pages.shared.predict.closer_view import CARDS, closer_look
from pages.shared.predict.closer_view import SIDE as CLOSER_SIDE
from pages.shared.predict.shown import Shown
from pages.shared.predict.two_runs_view import two_runs
from pages.shared.run.facts import data_facts
from pages.shared.run.held_out import calibration
from pages.shared.run.view import read_config
from pages.shared.state import CALIBRATED, CLOSER_IMAGE, part_key
from pages.shared.widgets.text import percent, plain

BARS = 5
"""Most classes with a bar, the most probable first."""

THUMBNAILS = 300
"""Images of a table that are shown: they go through the browser's socket."""

_NAMED = 3
"""Most unreadable images that a sentence names."""

_CARD_SIDE, _ROW_SIDE = 320, 72

_SCALING = {
    "backbone": "scaled for the backbone",
    "rescale": "divided by 255",
    "none": "unscaled (0 to 255)",
}


def preparation(run: Run) -> None:
    """How the images are prepared: the one thing scripts for prediction usually get wrong."""
    config = read_config(run)
    if config is None:
        return
    size = config.data.image_size
    if is_imported(run):
        st.caption(
            f":material/info: Preprocessing: EXIF rotation, RGB, {SQUARES[config.data.fit]} {size} × {size} "
            "pixels; with values 0 to 255; the model scales them itself as specified at import."
        )
        for note in import_notes(run):
            (st.info if note in PLAIN_NOTES else st.warning)(plain(form_words(note)), icon=":material/rule:")
        return
    scaling = _SCALING.get(config.data.preprocessing, config.data.preprocessing)
    st.caption(
        ":material/info: Preprocessing as in training: EXIF rotation, RGB, "
        f"{SQUARES[config.data.fit]} {size} × {size} pixels, their values {scaling}.{_window(run)}"
    )


def _window(run: Run) -> str:
    """What becomes black and white in grey images of more than 8 bits, where the run has chosen it."""
    try:
        words = window_words(run_rendering(run).window)
    except UserError:
        return ""  # the question itself says why it cannot be answered
    return f" Greyscale of more than 8 bits: {words}." if words else ""


def show_answers(run: Run, images: Sequence[Shown], runs: Sequence[Run]) -> None:
    """Predicts the images and shows what comes out.

    Args:
        run: Run. It has a model.
        images: Those to be predicted.
        runs: All runs with a model: one of them may be asked too.
    """
    few = len(images) <= CARDS
    views = choose_views(run)
    raw = ask_once(run, images, heat=few, views=views)
    if raw is None:
        return
    medical = read_config(run) is not None and is_medical(run)
    if medical:
        st.warning(NOT_MEDICAL, icon=":material/medical_information:")
    _say_unreadable(images, raw)
    _say_foreign(raw)
    answers = _calibrated(run, raw)
    if few:
        _cards(images, answers, medical)
        closer_look(run, images, answers, _for_closer_look)
    _table(run, images, answers)
    if runtime := next((answer.runtime for answer in raw if answer.runtime), ""):
        st.caption(f"Predicted with {runtime}.")
    if not few:
        closer_look(run, images, answers, _for_closer_look)
    two_runs(run, runs, images, raw, views)


def _say_unreadable(images: Sequence[Shown], answers: Sequence[Prediction]) -> None:
    pairs = zip(images, answers, strict=True)
    names = [plain(display_name(image.name)) for image, answer in pairs if answer.error]
    if names:
        more = [f"{len(names) - _NAMED} more"] if len(names) > _NAMED else []
        st.warning(
            f"{len(names)} of {counted(len(answers), 'image')} could not be read: "
            f"{listed([*names[:_NAMED], *more])}; the table says why."
        )


def _say_foreign(answers: Sequence[Prediction]) -> None:
    count = sum(bool(answer.insight.unlike) for answer in answers)
    if count:
        said = (
            "is out of distribution: its prediction is"
            if count == 1
            else "are out of distribution: their predictions are"
        )
        st.warning(
            f"{count} of {counted(len(answers), 'image')} {said} unreliable.",
            icon=":material/help:",
        )


def _calibrated(run: Run, answers: Sequence[Prediction]) -> list[Prediction]:
    """The predictions, at the temperature fitted on the validation images where the person asks for it."""
    found = calibration(run)
    if found is None:
        return list(answers)
    wanted = st.toggle(
        "Calibrated probabilities",
        key=CALIBRATED,
        disabled=bool(found.refusal),
        help="Applies temperature scaling fitted on the validation set. Predicted classes do not change.",
    )
    if found.refusal:
        st.caption(found.describe())
    if not wanted or found.refusal:
        return list(answers)
    st.caption(found.describe())
    return [apply_temperature(answer, found.temperature) for answer in answers]


def _cards(images: Sequence[Shown], answers: Sequence[Prediction], medical: bool) -> None:
    with st.grid(min_column_width=230):
        for image, answer in zip(images, answers, strict=True):
            with st.container(border=True):
                _card(image, answer, medical)


def _card(image: Shown, answer: Prediction, medical: bool) -> None:
    small = _small(image.key, _CARD_SIDE, image.source)
    if answer.error:
        st.error(plain(answer.error), icon=":material/hide_image:")
        st.caption(plain(display_name(image.name)))
        return
    said = f"{answer.label}, {percent(answer.probability)}"
    if small:
        st.image(small, width="stretch", alt=f"{image.name}, predicted as {said}")
    st.markdown(f"**{plain(answer.label)}** · {percent(answer.probability)}")
    for name, value in _most_probable(answer):
        st.progress(min(1.0, max(0.0, value)), text=f"{plain(name)} {percent(value)}")
    if answer.insight.unlike:
        st.caption(":material/help: out of distribution")
    if image.truth:
        icon = ":material/check:" if image.truth == answer.label else ":material/close:"
        st.caption(f"{icon} True class: {plain(image.truth)}")
    st.caption(plain(display_name(image.name)))
    if medical:
        st.caption(f":material/medical_information: {NOT_MEDICAL}")


def _most_probable(answer: Prediction) -> list[tuple[str, float]]:
    return sorted(answer.probabilities.items(), key=lambda item: -item[1])[:BARS]


def _table(run: Run, images: Sequence[Shown], answers: Sequence[Prediction]) -> None:
    facts = data_facts(run)
    classes = list(facts.classes) if facts else []
    st.markdown("##### Predictions")
    if len(images) > THUMBNAILS:
        st.caption(f"The first {THUMBNAILS} of {len(images)} with a thumbnail.")
    rows = [_row(k, image, answer, classes) for k, (image, answer) in enumerate(zip(images, answers, strict=True))]
    frame, key = pd.DataFrame(rows), part_key("answers", run.id)
    st.dataframe(
        frame,
        key=key,
        hide_index=True,
        row_height=56,
        placeholder="–",
        column_config=_columns(frame, classes),
        alt="Predicted class and probabilities of every image",
        on_select=partial(_look_closer, key),
        selection_mode="single-row",
    )
    st.caption("Select a row to see the detail of its image.")
    st.download_button(
        "Predictions, CSV",
        data=lambda: csv_bytes(to_csv(answers, classes)),
        file_name=f"{run.id}-answers.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        key=part_key("download", run.id, "answers"),
    )


def _look_closer(key: str) -> None:
    """The row that is chosen in the table is the image of the closer look."""
    if rows := st.session_state[key]["selection"]["rows"]:
        st.session_state[CLOSER_IMAGE] = rows[0]


def _for_closer_look(image: Shown) -> bytes | None:
    return _small(image.key, CLOSER_SIDE, image.source)


def _row(k: int, image: Shown, answer: Prediction, classes: Sequence[str]) -> dict[str, Any]:
    small = _small(image.key, _ROW_SIDE, image.source) if k < THUMBNAILS and not answer.error else None
    return {
        "image": f"data:image/jpeg;base64,{base64.b64encode(small).decode()}" if small else None,
        "file": answer.file,
        "truth": image.truth,
        "label": answer.label,
        "probability": None if answer.error else answer.probability,
        "unlike": "unlike" if answer.insight.unlike else "",
        "error": answer.error,
        # Numbered, as a class may be called anything, "file" too.
        **{f"p{j}": answer.probabilities.get(name) for j, name in enumerate(classes)},
    }


def _columns(frame: pd.DataFrame, classes: Sequence[str]) -> dict[str, Any]:
    """How each column is drawn; None leaves out a column in which nothing stands."""
    column = st.column_config
    number = column.NumberColumn
    return {
        "image": column.ImageColumn("Image", width="small"),
        "file": column.TextColumn("File", width="medium"),
        "truth": column.TextColumn("True class") if frame["truth"].any() else None,
        "label": column.TextColumn("Predicted class"),
        "probability": column.ProgressColumn("Probability", min_value=0, max_value=1, format="%.3f"),
        "unlike": column.TextColumn("Out of distribution", help="Out of distribution.")
        if frame["unlike"].any()
        else None,
        **{f"p{j}": number(f"p({name})", format="%.4f") for j, name in enumerate(classes)},
        "error": column.TextColumn("Error", width="large") if frame["error"].any() else None,
    }


@st.cache_data(max_entries=1000, show_spinner=False)
def _small(key: str, side: int, _source: Any) -> bytes | None:
    try:
        return thumbnail(_source, side)
    except UnreadableImage:
        return None
