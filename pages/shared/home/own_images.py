"""The Home page's way to a training on images of one's own: a zip or a folder, then look it over and press Start."""

from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core import paths
from core.access.roles import Action
from core.errors import UserError
from pages.shared import state
from pages.shared.shell import uploads
from pages.shared.shell.access import guarded, may
from pages.shared.shell.server_folders import inside, subfolders
from pages.shared.widgets.progress_bar import follow
from pages.shared.widgets.text import plain


def show_own_images() -> None:
    """The place to drop a zip, and the way to images that lie elsewhere."""
    st.subheader(":material/add_photo_alternate: Train on your images", anchor=False)
    if not may(Action.UPLOAD):
        st.markdown("This app only offers its sample. Run Parity on your own machine to use your own images.")
        return
    zips = st.file_uploader(
        "A zip with one folder per class",
        type="zip",
        accept_multiple_files=True,
        key=state.uploader_key("home"),
        help="cats/1.jpg, dogs/1.jpg, or the same inside train and val. Several zips become one dataset.",
    )
    if notice := st.session_state.pop(state.NOTICE, ""):
        st.error(plain(notice), icon=":material/error:")
    if zips:
        _take(zips)
    if may(Action.BROWSE):
        _choose_folder()
    st.page_link(
        "pages/dataset.py", label="Upload a folder, or download a public dataset", icon=":material/folder_open:"
    )
    st.caption("Then the Train page opens with the recommended settings; press Start training there.")


@guarded(Action.BROWSE)
def _choose_folder() -> None:
    """A folder of this machine, where a root was named; deeper ones are chosen on the Dataset page."""
    root = paths.data_root()
    names = subfolders(root, root) if root and root.is_dir() else []
    if root is None or not names:
        return
    name = st.selectbox(
        "Or a folder on this machine",
        names,
        index=None,
        key=state.HOME_FOLDER,
        placeholder="Choose a folder",
        help="Folders directly in PARITY_DATA; open deeper ones on the Dataset page.",
    )
    if name:
        st.session_state.pop(state.HOME_FOLDER, None)
        _go_on(inside(root, name))


def _take(zips: list[UploadedFile]) -> None:
    """Takes zips in and leads to the Train page with what is recommended; the uploader is emptied in any case."""
    bar = st.progress(0.0, text="Storing the images …")
    try:
        folder = uploads.take_zips(zips, follow(bar, "Storing the images"))
    except UserError as error:
        st.session_state[state.NOTICE] = str(error)
        state.clear_uploader()
        st.rerun()
    state.clear_uploader()
    _go_on(folder)


def _go_on(folder: Path) -> None:
    """Leads to the Train page, which begins with recommended settings."""
    state.choose_dataset(str(folder))
    st.session_state.pop(state.SOURCE, None)  # the Dataset page shows where it came from
    st.switch_page("pages/train.py")
