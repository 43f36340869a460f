"""The button that saves a file."""

from collections.abc import Callable
from pathlib import PurePath

import streamlit as st

_KINDS = {
    ".csv": ("text/csv", ":material/table:"),
    ".html": ("text/html", ":material/description:"),
    ".zip": ("application/zip", ":material/folder_zip:"),
    ".png": ("image/png", ":material/image:"),
    ".svg": ("image/svg+xml", ":material/image:"),
}
"""Type and icon of a file by the end of its name."""


def download(
    label: str, name: str, data: Callable[[], bytes], key: str, *, icon: str | None = None, about: str | None = None
) -> None:
    """A button that saves a file, made when it is pressed and not on every script run.

    Args:
        label: What it says.
        name: The file's name, which says its type.
        data: Gives what is in it.
        icon: Defaults to that of the type.
        about: A sentence on it. Defaults to none.
    """
    mime, usual = _KINDS.get(PurePath(name).suffix, ("application/octet-stream", ":material/download:"))
    st.download_button(
        label, data=data, file_name=name, mime=mime, icon=icon or usual, on_click="ignore", help=about, key=key
    )
