"""The detail of an image that a run misclassifies: enlarged, its probabilities, class activation map and label."""

from pathlib import Path

import pandas as pd
import streamlit as st

from core.access.roles import Action
from core.data.corrections import EXCLUDED
from core.data.dataset_index import ImageFile
from core.data.file_names import display_name
from core.errors import LayoutQuestion, UserError
from core.store.runs import Run
from pages.shared.predict.asking import ask_once
from pages.shared.predict.closer_view import SIDE, show_insight
from pages.shared.predict.shown import Shown
from pages.shared.run.facts import data_facts, image_path, small_image
from pages.shared.run.held_out import stored
from pages.shared.run.mistakes_view import Wrong
from pages.shared.run.view import read_config
from pages.shared.shell import dataset_address
from pages.shared.shell.access import may
from pages.shared.shell.chosen_dataset import View, open_view
from pages.shared.shell.relabel import put_right
from pages.shared.state import CLOSER_CLASS, part_key
from pages.shared.widgets.text import number, plain, sentence

WHERE = "mistake_where"
"""Session key: whether the model is asked where it looks; it holds for the next image, too."""

ANSWER, CLASS_OF, SAID = "mistake_answer", "mistake_class_of", "mistake_said"
"""Session keys: the answer asked for last; the image whose class of the map is chosen; what a change of a label did,
(whether it worked, one sentence)."""


def show_mistake(run: Run, part: str, wrong: Wrong) -> None:
    """Everything that is known about one mistake, and what can be done about it.

    Args:
        run: Run.
        part: `val` or `test`.
        wrong: The mistake.
    """
    path = image_path(run, part, wrong.file)
    small = small_image(path, SIDE) if path else None
    can_ask = bool(path and small and run.has_model() and may(Action.PREDICT))
    with_map = can_ask and bool(st.session_state.get(WHERE))  # then the image stands below, beside its map
    left, right = st.columns(2 if with_map else [3, 2])
    if not with_map:
        with left:
            _image(wrong, small)
    with left if with_map else right:
        st.markdown(f"Label **{plain(wrong.label)}**, predicted as **{plain(wrong.predicted)}**")
        _probabilities(run, part, wrong)
    with right:
        _label(run, wrong)
    if path and small and can_ask:
        _insight(run, wrong, path, small)


def _image(wrong: Wrong, small: bytes | None) -> None:
    if small:
        st.image(small, width="stretch", alt=f"{wrong.file}: {wrong.label} predicted as {wrong.predicted}")
    else:
        st.caption(":material/hide_image: The image file is missing or cannot be read.")


def _probabilities(run: Run, part: str, wrong: Wrong) -> None:
    kept = stored(run, part)
    if kept is None or wrong.file not in kept.files:
        st.markdown(f"Probability of {plain(wrong.predicted)}: {number(wrong.probability, 2)}")
        return
    found = kept.probabilities[kept.files.index(wrong.file)]
    rows = sorted(zip(kept.classes, found.tolist(), strict=True), key=lambda row: -row[1])
    st.dataframe(
        pd.DataFrame(rows, columns=["Class", "Probability"]),
        hide_index=True,
        alt=f"Probability of each class for {wrong.file}, highest first",
        column_config={
            "Probability": st.column_config.ProgressColumn("Probability", min_value=0, max_value=1, format="%.3f")
        },
    )


def _insight(run: Run, wrong: Wrong, path: Path, small: bytes) -> None:
    label = "Show class activation map and nearest training images"
    if not st.toggle(label, key=WHERE, help="Runs the model; the first time takes 5 to 10 seconds longer."):
        return
    image = Shown(f"{run.id}:{wrong.file}", wrong.file, path, wrong.label)
    answers = ask_once(run, [image], ANSWER, heat=True)
    if not answers or not answers[0].insight.heat:  # nothing beside which it would stand
        _image(wrong, small)
    if answers and answers[0].label:
        if st.session_state.get(CLASS_OF) != image.key:  # the class that was chosen for another image says nothing here
            st.session_state[CLASS_OF] = image.key
            st.session_state[CLOSER_CLASS] = answers[0].label
        show_insight(run, image, answers[0], small)
    elif answers:
        st.error(plain(sentence(answers[0].error)), icon=":material/error:")


def _label(run: Run, wrong: Wrong) -> None:
    """The correction of a wrong label, for whoever may; the list of corrections is that of the Labels tab."""
    if not may(Action.CURATE):
        return
    worked, said = st.session_state.pop(SAID, (True, ""))
    if said:
        (st.success if worked else st.error)(plain(said))
    found = _in_data_set(run, wrong.file)
    if isinstance(found, str):
        st.caption(found)
        return
    view, on_disk = found
    now = view.find(wrong.file)
    if now is None or now.label != on_disk.label:
        what = f"Now labelled {plain(now.label)}." if now else "Now excluded."
        st.markdown(
            f":material/edit_note: {what} Later runs use the correction; the metrics of this run do not change."
        )
        _button(view, wrong, "Restore the label", on_disk.label, f"{_short(wrong)} is {on_disk.label} again")
        return
    st.markdown("**Is the label wrong?**")
    with st.container(horizontal=True):
        if len(view.index.classes) > 2:
            _choose_class(view, wrong, on_disk)
        else:
            other = next((name for name in view.index.classes if name != on_disk.label), "")
            _button(view, wrong, f"Relabel as {plain(other)}", other, f"{_short(wrong)} is {other} now")
        _button(view, wrong, "Exclude it", EXCLUDED, f"{_short(wrong)} is excluded")


def _choose_class(view: View, wrong: Wrong, on_disk: ImageFile) -> None:
    names = [wrong.predicted, *view.index.classes]
    others = [name for name in dict.fromkeys(names) if name in view.index.classes and name != on_disk.label]
    chosen = st.selectbox(
        "Its class",
        others,
        key=part_key("mistake_class", wrong.file),
        format_func=display_name,
        width=220,
        help="The correct class. The file is not moved; the label is corrected for later runs.",
    )
    if chosen:
        _button(view, wrong, f"Relabel as {plain(chosen)}", chosen, f"{_short(wrong)} is {chosen} now")


def _button(view: View, wrong: Wrong, words: str, label: str, said: str) -> None:
    st.button(words, on_click=_put_right, args=(view, {wrong.file: label}, said), key=part_key("mistake_label", words))


def _put_right(view: View, labels: dict[str, str], said: str) -> None:
    try:
        put_right(view, labels)
    except UserError as error:
        st.session_state[SAID] = (False, sentence(str(error)))
    else:
        st.session_state[SAID] = (True, sentence(said))


def _in_data_set(run: Run, file: str) -> tuple[View, ImageFile] | str:
    """The run's dataset as it is now, and the image as it is on disk; or why its label cannot be corrected here."""
    config, facts = read_config(run), data_facts(run)
    if config is None or facts is None or not dataset_address.may_open(config.dataset):
        return "The dataset of this run cannot be opened here, so its labels cannot be corrected."
    try:
        view = open_view(config.dataset)
    except (LayoutQuestion, UserError):
        return "The dataset of this run cannot be read any more, so its labels cannot be corrected."
    on_disk = next((one for one in view.on_disk.files if one.path == file), None)
    if on_disk is None or str(view.on_disk.root) != facts.root:
        return "This image is not in the dataset any more."
    return view, on_disk


def _short(wrong: Wrong) -> str:
    return display_name(wrong.file.rsplit("/", 1)[-1])
