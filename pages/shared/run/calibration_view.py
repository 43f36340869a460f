"""Calibration panel: reliability diagram before and after temperature scaling."""

import streamlit as st

from core.insight.calibration import expected_calibration_error, reliability, scale
from core.insight.stored import Stored
from core.store.runs import Run
from pages.shared.run.held_out import calibration
from pages.shared.run.held_out_charts import reliability_figure, reliability_words
from pages.shared.state import part_key
from pages.shared.widgets.text import plain


def calibration_panel(run: Run, part: str, stored: Stored) -> None:
    """The diagram of one part and what was measured.

    Args:
        run: Run.
        part: `val` or `test`; the temperature is fitted on `val` alone.
        stored: The predictions of the part.
    """
    found = calibration(run)
    if found is None:
        return
    st.markdown("##### Calibration")
    before = reliability(stored.labels, stored.probabilities)
    scaled = None if found.refusal else scale(stored.probabilities, found.temperature)
    after = None if scaled is None else reliability(stored.labels, scaled)
    left, right = st.columns(2)
    with left:
        st.plotly_chart(
            reliability_figure(before, after),
            key=part_key("reliability", run.id, part),
            alt=reliability_words(before, after, found),
            config={"displaylogo": False, "displayModeBar": False},
        )
    with right:
        st.markdown(plain(found.describe()))
        if part == "test" and scaled is not None:
            old, new = (expected_calibration_error(stored.labels, p) for p in (stored.probabilities, scaled))
            st.markdown(
                f"On these {len(stored.labels):,} test images, on which nothing was fitted, the error is "
                f"{100 * old:.1f} % before and {100 * new:.1f} % after."
            )
        st.caption(
            "Expected calibration error: mean gap between confidence and accuracy over ten bins, weighted by their "
            "number of images; with few images it is never exactly 0. Temperature scaling changes the confidence, "
            "not the predicted class; it is available on Predict."
        )
