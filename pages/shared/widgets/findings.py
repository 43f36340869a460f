"""Findings of the checks as messages on a page."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from core.checks.finding import Finding
from core.checks.preflight import OF_ONE_CAUSE
from core.data.images import thumbnail
from core.errors import UserError
from core.report.images import MOST, SIDE, images_named
from pages.shared.state import field_key
from pages.shared.widgets import fields
from pages.shared.widgets.text import plain

_SHOW = {"error": st.error, "warning": st.warning, "info": st.info}
SEEN, ALIKE = "What the epochs show is consistent with it:", "The same cause shows in:"
"""Above the symptoms of a finding: of the training, and of the images."""

_ICONS = {"error": ":material/error:", "warning": ":material/warning:", "info": ":material/info:"}


def show_findings(
    findings: Sequence[Finding],
    severities: Sequence[str] = ("error", "warning", "info"),
    *,
    can_apply: bool = False,
    root: Path | None = None,
    images: int = MOST,
) -> None:
    """One message a finding: what was measured, and what to change.

    Args:
        findings: As the checks gave them.
        severities: Which to show. Defaults to all.
        can_apply: Whether the page has the settings' form, so that a button may change it. Defaults to `False`.
        root: Folder of the data set, so that the evidence can show the images it names. Defaults to none.
        images: How many of them at most. Defaults to `MOST`.
    """
    for finding in findings:
        if finding.severity not in severities:
            continue
        _SHOW[finding.severity](_message(finding), icon=_ICONS[finding.severity])
        if can_apply:
            with st.container(horizontal=True, horizontal_alignment="right"):
                _show_actions(finding, root)
        elif root:
            _show_images(finding.evidence, root, images)


def _message(finding: Finding) -> str:
    """Claim and remedy, and below them what the training shows that this is enough to explain."""
    told = plain(f"{finding.claim} {finding.remedy}")
    if not finding.symptoms:
        return told
    of_images = all(symptom["id"] in OF_ONE_CAUSE for symptom in finding.symptoms)
    heading = ALIKE if of_images else SEEN
    return "\n".join([told, "", heading, "", *(f"* {plain(claim)}" for claim in finding.told_symptoms())])


def _show_actions(finding: Finding, root: Path | None) -> None:
    """What the claim rests on, and a button where one setting helps."""
    with st.popover("Evidence", type="tertiary", icon=":material/search:", key=f"evidence:{finding.id}"):
        if root:
            _show_images(finding.evidence, root)
        st.json(finding.evidence)
    if finding.change:
        st.button(
            "Apply",
            key=f"apply:{finding.id}",
            type="tertiary",
            icon=":material/build:",
            help=plain(_told(finding)),
            on_click=partial(_apply, finding),
        )


def _show_images(evidence: dict[str, Any], root: Path, most: int = MOST) -> None:
    """The first images that the evidence names, small."""
    named = images_named(evidence, root, most)
    images = [(str(path), image) for path in named if (image := _small(str(root / path)))]
    if images:
        st.image(
            [image for _, image in images],
            caption=[plain(path) for path, _ in images],
            width=SIDE,
            alt=[path for path, _ in images],
        )


@st.cache_data(max_entries=200, show_spinner=False)
def _small(path: str) -> bytes | None:
    try:
        return thumbnail(Path(path), SIDE)
    except UserError:
        return None


def _apply(finding: Finding) -> None:
    for key, value in finding.change.items():
        st.session_state[field_key(key)] = value


def _told(finding: Finding) -> str:
    """What the button does, in the form's words."""
    return "; ".join(f"{fields.label_of(key)}: {fields.word_of(key, value)}" for key, value in finding.change.items())
