"""Tabs of the Dataset page: overview, augmentation, batch composition, problems."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core.checks.data import data_findings
from core.config import TrainConfig, setting
from core.data.augment import augment
from core.data.dataset_index import ImageFile
from core.data.file_names import display_name
from core.data.images import load
from core.data.ingest import upload_notes
from core.data.order import balanced_batches, batch_mix, draw_of_epoch, epoch_batches
from core.data.rendering import SQUARES
from core.errors import UnreadableImage
from core.notation.augmentation import PRESETS
from pages.shared.dataset import charts as dataset_charts
from pages.shared.dataset import curate, repair
from pages.shared.dataset.findings_view import show_checks
from pages.shared.dataset.health import left_out, show_health
from pages.shared.dataset.image_grid import SIDE
from pages.shared.dataset.layout_view import show_reading
from pages.shared.shell.chosen_dataset import SPLITS, View, data_config
from pages.shared.state import field_key
from pages.shared.widgets import fields
from pages.shared.widgets.counts import in_thousands
from pages.shared.widgets.findings import show_findings
from pages.shared.widgets.text import plain, sentence

EPOCHS = 8


def show_metrics(view: View) -> None:
    """The dataset in numbers."""
    counts = view.counts()
    numbers = {"Images": len(view.index.files), "Classes": len(view.index.classes)}
    numbers |= {SPLITS[split]: number for split, number in counts.items() if number or split != "test"}
    numbers |= {"Unreadable": len(view.index.unreadable), "Excluded": left_out(view)}
    with st.grid(min_column_width=110):
        for label, number in numbers.items():
            st.metric(label, f"{number:,}", border=True)


def show_overview(view: View) -> None:
    """Health, counts per class and split, sizes, pixel formats, notes."""
    curate.show_notice()
    show_health(view)
    counts = _counts(view)
    left, right = st.columns([3, 2])
    with left:
        st.markdown("##### Images per class")
        alt = "; ".join(f"{split}: {sum(classes.values())} images" for split, classes in counts.items())
        st.altair_chart(dataset_charts.count_chart(counts), alt=f"Bars of images by class and split. {alt}.")
        if said := dataset_charts.drawn_words(counts):
            st.caption(said)
    with right:
        st.markdown("##### Counts")
        table = dataset_charts.count_table(counts)
        columns: dict[str, Any] = dict.fromkeys(map(str, table.columns), st.column_config.NumberColumn(width=70))
        # Whatever the length of a name, the counts stay in sight.
        columns["Class"] = st.column_config.TextColumn(width=_class_width(counts), pinned=True)
        st.dataframe(in_thousands(table), hide_index=True, alt="Images by class and split.", column_config=columns)
    _show_sizes(view)
    if view.index.unreadable or view.skipped:
        st.caption(":material/warning: Some files could not be used; see the Problems tab.")
    for note in (*view.index.notes, *decisions(view)):
        st.caption(plain(note))
    show_reading(view)
    st.caption("How the images are split and prepared follows the settings of the Train page.")


def decisions(view: View) -> list[str]:
    """Sentences on what people have decided about the dataset, beside its folders."""
    own = view.split_file.sentence(view.index) if view.split_file else ""
    notes = upload_notes(Path(view.reference))
    return [said for said in (*notes, view.corrections.sentence(), own) if said]


def show_augmentation(view: View) -> None:
    """One image as it is, and as it will be in the first epochs."""
    if not view.split.train:
        st.info("There are no training images to change.")
        return
    config = data_config()
    left, middle, right = st.columns([2, 1, 1])
    with left:
        kind = st.segmented_control(
            "Augmentation",
            dict.fromkeys((*PRESETS, config.augmentation)),
            default=config.augmentation,
            required=True,
            format_func=_augmentation_title,
            help=plain(setting("data.augmentation").metadata["help"]),
        )
    with middle:
        number = st.number_input(
            "Training image", 1, len(view.split.train), value=1, help="Its index in the order on disk."
        )
    with right:
        draws = st.number_input(
            "Augmented copies per image",
            0,
            1000,
            value=config.augmentation_draws,
            help=plain(setting("data.augmentation_draws").metadata["help"]),
        )
    file = view.split.train[number - 1]
    side, how = config.image_size, SQUARES[config.fit]
    st.caption(f"{plain(display_name(file.path))}, {how} {side} × {side} pixels")
    _show_draws(view, file, str(kind), int(draws))


def show_xray(view: View) -> None:
    """What every batch of an epoch holds."""
    if not view.split.train:
        st.info("There are no training images.")
        return
    st.caption("Classes in each batch of an epoch. Starts from the Train page's settings and does not change them.")
    shuffle, batch_size, drop, balanced, seed, epoch = _xray_controls()
    labels = view.labels()
    batches = epoch_batches(len(labels), batch_size, shuffle, seed=seed, epoch=epoch - 1, drop_remainder=drop)
    if balanced:
        batches = balanced_batches(batches, labels, seed=seed, epoch=epoch - 1)
    mix = batch_mix(labels, batches, len(view.index.classes))
    order = labels[np.concatenate(batches)] if batches else labels[:0]
    sentence = dataset_charts.describe_mix(mix, order, view.index.classes)
    st.markdown(f":material/radiology: **{plain(sentence)}**")
    if len(mix):
        figure = dataset_charts.mix_figure(mix, view.index.classes)
        st.plotly_chart(figure, alt=sentence, config={"displaylogo": False, "displayModeBar": False})
    left_out = len(labels) - len(order)
    if left_out and batches:
        dropped = (
            "image is dropped because it does" if left_out == 1 else f"{left_out:,} images are dropped because they do"
        )
        st.caption(f"The last {dropped} not fill a batch.")


def show_problems(view: View) -> None:
    """Findings on the files, checks, empty classes, unreadable and skipped files."""
    index = view.index
    if view.problem:
        st.error(plain(view.problem))
    curate.show_notice()
    repair.show_undo(view)
    findings = data_findings(index)
    show_findings(findings)
    found = show_checks(view)
    for name in index.empty_classes:
        st.warning(f"The class {plain(display_name(name))} has no readable image.")
    if index.unreadable:
        st.markdown("##### Images that cannot be read")
        rows = [{"File": display_name(bad.path), "Reason": bad.reason} for bad in index.unreadable]
        st.dataframe(pd.DataFrame(rows), hide_index=True, alt="Unreadable images with the reason.")
    if view.skipped:
        st.markdown("##### Skipped files")
        rows = [{"File": display_name(path), "Why": f"It {why}."} for path, why in view.skipped]
        st.dataframe(pd.DataFrame(rows), hide_index=True, alt="Skipped files with the reason.")
    if not (findings or found or view.problem or index.empty_classes or index.unreadable or view.skipped):
        st.success("Every file could be read; none was skipped.", icon=":material/check_circle:")


def _counts(view: View) -> dict[str, dict[str, int]]:
    counts = {}
    for split, title in SPLITS.items():
        files = view.part(split)
        if files or split != "test":
            counts[title] = {name: sum(file.label == name for file in files) for name in view.index.classes}
    return counts


def _show_sizes(view: View) -> None:
    sizes, modes = view.index.sizes(), view.index.modes()
    left, right = st.columns([3, 2])
    with left:
        st.markdown("##### Sizes")
        rows = [{"Width": w, "Height": h, "Images": number} for (w, h), number in sizes.items()]
        sizes_table = in_thousands(pd.DataFrame(rows))
        st.dataframe(sizes_table, hide_index=True, height=_height(rows), alt="Images by width and height.")
    with right:
        st.markdown("##### Colour modes")
        found = [{"Mode": _mode(mode), "Images": number} for mode, number in modes.items()]
        modes_table = in_thousands(pd.DataFrame(found))
        st.dataframe(modes_table, hide_index=True, height=_height(found), alt="Images by colour mode.")


def _class_width(counts: dict[str, dict[str, int]]) -> int:
    """Pixels of the column of names: as wide as they are, as far as there is room for the counts beside it."""
    longest = max((len(name) for classes in counts.values() for name in classes), default=0)
    return min(max(90, 8 * longest), 150 if len(counts) < 3 else 110)


def _height(rows: Sequence[object]) -> int:
    return 38 + 35 * min(max(1, len(rows)), 6)


def _mode(mode: str) -> str:
    words = {
        "RGB": "colour",
        "L": "grey",
        "LA": "grey with transparency",
        "I": "32-bit grey",
        "F": "floating-point grey",
        "RGBA": "colour with transparency",
        "P": "palette",
        "CMYK": "CMYK colour",
        "YCbCr": "colour",
        "1": "black and white",
    } | dict.fromkeys(("I;16", "I;16B", "I;16L"), "16-bit grey")
    return f"{words.get(mode, 'other')} ({mode})"


def _augmentation_title(kind: str) -> str:
    return kind.capitalize() if kind in PRESETS else "The Train page's list"


def _order_title(order: str) -> str:
    return {"samples": "Every epoch", "batches": "Batch order only"}.get(order, "Off")


def _show_draws(view: View, file: ImageFile, kind: str, draws: int) -> None:
    config = data_config()
    try:
        pixels = load(view.path(file), config.image_size, view.dataset().rendering(config))
    except UnreadableImage as error:
        st.error(plain(sentence(str(error))))
        return
    st.image(pixels, width=SIDE, caption="original", alt="The image without augmentation.")
    if kind == "none":
        st.info("Without augmentation every epoch uses this same image. Choose an augmentation to preview it.")
        return
    with st.grid(min_column_width=160):
        for epoch in range(EPOCHS):
            draw = draw_of_epoch(epoch, kind, draws)
            changed = augment(pixels, kind, config.seed, draw, file.sha256)
            st.image(
                changed,
                width="stretch",
                caption=f"epoch {epoch + 1}",
                alt=f"The image in epoch {epoch + 1}.",
            )


def _xray_controls() -> tuple[str, int, bool, bool, int, int]:
    config = data_config()
    orders = setting("data.shuffle").metadata["choices"]
    first, second, third, fourth = st.columns([3, 1.3, 1.3, 1.3], vertical_alignment="bottom")
    with first:
        shuffle = st.segmented_control(
            fields.label_of("data.shuffle"),
            orders,
            default=config.shuffle,
            required=True,
            format_func=_order_title,
            help=fields.help_of("data.shuffle"),
        )
    with second:
        size = st.number_input("Batch size", 1, 1024, value=config.batch_size, help=fields.help_of("data.batch_size"))
    with third:
        seed = st.number_input(
            "Training seed", 0, 2**31 - 1, value=_training_seed(), help=fields.help_of("training.seed")
        )
    with fourth:
        epoch = st.number_input("Epoch", 1, 1000, value=1, help="The order changes from epoch to epoch.")
    with st.container(horizontal=True):
        drop = st.toggle(
            "Drop the last partial batch", value=config.drop_remainder, help=fields.help_of("data.drop_remainder")
        )
        balanced = st.toggle(
            "Balanced sampling", value=config.sampling == "balanced", help=fields.help_of("data.sampling")
        )
    return str(shuffle), int(size), bool(drop), bool(balanced), int(seed), int(epoch)


def _training_seed() -> int:
    default = TrainConfig().seed
    value = st.session_state.get(field_key("training.seed"), default)
    return value if isinstance(value, int) and 0 <= value < 2**31 else default
