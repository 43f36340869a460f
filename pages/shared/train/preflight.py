"""Preflight findings of the Train page's form, computed once for each configuration and dataset."""

import hashlib
import json
from dataclasses import replace
from typing import Any

import streamlit as st

from core import paths
from core.checks.finding import Finding
from core.checks.preflight import preflight
from core.config import RunConfig
from core.data.dataset import divide
from core.data.dataset_index import DatasetIndex
from core.data.split_file import SplitFile
from core.errors import UserError
from pages.shared.shell.chosen_dataset import View
from pages.shared.widgets.fields import sentence_of
from pages.shared.widgets.findings import show_findings

_KEPT = 200


def show_preflight(config: RunConfig, view: View | None) -> None:
    """What is worth knowing before the run of this form starts, worst first, with a button where one setting helps."""
    if view is None:
        st.caption("The checks need the sample, which is generated at the first start or on the Dataset page.")
        return
    if view.problem:
        return
    index = replace(view.index, skipped=tuple(view.skipped))  # what an upload left out is known beside its folder
    try:
        findings = _findings(_key(config, index, view.split_file), config, index)
    except UserError as error:
        st.error(sentence_of(error))
        return
    urgent = [finding for finding in findings if finding.severity != "info"]
    notes = [finding for finding in findings if finding.severity == "info"]
    show_findings(urgent, can_apply=True, root=view.index.root)
    if notes:
        with st.expander(f"{len(notes)} {'note' if len(notes) == 1 else 'notes'} on these settings and images"):
            show_findings(notes, can_apply=True, root=view.index.root)
    if not findings:
        st.caption(":material/check_circle: No issues found.")


@st.cache_data(max_entries=_KEPT, show_spinner="Checking settings and images …")
def _findings(key: str, _config: RunConfig, _index: DatasetIndex) -> list[Finding]:
    """The findings; the key alone says whether they are known already."""
    return preflight(_config, divide(_index, _config.data))


def _key(config: RunConfig, index: DatasetIndex, own: SplitFile | None) -> str:
    """A hash of the settings and of every file's place, class and content; a few milliseconds for 5,000 images."""
    record: dict[str, Any] = {**config.settings(), "dataset": config.dataset, "home": str(paths.home())}
    digest = hashlib.sha256(json.dumps(record, sort_keys=True).encode())
    digest.update(f"{index.root}\n{index.skipped}\n{index.unreadable}\n".encode(errors="backslashreplace"))
    for file in index.files:
        digest.update(f"{file.path}\0{file.sha256}\0{file.label}\n".encode())
    if own:
        digest.update(repr(sorted(own.part_of.items())).encode(errors="backslashreplace"))
    return digest.hexdigest()
