"""Findings of the checks as messages on a page."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from core.checks.cards import Card, cards
from core.checks.finding import Finding
from core.checks.in_words import form_words
from core.data.images import thumbnail
from core.errors import UserError
from core.report.images import MOST, SIDE, images_named
from pages.shared.state import field_key
from pages.shared.widgets import fields
from pages.shared.widgets.evidence import show_evidence
from pages.shared.widgets.text import plain

_SHOW = {"error": st.error, "warning": st.warning, "info": st.info}
SEEN, ALIKE = "Consistent with it in the training:", "Also solved by this change:"
"""Other signs of this cause, in the training and in settings and images."""

_ICONS = {"error": ":material/error:", "warning": ":material/warning:", "info": ":material/info:"}


def show_findings(
    findings: Sequence[Finding],
    severities: Sequence[str] = ("error", "warning", "info"),
    *,
    can_apply: bool = False,
    root: Path | None = None,
    images: int = MOST,
    offer: Callable[[Card], None] | None = None,
) -> None:
    """One message a cause: what was measured, and what to change.

    Args:
        findings: As the checks gave them.
        severities: Which to show. Defaults to all.
        can_apply: Whether the page has the settings' form, so that a button may change it. Defaults to `False`.
        root: Folder of the dataset, so that the evidence can show the images it names. Defaults to none.
        images: How many of them at most. Defaults to `MOST`.
        offer: Draws what a page can do about a cause, below it. Defaults to nothing.
    """
    for card in cards(findings):
        if card.severity not in severities:
            continue
        _SHOW[card.severity](_message(card), icon=_ICONS[card.severity])
        if can_apply:
            with st.container(horizontal=True, horizontal_alignment="right"):
                _show_actions(card, root)
        elif root:
            for finding in (card.lead, *card.with_it):
                _show_images(finding.evidence, root, images)
        if offer:
            offer(card)


def _message(card: Card) -> str:
    """Claim and remedy, and below them what else was found of that cause, and what the training shows of it."""
    told = [plain(form_words(f"{card.lead.claim} {card.remedy}"))]
    told += _listed(ALIKE, [*(one.claim for one in card.with_it), *card.told_symptoms(of_images=True)])
    return "\n".join([*told, *_listed(SEEN, card.told_symptoms(of_images=False))])


def _listed(heading: str, claims: Sequence[str]) -> list[str]:
    return ["", heading, "", *(f"* {plain(form_words(claim))}" for claim in claims)] if claims else []


def _show_actions(card: Card, root: Path | None) -> None:
    """What the claims rest on, and a button where one setting helps."""
    with st.popover("Evidence", type="tertiary", icon=":material/search:", key=f"evidence:{card.lead.id}"):
        for finding in (card.lead, *card.with_it):
            if card.with_it:
                st.markdown(f"**{plain(form_words(finding.claim))}**")
            if root:
                _show_images(finding.evidence, root)
            show_evidence(finding.evidence)
    if card.change:
        st.button(
            "Apply",
            key=f"apply:{card.lead.id}",
            type="tertiary",
            icon=":material/build:",
            help=plain(_told(card.change)),
            on_click=partial(_apply, card.change),
        )


def _show_images(evidence: dict[str, Any], root: Path, most: int = MOST) -> None:
    """The first images that the evidence names, small."""
    named = images_named(evidence, root, most)
    images = [(str(path), image) for path in named if (image := _small(str(root / path)))]
    if images:
        with st.container(horizontal=True, gap="small"):
            for path, image in images:
                st.image(image, caption=_broken_at_folders(plain(path)), width=SIDE, alt=path)


def _broken_at_folders(path: str) -> str:
    """A path that a narrow line breaks behind a folder's name, not within the name of the file."""
    return path.replace("/", "/\N{ZERO WIDTH SPACE}")


@st.cache_data(max_entries=200, show_spinner=False)
def _small(path: str) -> bytes | None:
    try:
        return thumbnail(Path(path), SIDE)
    except UserError:
        return None


def _apply(change: dict[str, Any]) -> None:
    for key, value in change.items():
        st.session_state[field_key(key)] = value


def _told(change: dict[str, Any]) -> str:
    """What the button does, in the form's words."""
    return "; ".join(f"{fields.label_of(key)}: {fields.word_of(key, value)}" for key, value in change.items())
