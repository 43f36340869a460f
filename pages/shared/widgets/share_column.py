"""Shares in a table's columns: percentages with one decimal, as `text.percent` writes them everywhere else."""

from typing import Any

import streamlit as st

FORMAT = "%.1f %%"
"""Streamlit's own "percent" writes 50 %, 87.5 % and 84.38 % in one column. One decimal tells two images apart up to
1000 of them; how much of it is certain is told by the interval beside the figure, not by its digits."""


def in_percent(share: float | None) -> float | None:
    """A share between 0 and 1 as these columns take it: between 0 and 100."""
    return None if share is None else 100 * share


def share_bar(label: str, width: int, help: str | None = None) -> Any:
    """A column of bars with their percentages."""
    return st.column_config.ProgressColumn(label, min_value=0, max_value=100, format=FORMAT, width=width, help=help)


def share_number(label: str, help: str | None = None) -> Any:
    """A column of percentages alone."""
    return st.column_config.NumberColumn(label, format=FORMAT, help=help)
