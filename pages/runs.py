"""Runs page: all runs in one table, and any number of them side by side."""

import streamlit as st

from pages.shared import state
from pages.shared.puzzle.menu import follow_puzzle
from pages.shared.run.upkeep import show_deleted, show_trash
from pages.shared.runs import page
from pages.shared.shell.frame import frame
from pages.shared.shell.kept_choice import remember_look
from pages.shared.shell.notice import show_notice
from pages.shared.widgets.text import heading

frame("Runs", in_menu=follow_puzzle)
heading("Runs", "All runs in one table: compare, tag, export or delete.")
show_notice()
show_deleted()
remember_look(*state.LOOK)
if st.query_params.get(state.LOOK_COMPARED):
    page.compare()
else:
    page.table()
    show_trash()
