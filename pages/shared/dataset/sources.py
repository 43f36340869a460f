"""Where a dataset comes from: the sample, a folder of this machine, an upload. Each part ends in `choose_dataset`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from core import paths
from core.access import PUBLIC, Action, mode
from core.data.collections import published_of
from core.data.dataset import SAMPLE
from core.data.images import EXTENSIONS
from core.data.tables import TABLE_EXTENSIONS
from core.errors import AccessError, UserError
from pages.shared import state
from pages.shared.dataset.published import choose_published
from pages.shared.shell import uploads
from pages.shared.shell.access import guarded, may
from pages.shared.shell.server_folders import inside, subfolders
from pages.shared.widgets.progress_bar import follow
from pages.shared.widgets.text import plain

SAMPLE_SOURCE, PUBLISHED, SERVER = "Sample", "Published dataset", "Folder on this machine"
ZIP, FOLDER = "Upload a zip", "Upload a folder"

LAYOUT = (
    "One folder per class (cats/1.jpg, dogs/1.jpg), or the same inside parts such as train and val "
    "(train/cats/1.jpg, val/cats/2.jpg); what else can be read is asked about."
)


def choose_source() -> None:
    """The choice of the source and what it needs."""
    st.session_state.setdefault(state.SOURCE, _source_of(state.chosen_dataset()))
    offered = _offered()
    if st.session_state[state.SOURCE] not in offered:
        st.session_state[state.SOURCE] = SAMPLE_SOURCE
    source = st.segmented_control(
        "Where are the images?",
        offered,
        required=True,
        key=state.SOURCE,
        help="The other pages work on what is chosen here.",
        persist_state="session",
    )
    if source == SAMPLE_SOURCE:
        state.choose_dataset(SAMPLE)
        st.caption("Synthetic chest films, drawn by this program: 800 to train on, 160 to validate on, two classes.")
    try:
        if source == SERVER:
            _choose_server_folder()
        elif source == PUBLISHED:
            choose_published()
        elif source and source != SAMPLE_SOURCE:
            _choose_upload(source)
    except AccessError as error:
        st.error(plain(str(error)), icon=":material/lock:")
    if len(offered) == 1:
        whose = (
            "public one keeps to its sample" if mode() == PUBLIC else "one keeps to its sample for those who only look"
        )
        st.caption(f"Datasets of your own need an app of your own: this {whose}.")


def _offered() -> tuple[str, ...]:
    """Where this person may take a dataset from."""
    return (
        SAMPLE_SOURCE,
        *([PUBLISHED] if may(Action.FETCH) else []),
        *([SERVER] if may(Action.BROWSE) else []),
        *([ZIP, FOLDER] if may(Action.UPLOAD) else []),
    )


def _source_of(reference: str) -> str:
    if reference == SAMPLE:
        return SAMPLE_SOURCE
    if published_of(Path(reference)):
        return PUBLISHED
    return ZIP if uploads.is_upload(Path(reference)) else SERVER


@guarded(Action.BROWSE)
def _choose_server_folder() -> None:
    root = paths.data_root()
    if root is None:
        st.info(
            "To open folders of this machine, start Parity with PARITY_DATA naming the folder they lie in, for "
            "instance `PARITY_DATA=~/images make run`.",
            icon=":material/folder_off:",
        )
        return
    if not root.is_dir():
        st.warning(f"PARITY_DATA is {plain(root)}, but there is no such folder; make it, or set another.")
        return
    here = inside(root, str(st.session_state.get(state.FOLDER, "")))
    relative = here.relative_to(root).as_posix()
    st.caption("The folder you are in. " + LAYOUT)
    st.code(root.name if relative == "." else f"{root.name}/{relative}", language=None)
    _browse(root, here)


def _browse(root: Path, here: Path) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        key = state.browse_key(here)

        def descend() -> None:
            st.session_state[state.FOLDER] = str((here / st.session_state[key]).relative_to(root))

        def ascend() -> None:
            st.session_state[state.FOLDER] = str(here.parent.relative_to(root))

        names = subfolders(root, here)
        st.selectbox(
            "Open a folder in it",
            names,
            index=None,
            key=key,
            on_change=descend,
            disabled=not names,
            placeholder="Choose a folder" if names else "There is no folder in it",
        )
        st.button("Up", icon=":material/arrow_upward:", on_click=ascend, disabled=here == root)
        if st.button("Use this folder", type="primary", icon=":material/check:"):
            state.choose_dataset(str(here))


@guarded(Action.UPLOAD)
def _choose_upload(source: str) -> None:
    if source == ZIP:
        key = state.uploader_key("zip")
        zips = st.file_uploader(
            "A zip of images, or all zips into which Google Drive has divided one folder",
            type="zip",
            accept_multiple_files=True,
            key=key,
            help=f"{LAYOUT} Several zips given together become one dataset.",
        )
        if zips:
            _take(lambda progress: uploads.take_zips(zips, progress))
    else:
        key = state.uploader_key("folder")
        types = sorted(extension.removeprefix(".") for extension in EXTENSIONS | TABLE_EXTENSIONS)
        files = st.file_uploader(
            "A folder of images", type=types, accept_multiple_files="directory", key=key, help=LAYOUT
        )
        if files:
            _take(lambda progress: uploads.take_folder(files, progress))
    st.caption(LAYOUT)
    _choose_earlier()


def _take(take: Callable[[Any], Path]) -> None:
    """Takes an upload in; the uploader is emptied in any case, or every rerun would take it in again."""
    bar = st.progress(0.0, text="Storing the images …")
    try:
        folder = take(follow(bar, "Storing the images"))
    except UserError as error:
        st.session_state[state.NOTICE] = str(error)
    else:
        state.choose_dataset(str(folder))
    state.clear_uploader()
    st.rerun()


def _choose_earlier() -> None:
    """Uploads of earlier, to be chosen again; and what went wrong with the last one."""
    if notice := st.session_state.pop(state.NOTICE, ""):
        st.error(plain(notice))
    folders = [str(path) for path in uploads.earlier_uploads()]
    if not folders:
        return
    chosen = state.chosen_dataset()
    again = st.selectbox(
        "Uploaded earlier",
        folders,
        index=folders.index(chosen) if chosen in folders else None,
        format_func=_upload_title,
        placeholder="Choose an upload",
        help="Datasets that were uploaded before are still here.",
    )
    if again and again != chosen:
        state.choose_dataset(again)


def _upload_title(path: str) -> str:
    return uploads.upload_title(Path(path))
