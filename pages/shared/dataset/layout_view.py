"""Layout of a dataset's folders on the Dataset page: how they were read, and another way to read them."""

from pathlib import Path

import streamlit as st

from core.access.roles import Action
from core.data.dataset import SAMPLE
from core.data.file_names import display_name
from core.data.layout_choice import AUTO, ROLES, Choice, by_hand, read_choice, remember_choice
from core.data.listing import Folder, list_folder
from core.data.table_choice import read_table_choice, remember_table
from core.errors import DataError, LayoutQuestion, UserError
from pages.shared.dataset import curate
from pages.shared.dataset.table_view import choose_table
from pages.shared.shell.access import guarded
from pages.shared.shell.chosen_dataset import SPLITS, View, forget_scans, without_path
from pages.shared.state import CURATE_NOTICE, part_key
from pages.shared.widgets.text import plain, sentence

_MOST_FOLDERS = 500
_TITLES = {"train": "Training folders", "val": "Validation folders", "test": "Test folders"}


def ask(reference: str, question: LayoutQuestion) -> None:
    """Says that a folder can be read in several ways, or not at all, and offers what there is to choose."""
    curate.show_notice()
    st.warning(plain(without_path(reference, DataError(question.here))), icon=":material/help:")
    if curate.may_curate():
        _choose(reference, question.ways, "")
    else:
        st.info("Only a user who may change this dataset can choose.", icon=":material/lock:")


def show_reading(view: View) -> None:
    """How the folders were read and why, with another choice behind a fold."""
    index = view.index
    if view.reference == SAMPLE or not index.reading:
        return
    st.caption(plain(f"Folders read as {index.reading}: {' '.join(index.reasons)}"))
    if curate.may_curate():
        with st.expander("Choose how to read the folders", icon=":material/account_tree:"):
            _choose(view.reference, index.others, index.reading)


def _choose(reference: str, ways: tuple[tuple[str, str], ...], current: str) -> None:
    words: dict[str, str] = {}
    for key, reads in ways:
        words[plain(reads if plain(reads) not in words else f"{reads} ({key})")] = key
    word = None
    if words:
        chosen = st.radio(
            "The images then are",
            list(words),
            index=None if current else 0,
            key=part_key("layout", "ways", reference, current),
            help="Saved next to the images and used by every run until you change it.",
        )
        word = words.get(chosen or "")
    with st.container(horizontal=True):
        st.button(
            "Use this layout",
            icon=":material/check:",
            key=part_key("layout", "take"),
            disabled=word is None,
            on_click=_take,
            args=(reference, Choice(word or AUTO)),
        )
        if _has_chosen(reference):
            st.button(
                "Revert to automatic",
                icon=":material/undo:",
                key=part_key("layout", "forget"),
                on_click=_take,
                args=(reference, Choice()),
            )
    if st.toggle(
        "Assign each folder to a part",
        key=part_key("layout", "by hand"),
        help="For folders whose names do not indicate their part: training, validation, test or excluded.",
    ):
        _by_hand(reference)
    if st.toggle(
        "Take the labels from a table",
        key=part_key("layout", "table"),
        help="For a CSV, TSV, JSON or Parquet file that lists the images with their classes.",
    ):
        choose_table(reference)


def _by_hand(reference: str) -> None:
    """Three lists of folders: what trains, validates and tests."""
    try:
        folders = _folders(list_folder(Path(reference)))
    except UserError as error:
        st.error(plain(sentence(str(error))))
        return
    chosen = {role: _part_of(role, folders, reference) for role in ROLES}
    st.button(
        "Use these parts",
        icon=":material/check:",
        key=part_key("layout", "use"),
        disabled=not chosen["train"],
        on_click=_take_parts,
        args=(reference, chosen),
    )


def _part_of(role: str, folders: list[str], reference: str) -> tuple[str, ...]:
    chosen = st.multiselect(
        _TITLES[role],
        folders,
        key=part_key("layout", role, reference),
        format_func=display_name,
        help=f"Each holds the class folders of the part {SPLITS[role]}.",
    )
    return tuple(chosen)


def _folders(top: Folder) -> list[str]:
    """Paths of folders that may be parts: with folders that hold images below them."""
    found = [folder.path for folder in top.walk() if folder.path and folder.filled]
    return found[:_MOST_FOLDERS]


def _take_parts(reference: str, chosen: dict[str, tuple[str, ...]]) -> None:
    """Keeps parts that were named by hand; for a button's `on_click`."""
    try:
        choice = by_hand(chosen)
    except UserError as error:
        st.session_state[CURATE_NOTICE] = (False, sentence(str(error)))
    else:
        _take(reference, choice)


def _take(reference: str, choice: Choice) -> None:
    """Keeps a choice; for a button's `on_click`."""
    try:
        _remember(reference, choice)
    except UserError as error:
        st.session_state[CURATE_NOTICE] = (False, sentence(str(error)))
        return
    forget_scans()
    said = "Reverted: folder names and structure decide." if choice.is_auto else "The folders have been read again."
    st.session_state[CURATE_NOTICE] = (True, said)


@guarded(Action.CURATE)
def _remember(reference: str, choice: Choice) -> None:
    root = Path(reference).resolve()
    remember_table(root, None)
    remember_choice(root, choice)


def _has_chosen(reference: str) -> bool:
    root = Path(reference).resolve()
    return not read_choice(root).is_auto or read_table_choice(root) is not None
