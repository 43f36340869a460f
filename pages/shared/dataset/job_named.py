"""The review or check that an address of the Dataset page has named: what it found is shown, also when it is not the
newest any more."""

import streamlit as st

from core.feature_check.store import FeatureCheck, FeatureCheckStore
from core.label_review.store import Review, ReviewStore
from pages.shared.shell.chosen_dataset import View

REVIEW, CHECK = "review", "check"
"""Query parameters and session keys: ids of a label review and of a check with features."""


def named_review(view: View) -> Review | None:
    """The finished review that was named, of this dataset."""
    review = ReviewStore().by_id(str(st.session_state.get(REVIEW, "")))
    is_here = review and review.settings().get("review") == view.reference
    return review if review and is_here and review.read_status().status == "finished" else None


def named_check(view: View) -> FeatureCheck | None:
    """The finished check that was named, of this dataset."""
    check = FeatureCheckStore().by_id(str(st.session_state.get(CHECK, "")))
    config = check.settings().get("config") if check else None
    is_here = isinstance(config, dict) and config.get("dataset") == view.reference
    return check if check and is_here and check.read_status().status == "finished" else None
