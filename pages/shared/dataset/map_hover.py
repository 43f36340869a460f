"""The image under the pointer on the map: a card in the browser, and the images it asks for.

Plotly cannot draw an image in its own label. So a small component listens to it, in the page itself and not in a
frame, and shows a card (map_hover.js). It is sent nothing when the page opens: when it first meets a dot it asks for
that image and gets those around it as well, so that looking around costs one question in two dozen dots.
"""

import base64
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from core.data.dataset_index import ImageFile
from core.errors import UnreadableImage
from pages.shared.dataset.image_grid import small_image
from pages.shared.shell.chosen_dataset import View
from pages.shared.state import part_key

TOGETHER = 24
"""Images sent at once: of chest X-rays 216 kB, made in 20 ms."""

SECONDS = 0.3
"""After so long no further image is made for one question: the one under the pointer is there, and that is enough."""

MOST_BYTES = 400_000
"""After so many no further image is added; the largest has some 40 kB."""

_HERE = Path(__file__).parent


def _asset(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


_card = st.components.v2.component(
    "parity_map_hover", html=_asset("map_hover.html"), css=_asset("map_hover.css"), js=_asset("map_hover.js")
)
_images = st.components.v2.component("parity_map_images", js=_asset("map_images.js"))


@st.fragment
def answer_hover(view: View, files: Sequence[ImageFile], key: str, click: Callable[[str], None]) -> None:
    """The card, and the images it has asked for; only this runs again when it asks.

    Args:
        view: View.
        files: Those of the dots, what lies close together mostly one after the other.
        key: First part of the session keys of the card and of what brings it images.
        click: What to do with the file whose dot was clicked, or with an empty text when that is taken back;
            the whole page runs again after it. Streamlit itself reports no click while the lasso is chosen.
    """
    said = _card(key=part_key(key, "card"), on_asked_change=_nothing, on_clicked_change=_nothing)
    asked, clicked = said.get("asked"), said.get("clicked")
    # What is asked is known only now, so another component, which shows nothing itself, hands the answer over.
    _images(key=part_key(key, "images"), data=answer(view, files, asked))
    for part in ("card", "images"):
        # What Streamlit 1.67 keeps of a component cannot be pickled, which enforceSerializableSessionState forbids.
        # Nothing is kept of these: a question is read as it arrives.
        del st.session_state[part_key(key, part)]
    if isinstance(clicked, str):
        click(clicked)
        st.rerun()


def answer(view: View, files: Sequence[ImageFile], asked: Any) -> dict[str, Any]:
    """The image that is asked for and as many of those around it as there is time and room for.

    Args:
        view: View.
        files: As in `answer_hover`.
        asked: `{"file", "number"}`; it comes from the browser, so it may be anything.

    Returns:
        `{"number", "pictures": [[file, data URI]]}`, the one that is asked for first, and an empty text instead of an
        image that cannot be read; without images where nothing of ours is asked for.
    """
    if not isinstance(asked, Mapping):
        return {"number": 0, "images": []}
    number = asked.get("number")
    record: dict[str, Any] = {"number": number if isinstance(number, int) else 0, "images": []}
    position = next((k for k, file in enumerate(files) if file.path == asked.get("file")), None)
    if position is None:
        return record
    first = position // TOGETHER * TOGETHER
    around = [file for file in files[first : first + TOGETHER] if file != files[position]]
    deadline, size = time.monotonic() + SECONDS, 0
    for file in [files[position], *around]:
        uri = _uri(view, file)
        size += len(uri)
        if record["images"] and (size > MOST_BYTES or time.monotonic() > deadline):
            break
        record["images"].append([file.path, uri])
    return record


def _uri(view: View, file: ImageFile) -> str:
    try:
        return "data:image/jpeg;base64," + base64.b64encode(small_image(view, file)).decode()
    except UnreadableImage:
        return ""


def _nothing() -> None:
    """A question needs no answer but the run that follows it."""
