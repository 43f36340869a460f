"""Where pictures to predict come from: files of the person's own, the camera, or the run's data set."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st

from core.data.images import EXTENSIONS, display_name
from core.runs import Run
from pages.shared.frame import plain
from pages.shared.run_facts import picture_path, split_files
from pages.shared.state import CAMERA, DRAW, PICTURE_SOURCE, UPLOADS

MAX_FILES = 1000
MAX_MEGABYTES = 50
"""Limits of one upload. The browser knows them too, but what the browser says is not trusted."""

DRAWN = 6
"""Pictures of the data set shown at a time."""

UPLOAD, SHOOT, DATASET = "Files", "Camera", "Pictures of the data set"


@dataclass(frozen=True)
class Shown:
    """A picture to be predicted.

    Attributes:
        key: Tells it from every other picture of this session, whatever it is called.
        name: What the person calls it.
        source: The file, or its bytes.
        truth: Its true class where that is known; else empty.
    """

    key: str
    name: str
    source: Path | bytes
    truth: str = ""


def choose_pictures(run: Run) -> list[Shown]:
    """Asks for pictures in one of the three ways."""
    source = st.segmented_control(
        "Where do the pictures come from?", [UPLOAD, SHOOT, DATASET], default=UPLOAD, required=True, key=PICTURE_SOURCE
    )
    if source == SHOOT:
        return _from_camera()
    return _from_dataset(run) if source == DATASET else _from_files()


def _from_files() -> list[Shown]:
    uploads = st.file_uploader(
        f"Drop one picture or many (at most {MAX_FILES} of up to {MAX_MEGABYTES} MB)",
        type=sorted(extension.lstrip(".") for extension in EXTENSIONS),
        accept_multiple_files=True,
        max_upload_size=MAX_MEGABYTES,
        key=UPLOADS,
    )
    kept = [upload for upload in uploads if upload.size <= MAX_MEGABYTES * 2**20]
    large = [display_name(upload.name) for upload in uploads if upload.size > MAX_MEGABYTES * 2**20]
    if large:
        st.error(f"Left out, as they have more than {MAX_MEGABYTES} MB: {plain(', '.join(large[:5]))}.")
    if len(kept) > MAX_FILES:
        st.error(f"{len(kept)} pictures came; the first {MAX_FILES} are looked at. Give the rest afterwards.")
    return [Shown(item.file_id, _printable(item.name), item.getvalue()) for item in kept[:MAX_FILES]]


def _from_camera() -> list[Shown]:
    shot = st.camera_input("Take a picture", key=CAMERA)
    return [Shown(shot.file_id, "camera picture", shot.getvalue())] if shot else []


def _from_dataset(run: Run) -> list[Shown]:
    """A few pictures at random, from those kept back for a test where there are any."""
    part = "test" if split_files(run, "test") else "val"
    labels = split_files(run, part)
    st.caption(f"Taken at random from the {'test' if part == 'test' else 'validation'} pictures: none was trained on.")
    st.button("Take others", icon=":material/casino:", on_click=_draw_again)
    chosen = _drawn(sorted(labels), int(st.session_state.get(DRAW, 0)))
    found = [(file, picture_path(run, part, file)) for file in chosen]
    shown = [Shown(str(path), file, path, labels[file]) for file, path in found if path]
    if not shown:
        st.warning("The pictures of this run's data set are no longer where they were. Give pictures of your own.")
    return shown


def _printable(name: str) -> str:
    """The whole name, as the answers are matched to files by it, but without control characters."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)


def _drawn(files: Sequence[str], draw: int) -> list[str]:
    order = np.random.default_rng(draw).permutation(len(files))
    return [files[k] for k in order[:DRAWN]]


def _draw_again() -> None:
    st.session_state[DRAW] = int(st.session_state.get(DRAW, 0)) + 1
