"""The form's settings as an address names them: each that is not as the preset has it, by its own key."""

from collections.abc import Iterable
from functools import partial
from typing import Any

import streamlit as st

from core.config import PRESETS, keys, setting
from core.errors import ConfigError
from core.setting import check, convert
from pages.shared.shell.address import Part
from pages.shared.state import PRESET, field_key
from pages.shared.widgets import fields

USUAL_PRESET = next(iter(PRESETS))
EMPTY = '""'
"""A text that is empty and should be said."""

_SECTIONS = ("data.", "model.", "training.")


def preset_part(*, always: Iterable[str] = ()) -> Part:
    """The preset; taking it fills the form.

    Args:
        always: session keys. While one of them has a value the preset is said even where it is the usual one.
    """

    def said() -> str:
        preset = str(st.session_state.get(PRESET) or USUAL_PRESET)
        return "" if preset == USUAL_PRESET and not any(st.session_state.get(key) for key in always) else preset

    def take(text: str) -> None:
        known = text or USUAL_PRESET
        st.session_state[PRESET] = known if known in PRESETS else USUAL_PRESET
        fields.fill(st.session_state[PRESET])
        if known not in PRESETS:
            raise ConfigError(f'there is no preset "{text[:60]}"; there are {", ".join(PRESETS)}')

    return Part("preset", said, take, fills=True)


def setting_parts(*sections: str) -> list[Part]:
    """One part for every setting of these sections, such as `data.`; of all where none is named."""
    return [
        Part(key, partial(_said, key), partial(_take, key)) for key in keys() if key.startswith(sections or _SECTIONS)
    ]


def foreign_settings() -> list[str]:
    """A sentence on every setting that the address names and that does not exist."""
    known = set(keys())
    strange = [name for name in st.query_params if name.startswith(_SECTIONS) and name not in known]
    return [f'there is no setting "{name[:60]}"' for name in strange]


def _said(key: str) -> str:
    usual = _usual(key)
    value = st.session_state.get(field_key(key), usual)
    return "" if value is None or value == usual else text_of(value)


def text_of(value: Any) -> str:
    """A value of a setting as an address has it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) or EMPTY


def _take(key: str, text: str) -> None:
    value: Any = _usual(key)
    if text:
        value = convert(key, setting(key), "" if text == EMPTY else text)
        check(key, setting(key), value)
    st.session_state[field_key(key)] = value


def _usual(key: str) -> Any:
    preset = st.session_state.get(PRESET)
    return fields.preset_values(preset if preset in PRESETS else USUAL_PRESET)[key]
