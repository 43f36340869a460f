"""What a run will take, in words: duration, memory, download; and whether its weights can be had."""

import streamlit as st

from core.config import RunConfig
from core.errors import WeightsError
from core.estimate.duration import Expected, download_bytes
from core.estimate.memory import Memory
from core.models.catalogue import find
from core.models.fetch import require_reachable
from pages.shared.widgets.text import about, file_size, plain, sentence

_ASKED_SECONDS = 60
"""So long an answer holds on whether an address can be reached."""


def duration_words(found: Expected) -> str:
    """How long a run will take, at most."""
    return f"up to {about(max(1.0, found.seconds))}"


def duration_help(found: Expected) -> str:
    """The parts of a run with their durations, and where these come from."""
    origin = (
        "Measured on this machine." if found.measured else "Estimated; more precise after a first run on this machine."
    )
    parts = "; ".join(f"{_PARTS.get(p.phase, p.phase)} {about(p.seconds)}" for p in found.parts)
    return f"Upper limit: early stopping may end the run sooner, and cached features take no time. {parts}. {origin}"


_PARTS = {
    "data": "start and data",
    "features": "features",
    "training": "training",
    "finetuning": "fine-tuning",
    "evaluating": "evaluation",
}


def memory_words(found: Memory) -> tuple[str, str]:
    """What a run needs, and whether it fits: value and remark."""
    needed = f"{found.needed / 1024:.1f} GB"
    if found.there is None:
        return needed, ""
    there = f"{found.there / 1024:.1f} GB"
    return needed, f"fits: {there} available" if found.fits else f"exceeds the {there} available"


def memory_warning(found: Memory) -> str:
    """What to do where it does not fit; empty where it does, or nobody knows."""
    if found.fits is not False or found.there is None:
        return ""
    return (
        f"This run needs about {found.needed / 1024:.1f} GB of memory, but {found.there / 1024:.1f} GB are "
        "available here: the system may kill it. Use smaller images, smaller batches or a smaller backbone."
    )


def show_download(config: RunConfig) -> bool:
    """Says what is to be fetched at the start, and whether it can be; whether the start need not wait."""
    size = download_bytes(config)
    if not size:
        return True
    row = find(config.model.backbone)
    if refusal := _refusal(row.name):
        st.error(plain(sentence(refusal)), icon=":material/cloud_off:")
        st.button("Check again", icon=":material/refresh:", on_click=_refusal.clear, key="weights_again")
        return False
    st.caption(
        f":material/download: {plain(row.title)} is not on this machine yet: {file_size(size)} will be downloaded "
        "at the start. The server is reachable."
    )
    return True


@st.cache_data(ttl=_ASKED_SECONDS, show_spinner="Checking whether the weights can be downloaded …")
def _refusal(backbone: str) -> str:
    """Why the weights cannot be had; empty where they can."""
    try:
        require_reachable(find(backbone))
    except WeightsError as error:
        return str(error)
    return ""
