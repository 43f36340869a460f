"""Grid of a dataset's images as thumbnails, with pages."""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from core.data.dataset_index import ImageFile
from core.data.file_names import display_name
from core.data.images import thumbnail
from core.errors import UnreadableImage
from pages.shared.shell.chosen_dataset import View
from pages.shared.state import page_key
from pages.shared.widgets.text import plain, sentence

PER_PAGE = 24
SIDE = 192

_LONGEST = 20
"""Characters of a name that fit under an image on a phone; the whole name is in its description."""


def show_file(view: View, file: ImageFile, note: str = "", *, with_class: bool = False) -> None:
    """One image with its name and a note, or why it cannot be shown.

    Args:
        view: View.
        file: ImageFile. Of that view, or of the same folder as it is on disk.
        note: What to say below the name. Defaults to nothing.
        with_class: Whether the caption begins with the class. Defaults to `False`.
    """
    name = display_name(file.path.rsplit("/", 1)[-1])
    try:
        image = small_image(view, file)
    except UnreadableImage as error:
        st.caption(plain(sentence(str(error))))
        return
    words = [*([_short(file.label)] if with_class else []), _short(name), *([note] if note else [])]
    caption = " · ".join(map(plain, words))
    st.image(image, width="stretch", caption=caption, alt=f"{display_name(file.label)}: {name}")


def small_image(view: View, file: ImageFile) -> bytes:
    """An image as a small JPEG, kept while others are looked at.

    Args:
        view: View.
        file: ImageFile. Of that view, or of the same folder as it is on disk.

    Raises:
        UnreadableImage: it has gone or changed since the scan.
    """
    return _thumbnail(str(view.path(file)), file.sha256)


def page_of(kind: str, files: Sequence[ImageFile], most: int = PER_PAGE) -> Sequence[ImageFile]:
    """The files of the page the person is at, with the control to leaf through them where there are several.

    Args:
        kind: Tells this list from others on the page.
        files: All of them.
        most: Files on a page. Defaults to `PER_PAGE`.
    """
    pages = -(-len(files) // most)
    page = st.pagination(pages, key=page_key(kind, str(len(files)))) if pages > 1 else 1
    first = (page - 1) * most
    if pages > 1:
        st.caption(f"{first + 1:,} to {min(first + most, len(files)):,} of {len(files):,}")
    return files[first : first + most]


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[:9]}…{name[-9:]}"


@st.cache_data(max_entries=2000, show_spinner=False)
def _thumbnail(path: str, sha256: str) -> bytes:  # the hash only says whether the kept image still holds
    return thumbnail(Path(path), SIDE)
