"""The same images through another run: a table side by side, disagreements first."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.insight.answer import Prediction
from core.insight.side_by_side import Pair, side_by_side
from core.insight.views import Views
from core.store.runs import Run
from pages.shared.predict.asking import ask_once
from pages.shared.predict.choose_views import views_of_other
from pages.shared.predict.shown import Shown
from pages.shared.run.facts import data_facts, title
from pages.shared.state import OTHER_ANSWERS, OTHER_RUN
from pages.shared.widgets.text import moment, plain


def two_runs(
    run: Run, runs: Sequence[Run], images: Sequence[Shown], answers: Sequence[Prediction], views: Views
) -> None:
    """Offers a second run, asks it, and shows both.

    Args:
        run: The run that has answered.
        runs: All that have a model.
        images: Those that were asked about.
        answers: One for each, as the model gave them.
        views: Over which they were averaged; the other run gets as many as its augmentation allows.
    """
    others = {other.id: other for other in runs if other.id != run.id and same_classes(run, other)}
    if not others:
        return
    st.markdown("##### Compare models")
    if st.session_state.get(OTHER_RUN) not in others:
        st.session_state[OTHER_RUN] = None
    labels = {run_id: f"{title(other)} · {_made(other)}" for run_id, other in others.items()}
    chosen = st.selectbox(
        "Other run for the same images",
        list(others),
        index=None,
        key=OTHER_RUN,
        format_func=labels.__getitem__,
        placeholder="No other run",
        help="Only runs with the same classes. Images with different predictions come first.",
    )
    if chosen is None:
        return
    other_views = views_of_other(others[chosen], views)
    theirs = ask_once(others[chosen], images, OTHER_ANSWERS, views=other_views)
    if theirs is not None:
        if other_views != views:
            st.caption(f"Views of the other run: {plain(other_views.describe())}.")
        _show(run, others[chosen], images, side_by_side(answers, theirs))


def same_classes(run: Run, other: Run) -> bool:
    """Whether two runs choose among the same classes; where that is not known of one they are not compared."""
    mine, theirs = data_facts(run), data_facts(other)
    return bool(mine and theirs and set(mine.classes) == set(theirs.classes))


def _show(run: Run, other: Run, images: Sequence[Shown], pairs: Sequence[Pair]) -> None:
    differ = sum(not pair.agree for pair in pairs)
    mine, theirs = title(run), title(other)
    st.markdown(
        f"{plain(mine)} and {plain(theirs)} predict different classes for **{differ} of {len(pairs)}** images."
        f"{_right(images, pairs)}"
    )
    st.caption("Uncalibrated probabilities.")
    frame = pd.DataFrame([_row(images[pair.position], pair) for pair in pairs])
    column = st.column_config
    share: dict[str, Any] = {"min_value": 0, "max_value": 1, "format": "%.3f"}
    st.dataframe(
        frame,
        hide_index=True,
        placeholder="–",
        alt=f"Predictions of {mine} and {theirs} for the same images, disagreements first",
        column_config={
            "agree": column.TextColumn("", width="small", help="Whether both predict the same class."),
            "file": column.TextColumn("File", width="medium"),
            "truth": column.TextColumn("True class") if frame["truth"].any() else None,
            "one": column.TextColumn(f"{mine} predicts"),
            "p_one": column.ProgressColumn("Probability", **share),
            "other": column.TextColumn(f"{theirs} predicts"),
            "p_other": column.ProgressColumn("Probability", **share),
            "gap": column.NumberColumn(
                "Difference", format="%.3f", help="Largest difference of a class's probabilities."
            ),
        },
    )


def _row(image: Shown, pair: Pair) -> dict[str, Any]:
    return {
        "agree": "same" if pair.agree else "differ",
        "file": pair.file,
        "truth": image.truth,
        "one": pair.one.label or "unreadable",
        "p_one": pair.one.probability if pair.one.label else None,
        "other": pair.other.label or "unreadable",
        "p_other": pair.other.probability if pair.other.label else None,
        "gap": pair.gap if pair.one.label else None,
    }


def _right(images: Sequence[Shown], pairs: Sequence[Pair]) -> str:
    """How many each gets right, where the true classes are known."""
    known = [(images[pair.position].truth, pair) for pair in pairs if images[pair.position].truth]
    if not known:
        return ""
    one, other = (sum(truth == label(pair) for truth, pair in known) for label in (_one, _other))
    return f" Of the {len(known)} with a known true class, the first predicts {one} correctly, the second {other}."


def _one(pair: Pair) -> str:
    return pair.one.label


def _other(pair: Pair) -> str:
    return pair.other.label


def _made(run: Run) -> str:
    return moment(run.read_status().created, st.context.timezone)
