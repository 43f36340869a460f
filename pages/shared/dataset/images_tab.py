"""The Images tab: the images of a split and class, searched by name, in their order or shuffled, each in detail."""

import random
from collections.abc import Sequence

import streamlit as st

from core.data.corrections import EXCLUDED
from core.data.dataset_index import ImageFile
from core.data.file_names import display_name
from core.data.images import thumbnail
from core.errors import UnreadableImage
from core.sentences import counted
from pages.shared import state
from pages.shared.dataset import curate
from pages.shared.dataset.image_grid import PER_PAGE, show_file
from pages.shared.shell.chosen_dataset import SPLITS, View
from pages.shared.widgets.text import plain, sentence

_LARGE, _SMALL = 900, 400
LONGEST_SEARCH = 200


def show_images(view: View) -> None:
    """A page of images of one split and class."""
    curate.show_notice()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        split = _choose_split(view)
        label = _choose_class(view)
        words = st.text_input(
            "Search", key=state.IMAGES_SEARCH, on_change=_first_page, max_chars=LONGEST_SEARCH,
            icon=":material/search:", width=220, placeholder="part of the file name",
            help="Any part of the path; not case-sensitive.",
        )  # fmt: skip
        st.button("Shuffle", icon=":material/shuffle:", on_click=_shuffle, help="Random order.")
        if state.IMAGES_ORDER in st.session_state:
            st.button("As on disk", icon=":material/sort:", type="tertiary", on_click=_unshuffle)
    chosen = matching(view.part(split), label, words or "")
    if not chosen:
        what = f"whose name contains “{plain(words)}”" if words else "of this class in this split"
        st.info(f"There are no readable images {what}.")
        return
    page = _choose_page(-(-len(chosen) // PER_PAGE))
    first = (page - 1) * PER_PAGE
    shown = _ordered(chosen)[first : first + PER_PAGE]
    st.caption(f"{first + 1:,} to {first + len(shown):,} of {counted(len(chosen), 'image')}")
    with st.grid(min_column_width=110):
        for file in shown:
            with st.container(gap="xxsmall"):
                show_file(view, file, with_class=True)
                st.button(
                    "Detail", icon=":material/zoom_in:", type="tertiary", key=state.part_key("detail", file.path),
                    on_click=_choose, args=(file.path,), help=f"Shows {plain(display_name(file.path))} enlarged.",
                )  # fmt: skip
    if large := view.find(st.session_state.pop(state.IMAGE_DETAIL, "")):
        _show_detail(view, large, split)


def matching(files: Sequence[ImageFile], label: str, words: str) -> list[ImageFile]:
    """The files of a class (empty for all) whose path holds some words, whatever their case."""
    wanted = words.strip().casefold()
    return [file for file in files if label in ("", file.label) and wanted in display_name(file.path).casefold()]


def _ordered(files: list[ImageFile]) -> list[ImageFile]:
    seed = st.session_state.get(state.IMAGES_ORDER)
    return files if seed is None else random.Random(seed).sample(files, len(files))  # noqa: S311 (an order to look at)


def _shuffle() -> None:
    st.session_state[state.IMAGES_ORDER] = int(st.session_state.get(state.IMAGES_ORDER, 0)) + 1


def _unshuffle() -> None:
    st.session_state.pop(state.IMAGES_ORDER, None)


def _choose(path: str) -> None:
    st.session_state[state.IMAGE_DETAIL] = path


@st.dialog("Image", width="large")
def _show_detail(view: View, file: ImageFile, split: str) -> None:
    """The image large, what is known of it, and what can be done about its label."""
    try:
        image = thumbnail(view.path(file), _LARGE)
    except UnreadableImage as error:
        st.error(plain(sentence(str(error))))
        return
    width = min(_LARGE, max(_SMALL, file.width))
    st.image(image, width=width, alt=f"{display_name(file.label)}: {display_name(file.path)}")
    st.markdown(f"**{plain(display_name(file.path))}**")
    place = f"{SPLITS[split]}, class {plain(display_name(file.label))}"
    st.caption(f"{place} · {file.width} × {file.height} pixels · {plain(file.format)} {plain(file.mode)}")
    if not curate.may_curate():
        return
    with st.container(horizontal=True):
        for other in (name for name in view.index.classes[:_MOST_CLASSES] if name != file.label):
            name = plain(display_name(other))
            st.button(
                f"Relabel as {name}", key=state.part_key("detail-class", file.path, other), on_click=curate.relabel,
                args=(view, {file.path: other}, f"1 image is {other} now. Undo it on the Labels tab."),
            )  # fmt: skip
        st.button(
            "Exclude it", icon=":material/visibility_off:", type="tertiary",
            key=state.part_key("detail-out", file.path), on_click=curate.relabel,
            args=(view, {file.path: EXCLUDED}, "1 image is excluded. Undo it on the Labels tab."),
        )  # fmt: skip


_MOST_CLASSES = 20
"""So many are offered as buttons; of more the Labels tab has a list."""


def _choose_split(view: View) -> str:
    filled = [split for split in SPLITS if view.part(split)]
    if st.session_state.get(state.IMAGES_SPLIT) not in filled:
        st.session_state[state.IMAGES_SPLIT] = filled[0] if filled else None
    chosen = st.segmented_control(
        "Split", filled, key=state.IMAGES_SPLIT, on_change=_first_page, required=True,
        format_func=SPLITS.__getitem__,
    )  # fmt: skip
    return str(chosen or "train")


def _choose_class(view: View) -> str:
    offered = ["", *view.index.classes]
    if st.session_state.get(state.IMAGES_CLASS) not in offered:
        st.session_state[state.IMAGES_CLASS] = ""  # it was named by an address, or is a class of another dataset
    key, first = state.IMAGES_CLASS, _first_page
    return st.selectbox("Class", offered, format_func=_class_title, key=key, on_change=first) or ""


def _choose_page(pages: int) -> int:
    """The page that is shown; the last one where an address names a later one."""
    asked = min(max(int(st.session_state.get(state.IMAGES_PAGE, 1)), 1), pages)
    st.session_state[state.IMAGES_PAGE] = asked
    if pages == 1:
        return 1
    return st.pagination(pages, key=state.IMAGES_PAGE)


def _first_page() -> None:
    st.session_state[state.IMAGES_PAGE] = 1


def _class_title(name: str) -> str:
    return display_name(name) or "All classes"
