"""Predict page: new images to a trained run; class probabilities and class activation maps."""

import streamlit as st

from core.access.roles import Action
from core.store.runs import RunStore
from pages.shared.predict.image_sources import choose_images
from pages.shared.predict.model_import import show_labelled, show_model_import, show_run_import
from pages.shared.predict.view import preparation, show_answers
from pages.shared.puzzle.menu import follow_puzzle
from pages.shared.run.export_view import show_export
from pages.shared.run.live_findings import show_accuracy
from pages.shared.run.view import choose_run
from pages.shared.shell.access import may
from pages.shared.shell.frame import frame
from pages.shared.widgets.text import heading

frame("Predict", in_menu=follow_puzzle)
heading("Predict", "Classify images with a trained model; shows the probability of every class.")

runs = [run for run in RunStore().list() if run.has_model()]
if not runs:
    imports = " Or import a model below." if may(Action.IMPORT) else ""
    st.info(f"No run has a model yet. Train one, or run the demo on the Home page, which trains two.{imports}")
    with st.container(horizontal=True):
        st.page_link("pages/train.py", label="Set up a training", icon=":material/tune:")
        st.page_link("pages/live.py", label="Watch a run", icon=":material/monitoring:")
        st.page_link("app.py", label="Run the demo", icon=":material/home:")
elif run := choose_run(runs, "This run has no model yet: it must first finish or be stopped. Choose another run."):
    preparation(run)
    show_labelled(run)
    show_accuracy(run)
    if images := choose_images(run):
        show_answers(run, images, runs)
    show_export(run)
show_model_import()
show_run_import()
