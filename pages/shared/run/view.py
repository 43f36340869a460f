"""A run on a page: choosing it, its head line, its settings, its files."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.access.roles import Action
from core.config import RunConfig, beside_recommended, setting
from core.data.set_names import set_name
from core.errors import RunError
from core.store.index import read_status
from core.store.runs import STATUSES, Run, RunStore, Status
from core.workers import launch
from core.workers.try_model_client import is_imported
from pages.shared.run.actions import action_buttons
from pages.shared.run.facts import Stamp, damage, file_stamp, title
from pages.shared.run.rename import rename_button
from pages.shared.run.upkeep import note_button, show_note, upkeep_buttons
from pages.shared.shell.access import guarded, may
from pages.shared.shell.address import came_by_history
from pages.shared.shell.kept_choice import chosen_before, chosen_run, remember_choice, remember_default
from pages.shared.state import RUN, RUN_CHOICE
from pages.shared.widgets.fields import mode_words
from pages.shared.widgets.text import moment, plain, sentence

LISTED = 200
"""Most runs in the list; an older one is still found by its address."""

LOOKS = {
    "queued": ("Queued", ":material/schedule:", "gray"),
    "starting": ("Starting", ":material/rocket_launch:", "blue"),
    "running": ("Running", ":material/directions_run:", "blue"),
    "finished": ("Finished", ":material/check_circle:", "green"),
    "stopped": ("Stopped", ":material/stop_circle:", "orange"),
    "failed": ("Failed", ":material/error:", "red"),
    "interrupted": ("Interrupted", ":material/power_off:", "orange"),
    "damaged": ("Damaged", ":material/heart_broken:", "red"),
}
"""Word, icon and colour of every status."""

_LOG_BYTES = 8000


def choose_run(runs: Sequence[Run], refusal: str = "", place: DeltaGenerator | None = None) -> Run | None:
    """The list of runs, in step with the address.

    Args:
        runs: Those that may be chosen, the newest first; at least one.
        refusal: What to say when the address names a run that is not among them. Defaults to nothing: it may be shown.
        place: container. Where the list stands. Defaults to here.

    Returns:
        The run to show; None when the address names none that can be shown.
    """
    listed = {run.id: run for run in _in_order(runs)}
    # Writing into the address here would lead on again, and the browser's back would end here.
    passing = not st.query_params.get(RUN) and came_by_history()
    if not st.query_params.get(RUN) and not passing:
        _choose_again(listed, only_listed=bool(refusal))
    asked, found = st.query_params.get(RUN, ""), chosen_run()
    if found and found.id not in listed and not refusal:
        listed[found.id] = found
    if asked and found is None:
        st.error("No such run. Choose one from the list.", icon=":material/error:")
    elif found and found.id not in listed:
        st.info(refusal, icon=":material/info:")
        st.page_link("pages/live.py", label="Open this run", icon=":material/monitoring:", query_params={RUN: found.id})
        found = None
    elif found is None:
        found = next(iter(listed.values()))
    if found and not passing:
        st.query_params[RUN] = found.id
        (remember_choice if asked else remember_default)(RUN)
    labels = {run.id: _label(run) for run in listed.values()}
    st.session_state[RUN_CHOICE] = found.id if found else None
    (place or st).selectbox(
        "Run",
        list(listed),
        index=0 if found else None,
        key=RUN_CHOICE,
        format_func=labels.__getitem__,
        on_change=_follow_choice,
        placeholder="Choose a run",
        help="This URL links to the run.",
    )
    return found


def head(run: Run, status: Status) -> None:
    """Name, training mode, backbone, what can be done, tags and note."""
    with st.container(horizontal=True, vertical_alignment="center", key="run_head"):
        st.subheader(plain(title(run)), anchor=False, wrap=False)  # the pointer on it shows all of a long name
        action_buttons(run, status)
        upkeep_buttons(run, active=status.is_active)
        if run.has_model():
            st.page_link(
                "pages/predict.py",
                label="Predict with this run",
                icon=":material/image_search:",
                query_params={RUN: run.id},
            )
        note_button(run)
        rename_button(run)
    config = read_config(run)
    if config is None:
        st.error("The settings of this run cannot be read: its config.json is damaged or of a newer version.")
    else:
        made = f"created {moment(status.created, st.context.timezone)}"
        st.caption(f":material/tune: {_how_trained(run, config)} · {made}")
    show_note(run)


def _how_trained(run: Run, config: RunConfig) -> str:
    """Training mode, backbone, size and dataset; of an imported model only what is known of it."""
    size = f"{config.data.image_size} pixels"
    if is_imported(run):  # its configuration says how it is asked; how it was trained, no file tells
        return f"Imported model · {size} · {len(run.classes())} classes"
    training = mode_words(config.training.mode, config.training.unfreeze_from)
    return f"{plain(training)} · {plain(config.model.backbone)} · {size} · dataset {plain(set_name(config.dataset))}"


def trouble(run: Run, status: Status) -> None:
    """Why a run ended early, and what the person can do."""
    message = plain(sentence(status.message or STATUSES[status.status]))
    if status.status in ("failed", "damaged"):
        st.error(message, icon=":material/error:")
    elif status.status == "interrupted":
        st.warning(message, icon=":material/power_off:")
    if not status.is_active and (damaged := damage(run)):
        st.warning(f"Damaged and ignored: {plain('; '.join(damaged))}.", icon=":material/heart_broken:")
    unexpected = (status.status == "failed" and status.fault != "user") or status.status == "interrupted"
    if unexpected and may(Action.READ_LOG):  # it names folders of the server
        log = _log_tail(run.path / "worker.log")
        if log:
            with st.expander("End of the worker's log", icon=":material/terminal:"):
                st.code(log, language=None, wrap_lines=True)


def settings_table(run: Run) -> None:
    """Every setting, marked where it is not what is recommended; of an imported model none, as they are not its own."""
    config = read_config(run)
    if config is None or is_imported(run):
        return
    rows = [
        {
            "Setting": setting(key).metadata.get("label", key),
            "Value": _shown(value),
            "Recommended": _shown(advised),
            "Differs": "✓" if value != advised else "",
            "Key": key,
        }
        for key, value, advised in beside_recommended(config)
    ]
    rows.sort(key=lambda row: not row["Differs"])
    different = sum(bool(row["Differs"]) for row in rows)
    with st.expander(f"Settings ({different} differ from the recommended ones)", icon=":material/tune:"):
        st.dataframe(rows, hide_index=True, alt="Settings of the run and the recommended ones")


def read_config(run: Run) -> RunConfig | None:
    """The run's configuration; None when it cannot be read."""
    stamp = file_stamp(run.path / "config.json")
    return _config(str(run.path), stamp) if stamp else None


@st.cache_resource(max_entries=256, show_spinner=False)
def _config(folder: str, stamp: Stamp) -> RunConfig | None:
    """Shared by all viewers: nobody changes a configuration."""
    try:
        return Run(Path(folder)).config()
    except RunError:
        return None


def active_runs(runs: Sequence[Run]) -> list[tuple[Run, Status]]:
    """Runs that are running or queued, in the order in which they take their turns."""
    # Only the newest are looked at: what is older and still active has been settled by then.
    found = [(run, read_status(run)) for run in runs[:LISTED]]
    settled = [(run, launch.poll(run)) for run, status in found if status.is_active]
    return sorted(
        ((run, status) for run, status in settled if status.is_active),
        key=lambda item: (item[1].status == "queued", item[1].queued),
    )


def status_words(status: Status) -> tuple[str, str, str]:
    """Word, icon and colour of a status."""
    return LOOKS[status.status]


def _in_order(runs: Sequence[Run]) -> list[Run]:
    """Active ones first, then the newest first."""
    listed = list(runs[:LISTED])
    at_work = [run.id for run, _ in active_runs(listed)]
    rank = {run_id: k for k, run_id in enumerate(at_work)}
    return sorted(listed, key=lambda run: rank.get(run.id, len(rank)))


def _choose_again(listed: Mapping[str, Run], *, only_listed: bool) -> None:
    """Puts the run that was chosen before into an address that names none, if it is still there and may be shown."""
    before = chosen_before(RUN).get(RUN, "")
    if before in listed or (not only_listed and RunStore().by_id(before)):
        st.query_params[RUN] = before


def _label(run: Run) -> str:
    status = read_status(run)
    # While it is running only the fragment below is redrawn: “starting” in the list would soon be wrong.
    word = "running" if status.status == "starting" else LOOKS[status.status][0].lower()
    return f"{title(run)} · {word} · {moment(status.created, st.context.timezone)}"


def _follow_choice() -> None:
    if chosen := st.session_state[RUN_CHOICE]:
        st.query_params[RUN] = chosen


@guarded(Action.READ_LOG)
def _log_tail(path: Path) -> str:
    try:
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - _LOG_BYTES))
            return log.read().decode("utf-8", "replace").strip()
    except OSError:
        return ""


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
