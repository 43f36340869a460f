"""Run menu: notes and tags, clone into the form, delete with undo."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core import paths
from core.access.limits import policy
from core.access.roles import Action
from core.errors import AccessError, UserError
from core.housekeeping import trash
from core.jobs.job import BudgetedJob
from core.store.folder import JobFolder
from core.store.index import read_note
from core.store.notes import LONGEST_NOTE, MOST_TAGS, Note, write_note
from core.store.runs import Run, RunStore
from core.workers.try_model_client import is_imported
from pages.shared import state
from pages.shared.shell.access import guarded, may, person
from pages.shared.shell.notice import act
from pages.shared.widgets.fields import label_of, word_of
from pages.shared.widgets.row_choice import row_choice
from pages.shared.widgets.text import moment, on_badge, plain, sentence


def show_note(run: Run) -> None:
    """Tags and note of a run."""
    note = read_note(run)
    if note.tags:
        with st.container(horizontal=True, vertical_alignment="center"):
            for tag in note.tags:
                st.badge(on_badge(tag), icon=":material/sell:", color="blue")
    if note.text:
        st.text(note.text)


def note_button(run: Run) -> None:
    """A form to change tags and note, for whoever may."""
    note = read_note(run)
    if may_organise(run):
        label = "Notes" if note == Note() else "Change notes"
        with st.popover(label, icon=":material/edit_note:", type="tertiary", key=state.part_key("note", run.id)):
            _note_form(run, note)


def upkeep_buttons(run: Run, *, active: bool) -> None:
    """Clone for whoever may train, Delete for whoever may delete."""
    if may(Action.TRAIN) and not is_imported(run):
        label, key = "Clone", state.part_key("clone", run.id)
        if st.button(
            label, icon=":material/content_copy:", key=key, help="Opens the form with its settings and dataset."
        ):
            open_clone(run)
    if may_organise(run) and not active:
        st.button(
            "Delete",
            icon=":material/delete:",
            on_click=delete_run,
            args=(run,),
            help=f"Can be restored for {trash.KEPT_DAYS} days.",
            key=state.part_key("delete", run.id),
        )


def open_clone(run: Run, changes: Mapping[str, object] | None = None) -> None:
    """Fills the Train page's form with a run's settings and dataset, and leads there; ends the script.

    Args:
        run: Run. Whose settings.
        changes: mapping of settings to other values. Defaults to none.
    """
    try:
        config = run.config()
    except UserError as error:
        st.error(plain(sentence(str(error))), icon=":material/error:")
        return
    for key, value in (config.settings() | dict(changes or {})).items():
        st.session_state[state.field_key(key)] = value
    said = f"The form has the settings of “{run.title()}”."
    if changes:
        said = f"The form has the settings of “{run.title()}” with the fix: {_told(changes)}."
    try:
        policy().check(config, paths.data_root(), paths.uploads_folder(), paths.collections_folder())
    except AccessError as error:
        said += f" Not allowed here: {error}."
    else:
        state.choose_dataset(config.dataset)
    st.session_state[state.RUN_NAME] = f"{config.name}, fixed" if changes and config.name else config.name
    st.session_state[state.CLONED] = said
    st.switch_page("pages/train.py")


def _told(changes: Mapping[str, object]) -> str:
    return ", ".join(f"{label_of(key)}: {word_of(key, value)}" for key, value in changes.items())


def show_cloned() -> None:
    """Says on the Train page where the form's settings came from."""
    if said := st.session_state.pop(state.CLONED, ""):
        st.success(plain(said), icon=":material/content_copy:")


def delete_run(run: Run) -> None:
    """Moves a run to the trash, and says how to have it back."""
    delete_runs([run])


def delete_runs(runs: Sequence[JobFolder]) -> None:
    """Moves runs, bisects and sweeps to the trash, and says how to have them back; one that cannot be is named."""
    gone, refers, refused = [], [], []
    for run in runs:
        title, uses = run.title(), trash.uses(run) if isinstance(run, Run) else ""
        try:
            _delete(run)
        except UserError as error:
            refused.append(sentence(str(error)))
            continue
        gone.append((run.id, title))
        refers += [uses] if uses else []
        if st.query_params.get(state.RUN) == run.id:
            del st.query_params[state.RUN]
    if refused:
        st.session_state[state.RUN_NOTICE] = (False, " ".join(dict.fromkeys(refused)))
    if gone:
        what = f"“{gone[0][1]}” was deleted; it is" if len(gone) == 1 else f"{_count(runs)} were deleted; they are"
        said = f"{what} kept for {trash.KEPT_DAYS} days. {' '.join(dict.fromkeys(refers))}"
        st.session_state[state.DELETED] = (tuple(run_id for run_id, _ in gone), said.strip())


def _count(runs: Sequence[JobFolder]) -> str:
    """How many runs, and how many bisects and sweeps."""
    trained = sum(isinstance(run, Run) for run in runs)
    groups = len(runs) - trained
    parts = ((groups, "bisect or sweep", "bisects and sweeps"), (trained, "run", "runs"))
    return " and ".join(f"{count} {one if count == 1 else many}" for count, one, many in parts if count)


def restore_runs(ids: Sequence[str]) -> None:
    """Brings runs, bisects and sweeps back from the trash."""
    back, refused = [], []
    for run_id in ids:
        try:
            back.append(_restore(run_id).title())
        except UserError as error:
            refused.append(sentence(str(error)))
    said = f"“{back[0]}” restored." if len(back) == 1 else f"{len(back)} restored."
    st.session_state[state.RUN_NOTICE] = (False, " ".join(refused)) if refused else (True, said)
    st.session_state.pop(state.DELETED, None)


def show_deleted() -> None:
    """What was deleted just now, with a button that takes it back."""
    ids, said = st.session_state.get(state.DELETED, ((), ""))
    if not any((trash.trash_folder() / run_id).is_dir() or trash.find_job(run_id) for run_id in ids):
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/delete: {plain(said)}", width="stretch")
        undo, dismiss = ":material/undo:", ":material/close:"
        st.button("Undo", type="primary", icon=undo, on_click=restore_runs, args=(ids,), key="undo_delete")
        st.button("Close", type="tertiary", icon=dismiss, on_click=_forget_deleted, key="close_deleted")


def show_trash() -> None:
    """The runs that were deleted in the last thirty days, closed until it is asked for; nothing where there is none."""
    every: list[trash.Deleted[Any]] = [*trash.deleted_runs(), *trash.deleted_jobs()]
    found = sorted((one for one in every if may_organise(one.run)), key=lambda one: -one.when)
    if not found:
        return
    rows = [
        {
            "name": one.run.title() if isinstance(one.run, Run) else f"{one.run.noun.capitalize()}: {one.run.title()}",
            "restore": ":material/restore_from_trash: Restore",
            "when": moment(one.when, st.context.timezone),
            "left": f"{one.days_left} days",
        }
        for one in found
    ]

    def clicked() -> None:
        bring_back(found[st.session_state[state.RESTORE]["row"]].run)

    def bring_back(run: JobFolder) -> None:
        restore_runs((run.id, *(trash.deleted_trials(run) if isinstance(run, BudgetedJob) else ())))

    column = st.column_config
    with st.expander(f"Deleted ({len(found)})", icon=":material/delete:"):
        st.dataframe(
            rows,
            hide_index=True,
            alt="Table of deleted items: name, time of deletion, and days left.",
            column_config={
                "name": column.TextColumn("Run", width=200),
                "restore": column.ButtonColumn("", width=100, type="tertiary", key=state.RESTORE, on_click=clicked),
                "when": column.TextColumn("Deleted", width=140),
                "left": column.TextColumn("Kept for", width=90),
            },
        )
        names = {one.run.id: str(row["name"]) for one, row in zip(found, rows, strict=True)}
        with st.container(horizontal=True, vertical_alignment="bottom"):
            chosen = row_choice("A deleted run", names, state.part_key(state.RESTORE, "by_name"))
            for one in found:
                if one.run.id == chosen:
                    icon = ":material/restore_from_trash:"
                    st.button("Restore", type="tertiary", icon=icon, on_click=bring_back, args=(one.run,))


def may_organise(run: JobFolder) -> bool:
    """Whether the person may write on this run and delete it; for what is drawn."""
    try:
        person().require_own(Action.ORGANISE, run.owner())
    except AccessError:
        return False
    return True


def known_tags() -> list[str]:
    """Tags that any run has, in alphabetical order."""
    return sorted({tag for run in RunStore().list() for tag in read_note(run).tags}, key=str.casefold)


def _note_form(run: Run, note: Note) -> None:
    text, tags = state.part_key("note", run.id, "text"), state.part_key("note", run.id, "tags")
    with st.form(state.part_key("note", run.id, "form"), border=False):
        st.multiselect(
            "Tags",
            sorted({*known_tags(), *note.tags}, key=str.casefold),
            default=list(note.tags),
            accept_new_options=True,
            max_selections=MOST_TAGS,
            key=tags,
            placeholder="Choose or type",
            help="The table of runs can be filtered by tags.",
        )
        st.text_area(
            "Note", value=note.text, max_chars=LONGEST_NOTE, key=text, help="Visible to everybody who may see this run."
        )
        st.form_submit_button("Save", type="primary", on_click=_save_note, args=(run, text, tags))


def _save_note(run: Run, text: str, tags: str) -> None:
    given: Any = st.session_state[tags]
    note = str(st.session_state[text] or "")
    act(lambda: _write(run, note, [str(tag) for tag in given]), folder="The run's folder")


def _forget_deleted() -> None:
    st.session_state.pop(state.DELETED, None)


@guarded(Action.ORGANISE)
def _write(run: Run, text: str, tags: list[str]) -> None:
    person().require_own(Action.ORGANISE, run.owner())
    write_note(run, text, tags)


@guarded(Action.ORGANISE)
def _delete(run: JobFolder) -> None:
    person().require_own(Action.ORGANISE, run.owner())
    trash.delete(run)


@guarded(Action.ORGANISE)
def _restore(run_id: str) -> JobFolder:
    if job := trash.find_job(run_id):
        person().require_own(Action.ORGANISE, job.owner())
        return trash.restore_job(run_id)
    person().require_own(Action.ORGANISE, RunStore(trash.trash_folder()).get(run_id).owner())
    return trash.restore(run_id)
