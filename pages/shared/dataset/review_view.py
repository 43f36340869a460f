"""Label review of a dataset on a page: started, followed, and its result for the tabs that show it."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from core.errors import UserError
from core.label_review.store import Review, ReviewStore
from core.store.runs import RESUMABLE, Status
from core.workers import launch
from pages.shared.dataset import curate
from pages.shared.dataset.job_named import REVIEW, named_review
from pages.shared.dataset.job_progress import show_progress
from pages.shared.run.facts import Stamp, shared_stamp
from pages.shared.shell.chosen_dataset import View
from pages.shared.state import part_key
from pages.shared.widgets.text import about, plain, sentence

if TYPE_CHECKING:
    from core.store.job_records import ReviewResult


EVERY_SECONDS = 2.0
"""How often a running review is looked at."""

_SECONDS, _SECONDS_AN_IMAGE = 15, 0.025
"""What a review takes on two usual cores; for the estimate before there is a better one."""


class Result(NamedTuple):
    """What a finished review has found.

    Attributes:
        record: ReviewResult. See `Review.result`.
        is_current: Whether it is about these very images and labels.
    """

    record: "ReviewResult"
    is_current: bool


def show_review(view: View, tab: str) -> Result | None:
    """Offers, follows or restarts the review; its result where there is one, the last one while a new one is running.

    Args:
        view: View.
        tab: Tells the buttons of one tab from another's.
    """
    try:
        store, data = ReviewStore(), view.dataset()
        current, named = store.find(data), named_review(view)
        status = launch.poll(current) if current else None
        is_asked = named is None or (current is not None and named.id == current.id)
        if current and status and status.status == "finished" and is_asked and (record := _record(current)):
            return Result(record, True)
        if current and status and status.is_active:
            st.fragment(show_progress, run_every=EVERY_SECONDS)(current, "review", tab, curate.end_review)
        before = named or store.latest(data)
        record = _record(before) if before else None
        if not (status and status.is_active):
            _offer(view, tab, status, again=record is not None)
    except UserError as error:
        st.error(plain(sentence(str(error))))
        return None
    return Result(record, False) if record else None


def _offer(view: View, tab: str, status: Status | None, *, again: bool) -> None:
    if status and status.status in RESUMABLE:
        st.warning(f"The last review ended early. {plain(status.message)}", icon=":material/info:")
    if not curate.may_curate():
        st.info("You may view label reviews, but not start one.", icon=":material/lock:")
        return
    if again:
        st.info(
            "This result is out of date: labels or images have changed since, or an older version made it. A new "
            "review takes seconds because the features are cached.",
            icon=":material/history:",
        )
    else:
        st.markdown(
            "Extracts features of all images once with the built-in backbone, then cross-validates a simple "
            "classifier (images of one patient stay in one fold) to find likely label errors. The map uses the same "
            "features."
        )
    seconds = _SECONDS + _SECONDS_AN_IMAGE * len(view.index.files)
    st.button(
        "Review again" if again else f"Review the labels ({about(seconds)})",
        type="secondary" if again else "primary",
        icon=":material/fact_check:",
        key=part_key("review", tab),
        on_click=_begin,
        args=(view,),
        help="Uses the feature cache where a run or an earlier review has filled it.",
    )


def _begin(view: View) -> None:
    st.session_state.pop(REVIEW, None)  # the new one is shown, not the one that the address has named
    curate.begin_review(view)


def _record(review: Review) -> "ReviewResult | None":
    stamp = shared_stamp(review.path / "result.json")
    return _read(str(review.path), stamp) if stamp else None


@st.cache_resource(max_entries=4, show_spinner=False)
def _read(folder: str, stamp: Stamp) -> "ReviewResult | None":
    """The result, parsed once per change; nobody changes it."""
    return Review(Path(folder)).result()
