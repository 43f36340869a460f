"""The Quality tab: images that are blurry, dark, blank, unusual or duplicates, by issue."""

from collections.abc import Sequence

import streamlit as st

from core.checks.quality import KINDS, Kind, Quality, assess
from core.data.corrections import EXCLUDED
from core.data.dataset_index import ImageFile
from core.data.file_names import display_name
from core.errors import UserError
from core.label_review.store import review_key
from core.sentences import counted
from pages.shared.dataset import curate
from pages.shared.dataset.image_grid import PER_PAGE, page_of, show_file
from pages.shared.shell.chosen_dataset import View
from pages.shared.state import QUALITY_KIND, page_key
from pages.shared.widgets.text import plain, sentence

_GROUPS = 8
"""Groups of duplicates on a page."""

_UNITS = {
    "blurry": "blur {:.2f}",
    "dark": "brightest {:.2f}",
    "light": "darkest {:.2f}",
    "low_information": "{:.1f} bits",
    "odd_size": "about {:.0f} px",
    "odd_aspect_ratio": "{:.1f} : 1",
}


def show_quality(view: View) -> None:
    """The eight issues with their counts, and the images of the selected one."""
    curate.show_notice()
    try:
        quality = quality_of(view)
    except UserError as error:
        st.error(plain(sentence(str(error))))
        return
    found = [kind for kind in KINDS if quality.count(kind.id)]
    if not found:
        st.success(
            f"No issues in {quality.images:,} images: none is blurry, dark, overexposed, blank, of unusual size or "
            "shape, or a duplicate.",
            icon=":material/check_circle:",
        )
    kind = _choose(quality, found)
    st.markdown(f"**{kind.title}**: {plain(kind.limit)}.")
    st.caption(plain(kind.meaning))
    if kind.id == "near_duplicates" and not quality.is_compared:
        st.info("Too many images to compare all pairs; only identical files were searched for.")
    elif quality.is_usual(kind.id):
        st.info("Most images have this property, so it is probably normal for this dataset.")
    if kind.id in quality.odd:
        _show_odd(view, kind, quality)
    else:
        _show_groups(view, kind, quality)


def quality_of(view: View) -> Quality:
    """The answers for what is trained on, kept until an image or a label changes.

    Raises:
        UnreadableImage: a file has gone or changed since the scan.
    """
    return _quality(review_key(view.dataset()), view)


def _choose(quality: Quality, found: Sequence[Kind]) -> Kind:
    kinds = {kind.id: kind for kind in KINDS}
    chosen = st.pills(
        "Issue",
        list(kinds),
        default=(found or KINDS)[0].id,
        required=True,
        key=QUALITY_KIND,
        help="The number is the count of images with this issue.",
        format_func={kind.id: f"{kind.title} {quality.count(kind.id):,}" for kind in KINDS}.__getitem__,
    )
    return kinds[str(chosen)]


def _show_odd(view: View, kind: Kind, quality: Quality) -> None:
    values = {odd.file.path: odd.value for odd in quality.odd[kind.id]}
    files = [odd.file for odd in quality.odd[kind.id]]
    if not files:
        st.caption(":material/check: None found.")
        return
    _leave_out(view, kind, files, _leave_odd(len(files)))
    shown = page_of(kind.id, files)
    with st.grid(min_column_width=130):
        for file in shown:
            show_file(view, file, _UNITS[kind.id].format(values[file.path]), with_class=True)


def _show_groups(view: View, kind: Kind, quality: Quality) -> None:
    groups = quality.groups[kind.id]
    if not groups:
        st.caption(":material/check: None found.")
        return
    torn = [group for group in groups if len({file.label for file in group}) > 1]
    agreed = [group for group in groups if group not in torn]
    if agreed:
        extra = [file for group in agreed for file in group[1:]]
        _leave_out(view, kind, extra, _leave_copies(len(agreed), len(extra)))
    if torn:
        where = "one group" if len(torn) == 1 else f"{len(torn):,} groups"
        st.caption(f":material/warning: In {where} the same image has different classes: choose the right one below.")
    part_of = {file.path: part for part in ("train", "val", "test") for file in view.part(part)}
    ordered = [*torn, *agreed]
    firsts = page_of(kind.id, [group[0] for group in ordered], _GROUPS)
    for group in (group for group in ordered if group[0] in firsts):
        with st.container(border=True):
            if group in torn:
                _ask_class(view, kind, group)
            with st.grid(min_column_width=130):
                for file in group[:PER_PAGE]:
                    show_file(view, file, part_of.get(file.path, ""), with_class=True)


def _ask_class(view: View, kind: Kind, group: Sequence[ImageFile]) -> None:
    """Which class a group of copies is that lies in several: one image of it is kept, or none."""
    st.caption(":material/warning: The same image under different classes. Which one is right?")
    if not curate.may_curate():
        return
    with st.container(horizontal=True):
        for label in sorted({file.label for file in group}):
            kept = next(file for file in group if file.label == label)
            left = {file.path: EXCLUDED for file in group if file is not kept}
            others = "the other copy is" if len(left) == 1 else f"the other {len(left):,} copies are"
            st.button(
                f"Relabel as {plain(display_name(label))}",
                key=page_key("decide", f"{kind.id}:{kept.path}"),
                help=f"Keeps one image of this class; {others} excluded.",
                on_click=curate.relabel,
                args=(view, left, f"One {label} is kept, {others} excluded. Undo it on the Labels tab."),
            )
        st.button(
            "Exclude all",
            type="tertiary",
            key=page_key("decide-none", f"{kind.id}:{group[0].path}"),
            on_click=curate.relabel,
            args=(
                view,
                {file.path: EXCLUDED for file in group},
                f"{counted(len(group), 'image')} {'is' if len(group) == 1 else 'are'} excluded. "
                "Undo it on the Labels tab.",
            ),
        )


def _leave_out(view: View, kind: Kind, files: Sequence[ImageFile], title: str) -> None:
    if not curate.may_curate():
        return
    one = len(files) == 1
    number = "1 image is" if one else f"{len(files):,} images are"
    stay = "The file is kept but" if one else "The files are kept but"
    st.button(
        title,
        icon=":material/visibility_off:",
        key=page_key("leave-out", kind.id),
        help=f"{stay} no longer used for training. Undo it on the Labels tab.",
        on_click=curate.relabel,
        args=(view, {file.path: EXCLUDED for file in files}, f"{number} excluded. Undo it on the Labels tab."),
    )


def _leave_odd(number: int) -> str:
    """What the button says that leaves so many single images out."""
    return "Exclude this image" if number == 1 else f"Exclude these {number:,} images"


def _leave_copies(groups: int, extra: int) -> str:
    """What the button says that keeps the first image of each group and leaves out the rest, `extra` in all."""
    if groups == 1:
        return "Keep one of the two, exclude the other" if extra == 1 else f"Keep one, exclude the other {extra:,}"
    return f"Keep one of each group, exclude the other {extra:,}"


@st.cache_data(max_entries=8, show_spinner="Comparing the images …")
def _quality(key: str, _view: View) -> Quality:
    """The answers for what is trained on; the key alone says whether they are known already."""
    return assess(_view.index)
