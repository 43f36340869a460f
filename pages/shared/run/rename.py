"""Another name for a run, in place: beside its title, and from a row of a table."""

import streamlit as st

from core.access.roles import Action
from core.errors import UserError
from core.store.notes import rename_run
from core.store.runs import Run
from pages.shared.run.upkeep import may_organise
from pages.shared.shell.access import guarded, person
from pages.shared.shell.notice import act
from pages.shared.state import part_key

LONGEST = 100
"""Most characters of a name."""

_HELP = "Empty: an automatic name such as “VGG16, frozen, 224 px, lr 0.001”."


def rename_button(run: Run) -> None:
    """The button and its form, for whoever may."""
    if may_organise(run):
        key = part_key("rename_open", run.id)
        with st.popover("Rename", icon=":material/edit:", type="tertiary", key=key):
            _form(run, part_key("rename", run.id))


@st.dialog("Rename run")
def rename_dialog(run: Run) -> None:
    """The same form on its own, for a row of a table."""
    if _form(run, part_key("rename_row", run.id)):
        st.rerun()


def rename(run: Run, name: str) -> None:
    """Gives a run another name; what came of it is said in the next script run."""
    act(lambda: _rename(run, name), lambda _: f"Renamed to “{run.title()}”.", "The run's folder")


def _form(run: Run, key: str) -> bool:
    """The form; whether it was sent."""
    with st.form(part_key(key, "form"), border=False):
        st.text_input("Name", _given(run), max_chars=LONGEST, key=key, help=_HELP, placeholder=run.title())
        return bool(st.form_submit_button("Save", type="primary", on_click=_save, args=(run, key)))


def _given(run: Run) -> str:
    """The name that a person has given, to be changed; empty where nobody has."""
    try:
        return run.config().name
    except UserError:
        return ""


def _save(run: Run, key: str) -> None:
    rename(run, str(st.session_state.get(key) or ""))


@guarded(Action.ORGANISE)
def _rename(run: Run, name: str) -> None:
    person().require_own(Action.ORGANISE, run.owner())
    rename_run(run, name)
