"""The Map tab: every image as a dot, similar ones near each other; a lasso picks some to look at."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.data.corrections import EXCLUDED
from core.data.dataset_index import ImageFile
from core.data.file_names import display_name
from core.errors import UserError
from pages.shared.dataset import curate
from pages.shared.dataset.image_grid import page_of, show_file
from pages.shared.dataset.map_charts import map_figure, near_order, selected_files
from pages.shared.dataset.map_colours import (
    CLASS,
    COLOURS,
    FIT,
    QUALITY,
    SPLIT,
    Group,
    by_class,
    by_fit,
    by_quality,
    by_split,
    note_of,
    problems_of,
)
from pages.shared.dataset.map_hover import answer_hover
from pages.shared.dataset.quality_view import quality_of
from pages.shared.dataset.review_view import show_review
from pages.shared.shell.chosen_dataset import SPLITS, View
from pages.shared.state import MAP_CHART, MAP_CLICKED, MAP_COLOUR, MAP_PROJECTION, part_key
from pages.shared.widgets.text import plain, sentence

if TYPE_CHECKING:
    from core.store.job_records import ReviewResult


PCA, TSNE = "pca", "tsne"
PROJECTIONS = {PCA: "PCA (overview)", TSNE: "t-SNE (local neighbourhoods)"}

_PROJECTION_HELP = (
    "PCA: the two directions of largest variance; images far apart are different, but differences in other "
    "directions are not visible. t-SNE: images with similar features lie together and groups separate more clearly; "
    "distances between groups and their sizes have no meaning."
)
_COLOUR_HELP = (
    "Label quality: how well the label fits by the label review, from 0 (likely wrong) to 1. Quality: what the "
    "Quality tab finds; an image with several issues has the colour of the first."
)


def show_map(view: View) -> None:
    """The map, and the images that are picked on it."""
    curate.show_notice()
    found = show_review(view, "map")
    if found is None:
        return
    projection, colour = _choose()
    files = {file.path: file for file in view.index.files}
    rows = _rows(view, files, found.record, projection)
    if not rows:
        st.info("t-SNE is not available for this map: it needs the package scikit-learn.")
        return
    groups = _coloured(view, rows, colour)
    _explain(projection, len(rows), sum(row["file"] in files for row in found.record.files))
    with st.container(key=MAP_CHART, gap=None):
        event = st.plotly_chart(
            map_figure(rows, groups, _axes(projection, found.record.explained)),
            on_select="rerun",
            selection_mode=("points", "box", "lasso"),
            key=part_key("map", view.reference),
            alt=_words(view, len(rows)),
            config={"displaylogo": False, "modeBarButtonsToRemove": ["autoScale2d", "toImage"]},
        )
        ordered = [files[rows[k]["file"]] for k in near_order(rows)]
        lassoed = selected_files(event)
        answer_hover(view, ordered, part_key("map-hover", view.reference), partial(_click, lassoed=lassoed))
    picked = [files[path] for path in _picked(lassoed) if path in files]
    if picked:
        _show_selected(view, picked)


def _click(file: str, lassoed: list[str]) -> None:
    st.session_state[MAP_CLICKED] = (file, lassoed)


def _picked(lassoed: list[str]) -> list[str]:
    """The dot that was clicked since the last lasso, else those in the lasso."""
    file, before = st.session_state.get(MAP_CLICKED, ("", []))
    return [file] if file and before == lassoed else lassoed


def _choose() -> tuple[str, str]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        projection = st.segmented_control(
            "Projection",
            list(PROJECTIONS),
            default=PCA,
            required=True,
            key=MAP_PROJECTION,
            format_func=PROJECTIONS.__getitem__,
            help=_PROJECTION_HELP,
        )
        colour = st.segmented_control(
            "Colour by",
            list(COLOURS),
            default=CLASS,
            required=True,
            key=MAP_COLOUR,
            format_func=COLOURS.__getitem__,
            help=_COLOUR_HELP,
        )
    return str(projection), str(colour)


def _rows(view: View, files: Mapping[str, ImageFile], record: "ReviewResult", projection: str) -> list[dict[str, Any]]:
    """What the review says of each image that is still there and has a place, under the label it has now."""
    part_of = {file.path: part for part in SPLITS for file in view.part(part)}
    rows = []
    for row in record.files:
        position = (row["x"], row["y"]) if projection == PCA else row.get("tsne")
        if row["file"] in files and row["file"] in part_of and position:
            now = {**row, "label": files[row["file"]].label, "part": part_of[row["file"]]}
            rows.append({**now, "x": position[0], "y": position[1], "note": note_of(now)})
    return rows


def _coloured(view: View, rows: list[dict[str, Any]], colour: str) -> list[Group]:
    if colour == SPLIT:
        return by_split(rows)
    if colour == FIT:
        return by_fit(rows)
    if colour == QUALITY:
        try:
            problems = problems_of(quality_of(view))
        except UserError as error:
            st.error(plain(sentence(str(error))))
            problems = {}
        for row in rows:
            row["note"] = note_of(row, problems.get(row["file"], ()))
        return by_quality(rows, problems)
    return by_class(rows, view.index.classes)


def _axes(projection: str, explained: Sequence[float]) -> tuple[str, str]:
    if projection == TSNE:
        return "", ""
    return f"First component ({explained[0]:.0%} of the variance)", f"Second component ({explained[1]:.0%})"


def _explain(projection: str, number: int, all_of_them: int) -> None:
    way = "PCA: the two directions of largest variance" if projection == PCA else "t-SNE"
    text = (
        f"Each dot is an image; images with similar features lie close together ({way}). Point at a dot to see its "
        "image. Draw a lasso or click a dot to list images below."
    )
    if number < all_of_them:
        text += f" Shows {number:,} of {all_of_them:,} images, chosen by their content; more would take too long."
    st.caption(text)


def _words(view: View, number: int) -> str:
    classes = ", ".join(display_name(name) for name in view.index.classes)
    return f"Map of {number} images, one dot each; the classes are {classes}. Selected images are listed below it."


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
    number = "1 image is" if len(files) == 1 else f"{len(files):,} images are"
    with st.container(horizontal=True):
        st.button(
            "Exclude them",
            icon=":material/visibility_off:",
            key=part_key("map", "exclude"),
            on_click=curate.relabel,
            args=(view, {file.path: EXCLUDED for file in files}, f"{number} excluded. Undo it on the Labels tab."),
        )
        for label in view.index.classes[:6]:
            others = {file.path: label for file in files if file.label != label}
            if others:
                name = display_name(label)
                st.button(
                    f"Relabel as {plain(name)}",
                    icon=":material/swap_horiz:",
                    key=part_key("map", "relabel", label),
                    on_click=curate.relabel,
                    args=(view, others, f"{len(others):,} relabeled as {name}. Undo it on the Labels tab."),
                )
