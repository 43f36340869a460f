"""What Streamlit's theme cannot say: focus, contrast, targets for a finger, and a menu that closes on a phone."""

from pathlib import Path

import streamlit as st

_HERE = Path(__file__).parent
_STYLE = f"<style>{(_HERE / 'look.css').read_text(encoding='utf-8')}</style>"
_SCRIPT = f"<script>{(_HERE / 'menu.js').read_text(encoding='utf-8')}</script>"


def set_look() -> None:
    """Style of every page, and the script that closes the menu; both are files of this program and nothing else."""
    st.html(_STYLE)
    with st.sidebar.container(key="menu_script"):
        st.html(_SCRIPT, unsafe_allow_javascript=True)


def mark(selector: str) -> None:
    """A frame around what a CSS selector finds on the page; it is drawn where the step of a tour stands.

    Args:
        selector: str. Of this program, never from a person; nothing is marked by an empty one.
    """
    rule = f'[data-testid="stMain"] :is({selector}) {{ {_FRAME} }}' if selector else ""
    st.html(f"<style>{rule}</style>")


_FRAME = "outline: 3px dashed light-dark(#0f766e, #2dd4bf); outline-offset: 4px; border-radius: 6px;"
