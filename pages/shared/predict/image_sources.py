"""Sources of images to predict: uploads, the camera, or the run's dataset."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import streamlit as st

from core.access.limits import policy
from core.data.file_names import display_name
from core.errors import UserError
from core.store.runs import Run
from core.workers.try_model_client import is_imported
from pages.shared.predict.example_images import examples, held_out
from pages.shared.predict.session_images import forget, keep_images, kept_image
from pages.shared.predict.shown import Shown
from pages.shared.run.facts import image_path, split_files
from pages.shared.run.sample_of_run import draw_sample_of
from pages.shared.state import (
    CAMERA,
    DRAW,
    EXAMPLE,
    IMAGE_SOURCE,
    IMAGES,
    IMAGES_NOTICE,
    UPLOADS,
    clear_uploader,
    uploader_key,
)
from pages.shared.widgets.text import plain, sentence

MAX_FILES = 1000
MAX_MEGABYTES = 50
"""Limits of one upload. The browser knows them too, but what the browser says is not trusted."""

DRAWN = 6
"""Images of the dataset shown at a time."""

UPLOAD, SHOOT, DATASET = "Files", "Camera", "Images of the dataset"


def choose_images(run: Run) -> list[Shown]:
    """Asks for images in one of the three ways."""
    sources = [UPLOAD, SHOOT, DATASET]
    if is_imported(run) and not split_files(run, held_out(run)):  # it was never asked about a dataset
        sources = sources[:2]
        if st.session_state.get(IMAGE_SOURCE) == DATASET:
            st.session_state[IMAGE_SOURCE] = UPLOAD
    source = st.segmented_control(
        "Source",
        sources,
        default=UPLOAD,
        required=True,
        key=IMAGE_SOURCE,
        help="Images of the dataset have a known true class, so predictions can be checked.",
    )
    if source == SHOOT:
        return _from_camera()
    return _from_dataset(run) if source == DATASET else _from_files(run)


def _from_files(run: Run) -> list[Shown]:
    limits = policy()
    most, megabytes = min(MAX_FILES, limits.session_files), min(MAX_MEGABYTES, limits.upload_bytes // 10**6)
    # Of any type: the browser would turn away a HEIC among others with a word that goes with the next rerun.
    uploads = st.file_uploader(
        f"Drop one image or many (at most {most} of up to {megabytes} MB)",
        accept_multiple_files=True,
        max_upload_size=megabytes,
        key=uploader_key(UPLOADS),
        help="Used only for these predictions and deleted after one hour of inactivity.",
    )
    if uploads:
        _keep(uploads, most, megabytes)
        clear_uploader()
        st.rerun()
    for words in st.session_state.pop(IMAGES_NOTICE, ()):
        st.error(plain(words), icon=":material/error:")
    return _kept() or examples(run)


def _keep(uploads: Sequence[Any], most: int, megabytes: int) -> None:
    """Takes the uploads over from the server's memory to the disk; what was given before makes way for them."""
    fitting = [upload for upload in uploads if upload.size <= megabytes * 10**6]
    large = [display_name(upload.name) for upload in uploads if upload.size > megabytes * 10**6]
    notices = []
    if large:
        notices.append(f"Skipped because they are larger than {megabytes} MB: {', '.join(large[:5])}.")
    if len(fitting) > most:
        notices.append(f"{len(fitting)} images uploaded; only the first {most} are used. Upload the rest afterwards.")
    if fitting:
        try:
            folder, kept = keep_images(fitting[:most])
        except UserError as error:
            notices.append(sentence(str(error)))
        else:
            _forget()
            st.session_state.pop(EXAMPLE, None)
            st.session_state[IMAGES] = (folder.name, kept)
    st.session_state[IMAGES_NOTICE] = notices


def _kept() -> list[Shown]:
    """The images that this session has given last."""
    folder, names = st.session_state.get(IMAGES, ("", []))
    found = [(file, name, path) for file, name in names if (path := kept_image(folder, file))]
    if names and not found:
        st.info("The images uploaded earlier have been deleted. Upload them again.")
    if not found:
        return []
    with st.container(horizontal=True, vertical_alignment="center"):
        count = f"{len(found)} image{'s' if len(found) > 1 else ''} uploaded, deleted after one hour of inactivity."
        st.caption(count, width="content")
        st.button("Remove them", icon=":material/delete:", on_click=_forget, type="tertiary")
    return [Shown(f"{folder}/{file}", _printable(name), path) for file, name, path in found]


def _forget() -> None:
    folder, _ = st.session_state.pop(IMAGES, ("", []))
    if folder:
        forget(folder)


def _from_camera() -> list[Shown]:
    if not _camera_allowed(st.context.url or ""):
        st.info(
            "Browsers allow the camera only over https or from this machine (127.0.0.1). This page uses http; "
            "upload files instead.",
            icon=":material/no_photography:",
        )
        return []
    shot = st.camera_input("Take an image", key=CAMERA)
    return [Shown(shot.file_id, "camera image", shot.getvalue())] if shot else []


def _camera_allowed(address: str) -> bool:
    """Whether a browser opens the camera for a page of this address; where it is not known, it is tried."""
    parts = urlsplit(address)
    return parts.scheme != "http" or parts.hostname in ("localhost", "127.0.0.1", "::1")


def _from_dataset(run: Run) -> list[Shown]:
    """A few images at random, from those kept back for a test where there are any."""
    part = held_out(run)
    labels = split_files(run, part)
    st.caption(f"Random images from the {'test' if part == 'test' else 'validation'} split: not used for training.")
    st.button("Other images", icon=":material/casino:", on_click=_draw_again)
    draw_sample_of(run)
    chosen = _drawn(sorted(labels), int(st.session_state.get(DRAW, 0)))
    found = [(file, image_path(run, part, file)) for file in chosen]
    shown = [Shown(str(path), file, path, labels[file]) for file, path in found if path]
    if not shown:
        st.warning("The image files of this run's dataset are missing. Upload your own images.")
    return shown


def _printable(name: str) -> str:
    """The whole name, as the answers are matched to files by it, but without control characters."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)


def _drawn(files: Sequence[str], draw: int) -> list[str]:
    order = np.random.default_rng(draw).permutation(len(files))
    return [files[k] for k in order[:DRAWN]]


def _draw_again() -> None:
    st.session_state[DRAW] = int(st.session_state.get(DRAW, 0)) + 1
