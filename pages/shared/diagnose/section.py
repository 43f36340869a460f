"""The title of a part of the Diagnose page."""

import streamlit as st


def section(title: str, about: str) -> None:
    """A part's title and one sentence on what it says."""
    st.subheader(title, anchor=False)
    st.caption(about)
