"""What every page begins with: the page's settings and the menu."""

import gc
import sys

import streamlit as st

from core.access import LOCAL, PUBLIC, mode
from core.errors import UserError
from pages.shared.access import admit_person
from pages.shared.examples import put_in_place_for_all
from pages.shared.puzzle_menu import follow_puzzle
from pages.shared.quota import lower_server_limit
from pages.shared.tour import show_tour

TITLE = "Parity"

MENU = (
    ("app.py", "Home", ":material/home:"),
    ("pages/dataset.py", "Dataset", ":material/photo_library:"),
    ("pages/train.py", "Train", ":material/tune:"),
    ("pages/live.py", "Live", ":material/monitoring:"),
    ("pages/diagnose.py", "Diagnose", ":material/troubleshoot:"),
    ("pages/predict.py", "Predict", ":material/image_search:"),
)


def frame(title: str) -> None:
    """Sets the page up, lets in who may see it, and draws the menu; the first thing a page does."""
    st.set_page_config(page_title=f"{title} · {TITLE}", page_icon="⚖️", layout="wide")
    _freeze_imports()
    admit_person()
    if mode() == PUBLIC:
        lower_server_limit()
    if mode() != LOCAL:
        st.set_option("client.showErrorDetails", "none")  # a traceback names folders; the terminal still has it
    try:
        put_in_place_for_all()
    except UserError as error:
        st.error(plain(str(error)))
    with st.sidebar:
        st.markdown(f"### :material/balance: {TITLE}")
        for page, label, icon in MENU:
            st.page_link(page, label=label, icon=icon)
        if mode() == PUBLIC:
            st.caption(
                ":material/public: A public demonstration: everybody sees what is trained here, and all of it goes "
                "when the app sleeps. For pictures of your own run Parity on your own machine."
            )
        follow_puzzle()
    try:
        show_tour(title)
    except UserError as error:
        st.error(plain(str(error)))


def heading(title: str, sentence: str) -> None:
    """A page's title and one sentence on what it is for."""
    st.title(title, anchor=False)
    st.caption(sentence)


def plain(text: object) -> str:
    """Text from a user (a class, a file, a run's name) made safe for a place that reads Markdown."""
    escaped = "".join(f"\\{c}" if c in _MARKDOWN else c for c in " ".join(str(text).split()))
    # Addresses become links even when escaped; an invisible joiner (U+2060) inside them prevents it.
    return escaped.replace("http", "http\u2060").replace("www", "www\u2060").replace("\\@", "\u2060\\@")


_MARKDOWN = r"\`*_{}[]()<>#+-.!|$:~&@"


def _freeze_imports() -> None:
    """Streamlit collects garbage after every tick of every viewer; modules loaded once need not be looked at again."""
    if not getattr(sys, "_parity_frozen", False):
        gc.collect()
        gc.freeze()
        sys._parity_frozen = True  # type: ignore[attr-defined]
