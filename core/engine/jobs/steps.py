"""Jobs whose steps are jobs with workers of their own: begins each, waits, stops them, tells what ended early."""

import contextlib
import time
from collections.abc import Sequence
from typing import Any

from core.engine.reporter import Reporter
from core.errors import RunError, UserError
from core.start.start import start_step
from core.store.folder import JobFolder
from core.store.runs import RESUMABLE, Status
from core.workers import launch

LOOK_SECONDS = 0.5


class EndedEarly(Exception):
    """A step has ended before its end; the arguments are the final status of the whole and a sentence."""


def carry_out(reporter: Reporter[Any], jobs: Sequence[JobFolder], words: Sequence[str]) -> None:
    """Has jobs done that are steps of another one; returns when all have finished.

    Raises:
        EndedEarly: one has ended early, or the whole was asked to stop; nothing of it is running any more.
        UserError: one has failed for a reason that the person can put right.
    """
    for job in jobs:
        _begin(job)
    while True:
        statuses = [launch.poll(job) for job in jobs]
        at_work = next((k for k, status in enumerate(statuses) if status.status != "finished"), None)
        if at_work is None:
            return
        if reporter.stop_requested():
            _stop(jobs)
        if not any(status.is_active for status in statuses):
            _give_up(reporter, jobs, statuses)
        if reporter.status.message != words[at_work]:
            reporter.set_status(message=words[at_work])
        time.sleep(LOOK_SECONDS)


def _begin(job: JobFolder) -> None:
    """Gives a step its worker, unless it has one or has finished."""
    status = launch.poll(job)
    if status.status in RESUMABLE or (status.status == "queued" and status.pid is None):
        try:
            start_step(job, parent_pipe=True)
        except RunError:  # a person has resumed it at the same moment, or it cannot be started
            if not launch.poll(job).is_active:
                raise


def _stop(jobs: Sequence[JobFolder]) -> None:
    for job in jobs:
        if launch.poll(job).is_active and not job.stop_requested():
            with contextlib.suppress(UserError):  # it has just ended
                launch.stop(job)


def _give_up(reporter: Reporter[Any], jobs: Sequence[JobFolder], statuses: Sequence[Status]) -> None:
    if reporter.stop_requested():
        stopped = f"Stopped by user; what was trained is kept, and the {reporter.run.noun} can go on."
        raise EndedEarly("stopped", stopped)
    job, status = next(pair for pair in zip(jobs, statuses, strict=True) if pair[1].status != "finished")
    message = f"{job.title()} has ended early: {status.message}"
    if status.fault == "user":
        raise RunError(message)
    raise EndedEarly(status.status if status.status in RESUMABLE else "failed", message)
