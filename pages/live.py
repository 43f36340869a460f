"""Live page: live metrics and results of a run."""

import streamlit as st

from core.housekeeping.trial_ids import trial_ids
from core.store.runs import RunStore
from core.workers import launch
from pages.shared.predict.mistake import show_mistake
from pages.shared.puzzle.menu import follow_puzzle
from pages.shared.run.downloads import downloads
from pages.shared.run.evaluation_view import evaluation
from pages.shared.run.export_view import show_export
from pages.shared.run.poll import watch
from pages.shared.run.upkeep import show_deleted
from pages.shared.run.view import choose_run, head, settings_table, trouble
from pages.shared.shell.frame import frame
from pages.shared.shell.notice import show_notice

frame("Live", in_menu=follow_puzzle)
title, choice = st.columns([1, 4], vertical_alignment="bottom")
title.title("Live", anchor=False)
st.caption("Live metrics and results. This URL links to the run.")
show_notice()
show_deleted()

trials = trial_ids()  # a bisect's trainings are opened from Diagnose; in the list they would bury the person's own runs
runs = [run for run in RunStore().list() if run.id not in trials]
if not runs:
    st.info("There are no runs yet. Start one on the Train page, or run the demo on the Home page.")
    with st.container(horizontal=True):
        st.page_link("pages/train.py", label="Set up a training", icon=":material/tune:")
        st.page_link("app.py", label="Run the demo", icon=":material/home:")
elif run := choose_run(runs, place=choice):
    status = launch.poll(run)
    head(run, status)
    trouble(run, status)
    watch(run, status)
    evaluation(run, show_mistake)
    settings_table(run)
    downloads(run)
    show_export(run)
