"""A guided tour through the pages, on the finished runs that come with the program, so that nothing has to be trained.

`?tour=1` in the address of any page begins it. The session remembers the step, so that a look at another page on the
way does not end it.
"""

from dataclasses import dataclass

import streamlit as st

from core.data.dataset import SAMPLE
from core.store import examples as shipped
from pages.shared import state
from pages.shared.shell import examples
from pages.shared.shell.look import mark


@dataclass(frozen=True)
class Step:
    """One stop of the tour.

    Attributes:
        page: Title of the page it is on.
        file: The page's file.
        title: What there is to see, in a few words.
        words: One or two sentences.
        marks: CSS selector of what it speaks of, which gets a frame.
        shows: What the address names: nothing, `good`, `bad`, `pair` or `model`.
    """

    page: str
    file: str
    title: str
    words: str
    marks: str
    shows: str = ""


STEPS = (
    Step(
        "Home",
        "app.py",
        "Two runs that should agree",
        "The same head on the same frozen backbone, trained in two ways: one run learns, the other stays at chance. "
        "Both are in the table below; the next steps show how Parity finds out why.",
        '.st-key-recent_runs [data-testid="stDataFrame"]',
    ),
    Step(
        "Dataset",
        "pages/dataset.py",
        "Look at the images first",
        "The sample has synthetic chest X-rays. Quality, Labels and Map find outliers, duplicates and likely label "
        "errors; Batch composition shows the classes in each training batch.",
        '[data-testid="stTabs"] [role="tablist"]',
    ),
    Step(
        "Live",
        "pages/live.py",
        "A run that learns",
        "Loss and accuracy are plotted while a run trains; afterwards the page shows the confusion matrix, the ROC "
        "curve and the worst mistakes. The URL links to the run, so a colleague can open the same page.",
        '[data-testid="stVegaLiteChart"]',
        "good",
    ),
    Step(
        "Live",
        "pages/live.py",
        "The run that does not",
        "Same backbone, same head, same images, but validation accuracy stays at chance (50 %). The cards below the "
        "curves list what was found during training.",
        '[data-testid="stAlert"]',
        "bad",
    ),
    Step(
        "Diagnose",
        "pages/diagnose.py",
        "The cause, with its proof",
        "Parity trained with settings of both runs, switching one at a time in both directions, until one setting "
        "explained the difference. Further down is the first divergence of the two computations.",
        ".st-key-verdict",
        "pair",
    ),
    Step(
        "Predict",
        "pages/predict.py",
        "Predict with a trained run",
        "Upload images, or choose “Images of the dataset”, to get the predicted class with its probability; "
        "“Detail” shows which part of the image supports it.",
        '[data-testid="stButtonGroup"]',
        "model",
    ),
    Step(
        "Train",
        "pages/train.py",
        "Train your own",
        "A preset fills every field, and each field has a help text. Choose a dataset, press “Start training” and "
        "watch the run. This is the end of the tour.",
        '.stElementContainer:not([class*="st-key-tour"]) [data-testid="stBaseButton-primary"]',
    ),
)


def is_under_way() -> bool:
    """Whether this session is on the tour."""
    return state.TOUR in st.session_state


def shows_the_runs() -> bool:
    """Whether the step is that on the table of runs, which then stands where it is seen."""
    return st.session_state.get(state.TOUR) == 1


def show_tour(page: str) -> None:
    """The card of the tour above a page, for whoever is on it; begins it where the address asks for it.

    Args:
        page: str. Title of the page.

    Raises:
        UserError: the home cannot be written.
    """
    asked = st.query_params.get(state.TOUR)
    if asked is None and not is_under_way():
        return
    if not is_under_way():
        _begin()
    number = _number(st.session_state[state.TOUR] if asked is None else asked)
    st.session_state[state.TOUR] = number
    step = STEPS[number - 1]
    mark(step.marks if page == step.page else "")
    with st.container(border=True, key=state.part_key(state.TOUR, "card")):
        st.markdown(f":material/explore: **{step.title}**")
        # A person may have followed a link of the page: what is said is then not what is seen.
        st.markdown(step.words if page == step.page else f"This step of the tour is on the {step.page} page.")
        _buttons(number, elsewhere=page != step.page)


def _buttons(number: int, *, elsewhere: bool) -> None:
    last = number == len(STEPS)
    with st.container(horizontal=True, vertical_alignment="center"):
        if elsewhere and st.button("Go to the page", type="primary", icon=":material/my_location:", key="tour_return"):
            _go(number)
        if not last and st.button(
            "Next",
            type="secondary" if elsewhere else "primary",
            icon=":material/arrow_forward:",
            icon_position="right",
            key="tour_next",
        ):
            _go(number + 1)
        if st.button("Back", icon=":material/arrow_back:", disabled=number == 1, key="tour_back"):
            _go(number - 1)
        label = "End the tour" if last else "End"
        st.button(label, type="tertiary", icon=":material/close:", key="tour_end", on_click=_end)
        st.caption(f"{number} of {len(STEPS)}", width="content")


def _begin() -> None:
    """Puts the runs in place, and shows the sample on the Dataset page."""
    examples.put_in_place()
    st.session_state[state.TOUR_BEFORE] = (state.chosen_dataset(), st.session_state.pop(state.SOURCE, None))
    state.choose_dataset(SAMPLE)


def _end() -> None:
    """Leaves the session as it was before the tour, and the person where they are.

    It runs before the next script run: a change of the address is lost where `st.rerun()` follows it.
    """
    st.session_state.pop(state.TOUR, None)
    dataset, source = st.session_state.pop(state.TOUR_BEFORE, (state.chosen_dataset(), None))
    if state.chosen_dataset() == SAMPLE:  # else another was chosen on the way, and stays
        state.choose_dataset(dataset)
        st.session_state.pop(state.SOURCE, None)
        if source is not None:
            st.session_state[state.SOURCE] = source
    st.query_params.pop(state.TOUR, None)


def _go(number: int) -> None:
    step = STEPS[number - 1]
    st.session_state[state.TOUR] = number
    st.switch_page(step.file, query_params={state.TOUR: str(number), **_query(step.shows)})


def _query(shows: str) -> dict[str, str]:
    """What the address of a step's page names beside the step."""
    good, bad, bisect = shipped.puzzle()
    named = {
        "good": {state.RUN: good},
        "bad": {state.RUN: bad},
        "pair": {state.RUN_A: good, state.RUN_B: bad, state.BISECT: bisect},
        "model": {state.RUN: shipped.run_with_model()},
    }
    return named.get(shows, {})


def _number(asked: object) -> int:
    """The step that an address asks for; the nearest where there is none of that number, the first for a word."""
    try:
        return min(max(int(str(asked)), 1), len(STEPS))
    except ValueError:
        return 1
