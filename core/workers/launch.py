"""Starts, stops and polls the worker of a run, as a local process or as a job of a Ray cluster.

`PARITY_EXECUTOR` says where new workers run: `local` (the default) or `ray`. Where the worker of a run is stands in
the run's folder, so any process may ask about any run. The Ray half is imported only where it is used.
"""

import dataclasses
from types import ModuleType
from typing import TypeVar

from core.environment import environment
from core.errors import RunError
from core.store.folder import QUIET_SECONDS, JobFolder
from core.store.status import Status
from core.workers import command, local

J = TypeVar("J", bound=JobFolder)

ROOT = command.ROOT
CANNOT_WRITE = command.CANNOT_WRITE
worker_environment = command.worker_environment


SILENT_SECONDS = 30.0
"""A worker says something every two seconds; when it has not for so long, the person is told."""

_EXIT_SECONDS = 10.0
"""What a worker may take to end after its last word; TensorFlow takes about one second."""


def start(job: JobFolder, *, parent_pipe: bool) -> None:
    """Starts a worker for a queued run; it waits for its turn by itself.

    Args:
        job: JobFolder. Made by `RunStore.create`, or put back in the queue by `resume`.
        parent_pipe: bool. Whether the worker ends, `interrupted`, when this process does. A server says yes: no
            training outlives it unseen. A command line says no: it watches the run itself. On a cluster it says
            nothing: there a training outlives the server.

    Raises:
        RunError: the worker's log cannot be written, or the cluster does not take the job.
        ConfigError: the environment's settings for the cluster are not allowed.
    """
    if uses_cluster():
        _ray().start(job)
        return
    job.leave_cluster()
    local.start(job, parent_pipe=parent_pipe)


def get_ready() -> None:
    """Lets a worker load TensorFlow, so that the next run on this machine starts at once (where that is wanted)."""
    if not uses_cluster():
        local.get_ready()


def resume(job: JobFolder, *, parent_pipe: bool) -> None:
    """Puts a run that has ended early back in the queue and starts a worker for it.

    Raises:
        RunError: the run is active, or it is finished, or a newer version has made it.
    """
    poll(job)
    _executor_of(job).wait(job, _EXIT_SECONDS)
    job.requeue()
    start(job, parent_pipe=parent_pipe)


def stop(job: JobFolder, reason: str = "") -> None:
    """Asks the worker of an active run to stop after the batch it is at.

    Args:
        job: JobFolder.
        reason: str. What its status shall say then, where not a person has stopped it. Defaults to nothing.

    Raises:
        RunError: the run is not active.
    """
    status = poll(job)
    job.refuse_newer()
    if not status.is_active:
        raise RunError(f"{job.noun} {job.id} is not running: it is {status.status}")
    job.request_stop(reason)
    if job.is_on_cluster() and status.pid is None:
        _ray().withdraw(job)


def end_now(job: JobFolder) -> None:
    """Ends the worker of an active run at once, for one that does not stop; the last finished epoch is kept.

    Raises:
        RunError: the run is not active, or its worker is out of reach: of another machine, or not known to be ours.
    """
    status = poll(job)
    job.refuse_newer()
    if not status.is_active:
        raise RunError(f"{job.noun} {job.id} is not running: it is {status.status}")
    job.request_stop()
    if not _end(job, status, kill=True):
        raise RunError(
            f"the worker of {job.noun} {job.id} cannot be reached from this machine; stop it on the "
            "machine where it was started"
        )


def at_work(job: J | None) -> J | None:
    """The job itself while a worker is at it, or should be; else, and for none, None."""
    return job if job and poll(job).is_active else None


def poll(job: JobFolder) -> Status:
    """The run's status; when its worker has died, it says how, and one that hangs after a stop is ended."""
    executor = _executor_of(job)
    status: Status = executor.poll(job)
    if not status.is_active:
        return status
    silence = executor.silence(job, status)
    if silence > QUIET_SECONDS and job.stop_requested() and not job.is_from_newer_version():
        # A worker that was asked to stop and is silent hangs: it is told to end, and then it is ended.
        _end(job, status, kill=silence > 2 * QUIET_SECONDS)
    return _with_silence(job, status, silence)


def location(job: JobFolder, status: Status) -> str:
    """Where the run's worker is, in words; empty for this machine."""
    return str(_ray().location(job, status)) if job.is_on_cluster() else ""


def uses_cluster() -> bool:
    """Whether new workers run on a cluster.

    Raises:
        ConfigError: `PARITY_EXECUTOR` names no way of running them.
    """
    return environment().executor == "ray"


def _end(job: JobFolder, status: Status, *, kill: bool) -> bool:
    """Tells a worker that was asked to stop to end, or ends it; whether it could be reached."""
    noted = job.note_ended()
    reached = bool(_executor_of(job).terminate(job, status, kill=kill))
    if noted and not reached:  # an earlier call's note stands: its signal has ended the worker since
        job.forget_ended()
    return reached


def _executor_of(job: JobFolder) -> ModuleType:
    return _ray() if job.is_on_cluster() else local


def _ray() -> ModuleType:
    from core.workers import ray_jobs

    return ray_jobs


def _with_silence(job: JobFolder, status: Status, silence: float) -> Status:
    """The status as it is shown: a worker of which nothing is heard is said to be silent."""
    if silence < SILENT_SECONDS:
        return status
    message = (
        f"No news from the training for {silence:.0f} s: the machine is very busy, or the worker hangs. Stop kills it "
        f"if it does not respond{f'; {job.kept}' if job.kept else ''}."
    )
    return dataclasses.replace(status, message=message)
