"""Public datasets on the Dataset page: what they are, downloaded at the press of a button, then opened."""

from pathlib import Path

import streamlit as st

from core.access.roles import Action
from core.data.collections import COLLECTIONS, Collection, fetch_collection, fetched_bytes, published_of
from core.errors import UserError
from core.progress import Progress
from pages.shared import state
from pages.shared.shell.access import guarded
from pages.shared.shell.quota import admit_download
from pages.shared.widgets.progress_bar import follow
from pages.shared.widgets.text import plain, sentence


@guarded(Action.FETCH)
def choose_published() -> None:
    """The datasets that can be fetched; one that is here already is opened at once."""
    known = {each.label: each for each in COLLECTIONS}
    opened = published_of(Path(state.chosen_dataset()))
    st.session_state.setdefault(state.PUBLISHED, opened.label if opened else next(iter(known)))
    label = st.selectbox(
        "Dataset",
        list(known),
        key=state.PUBLISHED,
        help="Larger images show more detail, but take longer to download and to train on.",
    )
    collection = known[label]
    _describe(collection)
    if collection.folder.is_dir():
        state.choose_dataset(str(collection.folder))
        st.caption(":material/check: Already downloaded.")
        return
    if notice := st.session_state.pop(state.NOTICE, ""):
        st.error(plain(notice), icon=":material/error:")
    _offer(collection)


def _describe(collection: Collection) -> None:
    counts = ", ".join(f"{number:,} in {part}" for part, number in collection.counts.items())
    classes = ", ".join(collection.classes)
    st.caption(
        f"{plain(counts)}; classes {plain(classes)}. Licence {plain(collection.licence)}. Cite: "
        f"{plain(collection.source)}."
    )


def _offer(collection: Collection) -> None:
    held = fetched_bytes(collection)
    st.caption(
        f":material/download: At most {_megabytes(collection.most_bytes)} are downloaded from "
        f"{_server(collection)}, and the images take about as much disk space. None of your data is sent."
        + (f" {_megabytes(held)} already downloaded; the download resumes from there." if held else "")
    )
    st.caption(
        f"Without internet access: download the file elsewhere, then run `python -m core fetch {collection.name} "
        f"--size {collection.size} --file FILE`."
    )
    if not st.button("Resume the download" if held else "Download", type="primary", icon=":material/download:"):
        return
    # Whatever is pressed meanwhile ends this script run, and with it the download: what has come is kept.
    bar = st.progress(0.0, text="Requesting the file …")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Cancel", icon=":material/close:")
        st.caption("Leaving the page cancels it, too. The part already downloaded is kept.", width="content")
    try:
        folder = _fetch(collection, follow(bar, "Fetching", _bytes), follow(bar, "Writing the images"))
    except UserError as error:
        st.session_state[state.NOTICE] = sentence(str(error))
    else:
        state.choose_dataset(str(folder))
    st.rerun()


@guarded(Action.FETCH)
def _fetch(collection: Collection, fetching: Progress, writing: Progress) -> Path:
    admit_download(2 * collection.most_bytes)
    return fetch_collection(collection, progress=fetching, writing=writing)


def _bytes(done: int, total: int) -> str:
    return f"{done / 1e6:.1f} of {total / 1e6:.1f} MB"


def _server(collection: Collection) -> str:
    return plain(collection.url.split("/")[2])


def _megabytes(size: int) -> str:
    return f"{max(size / 1e6, 0.1):,.1f} MB" if size < 10**7 else f"{size / 1e6:,.0f} MB"
