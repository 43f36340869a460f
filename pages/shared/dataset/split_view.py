"""The Split tab: how the images are divided, whether that leaks, and one button that repairs it."""

from dataclasses import replace

import streamlit as st

from core.checks.finding import Finding
from core.checks.resplit import leaks
from core.config import RunConfig, setting
from core.errors import UserError
from core.label_review.store import review_key
from pages.shared.dataset import curate, repair
from pages.shared.shell.chosen_dataset import SPLITS, View, data_config
from pages.shared.state import part_key
from pages.shared.widgets.findings import show_findings
from pages.shared.widgets.text import plain


def show_split(view: View) -> None:
    """Where the split comes from, what leaks, and what can be done."""
    curate.show_notice()
    repair.show_undo(view)
    st.markdown(f":material/call_split: {plain(_source(view))}")
    counts = ", ".join(f"{SPLITS[part]} {number:,}" for part, number in view.counts().items() if number)
    st.caption(f"Images: {plain(counts)}.")
    try:
        found = _leaks(_key(view), view)
    except UserError as error:
        st.error(plain(str(error)))
        return
    show_findings(found, root=view.index.root, offer=repair.offer(view))
    if not found:
        st.success(
            "Nothing leaks: no patient, no group that names tell, no copy, altered or not, and no nearly identical "
            "image is in two parts.",
            icon=":material/check_circle:",
        )
    if curate.may_curate():
        _offer(view, found)


def _source(view: View) -> str:
    if view.split_file:
        made = view.split_file.settings.get("made", "")
        return f"{view.split_file.sentence(view.index)}{f' Made {made}.' if made else ''}"
    if view.index.layout == "splits":
        return "The images are divided as their folders say."
    return "The images are divided by the settings of the Train page, patients and identical files kept together."


def _offer(view: View, found: list[Finding]) -> None:
    config = data_config()
    tokens = next((finding.evidence for finding in found if finding.id == "leak-group"), None)
    if tokens:
        config = replace(config, group_pattern=tokens["pattern"])
    spec = setting("data.validation_split").metadata
    with st.container(border=True):
        st.markdown("##### Divide anew so that nothing leaks")
        st.caption(
            "Every image of a patient, and every copy or nearly identical image, goes to the same part; each class "
            "keeps its share in every part. What came of it is kept in a file beside the images and used by every "
            "training. No image is moved."
        )
        if tokens:
            st.caption(plain(f"Images that share the {tokens['part']} go to the same part, too."))
        with st.container(horizontal=True, vertical_alignment="bottom"):
            share = st.number_input(
                "Share to validate on",
                min_value=float(spec["low"]),
                max_value=float(spec["high"]),
                value=float(config.validation_split),
                step=0.05,
                help="This part of the images is kept out of the training, to measure it by.",
                width=180,
            )
            st.button(
                "Divide anew",
                type="primary" if found else "secondary",
                icon=":material/auto_fix_high:",
                key=part_key("split", "make"),
                on_click=curate.divide_anew,
                args=(view, float(share), config),
            )
            if view.split_file:
                st.button(
                    "Go by the folders again" if view.index.layout == "splits" else "Go by the settings again",
                    icon=":material/undo:",
                    key=part_key("split", "undo"),
                    on_click=curate.go_by_folders,
                    args=(view,),
                )


def _key(view: View) -> str:
    """What the findings depend on."""
    parts = ",".join(f"{part}:{hash(view.part(part))}" for part in SPLITS)
    return f"{review_key(view.dataset())} {parts} {data_config().group_pattern}"


@st.cache_data(max_entries=8, show_spinner="Looking for leaks …")
def _leaks(key: str, _view: View) -> list[Finding]:
    """The findings; the key alone says whether they are known already."""
    return leaks(_view.dataset(), RunConfig(data=data_config()))
