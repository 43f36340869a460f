"""Findings during a training, shown beside the curves."""

from pathlib import Path

import streamlit as st

from core.checks.finding import Finding
from core.course.during import trace_findings
from core.errors import RunError
from core.store.runs import Run
from pages.shared.run.facts import Stamp, shared_stamp
from pages.shared.widgets.findings import show_findings


def show_course(run: Run) -> None:
    """Findings of the training's course, in an order that does not change; nothing on a healthy one."""
    found = course_findings(run)
    with st.container():
        if found:
            st.markdown("##### What the epochs so far show")
            show_findings(found)


def course_findings(run: Run) -> list[Finding]:
    """Findings of the training's course, worked out once per change of the trace."""
    stamp = shared_stamp(run.path / "trace.json")
    return _course_findings(str(run.path), stamp) if stamp else []


@st.cache_data(max_entries=64, show_spinner=False)
def _course_findings(folder: str, stamp: Stamp) -> list[Finding]:
    try:
        return trace_findings(Run(Path(folder)))
    except RunError:
        return []  # settings that cannot be read: the page says so elsewhere
