"""Which two runs the Diagnose page shows: two lists in step with the address."""

from collections.abc import Sequence

import streamlit as st

from core.bisect.store import runs_of
from core.store.runs import Run, RunStore
from pages.shared.diagnose import actions as diagnose_actions
from pages.shared.run.facts import title
from pages.shared.run.view import LOOKS
from pages.shared.shell.address import came_by_history
from pages.shared.shell.kept_choice import chosen_before, remember_choice, remember_default
from pages.shared.state import (
    BISECT,
    LOOK,
    LOOK_COMPARED,
    PAIR_CHOICE,
    RUN_A,
    RUN_B,
)
from pages.shared.widgets.text import moment

Pair = tuple[Run, Run]

_LABELS = {RUN_A: "Run A", RUN_B: "Run B"}
_NAMED = (*_LABELS, BISECT)


def say_too_few(runs: Sequence[Run]) -> None:
    """What to do when there are not two runs to compare."""
    found = "is one run" if runs else "are no runs"
    st.info(
        f"Two trained runs are needed, and there {found} so far. Run the demo on the Home page, which trains two "
        "and finds out why they differ, or train your own.",
        icon=":material/info:",
    )
    with st.container(horizontal=True):
        st.page_link("app.py", label="Run the demo", icon=":material/home:")
        st.page_link("pages/train.py", label="Set up a training", icon=":material/tune:")


def choose_pair(runs: Sequence[Run]) -> Pair | None:
    """The lists of runs, in step with the address.

    Args:
        runs: Those that may be chosen, the newest first; at least two.

    Returns:
        Runs A and B; None when the address names something that does not exist, or the same run twice.
    """
    named = any(st.query_params.get(name) for name in _NAMED)
    passing = not named and came_by_history()  # writing here would lead on again: back would end here
    if not named and not passing:
        _choose_again()
    asked = _asked()
    runs = _compared_first(runs)
    listed = {run.id: run for run in runs}
    found = {side: diagnose_actions.find_run(run_id) for side, run_id in asked.items()}
    listed.update({run.id: run for run in found.values() if run and run.id not in listed})
    if unknown := [_LABELS[side] for side in asked if asked[side] and found[side] is None]:
        st.error(f"{' and '.join(unknown)}: no such run. Choose from the lists.", icon=":material/error:")
    else:
        _fill(found, runs)
        if not passing:
            st.query_params.update({side: run.id for side, run in found.items() if run})
            (remember_choice if any(asked.values()) else remember_default)(*_NAMED)
    for column, side in zip(st.columns(2), _LABELS, strict=True):
        with column:
            _choose(side, found[side], listed)
    st.page_link("pages/runs.py", label="Choose from the table of runs", icon=":material/table_rows:")
    a, b = found[RUN_A], found[RUN_B]
    if a and b and a.id == b.id:
        st.info("The same run is selected twice. Choose two different runs.", icon=":material/info:")
        return None
    return (a, b) if a and b else None


def _compared_first(runs: Sequence[Run]) -> list[Run]:
    """The runs that were compared last on the Runs page, in their order there, then the others."""
    compared = chosen_before(*LOOK).get(LOOK_COMPARED, "").split(",")
    listed = {run.id: run for run in runs}
    first = [run for run_id in compared if (run := listed.pop(run_id, None) or _ended(run_id))]
    return [*first, *listed.values()]


def _ended(run_id: str) -> Run | None:
    """A run of that id that has something to compare, as a trial of a bisect or sweep, which no list has."""
    run = RunStore().by_id(run_id)
    return run if run and diagnose_actions.is_comparable(run) else None


def _choose_again() -> None:
    """Puts the pair that was chosen before, and its search, into an address that names none, as far as they exist."""
    for name, value in chosen_before(*_NAMED).items():
        if diagnose_actions.find_bisect(value) if name == BISECT else diagnose_actions.find_run(value):
            st.query_params[name] = value


def _asked() -> dict[str, str]:
    """What the address asks for; a search stands for its two runs where it names none."""
    asked = {side: st.query_params.get(side, "") for side in _LABELS}
    bisect_id = st.query_params.get(BISECT, "")
    if not bisect_id or all(asked.values()):
        return asked
    bisect = diagnose_actions.find_bisect(bisect_id)
    runs = runs_of(bisect) if bisect else ()
    return dict(zip(_LABELS, runs, strict=True)) if len(runs) == 2 else asked


def _fill(found: dict[str, Run | None], runs: Sequence[Run]) -> None:
    """Chooses for the person what the address leaves open."""
    newest = diagnose_actions.default_pair(runs) or (runs[1], runs[0])
    for side, other, mine in ((RUN_A, RUN_B, 0), (RUN_B, RUN_A, 1)):
        if found[side] is None:
            taken = found[other]
            found[side] = next(run for run in (newest[mine], newest[1 - mine]) if not taken or run.id != taken.id)


def _choose(side: str, run: Run | None, listed: dict[str, Run]) -> None:
    labels = {run.id: _label(run) for run in listed.values()}
    key = PAIR_CHOICE[side]
    st.session_state[key] = run.id if run else None
    st.selectbox(
        _LABELS[side],
        list(listed),
        key=key,
        format_func=labels.__getitem__,
        on_change=_follow_choice,
        args=(side,),
        placeholder="Choose a run",
        help="Runs on the same images can be compared image by image, and the cause can be searched for.",
    )


def _follow_choice(side: str) -> None:
    if chosen := st.session_state[PAIR_CHOICE[side]]:
        st.query_params[side] = chosen
        st.query_params.pop(BISECT, None)


def _label(run: Run) -> str:
    status = run.read_status()
    word = "running" if status.is_active else LOOKS[status.status][0].lower()
    return f"{title(run)} · {word} · {moment(status.created, st.context.timezone)}"
