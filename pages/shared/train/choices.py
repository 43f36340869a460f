"""The three presets that a beginner chooses from: what each does, and how long it will take on these images."""

from dataclasses import dataclass

import streamlit as st

from core.access.modes import PUBLIC, mode
from core.config import make_config
from core.errors import ConfigError
from core.estimate.duration import expected
from pages.shared import state
from pages.shared.train.expectation import duration_words
from pages.shared.widgets import fields
from pages.shared.widgets.text import sentence


@dataclass(frozen=True)
class Choice:
    """A preset that is offered by name.

    Attributes:
        title: What it is called.
        about: What it does, in half a sentence.
    """

    title: str
    about: str


CHOICES = {
    "fast": Choice("Fast", "a first result: smaller images, few epochs, frozen backbone"),
    "recommended": Choice("Recommended", "trains the head on features of the frozen backbone"),
    "best": Choice(
        "Thorough",
        "with augmentation; fine-tunes the last blocks after the head; Diagnose shows whether it is better",
    ),
}


def show_choices(dataset: str, counts: dict[str, int] | None, classes: int) -> None:
    """The choice; a click fills the form. None is marked where the form was filled by something else.

    Args:
        dataset: The chosen dataset.
        counts: Images by split; None where there is no dataset, and so no duration.
        classes: How many.
    """
    st.session_state.setdefault(state.PRESET, "recommended")
    fields.fill(st.session_state[state.PRESET], keep=True)
    offered = [name for name in CHOICES if mode() != PUBLIC or name != "best"]  # there the backbone stays frozen
    preset = st.session_state[state.PRESET]
    st.session_state[state.CHOICE] = preset if preset in offered else None
    st.radio(
        "How to train",
        offered,
        format_func=_title,
        captions=[sentence(_time(dataset, name, counts, classes) + CHOICES[name].about) for name in offered],
        key=state.CHOICE,
        on_change=_take,
        horizontal=True,
        help="Each fills the form under “Customise”. Durations are upper limits, measured on this machine or "
        "estimated.",
    )


def _title(name: str) -> str:
    return CHOICES[name].title


def _take() -> None:
    if chosen := st.session_state.get(state.CHOICE):
        st.session_state[state.PRESET] = chosen
        fields.fill(chosen)


def _time(dataset: str, preset: str, counts: dict[str, int] | None, classes: int) -> str:
    """How long a preset takes, with a colon; empty where nobody can tell."""
    if counts is None:
        return ""
    try:
        config = make_config(dataset, {}, preset=preset)
    except ConfigError:  # the dataset's name is not allowed; that is said elsewhere
        return ""
    return f"{duration_words(expected(config, counts['train'], counts['val'] + counts['test'], classes))}: "
