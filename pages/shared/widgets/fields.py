"""One widget for each setting of a run, made from what the setting says of itself."""

import contextlib
import dataclasses
import math
from collections.abc import Mapping
from functools import cache, lru_cache, partial
from typing import Any

import streamlit as st

from core.config import TrainConfig, keys, make_config, setting
from core.data.dataset import SAMPLE
from core.errors import ConfigError, UserError
from core.models import setting_words
from core.models.catalogue import BACKBONES, find, weights_word
from core.setting import allowed, check, convert
from pages.shared.state import field_key
from pages.shared.widgets.text import plain, sentence

BACKBONE, MODE, UNFREEZE = setting_words.BACKBONE, "training.mode", setting_words.UNFREEZE

label_of, setting_label, word_of = setting_words.label_of, setting_words.setting_label, setting_words.word_of
mode_words = setting_words.mode_words


def preset_values(preset: str) -> dict[str, Any]:
    """The value of every setting under a preset."""
    return dict(_preset_values(preset))


@cache
def _preset_values(preset: str) -> dict[str, Any]:
    return make_config(SAMPLE, {}, preset=preset).settings()


def fill(preset: str, *, keep: bool = False) -> None:
    """Puts a preset's values into the form.

    Args:
        preset: One of `core.config.PRESETS`.
        keep: Whether fields that have a value already keep it. Defaults to `False`.
    """
    for key, value in preset_values(preset).items():
        if not (keep and field_key(key) in st.session_state):
            st.session_state[field_key(key)] = value


def form_values(preset: str) -> dict[str, Any]:
    """The value of every setting as the form has it; a field never shown has the preset's."""
    return {key: st.session_state.get(field_key(key), value) for key, value in preset_values(preset).items()}


def training_of(values: Mapping[str, Any]) -> TrainConfig:
    """The choices of the form that decide whether other settings mean anything, as a configuration; what is typed
    there and not allowed counts as its default."""
    return _training_of(*(values[f"training.{name}"] for name in _DECIDING))


_DECIDING = (
    *("optimizer", "finetune_optimizer", "schedule", "momentum", "finetune_momentum", "mode"),
    *("literal", "mixup"),
)


@lru_cache(maxsize=64, typed=True)
def _training_of(*values: Any) -> TrainConfig:
    found = {}
    for name, value in zip(_DECIDING, values, strict=True):
        spec = setting(f"training.{name}")
        with contextlib.suppress(ConfigError):
            check(f"training.{name}", spec, convert(f"training.{name}", spec, value))
            found[name] = value
    if found.get("mode") == "bottleneck":
        found.pop("mixup", None)  # the form shows no such field then
    return TrainConfig(**found)


def help_of(key: str) -> str:
    """The setting's explanation, what it may be, and its name on the command line."""
    spec = setting(key)
    limits = allowed(spec).removeprefix("; it may be ")
    limits = f" Allowed: {plain(limits)}." if limits and spec.metadata["low"] is not None else ""
    return f"{plain(spec.metadata['help'])}{limits}\n\nOn the command line: `{key}`"


def sentence_of(error: UserError) -> str:
    """An error's sentence, ready for Markdown, beginning with the words of the field it is about."""
    text = str(error)
    key = text.split(" ", 1)[0].rstrip(":")
    return plain(sentence(f"{label_of(key)}: {text}" if key in keys() else text))


def choices_of(key: str, values: dict[str, Any]) -> tuple[str, ...]:
    """What a setting may be, given the others; empty where it is not a choice."""
    if key == BACKBONE:
        return tuple(BACKBONES)
    if key == UNFREEZE:
        try:
            return ("", *find(values[BACKBONE]).blocks, "all")
        except ConfigError:
            return ("", "all")
    return tuple(setting(key).metadata["choices"])


def field(key: str, values: dict[str, Any], *, changed: bool = False, only: tuple[str, ...] = ()) -> Any:
    """Draws the widget of a setting and gives its value.

    Numbers have no hard limits in the browser: it would silently keep the old value, and the form's own sentence says
    better what is wrong.

    Args:
        key: For instance `data.batch_size`; its value is in the session already.
        values: All values of the form, for choices that depend on others.
        changed: Whether to mark the field as different from the preset. Defaults to `False`.
        only: Which of the choices are offered. Defaults to all.
    """
    spec = setting(key)
    label = f"{label_of(key)} :primary[●]" if changed else label_of(key)
    common: dict[str, Any] = {"key": field_key(key), "help": help_of(key), "persist_state": "session"}
    st.session_state.setdefault(field_key(key), spec.default)
    if choices := only or choices_of(key, values):
        return _choice(key, label, choices, common, values)
    if isinstance(spec.default, bool):
        return st.toggle(label, **common)
    if isinstance(spec.default, int):
        return st.number_input(label, step=1, **common)
    if isinstance(spec.default, float):
        return st.number_input(label, step=_step(spec), format="%g", **common)
    return st.text_input(label, max_chars=200, **common)


def _choice(key: str, label: str, choices: tuple[str, ...], common: dict[str, Any], values: dict[str, Any]) -> str:
    value = st.session_state[field_key(key)]
    if setting(key).metadata["notation"]:  # one of the choices, or a list that is typed in
        return str(
            st.selectbox(
                label,
                dict.fromkeys((*choices, value)),
                accept_new_options=True,
                format_func=partial(_word_among, key, values),
                **common,
            )
        )
    if value not in choices:
        st.session_state[field_key(key)] = setting(key).default
        st.warning(
            f"{plain(label_of(key))} was “{plain(value)}”, which is not available here; it was reset to "
            f"{plain(word_of(key, setting(key).default))}."
        )
    common["format_func"] = partial(_word_among, key, values)
    if key == MODE:
        return str(st.segmented_control(label, choices, required=True, **common))
    return str(st.selectbox(label, choices, **common))


def _word_among(key: str, values: dict[str, Any], value: str) -> str:
    """As `word_of`; no block named means another thing where the run is fine-tuned."""
    if key == BACKBONE and value in BACKBONES:
        return f"{word_of(key, value)} · {weights_word(BACKBONES[value])}"
    if key == MODE:
        return mode_words(value, str(values.get(UNFREEZE) or ""))
    if key == UNFREEZE and not value and values.get(MODE) == "fine_tune":
        return "As many blocks as stages"
    return word_of(key, value)


def _step(spec: dataclasses.Field[Any]) -> float:
    """A tenth of the default's size where the range spans many powers of ten, else a twentieth of one."""
    low, high = spec.metadata["low"], spec.metadata["high"]
    if low and high / low > 1e4:
        return float(10.0 ** (math.floor(math.log10(float(str(spec.default)))) - 1))
    return 0.05
