"""Starts, resumes and stops jobs of every kind as the person at this page; the core asks whether they may."""

from typing import TypeVar

from core.jobs.spec import Spec
from core.progress import Progress
from core.start import start
from core.store.folder import JobFolder
from core.store.status import RESUMABLE, Status
from pages.shared.shell.access import person

F = TypeVar("F", bound=JobFolder)

RESUMED_SECONDS = 5.0
"""How often one looks whether a job that has ended early was resumed in another tab, or by somebody else."""


def begin(kind: str, spec: Spec[F], progress: Progress | None = None) -> F:
    """Starts a job; see `core.start.start.start`.

    Raises:
        AccessError: the person may not, or the mode does not allow it.
        UserError: it cannot be done, or too many jobs wait.
    """
    return start.start(kind, spec, person(), progress)


def go_on(job: JobFolder) -> None:
    """Lets a job that has ended early go on.

    Raises:
        AccessError: it is somebody else's, or the mode does not allow it.
        UserError: it is running or has finished, or too many jobs wait.
    """
    start.resume(job, person())


def stop(job: JobFolder) -> None:
    """Asks a job to stop; what it has done so far is kept.

    Raises:
        AccessError: it is somebody else's.
        RunError: it is not running.
    """
    start.stop(job, person())


def end_now(job: JobFolder) -> None:
    """Ends the worker of a job that does not stop.

    Raises:
        AccessError: it is somebody else's.
        RunError: it is not running, or its worker is out of reach.
    """
    start.stop(job, person(), now=True)


def follow_seconds(status: Status, every: float) -> float | None:
    """How often a job is looked at: one that can be resumed too, as that may happen in another tab; else None.

    Args:
        status: Status.
        every: float. For a job at work.
    """
    if status.is_active:
        return every
    return RESUMED_SECONDS if status.status in RESUMABLE else None
