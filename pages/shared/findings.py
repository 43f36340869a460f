"""Findings of the checks as messages on a page."""

from collections.abc import Sequence

import streamlit as st

from core.diagnosis.finding import Finding
from pages.shared.frame import plain

_SHOW = {"error": st.error, "warning": st.warning, "info": st.info}
_ICONS = {"error": ":material/error:", "warning": ":material/warning:", "info": ":material/info:"}


def show_findings(findings: Sequence[Finding], severities: Sequence[str] = ("error", "warning", "info")) -> None:
    """One message a finding: what was measured, and what to change.

    Args:
        findings: As the checks gave them.
        severities: Which to show. Defaults to all.
    """
    for finding in findings:
        if finding.severity in severities:
            _SHOW[finding.severity](plain(f"{finding.claim} {finding.remedy}"), icon=_ICONS[finding.severity])
