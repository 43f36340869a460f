"""What Streamlit's theme cannot say: focus, contrast, targets for a finger, a menu that closes on a phone, and steps of
the browser's history."""

from pathlib import Path

import streamlit as st

_HERE = Path(__file__).parent
_STYLE = f"<style>{(_HERE / 'look.css').read_text(encoding='utf-8')}</style>"
_SCRIPTS = [(_HERE / name).read_text(encoding="utf-8") for name in ("menu.js", "history.js")]
_SCRIPT = f"<script>{''.join(_SCRIPTS)}</script>"


def set_look() -> None:
    """Style and scripts of every page; all are files of this program and nothing else."""
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


def bring_into_sight(key: str) -> None:
    """Scrolls once to a container of the page and puts the keyboard there: it was opened by a button far below it.

    Args:
        key: str. The container's key, of letters and underscores. Of this program, never from a person.
    """
    number = st.session_state[_SCROLLS] = int(st.session_state.get(_SCROLLS, 0)) + 1  # the same script would not run
    with st.container(key="sight_script"):
        st.html(f"<script>{_SIGHT % (number, key)}</script>", unsafe_allow_javascript=True)


_SCROLLS = "look_scrolls"
_SIGHT = """/* %d */ {
  const box = document.querySelector('.st-key-%s')
  if (box) {
    box.tabIndex = -1
    box.focus({preventScroll: true})
    box.scrollIntoView({block: 'start'})
  }
}"""

_FRAME = "outline: 3px dashed light-dark(#0f766e, #2dd4bf); outline-offset: 4px; border-radius: 6px;"
