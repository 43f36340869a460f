"""Polling fragment of an active run: progress, curves, findings, end.

Every tick draws the same elements in the same places, so that the browser keeps them and only swaps their content.
"""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.config import RunConfig
from core.models.unfreezing import FINETUNING, is_training, stage_of
from core.store.runs import RESUMABLE, STATUSES, Run, RunStore, Status
from core.workers import launch
from core.workers.try_model_client import is_imported
from pages.shared.run.facts import DataFacts, data_facts, epochs, notes, title
from pages.shared.run.live_curves import choose_looks, show_curves
from pages.shared.run.live_findings import show_caveats, show_claim, show_findings_below
from pages.shared.run.tab_title import show_tab_title
from pages.shared.run.view import active_runs, read_config, status_words
from pages.shared.state import RUN, RUN_NOTICE
from pages.shared.widgets.text import NOTHING, about, duration, interval, moment, number, percent, plain

if TYPE_CHECKING:
    from core.store.run_records import EpochRecord, Event

EVERY_SECONDS = 2.0
"""How often an active run is looked at."""

QUEUE_SECONDS = 5.0
"""How often one looks whether another person has resumed the run, and where other runs are."""

_PHASES = {
    "data": "Data",
    "features": "Features",
    "training": "Training",
    FINETUNING: "Fine-tuning",
    "evaluating": "Evaluation",
    "saving": "Saving",
}


def watch(run: Run, status: Status) -> None:
    """Shows a run and goes on showing it as long as there is something to wait for."""
    every = EVERY_SECONDS if status.is_active else None
    if every is None and (status.status in RESUMABLE or _others(run)):
        every = QUEUE_SECONDS
    st.fragment(_tick, run_every=every)(run, _stage(status))


def _stage(status: Status) -> str:
    """What the whole page is drawn for: a run that is queued, one that is running, or one that has ended."""
    return "ended" if not status.is_active else "queued" if status.status == "queued" else "running"


def _tick(run: Run, was: str) -> None:
    status = launch.poll(run)
    if _stage(status) != was:
        if was != "ended" and status.status in ("finished", "stopped"):
            st.session_state[RUN_NOTICE] = (True, f"{title(run)}: {status_words(status)[0].lower()}.")
        st.rerun()  # the whole page: buttons, evaluation and downloads change with it
    config, where = read_config(run) or RunConfig(), launch.location(run, status)
    records, facts, others = epochs(run), data_facts(run), _others(run)
    show_tab_title(run, status)
    _state(
        _message(status, records, _before(run, status, others)), status, None if is_imported(run) else config, others
    )
    if where:
        st.caption(f":material/lan: {plain(where)}")
    is_at_work = _stage(status) == "running"
    if is_at_work:
        _progress(status)
        _speed(status, records, facts)
    if is_at_work or records:
        _figures(records, facts)
    show_caveats(run)
    show_claim(run)
    if is_at_work or records:
        show_curves(run, records, facts, status, config)
    show_findings_below(run)
    if not status.is_active:
        _speed(status, records, facts)
    _notes(run)
    _queue(others)


def _state(message: str, status: Status, config: RunConfig | None, others: list[tuple[Run, Status]]) -> None:
    """Status and phases; without a configuration there were none."""
    word, icon, colour = status_words(status)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(word, icon=icon, color=colour)  # type: ignore[arg-type]
        st.text(message)
        if config and (status.is_active or status.phase or status.status == "finished"):
            st.caption(_steps(status, config), width="content")
        if not status.is_active and others:
            st.page_link(
                "pages/live.py",
                label="Watch the next run",
                icon=":material/arrow_forward:",
                query_params={RUN: others[0][0].id},
            )


def _message(status: Status, records: "Sequence[EpochRecord]" = (), before: int = 0) -> str:
    """The status in a sentence; why a run ended early stands in a box of its own above.

    Args:
        status: Status.
        records: Its epochs. Defaults to none.
        before: Runs that have their turn before it. Defaults to none.
    """
    if status.status == "queued" and before:
        return f"Waiting for its turn: {before} {'run' if before == 1 else 'runs'} before it."
    if status.status in ("failed", "interrupted") and status.epoch:
        return f"Ended in epoch {status.epoch} of {status.epochs}."
    if status.status in ("failed", "interrupted", "damaged"):  # of the last no status says how far it came
        return f"Ended after epoch {records[-1].epoch}." if records else "Ended before training."
    return status.message or STATUSES[status.status]


def _before(run: Run, status: Status, others: list[tuple[Run, Status]]) -> int:
    """Runs that are running, or were queued earlier and wait."""
    mine = (status.queued, run.id)
    return sum(other.status != "queued" or (other.queued, its.id) < mine for its, other in others)


def _steps(status: Status, config: RunConfig) -> str:
    """The phases in their order, with what is done, what is running or was when it ended, and what is to come."""
    stage = stage_of(status.phase)
    phase = FINETUNING if stage else status.phase
    names = [name for name in _PHASES if name in _expected(config) or name == phase]
    index = len(names) if status.status == "finished" else names.index(phase) if phase in names else -1
    here = ":material/play_arrow:" if status.is_active else ":material/stop:"
    marks = [
        ":material/check:" if k < index else here if k == index else ":material/more_horiz:" for k in range(len(names))
    ]
    of_stages = f", stage {stage} of {config.training.finetune_stages}" if config.training.finetune_stages > 1 else ""
    at = {FINETUNING: f"{_PHASES[FINETUNING]}{of_stages}"}
    words = [f"**{at.get(name, _PHASES[name])}**" if k == index else _PHASES[name] for k, name in enumerate(names)]
    return " · ".join(f"{mark} {word}" for mark, word in zip(marks, words, strict=True))


def _expected(config: RunConfig) -> set[str]:
    training, phases = config.training, {"data", "training", "evaluating", "saving"}
    if training.mode == "fine_tune":
        return phases | {"features", FINETUNING}
    return phases | {"features"} if training.is_on_features else phases


def _progress(status: Status) -> None:
    """How far it is: a bar each, and words where there is nothing to count yet."""
    within = status.batch / status.batches if status.batches and is_training(status.phase) else 0.0
    epochs_done = max(0, status.epoch - 1) + within
    batch = f", batch {status.batch} of {status.batches}" if status.batches else ""
    left, right = st.columns(2)
    with left:
        if status.epochs:
            words = f"Epoch {status.epoch} of {status.epochs}{batch}"
            st.progress(_share(epochs_done / status.epochs), text=words)
        else:
            st.caption("No epoch started.")
    with right:
        if status.total:
            words = f"Images: {status.done} of {status.total}"
            st.progress(_share(status.done / status.total), text=words)
        else:
            st.caption("No progress count for this step.")


def _speed(status: Status, records: "Sequence[EpochRecord]", facts: DataFacts | None) -> None:
    """How fast it goes; of a run that has ended, how long it took."""
    per_second, left = _pace(status, records, facts)
    speed = NOTHING if per_second is None else f"{per_second:,.0f}"
    memory = NOTHING if status.memory_mb is None else f"{status.memory_mb:,.0f} MB"
    if status.is_active:
        so_far = time.time() - status.started if status.started else None
        figures = [
            _time_left(status, left),
            ("Time so far", duration(so_far)),
            ("Images per second", speed),
            ("Memory", memory),
        ]
    else:
        figures = [
            ("Total time", duration(status.seconds.get("total"))),
            ("Time for features", duration(status.seconds.get("features"))),
            ("Time for training", duration(status.seconds.get("training"))),
            ("Memory", memory),
        ]
    if status.is_active:  # one line, so that the curves stay in sight
        st.caption(" · ".join(f"{label}: **{plain(value)}**" for label, value in figures))
        return
    if all(value == NOTHING for _, value in figures):  # it ended before anything was measured
        return
    with st.grid(4, min_column_width=150):
        for label, value in figures:
            st.metric(label, value)


def _time_left(status: Status, left: float | None) -> tuple[str, str]:
    """Of the whole run where its worker knows, else of the step it is at: label and value."""
    whole = status.run_seconds_left
    return ("Time left (step)", about(left)) if whole is None else ("Time left (run)", about(whole))


def _pace(
    status: Status, records: "Sequence[EpochRecord]", facts: DataFacts | None
) -> tuple[float | None, float | None]:
    """Images a second and seconds left; from the last epochs where they are too short to be timed inside."""
    alike = [record for record in records[-5:] if (record.phase or status.phase) == status.phase]
    recent = [record.seconds for record in alike if record.seconds]
    if not recent or not is_training(status.phase):
        return status.images_per_second, status.eta_seconds
    seconds, left = sum(recent) / len(recent), max(0, status.epochs - records[-1].epoch)
    per_second = facts.counts["train"] / seconds if facts else None
    return (
        per_second if status.images_per_second is None else status.images_per_second,
        left * seconds if status.eta_seconds is None else status.eta_seconds,
    )


def _figures(records: "Sequence[EpochRecord]", facts: DataFacts | None) -> None:
    """The last epoch in numbers, the accuracy with what chance alone would make of it."""
    last = records[-1] if records else None
    accuracy, majority = last.val_accuracy if last else None, facts.majority_share if facts else None
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"##### Epoch {last.epoch}" if last else "##### No epoch finished yet")
        choose_looks()
    with st.grid(4, min_column_width=150):
        st.metric(
            "Validation accuracy",
            percent(accuracy),
            delta=interval(facts.interval(accuracy)) if facts and accuracy is not None else NOTHING,
            delta_color="off",
            delta_arrow="off",
            help="95 % CI by Wilson's method.",
        )
        st.metric(
            "Validation AUC",
            number(last.val_auc if last else None),
            delta="0.5 is chance, 1 is perfect",
            delta_color="off",
            delta_arrow="off",
            help="Area under the ROC curve, independent of the threshold. It can be high at 50 % accuracy.",
        )
        st.metric(
            "Validation loss",
            number(last.val_loss if last else None, 4),
            delta=f"training {number(last.loss if last else None, 4)}",
            delta_color="off",
            delta_arrow="off",
        )
        st.metric(
            "Majority-class baseline",
            percent(majority),
            delta=f"“{plain(facts.majority_class)}”" if facts and majority else NOTHING,
            delta_color="off",
            delta_arrow="off",
            help="Accuracy of always predicting the most frequent class: the dashed line in the chart.",
        )


def _notes(run: Run) -> None:
    zone = st.context.timezone
    lines = [f"{moment(event.time, zone)}  {_note(event)}" for event in notes(run)[-50:]]
    with st.expander(f"Log ({len(lines)})" if lines else "Log: nothing unusual", icon=":material/notes:"):
        st.text("\n".join(lines) or "Warnings, retries and interruptions would be listed here.")


def _note(event: "Event") -> str:
    """One event as a line: its own words, else its name and facts."""
    if event.message:
        return event.message
    facts = [f"{key} {value}" for key, value in event.to_dict().items() if key not in ("event", "time")]
    return f"{(event.event or 'event').capitalize()}{': ' if facts else ''}{', '.join(facts)}"[:300]


def _queue(others: list[tuple[Run, Status]]) -> None:
    with st.container():
        if not others:
            return
        st.markdown("##### Running and queued")
        for other, status in others:
            word, icon, _ = status_words(status)
            st.page_link(
                "pages/live.py",
                label=f"{plain(title(other))} · {word.lower()}",
                icon=icon,
                query_params={RUN: other.id},
            )


def _others(run: Run) -> list[tuple[Run, Status]]:
    return [item for item in active_runs(RunStore().list()) if item[0].id != run.id]


def _share(value: float) -> float:
    return min(1.0, max(0.0, value))
