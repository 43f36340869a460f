"""What can be done with bisects and sweeps that are chosen in the table: verdict, rename, delete with trials or not."""

from collections.abc import Sequence

import streamlit as st

from core.runs_table.rows import Row
from core.sentences import counted
from core.store.folder import JobFolder
from core.store.runs import Run
from pages.shared import state
from pages.shared.run.upkeep import delete_runs, may_organise
from pages.shared.runs import actions, address
from pages.shared.runs.table import choose, job_of
from pages.shared.state import part_key
from pages.shared.widgets.text import plain

_VERDICTS = {
    "bisect": ("pages/diagnose.py", "Its verdict", ":material/troubleshoot:", state.BISECT),
    "cross-validation": ("pages/train.py", "Its figures", ":material/percent:", state.CROSS_VALIDATION),
    "search": ("pages/train.py", "Its ranking", ":material/trophy:", state.SEARCH),
    "sweep": ("pages/train.py", "Its best settings", ":material/emoji_events:", state.SWEEP),
}


def group_buttons(groups: Sequence[Row], chosen: Sequence[Row], ended: Sequence[Run]) -> None:
    """The buttons.

    Args:
        groups: The bisects and sweeps that are chosen.
        chosen: All runs that are chosen, the trials of those among them.
        ended: Those of them that the person may delete.
    """
    own = [row for row in groups if may_organise(job_of(row))]
    if len(groups) == 1:
        _verdict(groups[0])
        if own:
            _rename_popover(groups[0])
    if own:
        with st.popover("Delete", icon=":material/delete:", key=part_key("group", "delete")):
            _deletions(own, chosen, ended)


def delete_chosen(folders: Sequence[JobFolder]) -> None:
    """Moves what is chosen to the trash; nothing is chosen then."""
    delete_runs(folders)
    choose([])


def _verdict(row: Row) -> None:
    page, label, icon, name = _VERDICTS[row.kind]
    st.page_link(page, label=label, icon=icon, query_params={name: row.id})


def _rename_popover(row: Row) -> None:
    name = part_key("rename", row.id)
    with (
        st.popover("Rename", icon=":material/edit:", key=part_key("group", "rename")),
        st.form(part_key(name, "form"), border=False),
    ):
        about = "Empty: an automatic name."
        st.text_input("Name", job_of(row).name(), max_chars=100, key=name, help=about)
        st.form_submit_button("Save", type="primary", on_click=_rename, args=(row, name))


def _rename(row: Row, key: str) -> None:
    actions.rename_group(job_of(row), str(st.session_state[key] or ""))


def _deletions(own: Sequence[Row], chosen: Sequence[Row], ended: Sequence[Run]) -> None:
    """With the trials, or without: then these are rows of their own."""
    groups = [job_of(row) for row in own if not row.is_active]
    if not groups:
        st.caption("Still running; stop it first.")
        return
    what = plain(str(own[0].get("name"))) if len(groups) == 1 else f"{len(groups)} bisects and sweeps"
    inside = {trial.id for row in own for trial in row.trials}
    trials = [run for run in ended if run.id in inside]
    beside = [run for run in ended if run.id not in inside]
    goes = "The other chosen run goes" if len(beside) == 1 else f"The {len(beside)} other chosen runs go"
    more = f" {goes} as well." if beside else ""
    st.markdown(f"Delete **{what}**?{more}")
    asked = set(address.get_list(state.LOOK_CHOSEN))
    only: list[JobFolder] = [*groups, *(run for run in ended if run.id in asked)]
    if trials:
        whole: list[JobFolder] = [*groups, *ended]
        number = counted(len(trials), "trial")
        _button(f"With its {number}" if len(groups) == 1 else f"With {number}", whole, "all")
    _button("Keep the trials as runs" if trials else "Delete", only, "only")


def _button(label: str, folders: Sequence[JobFolder], name: str) -> None:
    key = part_key("group", "delete", name)
    st.button(label, icon=":material/delete:", on_click=delete_chosen, args=(folders,), key=key)
