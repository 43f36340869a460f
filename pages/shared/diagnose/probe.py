"""The same images through both runs' saved models, and how far apart they are at every stage."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from core.access.roles import Action
from core.compare.compare import stored_probe
from core.errors import UserError
from core.store.runs import Run
from core.workers.probe_client import probe
from pages.shared.diagnose.choice import Pair
from pages.shared.shell.access import guarded, may
from pages.shared.state import part_key
from pages.shared.widgets.text import plain, sentence

if TYPE_CHECKING:
    from core.store.job_records import ProbeStage


def show_probe(pair: Pair) -> None:
    """The stored probe as a table; where there is none yet, a button that measures it."""
    a, b = pair
    if not (a.has_model() and b.has_model()):
        return
    if not (may(Action.DIAGNOSE) or stored_probe(a, b)):
        return
    with st.expander("The same images through both runs", icon=":material/linear_scale:"):
        if rows := stored_probe(a, b):
            _show_table(rows)
            return
        st.caption("Runs 16 images through both models and shows the stage at which activations first differ.")
        if st.button("Compare activations", icon=":material/play_arrow:", key=part_key("probe", a.id, b.id)):
            try:
                with st.spinner("Loading both models; about 20 seconds …"):
                    _show_table(_measure(a, b))
            except UserError as error:
                st.error(plain(sentence(str(error))), icon=":material/error:")


@guarded(Action.DIAGNOSE)
def _measure(a: Run, b: Run) -> "list[ProbeStage]":
    return probe(a, b)


def _show_table(rows: "Sequence[ProbeStage]") -> None:
    st.caption("Largest difference at each stage for the same images.")
    table = [{"Stage": row.stage, "Largest difference": row.largest_difference} for row in rows]
    st.dataframe(pd.DataFrame(table), hide_index=True, alt="Largest difference between the two runs at each stage")
