"""Another name for the dataset that is shown, beside its title."""

from pathlib import Path

import streamlit as st

from core.access.roles import Action
from core.data.dataset import SAMPLE
from core.data.set_names import LONGEST, rename_set
from core.errors import AccessError, UserError
from pages.shared.dataset import curate
from pages.shared.shell import uploads
from pages.shared.shell.access import guarded
from pages.shared.shell.chosen_dataset import title_of, without_path
from pages.shared.state import part_key
from pages.shared.widgets.text import plain, sentence

_NOTICE = "rename_set_notice"
"""Session key: what the last change of a name did, (whether it worked, one sentence)."""


def rename_set_button(reference: str) -> None:
    """The button and its form, for whoever may change the dataset; the sample keeps its name."""
    done, said = st.session_state.pop(_NOTICE, (True, ""))
    if said:
        st.toast(plain(said), icon=":material/check:" if done else ":material/error:")
    if not _may_rename(reference):
        return
    key = part_key("rename_set", reference)
    with (
        st.popover("Rename", icon=":material/edit:", type="tertiary", key=part_key(key, "open")),
        st.form(part_key(key, "form"), border=False),
    ):
        help = "Visible to everybody who may open this dataset. Empty restores the original name."
        st.text_input("Name", title_of(reference), max_chars=LONGEST, key=key, help=help)
        st.form_submit_button("Save", type="primary", on_click=_save, args=(reference, key))


def _save(reference: str, key: str) -> None:
    try:
        name = _rename(reference, str(st.session_state.get(key) or ""))
    except UserError as error:
        st.session_state[_NOTICE] = (False, sentence(without_path(reference, error)))
    else:
        st.session_state[_NOTICE] = (True, f"Renamed to “{name}”.")


def _may_rename(reference: str) -> bool:
    if reference == SAMPLE or not curate.may_curate():
        return False
    folder = Path(reference)
    return not uploads.is_upload(folder) or folder in uploads.earlier_uploads()


@guarded(Action.CURATE)
def _rename(reference: str, name: str) -> str:
    if not _may_rename(reference):
        raise AccessError("This dataset was uploaded by somebody else; only they or an administrator may rename it.")
    return rename_set(Path(reference), name)
