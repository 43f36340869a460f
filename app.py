"""Home: what Parity is, the puzzle, and the runs so far."""

import streamlit as st

from core.errors import UserError
from pages.shared import actions, run_list, state
from pages.shared.frame import frame, heading, plain

REFRESH_SECONDS = 3.0


def show_puzzle() -> None:
    """The button that starts the puzzle, and what will happen."""
    with st.container(border=True):
        st.subheader(":material/extension: The puzzle", anchor=False)
        st.markdown(
            "Two trainings of the same head on the same frozen network, on the built-in synthetic chest films, one "
            "after the other: roughly one to three minutes each on two processor cores. One learns; the other stays at "
            "50 % accuracy."
        )
        under_way = actions.puzzle_under_way()
        label = "Watch the puzzle" if under_way else "Show me the puzzle"
        if st.button(label, type="primary", icon=":material/play_arrow:"):
            open_puzzle()


def open_puzzle() -> None:
    """Starts the puzzle, or finds the one under way, and leads to its first run."""
    try:
        with st.spinner("Getting the two runs ready …"):
            run = actions.start_puzzle()
    except UserError as error:
        st.error(plain(str(error)))
        return
    st.switch_page("pages/live.py", query_params={state.RUN: run.id})


def show_runs() -> None:
    """The table of runs; it follows the runs that are at work."""
    st.subheader("Recent runs", anchor=False)
    rows = run_list.recent_runs()
    if not rows:
        st.info("No runs yet. Press “Show me the puzzle”, or train on pictures of your own.", icon=":material/info:")
        st.page_link("pages/train.py", label="Set up a run", icon=":material/tune:")
        return
    active = any(row["active"] for row in rows)
    st.fragment(show_table, run_every=REFRESH_SECONDS if active else None)(active)


def show_table(active: bool) -> None:
    """One row a run, with a button that opens its curves; `active` is whether one was at work at the last full look."""
    rows = run_list.recent_runs()
    if active and not any(row["active"] for row in rows):
        st.rerun()
    st.dataframe(
        run_list.run_table(rows),
        column_config=run_list.columns(state.OPEN_RUN),
        hide_index=True,
        alt="Table of the runs: name, state, way of training, validation accuracy and loss, and when it was made.",
    )
    if click := st.session_state.get(state.OPEN_RUN):
        st.switch_page("pages/live.py", query_params={state.RUN: rows[click["row"]]["id"]})


frame("Home")
heading(
    "Parity",
    "Parity trains an image classifier by transfer learning in two ways that should agree, shows both as they learn, "
    "and helps to find out why when they do not.",
)
show_puzzle()
show_runs()
