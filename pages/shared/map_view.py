"""The Map tab: every picture as a dot, similar ones near each other; a lasso picks some to look at."""

from collections.abc import Sequence

import streamlit as st

from core.data.corrections import EXCLUDED
from core.data.images import display_name
from core.data.scan import ImageFile
from pages.shared import curate
from pages.shared.dataset_view import SPLITS, View
from pages.shared.frame import plain
from pages.shared.map_charts import map_figure, selected_files
from pages.shared.picture_grid import page_of, show_file
from pages.shared.review_view import show_review
from pages.shared.state import part_key


def show_map(view: View) -> None:
    """The map, and the pictures that are picked on it."""
    curate.show_notice()
    found = show_review(view, "map")
    if found is None:
        return
    there = {file.path: file for file in view.index.files}
    rows = [{**row, "label": there[row["file"]].label} for row in found.record["files"] if row["file"] in there]
    part_of = {file.path: part for part in SPLITS for file in view.part(part)}
    st.caption(
        "Each dot is a picture; what the network finds similar lies close together (the two directions in which its "
        "features vary most). Draw a lasso around dots, or click one, to see the pictures."
    )
    event = st.plotly_chart(
        map_figure(rows, part_of, view.index.classes, found.record["explained"]),
        on_select="rerun",
        selection_mode=("points", "box", "lasso"),
        key=part_key("map", view.reference),
        alt=_words(view, len(rows)),
        config={"displaylogo": False, "modeBarButtonsToRemove": ["autoScale2d", "toImage"]},
    )
    files = [there[path] for path in selected_files(event) if path in there]
    if files:
        _show_selected(view, files)


def _words(view: View, number: int) -> str:
    classes = ", ".join(display_name(name) for name in view.index.classes)
    return f"Map of {number} pictures, one dot each, coloured by class: {classes}."


def _show_selected(view: View, files: Sequence[ImageFile]) -> None:
    st.markdown(f"##### {len(files):,} selected")
    if curate.may_curate():
        _actions(view, files)
    shown = page_of("selected", files)
    with st.grid(min_column_width=130):
        for file in shown:
            show_file(view, file, with_class=True)


def _actions(view: View, files: Sequence[ImageFile]) -> None:
    """What can be done with all of them at once."""
    number = "1 picture is" if len(files) == 1 else f"{len(files):,} pictures are"
    with st.container(horizontal=True):
        st.button(
            "Leave them out",
            icon=":material/visibility_off:",
            key=part_key("map", "exclude"),
            on_click=curate.relabel,
            args=(view, {file.path: EXCLUDED for file in files}, f"{number} left out. The Labels tab takes it back."),
        )
        for label in view.index.classes[:6]:
            others = {file.path: label for file in files if file.label != label}
            if others:
                name = display_name(label)
                st.button(
                    f"They are {plain(name)}",
                    icon=":material/swap_horiz:",
                    key=part_key("map", "relabel", label),
                    on_click=curate.relabel,
                    args=(view, others, f"{len(others):,} given the class {name}. The Labels tab takes it back."),
                )
