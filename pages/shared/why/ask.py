"""Two scripts, two results, on the Home page: the scripts and the images in, a question started."""

import streamlit as st

from core.access.roles import Action
from core.errors import UserError
from core.jobs.job import BUDGET_MINUTES
from core.recorder.recorder_file import NAME, recorder_bytes
from core.script.text import LARGEST
from core.why.side import NotExpressed, ScriptSide, preset_side, read_side
from core.why.store import WhySpec
from pages.shared.shell import access, jobs
from pages.shared.shell.chosen_dataset import title_of, without_path
from pages.shared.state import DATASET, WHY, part_key
from pages.shared.widgets.progress_bar import with_bar
from pages.shared.widgets.text import plain, sentence

FIRST, SECOND, BUDGET = part_key("why", "first"), part_key("why", "second"), part_key("why", "budget")


def show_form() -> None:
    """Two files, the dataset, the time, and the button."""
    first_column, second_column = st.columns(2)
    with first_column:
        first = st.file_uploader("First script", type=["py", "txt", "ipynb"], key=FIRST, help="Parsed, never executed.")
    with second_column:
        second = st.file_uploader(
            "Second script (without one: the recommended settings)",
            type=["py", "txt", "ipynb"], key=SECOND, help="Parsed, never executed.",
        )  # fmt: skip
    dataset = str(st.session_state.get(DATASET, "sample"))
    st.markdown(f"Both train on: **{plain(title_of(dataset))}**")
    st.page_link("pages/dataset.py", label="Choose another dataset", icon=":material/image:")
    minutes = st.number_input(
        "Time limit of the search in minutes", 1.0, 600.0, BUDGET_MINUTES, 5.0, key=BUDGET,
        help="Does not include training the two scripts first.",
    )  # fmt: skip
    pressed = st.button(
        "Find the line", icon=":material/troubleshoot:", disabled=first is None or not access.may(Action.DIAGNOSE),
        key="why_start", help="Parses both scripts, trains as they do, and searches for the cause.",
    )  # fmt: skip
    if pressed and first is not None:
        files = [(file.name, bytes(file.getbuffer()[: LARGEST + 1])) for file in (first, second) if file is not None]
        _start(files, dataset, float(minutes))


def recorder_download() -> None:
    """The file for scripts that no configuration expresses."""
    st.download_button(
        "Download parity_recorder.py", recorder_bytes(), NAME, "text/x-python", icon=":material/download:",
        on_click="ignore", key="why_recorder",
        help="Three lines in your Keras 3 script record its training; import the zip on the Predict page.",
    )  # fmt: skip


def _start(files: list[tuple[str, bytes]], dataset: str, minutes: float) -> None:
    """Reads the scripts and starts the question; what is wrong is said in a sentence."""
    if len(files) == 2 and files[0][1] == files[1][1]:
        st.error("The two files are the same script; give two scripts with two results.")
        return
    try:
        with st.spinner("Reading the scripts …"):
            sides = [read_side(content, name, dataset) for name, content in files]
        job = with_bar("Reading all images", lambda progress: jobs.begin("why", _spec(sides, dataset, minutes),
                                                                             progress))  # fmt: skip
    except NotExpressed as error:
        said = f"{sentence(error.reason)} parity_recorder.py, right below, records the script's own training instead."
        st.warning(plain(said))
        return
    except UserError as error:
        st.error(plain(sentence(without_path(dataset, error))))
        return
    st.query_params[WHY] = job.id
    st.rerun()


def _spec(sides: list[ScriptSide], dataset: str, minutes: float) -> WhySpec:
    return WhySpec(sides[0], sides[1] if len(sides) > 1 else preset_side(dataset), minutes)
