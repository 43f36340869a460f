"""Evaluation of a finished run on a page: metrics, confusion matrix, ROC, worst mistakes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from core.access.roles import Action
from core.cross_validation.store import FEW
from core.stats import metrics
from core.store.runs import Run
from pages.shared.run.calibration_view import calibration_panel
from pages.shared.run.facts import epochs
from pages.shared.run.held_out import stored
from pages.shared.run.live_findings import show_caveats
from pages.shared.run.mistakes_view import Look, mistakes_panel
from pages.shared.run.threshold_view import threshold_panel
from pages.shared.shell.access import may
from pages.shared.state import part_key
from pages.shared.widgets.charts import (
    CURVES,
    confusion_figure,
    confusion_words,
    roc_figure,
    roc_words,
)
from pages.shared.widgets.counts import in_thousands
from pages.shared.widgets.text import NOTHING, interval, number, percent, plain

if TYPE_CHECKING:
    from core.store.run_records import PartFigures

_PARTS = {"val": "Validation", "test": "Test"}


def evaluation(run: Run, look: Look | None = None) -> None:
    """Everything in evaluation.json; nothing before there is one.

    Args:
        run: Run.
        look: Draws the closer look at a mistake. Defaults to none.
    """
    record = run.evaluation()
    if record is None:
        return
    st.markdown("### Evaluation")
    st.caption(f"Evaluated weights: {plain(record.weights or 'the last')}.{best_left(run, record.weights)}")
    if not record.parts:
        return
    _offer_folds(record.val)
    for tab, (part, figures) in zip(
        st.tabs([_PARTS[part] for part in record.parts]), record.parts.items(), strict=True
    ):
        with tab:
            _part(run, part, figures, record.classes, look)


def best_left(run: Run, weights: str) -> str:
    """A sentence on the best epoch where its weights were not kept, else nothing."""
    losses = {one.epoch: one.val_loss for one in epochs(run) if one.val_loss is not None}
    if not losses or "best" in weights:
        return ""
    best, last = min(losses, key=losses.__getitem__), max(losses)
    if losses[best] >= losses[last]:
        return ""
    return (
        f" Epoch {best} was the best: validation loss {losses[best]:.4f}, {losses[last]:.4f} in epoch {last}. Its "
        "weights were not kept; early stopping would keep them."
    )


def _offer_folds(record: "PartFigures | None") -> None:
    """The way to a cross-validation, where one split says little."""
    if record and record.count and record.count < FEW and may(Action.SWEEP):
        st.page_link(
            "pages/train.py",
            label=f"Only {record.count} validation images: cross-validate on all images",
            icon=":material/percent:",
            help="“Cross-validate these settings” on Train measures on all images with out-of-fold predictions.",
        )


def out_of_fold(run: Run) -> None:
    """The same for the answers of a cross-validation, in which every image is answered by a head without it."""
    record = run.evaluation()
    if record is None or record.val is None:
        return
    st.caption(f"Predictions are {plain(record.weights)}.")
    _part(run, "val", record.val, record.classes)


def _part(run: Run, part: str, record: "PartFigures", classes: Sequence[str], look: Look | None = None) -> None:
    kept = stored(run, part)
    _figures(record)
    show_caveats(run, part)
    if kept:
        threshold_panel(run, part, record, kept)
    else:
        left, right = st.columns(2)
        with left:
            _confusion(run, part, record, classes)
        with right:
            _roc(run, part, record)
    _per_class(record)
    if kept:
        calibration_panel(run, part, kept)
    mistakes_panel(run, part, record, kept, look)


def _figures(record: "PartFigures") -> None:
    count, correct = record.count, record.correct
    with st.grid(min_column_width=150):
        st.metric(
            "Accuracy",
            percent(record.accuracy),
            delta=interval(record.interval) if record.interval else NOTHING,
            delta_color="off",
            delta_arrow="off",
            help=f"The interval counts {record.groups:,} groups of images that belong together (of one patient, or "
            "copies)."
            if record.groups
            else None,
        )
        st.metric(
            "Balanced accuracy",
            percent(metrics.balanced_accuracy(np.array(record.confusion)) if record.confusion else None),
            help="Mean of the classes' recalls; rare classes count as much as frequent ones.",
        )
        st.metric("AUC", number(record.auc))
        # The whole is beside it, as is an interval: no tile holds "1,140 of 1,160" in one line.
        st.metric(
            "Correct",
            NOTHING if correct is None else f"{correct:,}",
            delta=NOTHING if count is None else f"of {count:,}",
            delta_color="off",
            delta_arrow="off",
        )
        st.metric(
            "Majority-class baseline",
            percent(record.majority_share),
            delta=f"“{plain(record.majority_class or NOTHING)}”",
            delta_color="off",
            delta_arrow="off",
        )


def _confusion(run: Run, part: str, record: "PartFigures", classes: Sequence[str]) -> None:
    table = record.confusion
    if not table:
        return
    st.markdown("##### Confusion matrix")
    st.plotly_chart(
        confusion_figure(table, classes),
        key=part_key("confusion", run.id, part),
        alt=confusion_words(table, classes),
        config={"displaylogo": False, "displayModeBar": False},
    )


def _roc(run: Run, part: str, record: "PartFigures") -> None:
    curves = record.roc
    if not curves:
        return
    st.markdown("##### ROC curve")
    st.plotly_chart(
        roc_figure(curves),
        key=part_key("roc", run.id, part),
        alt=roc_words(curves),
        config={"displaylogo": False, "displayModeBar": False},
    )
    if len(curves) > CURVES:
        st.caption(f"The {CURVES} of {len(curves)} classes with the smallest area.")


def _per_class(record: "PartFigures") -> None:
    rows = record.per_class
    if not rows:
        return
    st.markdown("##### Per-class metrics")
    share = st.column_config.ProgressColumn
    st.dataframe(
        in_thousands(pd.DataFrame([row.to_dict() for row in rows])),
        hide_index=True,
        alt="Precision, recall, F1 and number of images of each class",
        column_config={
            "class": st.column_config.TextColumn("Class", width=220, pinned=True),
            "precision": share(
                "Precision",
                min_value=0,
                max_value=1,
                format="%.3f",
                help="TP / (TP + FP): share of images predicted as this class that are of it.",
            ),
            "recall": share(
                "Recall",
                min_value=0,
                max_value=1,
                format="%.3f",
                help="TP / (TP + FN): share of images of this class that were predicted as it.",
            ),
            "f1": share("F1", min_value=0, max_value=1, format="%.3f", help="Harmonic mean of precision and recall."),
            "support": st.column_config.NumberColumn("Images"),
        },
    )
