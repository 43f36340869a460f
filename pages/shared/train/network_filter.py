"""Which networks the Train page offers, and what the chosen one costs: download, memory, operations."""

import os

import streamlit as st

from core.data.preprocessing import PREPROCESSING
from core.errors import ConfigError
from core.models.backbone import Backbone
from core.models.catalogue import BACKBONES, find, find_weights, weights_word
from core.stats.digits import digits
from pages.shared import state

FILTERS = {"here": "Here now", "fits": "Fits 1 GB", "fast": "Fast"}
_HELP = (
    "Here now: weights downloaded. Fits 1 GB: a process that computes features of 16 images of 224 pixels "
    "stays below it, as measured. Fast: at most a billion multiplications and additions an image, as counted."
)
_PER_CORE = 1e10
"""Multiplications and additions that a core does in a second, roughly: an estimate, not measured on this machine."""


def show_filter() -> None:
    """The choice of what the networks must be; the list below then has fewer."""
    st.pills(
        "Networks",
        list(FILTERS),
        selection_mode="multi",
        format_func=FILTERS.__getitem__,
        key=state.NETWORKS,
        persist_state="session",
        help=_HELP,
    )


def offered(chosen: str) -> tuple[str, ...]:
    """Names of the networks that pass the filter; the chosen one always does."""
    wanted = st.session_state.get(state.NETWORKS) or []
    return tuple(name for name, row in BACKBONES.items() if name == chosen or all(_passes(row, one) for one in wanted))


def show_cost(chosen: str, image_size: int) -> None:
    """What the chosen network is and costs, in one line."""
    try:
        row = find(chosen)
    except ConfigError:
        return
    count, whole = len(offered(chosen)), len(BACKBONES)
    left = "" if count == whole else f" {count} of {whole} networks pass the filter."
    said = f"{cost_sentence(row, image_size)} {pixel_sentence(row)}{left}"
    st.caption(said, help=_COST_HELP.format(row=row))


_COST_HELP = (
    "Memory: the peak of a process that computes features of 16 images of 224 pixels, measured. Images a second: "
    "estimated from {row.operations} billion multiplications and additions for an image of 224 pixels, as counted from "
    "the layers. It was trained at {row.native_size} pixels and takes {row.min_size} or more."
)


def cost_sentence(row: Backbone, image_size: int) -> str:
    """Weights, where they come from, memory as measured, speed as estimated."""
    cores = os.cpu_count() or 1
    rate = cores * _PER_CORE / (row.operations * 1e9 * (image_size / 224) ** 2)
    return (
        f"{row.parameters / 1e6:.3g} million weights ({weights_word(row)}); {row.memory / 1000:.2g} GB of memory "
        f"(measured); about {digits(rate, 2)} images a second here (estimated)."
    )


def pixel_sentence(row: Backbone) -> str:
    """How pixel values are scaled for the network, as `data.preprocessing=backbone` does it."""
    rule = PREPROCESSING[row.preprocessing]
    ends = [(offset, 255 * scale + offset) for scale, offset in zip(rule.scale, rule.offset, strict=True)]
    low, high = (f"{edge(end[k] for end in ends):.3g}" for k, edge in enumerate((min, max)))
    order = ", in the order blue, green, red" if rule.bgr else ""
    return f"It was trained on pixels from {low} to {high}{order}."


def _passes(row: Backbone, wanted: str) -> bool:
    return {"here": find_weights(row) is not None, "fits": row.fits, "fast": row.fast}[wanted]
