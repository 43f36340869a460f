"""Frame of every page: page configuration and menu."""

import gc
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from core.access.modes import LOCAL, PUBLIC, mode
from core.errors import UserError
from core.housekeeping import clock
from pages.shared.shell.access import admit_person
from pages.shared.shell.examples import put_in_place_for_all
from pages.shared.shell.kept_choice import enter
from pages.shared.shell.look import set_look
from pages.shared.shell.quota import lower_server_limit
from pages.shared.shell.tour import show_tour
from pages.shared.widgets.text import plain, sentence

TITLE = "Parity"

_PROJECT = Path(__file__).resolve().parents[3] / "pyproject.toml"
VERSION: str = tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["project"]["version"]

MENU = (
    ("app.py", "Home", ":material/home:"),
    ("pages/dataset.py", "Dataset", ":material/photo_library:"),
    ("pages/train.py", "Train", ":material/tune:"),
    ("pages/live.py", "Live", ":material/monitoring:"),
    ("pages/runs.py", "Runs", ":material/table_rows:"),
    ("pages/diagnose.py", "Diagnose", ":material/troubleshoot:"),
    ("pages/predict.py", "Predict", ":material/image_search:"),
)


def frame(title: str, in_menu: Callable[[], None] | None = None) -> None:
    """Sets the page up, lets in who may see it, and draws the menu; the first thing a page does.

    Args:
        title: The page's name in the menu.
        in_menu: Draws what stands below the entries of the menu.
    """
    st.set_page_config(page_title=f"{title} · {TITLE}", page_icon="⚖️", layout="wide", menu_items={"About": about()})
    _freeze_imports()
    clock.start()
    admit_person()
    set_look()  # who is not let in sees one sentence and nothing else
    enter(title)
    if mode() == PUBLIC:
        lower_server_limit()
    if mode() != LOCAL:
        st.set_option("client.showErrorDetails", "none")  # a traceback names folders; the terminal still has it
    try:
        put_in_place_for_all()
    except UserError as error:
        st.error(plain(sentence(str(error))))
    with st.sidebar:
        st.markdown(f"### :material/balance: {TITLE}")
        for page, label, icon in MENU:
            st.page_link(page, label=label, icon=icon)
        if mode() == PUBLIC:
            st.caption(
                ":material/public: Public demonstration: everybody sees what is trained here, and everything is "
                "deleted when the app goes to sleep. To use your own images, run Parity on your own machine."
            )
        if in_menu is not None:
            in_menu()
    try:
        show_tour(title)
    except UserError as error:
        st.error(plain(sentence(str(error))))


def about() -> str:
    """What the menu at the top right says: version, where help is, and what a report of a problem should hold."""
    return (
        f"**{TITLE} {VERSION}**\n\n**Help:** take the tour on the Home page; each field has a help text; see also "
        "README.md and docs/.\n\n"
        "**Report a problem:** to whoever gave you the program, "
        f"with this version (Streamlit {st.__version__}, Python {sys.version.split()[0]}), what you did, and the "
        "message that the page showed. For a failed run, add the Log and the end of the worker's log from its page."
    )


def _freeze_imports() -> None:
    """Streamlit collects garbage after every tick of every viewer; modules loaded once need not be looked at again."""
    if not getattr(sys, "_parity_frozen", False):
        gc.collect()
        gc.freeze()
        sys._parity_frozen = True  # type: ignore[attr-defined]
