"""Cross-validation on the Train page: started, followed, its figures, and the out-of-fold answers."""

from typing import TYPE_CHECKING

import streamlit as st

from core.access.roles import Action
from core.config import RunConfig
from core.cross_validation.figures import notes
from core.cross_validation.store import (
    FEW,
    FOLDS,
    MOST_REPEATS,
    REPEATS,
    CrossValidation,
    CrossValidationSpec,
    CrossValidationStore,
)
from core.data.folds import LEAST_FOLDS, MOST_FOLDS
from core.label_review.store import ReviewSpec
from core.store.predictions import FILE
from core.store.runs import STATUSES
from core.workers import launch
from pages.shared import state
from pages.shared.run.evaluation_view import out_of_fold
from pages.shared.shell import jobs
from pages.shared.shell.access import may
from pages.shared.shell.chosen_dataset import View, title_of
from pages.shared.shell.notice import act
from pages.shared.train.folds_chart import HEIGHT, folds_figure, folds_words
from pages.shared.train.job_panel import early_end, shown_job, start_job, stop_button
from pages.shared.widgets.text import NOTHING, duration, interval, number, percent, plain

if TYPE_CHECKING:
    from core.store.fold_records import CrossValidationResult

EVERY_SECONDS = 2.0

_KEPT = "Trained heads are kept and not trained again."


def show_cross_validation(config: RunConfig | None, view: View | None) -> None:
    """The whole part; `config` is the form, None while something in it is not allowed; `view` the dataset."""
    if not may(Action.SWEEP):
        return
    job = shown_job(CrossValidationStore(), state.CROSS_VALIDATION, "cross-validation")
    with st.expander(
        "Cross-validate these settings", icon=":material/percent:", key=state.CROSS_VALIDATION_PANEL, expanded=bool(job)
    ):
        st.caption(
            "Splits all images into folds and trains one head per held-out fold, on features computed once. Every "
            "image is predicted by a head that has not seen it or another image of the same patient."
        )
        if view and (count := view.counts()["val"]) < FEW:
            st.caption(
                f":material/info: There are {count} validation images here. Below about {FEW}, the accuracy on one "
                "split is very uncertain; cross-validation measures on all images."
            )
        status = launch.poll(job) if job else None
        if not (status and status.is_active):
            _form(config)
        if job and status:
            early_end(job, status, "Resume the cross-validation", done=_KEPT, key="cv_resume")
            st.fragment(_tick, run_every=jobs.follow_seconds(status, EVERY_SECONDS))(job, status.is_active)
            if not status.is_active and (result := job.result()):
                _show_result(job, result, view)


def _form(config: RunConfig | None) -> None:
    st.session_state.setdefault(state.CROSS_VALIDATION_FOLDS, 0)
    st.session_state.setdefault(state.CROSS_VALIDATION_REPEATS, REPEATS)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input(
            "Folds",
            min_value=0,
            max_value=MOST_FOLDS,
            key=state.CROSS_VALIDATION_FOLDS,
            width=140,
            help=f"0: those of the dataset (folders fold1, fold2, …, or a column fold of its table), else "
            f"{FOLDS}. {LEAST_FOLDS} at least.",
        )
        st.number_input(
            "Repeats",
            min_value=1,
            max_value=MOST_REPEATS,
            key=state.CROSS_VALIDATION_REPEATS,
            width=140,
            help="How often the images are split again, with other seeds.",
        )
        if st.button("Cross-validate", icon=":material/play_arrow:", disabled=config is None, key="cv_start"):
            _start(config)


def _start(config: RunConfig | None) -> None:
    if config is None:
        return
    folds = int(st.session_state[state.CROSS_VALIDATION_FOLDS])
    repeats = int(st.session_state[state.CROSS_VALIDATION_REPEATS])
    spec = CrossValidationSpec(config, folds=folds, repeats=repeats)
    start_job("cross-validation", spec, state.CROSS_VALIDATION)


def _tick(job: CrossValidation, was_active: bool) -> None:
    status = launch.poll(job)
    if status.is_active != was_active:
        st.rerun()
    if not status.is_active:
        return
    result = job.result()
    done = len(result["heads"]) / (job.folds() * job.repeats()) if result else 0.0
    share = status.done / status.total if status.total and not done else done
    st.progress(min(1.0, share), text=plain(status.message or STATUSES[status.status]))
    stop_button(job, "Stop the cross-validation", "cv_stop")
    if result and result["figures"]:
        _figures(result)


def _figures(result: "CrossValidationResult") -> None:
    found = result["figures"]
    if found is None:
        return
    with st.grid(4, min_column_width=180):
        around, area = found["interval"], found["auc_interval"]
        for label, value, delta in (
            ("Accuracy", percent(found["accuracy"]), interval(around) if around else NOTHING),
            ("AUC", number(found["auc"]), f"95 % CI {area[0]:.3f} to {area[1]:.3f}" if area else NOTHING),
        ):
            st.metric(label, value, delta=delta, delta_color="off", delta_arrow="off")
        st.metric("Images", f"{result['images']:,}")
        heads = f"{len(result['heads'])} of {result['folds'] * result['repeats']}"
        st.metric("Heads", heads, help=f"{result['folds']} folds, {result['repeats']} times.")


def _show_result(job: CrossValidation, result: "CrossValidationResult", view: View | None) -> None:
    st.divider()
    made = f"{result['folds']} folds, {result['repeats']} {'time' if result['repeats'] == 1 else 'times'}"
    called = job.name() or f"Dataset {title_of(job.dataset())}"
    st.markdown(f":material/photo_library: {plain(called)}: {made}")
    _figures(result)
    for note in notes(result):
        st.caption(plain(note))
    if result["heads"]:
        figure = folds_figure(result)
        st.plotly_chart(
            figure, height=HEIGHT, alt=folds_words(result), config={"displayModeBar": False}, key="cv_chart"
        )
    st.caption(
        f"95 % CIs: {result['method']}; they account for the training images that folds share. Time: "
        f"{duration(60 * result['cost'].get('spent_minutes', 0.0))}."
    )
    if result["complete"]:
        _answers(job, view)


def _answers(job: CrossValidation, view: View | None) -> None:
    run = job.out_of_fold()
    with st.container(horizontal=True):
        st.download_button(
            "Out-of-fold predictions (CSV)", (run.path / FILE).read_bytes(), f"out-of-fold-{job.id}.csv", "text/csv",
            icon=":material/download:", key="cv_csv",
        )  # fmt: skip
        if view and may(Action.CURATE):
            st.button(
                "Review labels with these predictions",
                icon=":material/fact_check:", on_click=_review, args=(job, view),
                help="Starts a label review of the chosen dataset; the result appears on Dataset, Labels.",
                key="cv_review",
            )  # fmt: skip
    if st.toggle("Show out-of-fold predictions", key="cv_answers", help="Threshold, calibration and mistakes."):
        out_of_fold(run)


def _review(job: CrossValidation, view: View) -> None:
    act(
        lambda: jobs.begin("review", ReviewSpec(view.reference, view.dataset(), job.id)),
        "Label review started; the result will appear on Dataset, Labels.",
    )
