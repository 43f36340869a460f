"""Download of the diagnosis report from the Diagnose page."""

from typing import TYPE_CHECKING

import streamlit as st

from core.compare.compare import Comparison
from pages.shared.diagnose import actions as diagnose_actions
from pages.shared.diagnose.choice import Pair
from pages.shared.diagnose.section import section
from pages.shared.run.sample_of_run import draw_sample_of
from pages.shared.state import WITH_IMAGES, part_key

if TYPE_CHECKING:
    from core.store.bisect_record import BisectResult


def show_share(pair: Pair, comparison: Comparison, result: "BisectResult | None") -> None:
    """The report as a file, made when it is asked for."""
    section("Share", "This comparison as one file for any browser. Contains no local paths.")
    with_images = st.checkbox(
        "With images",
        key=WITH_IMAGES,
        help="Includes a few images of the dataset. Turn off if you may not share them.",
    )
    a, b = pair
    if with_images:
        draw_sample_of(a)
    with st.container(horizontal=True):
        st.download_button(
            "Report, HTML",
            data=lambda: diagnose_actions.report_page(a, b, comparison, result, with_images=with_images).encode(),
            file_name=f"diagnosis-{a.id}-{b.id}.html",
            mime="text/html",
            icon=":material/description:",
            on_click="ignore",
            key=part_key("report", a.id, b.id, "html"),
        )
        st.download_button(
            "Report, JSON",
            data=lambda: diagnose_actions.report_record(a, b, comparison, result, with_images=with_images).encode(),
            file_name=f"diagnosis-{a.id}-{b.id}.json",
            mime="application/json",
            icon=":material/data_object:",
            on_click="ignore",
            key=part_key("report", a.id, b.id, "json"),
        )
