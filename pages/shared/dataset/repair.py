"""One click that repairs what a finding says: settings of the data, or a split by groups; and the way back."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from core.checks.cards import Card
from core.config import setting
from pages.shared.dataset import curate
from pages.shared.shell.chosen_dataset import View, data_config
from pages.shared.state import REPAIRED, field_key
from pages.shared.widgets import fields
from pages.shared.widgets.text import plain

_LEAK = "leak-group"


def show_undo(view: View) -> None:
    """What the last such click did to this dataset, and the button that takes it back."""
    done = st.session_state.get(REPAIRED)
    if not done or done["dataset"] != view.reference:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/build: {plain(done['said'])}", width="content")
        st.button("Undo", icon=":material/undo:", key="repair:undo", type="tertiary", on_click=_undo, args=(view,))


def offer(view: View) -> Callable[[Card], None]:
    """What draws the button below a finding, where one click helps."""
    return partial(_offer, view)


def _offer(view: View, card: Card) -> None:
    found = (card.lead, *card.with_it)
    groups = next((one.evidence for one in found if one.id == _LEAK), {})
    if card.change and all(key.startswith("data.") for key in card.change):
        label, act, told = "Apply", partial(_apply, view, card.change), f"{_told(card.change)}. Also on the Train page."
    elif groups.get("pattern") and curate.may_curate():
        label, act = "Re-split by these groups", partial(_divide, view, groups)
        told = (
            "Keeps the images of each group in one split. The result is saved in a file next to the images; none "
            "is moved."
        )
    else:
        return
    with st.container(horizontal=True, horizontal_alignment="right"):
        key = f"repair:{card.lead.id}"
        st.button(label, key=key, type="tertiary", icon=":material/build:", help=plain(told), on_click=act)


def _apply(view: View, change: Mapping[str, Any]) -> None:
    before = {key: st.session_state.get(field_key(key), setting(key).default) for key in change}
    _set(change)
    st.session_state[REPAIRED] = {"dataset": view.reference, "said": f"Set: {_told(change)}.", "settings": before}


def _divide(view: View, groups: Mapping[str, Any]) -> None:
    config, spec = data_config(), setting("data.validation_split").metadata
    share = len(view.part("val")) / max(1, len(view.index.files))
    share = min(max(share, float(spec["low"])), float(spec["high"]))
    before, made = curate.split_before(view), curate.split_made(view)
    curate.divide_anew(view, round(share, 3), replace(config, group_pattern=str(groups["pattern"])))
    now = curate.split_made(view)
    if now and (now != made or curate.split_before(view) != before):
        said = f"Re-split: images with the same {groups['part']} are in one split."
        st.session_state[REPAIRED] = {"dataset": view.reference, "said": said, "split": before, "made": now}


def _undo(view: View) -> None:
    done = st.session_state.pop(REPAIRED, {})
    if "settings" in done:
        _set(done["settings"])
    elif "split" in done:
        curate.take_back_split(view, done["split"], done["made"])


def _set(values: Mapping[str, Any]) -> None:
    for key, value in values.items():
        st.session_state[field_key(key)] = value


def _told(change: Mapping[str, Any]) -> str:
    return "; ".join(f"{fields.label_of(key)}: {fields.word_of(key, value)}" for key, value in change.items())
