"""Threshold panel: the confusion matrix of held-out images at a chosen threshold, and the images of each cell."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core.data.file_names import display_name
from core.insight.stored import Stored
from core.stats import metrics
from core.store.runs import Run
from core.workers.predict_client import NOT_MEDICAL, is_medical
from pages.shared.run.facts import image_path, small_image
from pages.shared.run.held_out_charts import (
    cell_words,
    cells_in_order,
    clickable_confusion,
    clicked_cell,
    mark_threshold,
    precision_recall_curves,
    precision_recall_figure,
    precision_recall_words,
)
from pages.shared.run.sample_of_run import draw_sample_of
from pages.shared.run.view import read_config
from pages.shared.state import part_key
from pages.shared.widgets.charts import CURVES, confusion_words, roc_figure, roc_words
from pages.shared.widgets.text import number, percent, plain

if TYPE_CHECKING:
    from core.store.run_records import PartFigures

SHOWN = 12
"""Images of a cell that are shown, highest confidence first."""

_SIDE = 220
_CONFIG = {"displaylogo": False, "displayModeBar": False}


@st.fragment
def threshold_panel(run: Run, part: str, record: "PartFigures", stored: Stored) -> None:
    """Threshold, figures, confusion matrix, ROC curve and the images of a cell; only this is drawn again by a slider.

    Args:
        run: Run.
        part: `val` or `test`.
        record: What evaluation.json says of the part.
        stored: The predictions of the part.
    """
    figures = _at_threshold(run, part, stored) if len(stored.classes) == 2 else None
    predicted = _predicted(stored, figures)
    table = metrics.confusion(stored.labels, predicted, len(stored.classes))
    left, right = st.columns(2)
    with left:
        st.markdown("##### Confusion matrix")
        chart = part_key("cells", run.id, part)
        choice = part_key("cell", run.id, part)
        st.plotly_chart(
            clickable_confusion(table.tolist(), stored.classes),
            key=chart,
            alt=confusion_words(table.tolist(), stored.classes),
            config=_CONFIG,
            on_select=partial(_follow_click, chart, choice),
            selection_mode="points",
        )
    with right:
        roc, precision = st.tabs(["ROC curve", "Precision and recall"])
        with roc:
            _roc(run, part, record, figures)
        with precision:
            _precision_recall(run, part, stored, figures)
    _cell(run, part, stored, predicted, table)


def _at_threshold(run: Run, part: str, stored: Stored) -> metrics.AtThreshold:
    """The slider, and the figures that follow it."""
    positive = stored.classes[1]
    threshold = st.slider(
        f"Decision threshold for {plain(positive)}",
        0.0,
        1.0,
        0.5,
        0.01,
        key=part_key("threshold", run.id, part),
        help="Default 0.5. A lower threshold raises sensitivity and lowers specificity.",
    )
    found = metrics.at_threshold(stored.labels == 1, stored.probabilities[:, 1], threshold)
    name = plain(positive)
    figures = (
        ("Sensitivity", found["sensitivity"], f"TP / (TP + FN): share of {name} images predicted as such."),
        ("Specificity", found["specificity"], f"TN / (TN + FP): share of other images not predicted as {name}."),
        ("Precision", found["precision"], f"TP / (TP + FP): share of {name} predictions that are correct."),
        ("Accuracy at threshold", found["accuracy"], "Share of all images classified correctly at this threshold."),
    )
    with st.grid(len(figures), min_column_width=150):
        for label, value, about in figures:
            st.metric(label, percent(value), help=about)
    if threshold != 0.5:
        st.caption(":material/info: A threshold chosen on these images looks better on them than on new images.")
    return found


def _predicted(stored: Stored, figures: metrics.AtThreshold | None) -> metrics.Labels:
    if figures is None:
        return metrics.decide(stored.probabilities)
    return np.asarray(stored.probabilities[:, 1] > figures["threshold"], dtype=np.int64)


def _roc(run: Run, part: str, record: "PartFigures", figures: metrics.AtThreshold | None) -> None:
    curves = record.roc
    if not curves:
        return
    figure, words = roc_figure(curves), roc_words(curves)
    if figures and figures["specificity"] is not None and figures["sensitivity"] is not None:
        where = 1 - figures["specificity"], figures["sensitivity"]
        mark_threshold(figure, *where, "FPR %{x:.1%}, TPR %{y:.1%}")
        words += f" At the threshold {figures['threshold']:.2f}: TPR {percent(figures['sensitivity'])}, "
        words += f"FPR {percent(1 - figures['specificity'])}."
    st.plotly_chart(figure, key=part_key("roc", run.id, part), alt=words, config=_CONFIG)
    if len(curves) > CURVES:
        st.caption(f"The {CURVES} of {len(curves)} classes with the smallest area.")


def _precision_recall(run: Run, part: str, stored: Stored, figures: metrics.AtThreshold | None) -> None:
    curves = precision_recall_curves(stored)
    if not curves:
        st.caption("No images of the positive class.")
        return
    figure, words = precision_recall_figure(curves), precision_recall_words(curves)
    if figures and figures["precision"] is not None and figures["sensitivity"] is not None:
        mark_threshold(figure, figures["sensitivity"], figures["precision"], "recall %{x:.1%}, precision %{y:.1%}")
    st.plotly_chart(figure, key=part_key("precision_recall", run.id, part), alt=words, config=_CONFIG)


def _follow_click(chart: str, choice: str) -> None:
    cell = clicked_cell(st.session_state.get(chart))
    if cell is not None:
        st.session_state[choice] = cell


def _cell(run: Run, part: str, stored: Stored, predicted: metrics.Labels, table: np.ndarray) -> None:
    """The list of cells, which the keyboard reaches and a click in the matrix moves, and the images of one."""
    choice, cells = part_key("cell", run.id, part), cells_in_order(table)
    if st.session_state.get(choice) not in cells:
        st.session_state[choice] = None
    labels = {cell: cell_words(stored.classes, cell, int(table[cell])) for cell in cells}
    cell = st.selectbox(
        "Images in cell",
        cells,
        index=None,
        key=choice,
        format_func=labels.__getitem__,
        placeholder="Click in the matrix or choose here",
        help="Images counted in one cell of the matrix, highest confidence first.",
    )
    if cell is None:
        return
    inside = np.flatnonzero((stored.labels == cell[0]) & (predicted == cell[1]))
    surest = inside[np.argsort(-stored.probabilities[inside, cell[1]], kind="stable")][:SHOWN]
    if read_config(run) and is_medical(run):
        st.caption(f":material/medical_information: {NOT_MEDICAL}")
    if len(inside) > SHOWN:
        st.caption(f"The {SHOWN} of {len(inside)} with the highest confidence.")
    draw_sample_of(run)
    with st.grid(min_column_width=150):
        for k in surest:
            with st.container(border=True):
                _image(run, part, stored, int(k), cell)


def _image(run: Run, part: str, stored: Stored, k: int, cell: Sequence[int]) -> None:
    file, sure = stored.files[k], float(stored.probabilities[k, cell[1]])
    said = f"{stored.classes[cell[0]]} predicted as {stored.classes[cell[1]]}, {number(sure, 2)}"
    path = image_path(run, part, file)
    image = small_image(path, _SIDE) if path else None
    if image:
        st.image(image, width="stretch", alt=f"{file}: {said}")
    else:
        st.caption(":material/hide_image: The image file is missing or cannot be read.")
    st.markdown(f"**{number(sure, 2)}** {plain(stored.classes[cell[1]])}")
    st.caption(plain(display_name(file)))
