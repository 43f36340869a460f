"""What a search has found, in plain sentences: two questions, an interval each, and the settings with their values."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.bisect.store import MARGIN_POINTS
from pages.shared.diagnose.view import points
from pages.shared.state import MARGIN
from pages.shared.widgets.text import plain

if TYPE_CHECKING:
    from core.store.bisect_record import BisectResult


def show_answers(result: "BisectResult") -> None:
    """The two questions side by side, and what else belongs to the figures; nothing of searches of older versions."""
    if "other_images" not in result:
        return
    left, right = st.columns(2)
    with left:
        st.markdown("**Is it the cause on these images?**")
        st.markdown(plain(these_images(result)))
    with right:
        st.markdown("**Does it generalise to other images of this kind?**")
        st.markdown(plain(other_images(result)))
    for text in (result["auc"]["sentence"] if "auc" in result else "", result.get("note")):
        if text:
            st.caption(plain(str(text)))


def these_images(result: "BisectResult") -> str:
    """The first question: images as they are, seeds paired."""
    gap = result.get("gap")
    if gap is None or gap["value"] is None or gap["interval"] is None:
        return "Not measured yet."
    bounds, seeds = gap["interval"], gap.get("seeds", 0)
    if not result.get("candidates"):
        return "With the same training seed both runs are identical; they differ only by seed."
    good = (result["good"] or "a").upper()
    counted = f"{seeds} seeds each, {result.get('images')} images"
    span = f"{points(bounds[0])} to {points(bounds[1])}"
    better = "better" if gap["value"] >= 0 else "worse"
    begin = f"{good} is {better} by {abs(100 * gap['value']):.1f} points of accuracy ({span}; {counted})"
    if result.get("decided_by") == "auc":
        return f"Yes, by the AUC. By accuracy it is unclear: {begin}."
    return _by_verdict(result.get("verdict"), begin, bounds, 100 * result.get("margin", 0.0))


def _by_verdict(verdict: str | None, begin: str, bounds: Sequence[float], margin: float) -> str:
    """The gap with what the verdict makes of its interval; the margin is in points."""
    if verdict == "inconclusive" and 100 * max(-bounds[0], bounds[1]) <= margin:
        return f"Unclear: {begin}. That is inside ±{margin:g} points, but does not settle it alone."
    if bounds[0] > 0 or bounds[1] < 0:
        return f"Yes: {begin}." if verdict != "no-difference" else f"Too little to matter: {begin}."
    if verdict == "no-difference":
        return f"No: {begin}, all of it inside ±{margin:g} points."
    return f"Unclear: {begin}; this includes 0 and extends beyond ±{margin:g} points."


def other_images(result: "BisectResult") -> str:
    """The second question: seeds and images both resampled."""
    found = result.get("other_images")
    if not found:
        return "No effect to generalise." if not result.get("candidates") else "Not measured yet."
    return str(found["sentence"])


def margin_input() -> None:
    """How small a gap does not matter."""
    st.number_input(
        "Margin in points",
        min_value=0.5,
        max_value=20.0,
        value=MARGIN_POINTS,
        step=0.5,
        key=MARGIN,
        width=160,
        help="Largest gap in accuracy, in percentage points, that is irrelevant to you. A smaller margin needs more "
        "trials.",
    )
