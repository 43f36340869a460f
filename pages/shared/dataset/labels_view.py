"""The Labels tab: likely label errors, ranked, and the list of corrections."""

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from core.data.corrections import EXCLUDED
from core.data.dataset_index import ImageFile
from core.data.file_names import display_name
from core.label_review.doubt import why_undecided
from pages.shared.dataset import curate
from pages.shared.dataset.image_grid import page_of, show_file
from pages.shared.dataset.review_view import show_review
from pages.shared.shell.chosen_dataset import View
from pages.shared.state import part_key
from pages.shared.widgets.text import plain

if TYPE_CHECKING:
    from core.store.job_records import ReviewedFile, ReviewResult


_ON_A_PAGE = 12

_METHODS = {
    "cleanlab": "Ranked by confident learning (cleanlab): from 0 (label very unlikely) to 1 (label fits).",
    "neighbours": "Ranked by the classes of the ten nearest images (cleanlab is not installed).",
}


def show_labels(view: View) -> None:
    """The corrections, and what else looks wrong."""
    curate.show_notice()
    _show_corrections(view)
    found = show_review(view, "labels")
    if found is None:
        return
    _show_ranking(view, found.record)


def _show_corrections(view: View) -> None:
    applied = view.corrections
    if not applied.steps:
        return
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            said = applied.sentence() or "The list of corrections currently changes nothing."
            st.markdown(f":material/edit_note: {plain(said)}", width="content")
            if curate.may_curate():
                st.button(
                    "Undo the last change",
                    icon=":material/undo:",
                    key=part_key("undo", "labels"),
                    on_click=curate.undo,
                    args=(view,),
                )
        st.caption(
            f"Stored in a file {_where(view)}. Training runs apply it and report it; the image files are not changed."
        )
        if applied.excluded or applied.relabelled:
            with st.expander("Show them"):
                _show_changed(view)


def _where(view: View) -> str:
    path = view.corrections.path
    if path is not None and path.parent == view.on_disk.root:
        return f"next to the images ({plain(path.name)})"
    return "in Parity's own folder, because the image folder is read-only"


def _show_changed(view: View) -> None:
    notes = {file.path: f"now {display_name(label)}" for file, label in view.corrections.relabelled}
    files = [*(file for file, _ in view.corrections.relabelled), *view.corrections.excluded]
    shown = page_of("changed", files)
    with st.grid(min_column_width=140):
        for file in shown:
            with st.container():
                show_file(view, file, notes.get(file.path, "excluded"), with_class=True)
                if curate.may_curate():
                    st.button(
                        "Restore",
                        icon=":material/settings_backup_restore:",
                        type="tertiary",
                        key=part_key("restore", file.path),
                        on_click=curate.relabel,
                        args=(view, {file.path: file.label}, f"{display_name(file.path)} is restored"),
                    )


def _show_ranking(view: View, record: "ReviewResult") -> None:
    done = {file.path for file, _ in view.corrections.relabelled} | {f.path for f in view.corrections.excluded}
    there = {file.path: file for file in view.index.files}
    rows = {row["file"]: row for row in record.files if row["file"] in there and row["file"] not in done}
    wrong = sum(row["issue"] for row in rows.values())
    verb = "label looks" if wrong == 1 else "labels look"
    if undecided := why_undecided(record):
        st.warning(plain(undecided), icon=":material/info:")
    else:
        st.markdown(f"##### {wrong:,} of {len(rows):,} {verb} wrong")
    doubtful = [path for path, row in rows.items() if row["issue"] or row["suggested"] != there[path].label]
    st.caption(
        f"{_METHODS.get(record.method, '')} Shows the {len(doubtful):,} that look like another class; a flag "
        "marks likely label errors."
    )
    if not doubtful:
        return
    shown = page_of("ranking", [there[path] for path in doubtful], _ON_A_PAGE)
    with st.grid(min_column_width=160):
        for file in shown:
            with st.container(border=True):
                _show_label_issue(view, file, rows[file.path])


def _show_label_issue(view: View, file: ImageFile, row: "ReviewedFile") -> None:
    """One image with what its label is and what it looks like, and what can be done about it."""
    show_file(view, file)
    flag = ":material/flag: " if row["issue"] else ""
    looks = (
        f"looks like **{_name(row['suggested'])}**" if row["suggested"] != file.label else ("weak match with its label")
    )
    st.markdown(f"{flag}**{_name(file.label)}**, {looks}")
    st.caption(f"{row['score']:.2f} · {row['neighbours']} of 10 similar images have this label")
    if not curate.may_curate():
        return
    act = partial(st.button, type="tertiary", on_click=curate.relabel, width="stretch")
    name = display_name(file.path.rsplit("/", 1)[-1])
    if row["suggested"] != file.label and row["suggested"] in view.index.classes:
        suggested = row["suggested"]
        said = f"{name} is {display_name(suggested)} now"
        act(
            f"Relabel as {_name(suggested)}",
            icon=":material/swap_horiz:",
            key=part_key("relabel", file.path),
            args=(view, {file.path: suggested}, said),
        )
    act(
        "Exclude",
        icon=":material/visibility_off:",
        key=part_key("exclude", file.path),
        args=(view, {file.path: EXCLUDED}, f"{name} is excluded"),
    )


def _name(label: str) -> str:
    return plain(display_name(label))
