"""The demo in the menu: wherever the person is, they see how far it is."""

import streamlit as st

from core.start.story import Story, read_story
from pages.shared.state import BISECT, RUN, RUN_A, RUN_B

EVERY_SECONDS = 3.0
"""How often the demo is looked at while it is under way."""


def follow_puzzle() -> None:
    """One line and a link below the menu, as long as a demo is under way."""
    story = read_story()
    if story and story.under_way:
        st.fragment(_tick, run_every=EVERY_SECONDS)()


def diagnosis_query(story: Story) -> dict[str, str]:
    """What the address of the Diagnose page says of the demo."""
    query = {side: step.run.id for side, step in zip((RUN_A, RUN_B), story.steps, strict=True)}
    return {**query, BISECT: story.bisect} if story.bisect else query


def _tick() -> None:
    story = read_story()
    with st.container():
        if story is None:
            return
        if story.verdict or not story.under_way:
            words = "Demo finished." if story.verdict else "Demo stopped."
        else:
            words = f"Demo: step {story.step} of 3 running."
        st.caption(f":material/extension: {words}")
        if story.bisect:
            label = "See the verdict" if story.verdict else "Watch the search"
            st.page_link("pages/diagnose.py", label=label, query_params=diagnosis_query(story))
        else:
            st.page_link("pages/live.py", label="Watch the run", query_params={RUN: story.run_to_watch.id})
