"""What the checks say of the images of a dataset, which checks were made, and the worker that asks with features."""

from typing import Any, NamedTuple

import streamlit as st

from core.access.roles import Action
from core.checks.context import Context
from core.checks.coverage import coverage, in_words, with_features
from core.checks.finding import Finding
from core.checks.in_words import form_words
from core.checks.preflight import CHECK_IDS, findings_of, merged, of_images
from core.config import RunConfig, make_config
from core.errors import ConfigError, UserError
from core.feature_check.store import FeatureCheck, FeatureCheckSpec, FeatureCheckStore
from core.label_review.store import review_key
from core.store.status import RESUMABLE, Status
from core.workers import launch
from pages.shared.dataset import curate, repair
from pages.shared.dataset.job_named import CHECK, named_check
from pages.shared.dataset.job_progress import show_progress
from pages.shared.shell import jobs
from pages.shared.shell.access import guarded
from pages.shared.shell.chosen_dataset import View
from pages.shared.state import part_key
from pages.shared.widgets import fields
from pages.shared.widgets.findings import show_findings
from pages.shared.widgets.text import about, plain, sentence

EVERY_SECONDS = 2.0
"""How often a running check is looked at."""

_SECONDS, _SECONDS_AN_IMAGE = 15, 0.025


class Checked(NamedTuple):
    """What the checks have found so far.

    Attributes:
        findings: On the images; with those of the check with features once it was made.
        made: Which checks were made, as `core.checks.coverage.coverage` has it.
        with_features: Whether the check with features was made of just these images.
        job: That check, running or ended; None where there is none.
        status: Where it is.
    """

    findings: list[Finding]
    made: dict[str, Any]
    with_features: bool
    job: FeatureCheck | None
    status: Status | None


def checked_findings(view: View) -> Checked:
    """Makes the checks of the images, or takes what is known; and what a check with features has found.

    Raises:
        UserError: a file has gone or changed since the scan.
    """
    config = _config(view)
    findings, made = _checked(f"{review_key(view.dataset())} {_parts(view)} {config}", config, view)
    job = named_check(view) or FeatureCheckStore().find(config, view.dataset())
    status = launch.poll(job) if job else None
    result = job.result() if job and status and status.status == "finished" else None
    if result is None:
        return Checked(findings, made, False, job, status)
    findings = of_images(merged(findings, [Finding.of_record(one) for one in result.findings]))
    return Checked(findings, dict(with_features(made, result.not_run)), True, job, status)


def show_checks(view: View) -> int:
    """Findings on the images with some of these, what was checked, and the button for the rest; how many there are."""
    if view.problem:
        return 0
    try:
        findings, made, featured, job, status = checked_findings(view)
    except UserError as error:
        st.error(plain(sentence(str(error))))
        return 0
    if findings:
        st.markdown("##### What the checks found")
        show_findings(findings, root=view.index.root, images=8, offer=repair.offer(view))
    st.caption(f":material/fact_check: {plain(form_words(in_words(made)))}")
    if job and status and status.is_active:
        st.fragment(show_progress, run_every=EVERY_SECONDS)(job, "check", "check", end_check)
    elif not featured:
        _offer(view, _config(view), status)
    return len(findings)


def _parts(view: View) -> str:
    return "".join("tve"[k] for k, part in enumerate(("train", "val", "test")) for _ in view.part(part))


def _config(view: View) -> RunConfig:
    """The Train page's settings; the defaults where they cannot be used, which that page says."""
    values = fields.form_values("recommended")
    try:
        return make_config(view.reference, {key: "" if one is None else one for key, one in values.items()})
    except ConfigError:
        return make_config(view.reference, {})


@st.cache_data(max_entries=20, show_spinner="Checking the images …")
def _checked(key: str, _config: RunConfig, _view: View) -> tuple[list[Finding], dict[str, Any]]:
    """Findings on the images, and which checks were made; the key alone says whether they are known already."""
    context = Context(_config, _view.dataset())
    return of_images(findings_of(context)), coverage(context, CHECK_IDS)


def _offer(view: View, config: RunConfig, status: Status | None) -> None:
    if status and status.status in RESUMABLE:
        st.warning(f"The last check of features ended early. {plain(status.message)}", icon=":material/info:")
    if not curate.may_curate():
        return
    seconds = _SECONDS + _SECONDS_AN_IMAGE * len(view.index.files)
    st.button(
        f"Check with features ({about(seconds)})",
        icon=":material/fact_check:",
        key=part_key("check", "features"),
        on_click=begin_check,
        args=(view, config),
        help="Extracts features of all images once with the Train page's backbone; then tests how training and "
        "validation images, or the classes, differ, and finds likely label errors.",
    )


def begin_check(view: View, config: RunConfig) -> None:
    """Starts the check with features; for a button's `on_click`."""
    st.session_state.pop(CHECK, None)  # the new one is shown, not the one that the address has named
    try:
        _begin(config)
    except UserError as error:
        curate.say(str(error), done=False)


@guarded(Action.CURATE)
def _begin(config: RunConfig) -> None:
    jobs.begin("check", FeatureCheckSpec(config))


@guarded(Action.CURATE)
def _end(job: FeatureCheck) -> None:
    jobs.stop(job)


def end_check(job: FeatureCheck) -> None:
    """Asks the check to stop; for a button's `on_click`."""
    try:
        _end(job)
    except UserError as error:
        curate.say(str(error), done=False)
