"""The whole form, closed until it is asked for: a beginner needs the three choices above it alone."""

import streamlit as st

from core.data.sample import CLASSES
from pages.shared import state
from pages.shared.shell.chosen_dataset import View
from pages.shared.train import form as train_form
from pages.shared.train.augmentation_editor import show_augmentation_editor
from pages.shared.train.choices import CHOICES
from pages.shared.train.problems import problems


def show_customise(view: View | None, *, split_on_disk: bool) -> tuple[str, set[str]]:
    """The form; opens by itself, once a visit of the page, when it has values that none of the choices has.

    Args:
        view: The chosen dataset; None for the sample before it is drawn.
        split_on_disk: Whether the folder says which images are held out.

    Returns:
        The preset, and the settings whose problem was told at their field.
    """
    preset = str(st.session_state[state.PRESET])
    wrong = problems(preset, split_on_disk=split_on_disk)
    own = preset not in CHOICES or bool(
        train_form.differences(preset, train_form.settings(preset, split_on_disk=split_on_disk))
    )
    if own and not (st.session_state.get(state.CUSTOMISED) and state.CUSTOMISE in st.session_state):
        st.session_state[state.CUSTOMISE] = True
    st.session_state[state.CUSTOMISED] = own
    classes, told = view.index.classes if view else CLASSES, set[str]()
    box = st.expander(
        "Customise: every setting of the training", icon=":material/tune:", key=state.CUSTOMISE, on_change="rerun"
    )
    if box.open:  # its fields are half the work of drawing the page
        with box:
            preset = train_form.preset_control()
            told = train_form.show_fields(preset, split_on_disk=split_on_disk, classes=classes, problems=wrong)
            show_augmentation_editor(view)
    train_form.show_differences(preset, split_on_disk=split_on_disk)
    return preset, told
