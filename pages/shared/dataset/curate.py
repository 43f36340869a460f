"""Changes a dataset from a page: labels, excluded images, the split; starts and stops a label review.

Nothing is drawn in here but the sentence on what the last change did. No image file is ever changed.
"""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.access.roles import Action
from core.checks.resplit import Resplit, resplit
from core.config import DataConfig
from core.data.dataset import Dataset, prepare
from core.data.split_file import read_split, remove_split, restore_split, split_record
from core.errors import UserError
from core.label_review.store import Review, ReviewSpec, ReviewStore
from core.store.runs import RESUMABLE
from core.workers import launch
from pages.shared.shell import jobs
from pages.shared.shell.access import guarded, may, person
from pages.shared.shell.chosen_dataset import View
from pages.shared.shell.relabel import lock, put_right, take_back
from pages.shared.state import CURATE_NOTICE
from pages.shared.widgets.text import plain, sentence


def may_curate() -> bool:
    """Whether the person at this page may change the dataset."""
    return may(Action.CURATE)


def show_notice() -> None:
    """What the last change did, once."""
    done, text = st.session_state.pop(CURATE_NOTICE, (True, ""))
    if text:
        (st.success if done else st.error)(plain(text), icon=":material/check:" if done else ":material/error:")


def relabel(view: View, labels: Mapping[str, str], said: str) -> None:
    """Relabels or excludes images, as one step that can be undone; for a button's `on_click`.

    Args:
        view: View.
        labels: mapping from a file's path to its class, or to an empty text to leave it out.
        said: What to tell the person when it is done.
    """
    try:
        put_right(view, labels)
    except UserError as error:
        _note(str(error), done=False)
    else:
        _note(said)


def undo(view: View) -> None:
    """Takes the last step back; for a button's `on_click`."""
    try:
        number = take_back(view)
    except UserError as error:
        _note(str(error), done=False)
    else:
        images = "1 image is" if number == 1 else f"{number:,} images are"
        _note(f"Undone: {images} restored.")


def divide_anew(view: View, share: float, config: DataConfig) -> None:
    """Re-splits all images without data leakage; for a button's `on_click`.

    Args:
        view: View.
        share: Part of the images to validate on.
        config: DataConfig. Seed and group pattern.
    """
    try:
        made = _divide_anew(view, share, config)
    except UserError as error:
        _note(str(error), done=False)
    else:
        parts = ", ".join(f"{len(files):,} to {_WORDS[part]} on" for part, files in made.parts.items())
        _note(f"Re-split: {parts}. {made.groups:,} groups of images were kept together.")


def split_before(view: View) -> dict[str, Any]:
    """What the split file holds now, to be put back by `take_back_split`; empty where there is none."""
    return split_record(view.on_disk.root)


def split_made(view: View) -> str:
    """When the split file that is there was made; empty where there is none."""
    own = read_split(view.on_disk.root)
    return str(own.settings.get("made", "")) if own else ""


def take_back_split(view: View, before: Mapping[str, Any], made: str) -> None:
    """Puts the split back as it was before the one made then; for a button's `on_click`."""
    try:
        done = _take_back_split(view, before, made)
    except UserError as error:
        _note(str(error), done=False)
    else:
        _note("The split is restored." if done else "Not undone: the split has been changed since.", done=done)


def go_by_folders(view: View) -> None:
    """Forgets the split of our own; for a button's `on_click`."""
    try:
        _go_by_folders(view)
    except UserError as error:
        _note(str(error), done=False)
    else:
        _note("Reverted to the folders' split.")


def begin_review(view: View) -> None:
    """Starts a review of the labels, or goes on with one that has ended early; for a button's `on_click`."""
    try:
        _begin_review(view)
    except UserError as error:
        _note(str(error), done=False)


def end_review(review: Review) -> None:
    """Asks the review to stop; for a button's `on_click`."""
    try:
        jobs.stop(review)
    except UserError as error:
        _note(str(error), done=False)


_WORDS = {"train": "train", "val": "validate", "test": "test"}


@guarded(Action.CURATE)
def _divide_anew(view: View, share: float, config: DataConfig) -> Resplit:
    with lock:
        return resplit(view.on_disk, share, config.seed, config.group_pattern)


@guarded(Action.CURATE)
def _take_back_split(view: View, before: Mapping[str, Any], made: str) -> bool:
    with lock:
        return restore_split(view.on_disk.root, before, made)


@guarded(Action.CURATE)
def _go_by_folders(view: View) -> None:
    with lock:
        remove_split(view.on_disk.root)


@guarded(Action.CURATE)
def _begin_review(view: View) -> None:
    with lock:
        data = now(view)
        review = ReviewStore().find(data)
        status = launch.poll(review) if review else None
        if review and status and status.status in RESUMABLE and review.owner() in ("", person().name):
            jobs.go_on(review)
        else:
            jobs.begin("review", ReviewSpec(view.reference, data))


def now(view: View) -> Dataset:
    """The dataset as its files of ours have it at this moment: another viewer may have changed it."""
    return prepare(view.on_disk, DataConfig())


def say(text: str, *, done: bool = True) -> None:
    """Says at the next drawing what the last change did, or why it did nothing."""
    _note(text, done=done)


def _note(text: str, *, done: bool = True) -> None:
    st.session_state[CURATE_NOTICE] = (done, sentence(text))
