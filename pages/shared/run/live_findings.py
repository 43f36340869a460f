"""What is known against a run: its caveats beside a figure, and its findings from before and during the training."""

import re
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from core.checks.finding import SEVERITIES, Finding
from core.checks.in_words import form_words
from core.course.caveats import caveats, known_findings
from core.store.runs import Run
from pages.shared.run.facts import Stamp, file_stamp, shared_stamp
from pages.shared.widgets.findings import show_findings
from pages.shared.widgets.text import interval, on_badge, percent, plain

_LINE = 110
"""Most characters of a claim above the curves."""

_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z“])")
"""Between two sentences."""


def show_caveats(run: Run, part: str = "val") -> None:
    """A badge for each thing that is known against the figures above it; nothing where nothing is."""
    known = caveats(all_findings(run), part)
    with st.container(horizontal=True):
        for words in known:
            st.badge(on_badge(words[:1].upper() + words[1:]), icon=":material/warning:", color="orange")


def show_accuracy(run: Run) -> None:
    """The saved model's accuracy in a line, with what is known against it; nothing before it is evaluated."""
    figures = run.figures("val")
    if figures is None:
        return
    between = f" ({interval(figures.interval)})" if figures.interval else ""
    st.caption(f":material/monitoring: Validation accuracy {percent(figures.accuracy)}{between}")
    show_caveats(run)


def show_claim(run: Run) -> None:
    """The first error in short, for above the curves: it makes them meaningless. Nothing where there is none."""
    with st.container():
        for finding in all_findings(run):
            if finding.severity == "error":
                st.error(
                    f"{plain(_in_short(form_words(finding.claim)))} More below the curves.", icon=":material/error:"
                )
                break


def show_findings_below(run: Run) -> None:
    """All findings, the worst first: errors and warnings open, notes folded."""
    found = sorted(all_findings(run), key=lambda finding: SEVERITIES.index(finding.severity))
    urgent = [finding for finding in found if finding.severity != "info"]
    notes = [finding for finding in found if finding.severity == "info"]
    with st.container():
        if urgent:
            st.markdown(f"##### Findings: {_counted(found)}")
            show_findings(urgent)
        if notes:
            noun = "finding" if len(notes) == 1 else "findings"
            with st.expander(f"{len(notes)} {noun} worth knowing", icon=":material/fact_check:"):
                show_findings(notes)


def all_findings(run: Run) -> list[Finding]:
    """Findings from before and during the training, worked out once per change of what they follow from."""
    before = tuple(file_stamp(run.path / name) for name in ("config.json", "findings.json"))
    return _all_findings(str(run.path), (*before, shared_stamp(run.path / "trace.json")))


@st.cache_data(max_entries=64, show_spinner=False)
def _all_findings(folder: str, stamps: tuple[Stamp | None, ...]) -> list[Finding]:
    return known_findings(Run(Path(folder)))


def _in_short(claim: str) -> str:
    """As many whole sentences of a claim as fit, the first in any case: half a sentence may say the opposite."""
    said, *others = _SENTENCE.split(claim)
    for other in others:
        if len(said) + 1 + len(other) > _LINE:
            break
        said = f"{said} {other}"
    return said if said.endswith((".", "!", "?")) else f"{said}."


def _counted(found: Sequence[Finding]) -> str:
    """`1 error, 2 warnings`."""
    counts = [(sum(finding.severity == word for finding in found), word) for word in SEVERITIES if word != "info"]
    return ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for count, word in counts if count)
