"""The Split tab: how the images are split, data leakage, and one button that repairs it."""

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
from pages.shared.widgets.text import plain, sentence


def show_split(view: View) -> None:
    """Where the split comes from, data leakage, and what can be done."""
    curate.show_notice()
    repair.show_undo(view)
    st.markdown(f":material/call_split: {plain(_source(view))}")
    counts = ", ".join(f"{SPLITS[part]} {number:,}" for part, number in view.counts().items() if number)
    st.caption(f"Images: {plain(counts)}.")
    try:
        found = _leaks(_key(view), view)
    except UserError as error:
        st.error(plain(sentence(str(error))))
        return
    show_findings(found, root=view.index.root, offer=repair.offer(view))
    if not found:
        st.success(
            "No data leakage: no patient, no group named in file names, and no duplicate or near-duplicate appears "
            "in more than one split.",
            icon=":material/check_circle:",
        )
    if curate.may_curate():
        _offer(view, found)


def _source(view: View) -> str:
    if view.split_file:
        made = view.split_file.settings.get("made", "")
        return f"{view.split_file.sentence(view.index)}{f' Created {made}.' if made else ''}"
    if view.index.layout == "splits":
        return "The images are split by their folders."
    return "The images are split by the settings of the Train page; patients and identical files stay in one split."


def _offer(view: View, found: list[Finding]) -> None:
    config = data_config()
    tokens = next((finding.evidence for finding in found if finding.id == "leak-group"), None)
    if tokens:
        config = replace(config, group_pattern=tokens["pattern"])
    spec = setting("data.validation_split").metadata
    with st.container(border=True):
        st.markdown("##### Re-split without data leakage")
        st.caption(
            "Keeps all images of a patient and all duplicates and near-duplicates in one split, and the class "
            "proportions in every split. The result is saved in a file next to the images and used by every run. "
            "No image is moved."
        )
        if tokens:
            st.caption(plain(f"Images with the same {tokens['part']} stay in one split, too."))
        with st.container(horizontal=True, vertical_alignment="bottom"):
            share = st.number_input(
                "Validation fraction",
                min_value=float(spec["low"]),
                max_value=float(spec["high"]),
                value=float(config.validation_split),
                step=0.05,
                help="Fraction of the images held out from training for validation.",
                width=180,
            )
            st.button(
                "Re-split",
                type="primary" if found else "secondary",
                icon=":material/auto_fix_high:",
                key=part_key("split", "make"),
                on_click=curate.divide_anew,
                args=(view, float(share), config),
            )
            if view.split_file:
                st.button(
                    "Revert to the folders' split" if view.index.layout == "splits" else "Revert to the default split",
                    icon=":material/undo:",
                    key=part_key("split", "undo"),
                    on_click=curate.go_by_folders,
                    args=(view,),
                )


def _key(view: View) -> str:
    """What the findings depend on."""
    parts = ",".join(f"{part}:{hash(view.part(part))}" for part in SPLITS)
    return f"{review_key(view.dataset())} {parts} {data_config().group_pattern}"


@st.cache_data(max_entries=8, show_spinner="Checking for data leakage …")
def _leaks(key: str, _view: View) -> list[Finding]:
    """The findings; the key alone says whether they are known already."""
    return leaks(_view.dataset(), RunConfig(data=data_config()))
