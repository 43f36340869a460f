"""The evidence of a finding as small tables on a page."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from core.checks.evidence_tables import evidence_tables
from core.checks.in_words import form_words

_LISTED = 100
"""Most rows of a table; the whole is in the run's findings.json."""


def show_evidence(evidence: Mapping[str, Any]) -> None:
    """Single values in one table, each list or mapping in one of its own."""
    for name, rows in evidence_tables(evidence):
        if name:
            st.caption(form_words(name))
        st.dataframe(pd.DataFrame(rows[:_LISTED]), hide_index=True, alt=name or "Evidence")
        if len(rows) > _LISTED:
            st.caption(f"The first {_LISTED} of {len(rows):,}.")
