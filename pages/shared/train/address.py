"""The address of the Train page: dataset, preset, settings that differ from it, the sweep, and the jobs shown."""

from collections.abc import Callable
from functools import partial
from math import prod
from typing import Any

import streamlit as st

from core.config import RunConfig, setting
from core.cross_validation.store import MOST_REPEATS, REPEATS, CrossValidationStore
from core.data.folds import MOST_FOLDS
from core.errors import ConfigError, UserError
from core.jobs.job import BUDGET_MINUTES, ConfiguredJob, Job, JobStore
from core.lr_search.store import LrSearchStore
from core.models.catalogue import networks_here
from core.search.candidates import SIZES
from core.search.store import SearchStore
from core.store.folder_store import is_id
from core.sweep.plan import MOST_TRIALS, VARIED
from core.sweep.store import Sweep, SweepStore
from pages.shared import state
from pages.shared.shell import address, dataset_address
from pages.shared.shell.address import Part, value_part
from pages.shared.shell.settings_address import foreign_settings, preset_part, setting_parts
from pages.shared.train.sweep_panel import FIRST, SUGGESTED
from pages.shared.widgets.text import plain, sentence

PAGE = "Train"

JOBS: dict[str, tuple[str, Callable[[], JobStore[Any]], str]] = {
    "rate": (state.RATE_SEARCH, LrSearchStore, "learning-rate search"),
    state.SWEEP: (state.SWEEP, SweepStore, "sweep"),
    state.CROSS_VALIDATION: (state.CROSS_VALIDATION, CrossValidationStore, "cross-validation"),
    state.SEARCH: (state.SEARCH, SearchStore, "search"),
}
"""Query parameter of each job of this page -> its session key, its store, and what to call it."""

_MOST_MINUTES, _LARGEST_SEED, _LONGEST_VALUES = 1440, 2**31 - 1, 300


def recall() -> None:
    """Before anything is drawn: what the address says is put into the form."""
    parts = _parts()
    taken = address.recall(PAGE, parts)
    if taken and "customise" not in taken:  # other values were brought, of which the form may open by itself
        _customise_taken("")
    address.tell(foreign_settings())
    named = [name for name in taken if name in JOBS and st.query_params.get(name)]
    if named and not st.query_params.get("preset"):
        _fill_from(named[0])


def say() -> None:
    """After all was drawn: the form is put into the address."""
    address.say(PAGE, _parts())


def _parts() -> list[Part]:
    jobs, here = [key for key, _, _ in JOBS.values()], networks_here()
    whole = [
        _number("trials", state.SWEEP_RANDOM, 0, MOST_TRIALS, 0),
        _number("trials_seed", state.SWEEP_SEED, 0, _LARGEST_SEED, 1),
        _number("trials_minutes", state.SWEEP_BUDGET, 1, _MOST_MINUTES, round(BUDGET_MINUTES)),
        _number("folds", state.CROSS_VALIDATION_FOLDS, 0, MOST_FOLDS, 0),
        _number("repeats", state.CROSS_VALIDATION_REPEATS, 1, MOST_REPEATS, REPEATS),
        _number("search_minutes", state.SEARCH_BUDGET, 1, _MOST_MINUTES, round(BUDGET_MINUTES)),
    ]
    return [
        dataset_address.dataset_part(),
        preset_part(always=jobs),
        *setting_parts(),
        _several("vary", state.SWEEP_KEYS, FIRST, VARIED, "setting that a sweep varies"),
        *(value_part(f"values.{key}", state.choices_key(key), SUGGESTED[key]) for key in VARIED),
        *whole,
        _several("networks", state.SEARCH_NETWORKS, here, here, "network on this machine"),
        value_part("sizes", state.SEARCH_SIZES, ", ".join(map(str, SIZES))),
        Part("customise", _customise_said, _customise_taken),
        value_part("name", state.RUN_NAME, "", _check_name),
        *(Part(name, partial(_job_said, name), partial(_job_taken, name), alone=True) for name in JOBS),
    ]


def _number(name: str, key: str, low: int, high: int, usual: int) -> Part:
    def said() -> str:
        value = st.session_state.get(key, usual)
        return "" if value is None or value == usual else str(value)

    def take(text: str) -> None:
        if text and not (text.isascii() and text.isdecimal() and low <= int(text[:12]) <= high):
            raise ConfigError(f'{name} is "{text[:40]}"; it may be {low} to {high}')
        st.session_state[key] = int(text) if text else usual

    return Part(name, said, take)


def _several(name: str, key: str, usual: Any, allowed: Any, noun: str) -> Part:
    def said() -> str:
        found = [str(one) for one in st.session_state.get(key, usual) or ()]
        return "" if found == list(usual) else ",".join(found) or "none"

    def take(text: str) -> None:
        asked = list(dict.fromkeys(text.split(","))) if text not in ("", "none") else []
        if unknown := next((one for one in asked if one not in allowed), None):
            raise ConfigError(f'"{unknown[:60]}" is no {noun}')
        st.session_state[key] = asked if text else list(usual)

    return Part(name, said, take)


def _customise_said() -> str:
    """Whether the whole form is open; it usually is where it has values of its own, and only there."""
    is_open, usual = bool(st.session_state.get(state.CUSTOMISE)), bool(st.session_state.get(state.CUSTOMISED))
    return "" if is_open == usual else str(int(is_open))


def _customise_taken(text: str) -> None:
    if text not in ("", "0", "1"):
        raise ConfigError(f'customise is "{text[:40]}"; it may be 1 (the whole form is open) or 0 (it is closed)')
    st.session_state[state.CUSTOMISE] = text == "1"
    st.session_state[state.CUSTOMISED] = text == "0"  # as if it had opened and was closed again


def _check_name(name: str) -> None:
    RunConfig(name=name)


def _job_said(name: str) -> str:
    return str(st.session_state.get(JOBS[name][0], ""))


def _job_taken(name: str, job_id: str) -> None:
    key, _, noun = JOBS[name]
    if job_id and not is_id(job_id):
        raise ConfigError(f'"{job_id[:40]}" is no id of a {noun}')
    st.session_state.pop(key, None)
    if job_id:
        st.session_state[key] = job_id
    if job_id and key == state.RATE_SEARCH and not LrSearchStore().by_id(job_id):  # the other panels say it themselves
        raise ConfigError(f"the {noun} in the address does not exist (any more)")


def _fill_from(name: str) -> None:
    """Fills the form with the settings of a job that a link has named and nothing else: it is about these."""
    key, store, noun = JOBS[name]
    job = store().by_id(str(st.session_state.get(key, "")))
    if not isinstance(job, ConfiguredJob):
        return
    try:
        config = job.config()
    except UserError as error:
        address.tell([str(error)])
        return
    for field, value in config.settings().items():
        st.session_state[state.field_key(field)] = value
    _fill_sweep(job)
    said = f"The form has the settings of this {noun}."
    if dataset_address.may_open(config.dataset):
        dataset_address.choose(config.dataset)
    else:
        said += " You may not open its dataset."
    st.info(plain(sentence(said)), icon=":material/input:")


def _fill_sweep(job: Job) -> None:
    """What the sweep has varied stands in its fields again."""
    if not isinstance(job, Sweep):
        return
    trials = job.trials()
    varied = [key for key in dict.fromkeys(key for trial in trials for key in trial) if key in VARIED]
    if not varied:
        return
    st.session_state[state.SWEEP_KEYS] = varied
    tried = {key: dict.fromkeys(_text(trial[key]) for trial in trials if key in trial) for key in varied}
    for key, values in tried.items():
        between = "; " if setting(key).metadata["notation"] else ", "
        st.session_state[state.choices_key(key)] = between.join(values)[:_LONGEST_VALUES]
    drawn = len(trials) != prod(map(len, tried.values()))
    st.session_state[state.SWEEP_RANDOM] = min(len(trials), MOST_TRIALS) if drawn else 0


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
