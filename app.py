"""Home page: what Parity is, the demo, and recent runs."""

import streamlit as st

from core.access.roles import Action
from core.errors import UserError
from core.start.story import read_story
from core.store import examples as shipped
from pages.shared import state
from pages.shared.home import runs as home_runs
from pages.shared.home.jobs_list import show_jobs
from pages.shared.home.own_images import show_own_images
from pages.shared.home.running import show_running
from pages.shared.puzzle import puzzle
from pages.shared.puzzle import view as puzzle_view
from pages.shared.puzzle.menu import follow_puzzle
from pages.shared.run.upkeep import show_deleted, show_trash
from pages.shared.shell import access, examples, tour
from pages.shared.shell.frame import frame
from pages.shared.shell.notice import show_notice
from pages.shared.why import view as why_view
from pages.shared.widgets.text import heading, plain, sentence


def show_puzzle() -> None:
    """The button that starts the demo, what will happen, and how far it is."""
    with st.container(border=True):
        st.subheader(":material/extension: Run the demo", anchor=False)
        st.markdown(
            "Trains the same head on the same frozen backbone twice, on built-in synthetic chest X-rays. One run "
            "learns; the other stays at 50 % accuracy. Then a search finds the setting that causes it."
        )
        story = read_story()
        puzzle_view.show_steps(story)
        if (story is None or not story.under_way) and access.may(Action.DIAGNOSE):
            label = "Run the demo" if story is None else "Run the demo again"
            second = bool(story and (story.verdict or story.can_go_on))  # there is something better to press
            kind = "secondary" if second else "primary"
            if st.button(label, type=kind, icon=":material/play_arrow:"):  # type: ignore[arg-type]
                open_puzzle()


def open_puzzle() -> None:
    """Starts the demo, or finds the one under way, and leads to its first run."""
    try:
        with st.spinner("Preparing the two runs …"):
            run = puzzle.start()
    except UserError as error:
        st.error(plain(sentence(str(error))))
        return
    st.switch_page("pages/live.py", query_params={state.RUN: run.id})


def open_examples() -> None:
    """Puts the shipped runs in place and opens the one that can predict."""
    try:
        examples.put_in_place()
    except UserError as error:
        st.error(plain(sentence(str(error))))
        return
    st.switch_page("pages/live.py", query_params={state.RUN: shipped.run_with_model()})


def show_runs() -> None:
    """The table of runs; it follows active runs, which also stand above it."""
    st.subheader("Recent runs", anchor=False)
    show_notice()
    rows = home_runs.own_runs()
    if not rows:
        show_deleted()
        st.info(
            "No runs yet. Press “Run the demo”, train on your own images, or open the finished example: "
            "two runs with the cause of their difference, and a model to predict with.",
            icon=":material/info:",
        )
        st.page_link("pages/train.py", label="Set up a run", icon=":material/tune:")
        show_trash()
        return
    home_runs.show_table(rows)


def show_ways() -> None:
    """The two ways to begin, side by side; both stay when there are runs."""
    own, demo = st.columns(2)
    with own, st.container(border=True, height="stretch"):
        show_own_images()
    with demo, st.container(border=True, height="stretch"):
        st.subheader(":material/visibility: See the demo", anchor=False)
        st.markdown(
            "A finished example without any training: two runs, the cause of their difference, and a model to "
            "predict with."
        )
        if st.button("Open the finished example", type="primary", icon=":material/visibility:"):
            open_examples()


frame("Home", in_menu=follow_puzzle)
heading(
    "Parity",
    "Train image classifiers by transfer learning, compare runs, and find out why two runs differ.",
)
if not tour.is_under_way():
    label = "Take the tour (two minutes, on finished runs)"
    st.page_link("app.py", label=label, icon=":material/explore:", query_params={state.TOUR: "1"})
if tour.shows_the_runs():
    show_runs()
show_ways()
show_running()
show_puzzle()
why_view.show_why()
if not tour.shows_the_runs():
    show_runs()
show_jobs()
