"""What differs between two runs on a page: settings, data and environment, equal values left out."""

import contextlib
from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from core.compare.compare import Comparison
from core.config import setting
from core.data.set_names import set_name
from core.errors import ConfigError
from pages.shared.diagnose.section import section
from pages.shared.widgets.fields import setting_label, word_of
from pages.shared.widgets.text import NOTHING, plain


def show_differences(comparison: Comparison) -> None:
    """Settings, data and environment: only what differs."""
    section("What differs", "Settings, images and machine of the two runs; equal values are not listed.")
    for ending in comparison["endings"]:
        st.warning(plain(ending), icon=":material/warning:")
    differences = comparison["differences"]
    parts: tuple[tuple[str, Sequence[Mapping[str, object]], str, str], ...] = (
        ("Settings", differences["config"], "Setting", "Same settings."),
        ("Data", differences["data"], "What", "Same images, labels and split."),
        (
            "Environment",
            differences["environment"],
            "What",
            "Same program, libraries and kind of machine.",
        ),
    )
    for part, rows, heading, nothing in parts:
        st.markdown(f"##### {part}")
        if rows:
            _table(rows, heading, f"{part} that differ between run A and run B")
        else:
            st.markdown(f":material/check: Nothing differs. {nothing}")


def _table(rows: Sequence[Mapping[str, object]], heading: str, alt: str) -> None:
    with_keys = "key" in rows[0]
    table = [
        {
            heading: setting_label(str(row["key"])) if with_keys else str(row.get("what", "")),
            "A": _short(row, "a"),
            "B": _short(row, "b"),
            **({"Key": str(row["key"])} if with_keys else {}),
        }
        for row in rows
    ]
    width = 150 if with_keys else 260  # what differs in data is told in whole words
    columns = {heading: st.column_config.TextColumn(width=width), "Key": st.column_config.TextColumn(width=150)}
    st.dataframe(pd.DataFrame(table), hide_index=True, alt=alt, column_config=columns)


def said(value: object) -> str:
    """A value of any kind in a table."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, dict):
        return ", ".join(f"{key} {said(item)}" for key, item in value.items()) or NOTHING
    if isinstance(value, list | tuple):
        return ", ".join(said(item) for item in value)
    return str(value)


def _short(row: Mapping[str, object], side: str) -> str:
    """A value in a table: a choice in the form's words, of a folder the last part (others may see the page)."""
    key, value = str(row.get("key", "")), row.get(side)
    if key == "dataset":
        return set_name(str(value)) or said(value)
    return word_of(key, value) if _is_choice(key, value) else said(value)


def _is_choice(key: str, value: object) -> bool:
    with contextlib.suppress(ConfigError):
        return value in setting(key).metadata["choices"]
    return False
