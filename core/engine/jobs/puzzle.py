"""Puzzle job: has its two trainings done, then the search between them; each with a worker of its own.

It loads no TensorFlow and takes no place: a puzzle goes on whether or not a page of it is open.
"""

import contextlib
import time
from collections.abc import Sequence

from core.bisect.store import Bisect, BisectSpec, BisectStore
from core.engine.reporter import Reporter
from core.errors import RunError, UserError
from core.start.puzzle import Puzzle
from core.start.start import start_step
from core.store.folder import JobFolder
from core.store.runs import RESUMABLE, Status
from core.workers import launch

LOOK_SECONDS = 0.5

_STOPPED = "Stopped by a person; what was trained is kept, and the puzzle can go on."

_WORDS = ("Step 1 of 3: trains the bottleneck head.", "Step 2 of 3: trains end to end.")
_SEARCHES = "Step 3 of 3: looks for the setting that makes the difference."


class _EndedEarly(Exception):
    """A step has ended before its end; the arguments are the final status of the puzzle and a sentence."""


def solve(reporter: Reporter[Puzzle]) -> tuple[str, str]:
    """Carries a puzzle on from wherever it is, to its verdict or to a stop.

    Args:
        reporter: Reporter. Of a puzzle whose worker has just begun.

    Returns:
        The final status, and a sentence for the person.

    Raises:
        UserError: a training or the search has failed for a reason that the person can put right.
    """
    reporter.set_status(status="running", message=_WORDS[0], started=time.time())
    runs = reporter.run.runs()
    try:
        _carry_out(reporter, runs, _WORDS)
        bisect = _bisect_between(reporter)
        _carry_out(reporter, (bisect,), (_SEARCHES,))
    except _EndedEarly as end:
        status, message = end.args
        return str(status), str(message)
    return "finished", str(bisect.result().get("sentence") or "The search has ended.")


def _bisect_between(reporter: Reporter[Puzzle]) -> Bisect:
    """The search of this puzzle: one that is there, as when a person has begun it, or a new one."""
    a, b = reporter.run.runs()
    bisect = BisectStore().between(a, b) or BisectSpec(a, b).make(reporter.run.owner())
    reporter.run.write_result({"bisect": bisect.id})
    return bisect


def _carry_out(reporter: Reporter[Puzzle], jobs: Sequence[JobFolder], words: Sequence[str]) -> None:
    """Has jobs done that are steps of the puzzle; returns when all have finished.

    Raises:
        _EndedEarly: one has ended early, or the puzzle was asked to stop; nothing of it is at work any more.
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


def _give_up(reporter: Reporter[Puzzle], jobs: Sequence[JobFolder], statuses: Sequence[Status]) -> None:
    if reporter.stop_requested():
        raise _EndedEarly("stopped", _STOPPED)
    job, status = next(pair for pair in zip(jobs, statuses, strict=True) if pair[1].status != "finished")
    message = f"{job.title()} has ended early: {status.message}"
    if status.fault == "user":
        raise RunError(message)
    raise _EndedEarly(status.status if status.status in RESUMABLE else "failed", message)
