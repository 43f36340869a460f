"""Train: choose a preset, change what you like, start."""

import streamlit as st

from core.access import PUBLIC, Action, mode, policy
from core.admission import admit
from core.config import RunConfig
from core.errors import UserError
from pages.shared import access, actions, dataset_view, fields, state, train_form
from pages.shared.cache_view import show_cache
from pages.shared.frame import frame, heading, plain
from pages.shared.preflight import show_preflight
from pages.shared.run_upkeep import show_cloned
from pages.shared.script_import import script_import


def show_dataset(reference: str) -> tuple[dataset_view.View | None, bool]:
    """The chosen data set in a line: the data set (None for the sample before it is drawn), and whether it is one."""
    with st.container(horizontal=True, vertical_alignment="center"):
        title = plain(dataset_view.title_of(reference))
        st.markdown(f":material/photo_library: Data set: **{title}**", width="content")
        st.page_link("pages/dataset.py", label="Look at it or choose another", icon=":material/swap_horiz:")
    try:
        view = dataset_view.peek(reference)
    except UserError as error:
        st.error(plain(str(error)))
        return None, False
    if view and view.problem:
        st.warning(plain(view.problem), icon=":material/warning:")
    return view, True


def show_summary(config: RunConfig, view: dataset_view.View | None) -> None:
    """What the run will be, and who is before it."""
    counts = view.counts() if view else train_form.sample_counts()
    classes = len(view.index.classes) if view else 2
    facts = train_form.facts(config, counts["train"], counts["val"])
    with st.grid(min_column_width=150):
        for label, value in facts.items():
            st.metric(label, value)
    queue = train_form.queue_sentence(len(actions.active_runs()))
    st.caption(f"{train_form.cost_sentence(config, classes)} {queue}")


def read_config(reference: str, preset: str, name: str, *, split_on_disk: bool) -> RunConfig | None:
    """The form as a configuration; None, and a sentence, when something in it is not allowed."""
    try:
        return train_form.read_config(reference, preset, name, split_on_disk=split_on_disk)
    except UserError as error:
        st.error(fields.tell(error))
        return None


def start(config: RunConfig, token: str) -> None:
    """Admits, starts, and leads to the curves; a refusal is one sentence, and the form stays as it is."""
    bar = st.progress(0.0, text="Checking the data set …")
    try:
        config, _ = admit(config, dataset_view.follow(bar, "Checking the data set"))
        run = actions.start_once(token, config)
    except UserError as error:
        bar.empty()
        st.error(fields.tell(error))
        return
    st.switch_page("pages/live.py", query_params={state.RUN: run.id})


def show_form() -> None:
    """The whole page below the heading."""
    show_cloned()
    reference = state.chosen_dataset()
    view, found = show_dataset(reference)
    split_on_disk = view is None or view.index.layout == "splits"
    script_import()
    preset = train_form.preset_control()
    train_form.show_fields(preset, split_on_disk=split_on_disk)
    train_form.show_differences(preset, split_on_disk=split_on_disk)
    name = st.text_input("Name of the run (optional)", max_chars=100, key=state.RUN_NAME, persist_state="session")
    config = read_config(reference, preset, name or "", split_on_disk=split_on_disk)
    if config and found:
        show_summary(config, view)
        show_preflight(config, view)
    if not access.may(Action.TRAIN):
        st.info("You may look at this form, but not start a training here.", icon=":material/lock:")
        return
    if mode() == PUBLIC:
        st.caption(
            f":material/public: Here a training is on the sample with the built-in network, frozen, up to "
            f"{policy().epochs} epochs; one trains at a time."
        )
    clicked = st.button("Start training", type="primary", icon=":material/play_arrow:")
    token = state.start_token(actions.used_tokens(), clicked=clicked)
    if clicked and config and found:
        start(config, token)
    elif found:
        actions.get_ready()


frame("Train")
heading("Train", "Choose how the network learns, and start. A preset fills every field; change what you like.")
show_form()
show_cache()
