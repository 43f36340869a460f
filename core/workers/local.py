"""Workers as processes of this machine: the default."""

import dataclasses
import signal
import subprocess
import threading
import time
from typing import Any

from core.errors import RunError
from core.store.folder import JobFolder
from core.store.parked import parked
from core.store.status import WAS_ENDED, Status
from core.workers import process_info, warm
from core.workers.command import CANNOT_WRITE, ROOT, worker_command, worker_environment


def start(job: JobFolder, *, parent_pipe: bool) -> None:
    """Starts a worker for a queued run; see `launch.start`.

    Raises:
        RunError: the worker's log cannot be written.
    """
    process = warm.hand_over(job.path, worker_environment()) if parent_pipe and job.trains else None
    if process is None:
        process = _start_process(job, parent_pipe=parent_pipe)
    with jobs().lock:
        jobs().processes[job.id] = process
        jobs().folders[job.id] = job
        jobs().unwritten.pop(job.id, None)


def get_ready() -> None:
    """Lets a worker load TensorFlow, so that the next run starts at once (where that is wanted, and none waits)."""
    warm.keep_ready(worker_environment())


def _start_process(job: JobFolder, *, parent_pipe: bool) -> "subprocess.Popen[bytes]":
    command = worker_command(job)
    if parent_pipe:
        command.append("--parent-pipe")
    try:
        with (job.path / "worker.log").open("ab") as log:
            return subprocess.Popen(
                command,
                cwd=ROOT,
                env=worker_environment(),
                stdin=subprocess.PIPE if parent_pipe else subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                **process_info.detached(),
            )
    except OSError as error:
        raise RunError(f"the worker of {job.noun} {job.id} cannot be started: {error.strerror}") from error


def poll(job: JobFolder) -> Status:
    """The run's status; when our own worker has died, it says how."""
    with jobs().lock:
        process = jobs().processes.get(job.id)
        code = process.poll() if process else None
        if code is not None:
            del jobs().processes[job.id]
            jobs().folders.pop(job.id, None)
    status = job.read_status()
    # After ours has ended, another process may have resumed the run: its worker says another pid.
    if process is not None and code is None and status.pid == process.pid:
        return status  # its lock is free a moment before it is gone: its exit code will say how it ended
    if process is None or code is None or status.pid not in (None, process.pid):
        return _unwritten(job, status) or job.status()
    if status.is_active:
        ended, message = how_it_died(job, code, stopped=job.was_ended())
        status = dataclasses.replace(status, status=ended, message=message, ended=time.time())
        _write_down(job, status)
    return status


def _write_down(job: JobFolder, status: Status) -> None:
    """Writes a final status; where it cannot be written it is kept in mind: it is so all the same."""
    try:
        job.write_status(status)
    except OSError:
        jobs().unwritten[job.id] = status
    else:
        jobs().unwritten.pop(job.id, None)


def _unwritten(job: JobFolder, status: Status) -> Status | None:
    """How the run has ended, where that could not be written and nobody has resumed it since; tries again."""
    ended: Status | None = jobs().unwritten.get(job.id)
    if ended is None or not status.is_active or status.queued != ended.queued:
        return None
    _write_down(job, ended)
    return ended


def notice_ended() -> None:
    """Settles every run of ours whose worker has ended since somebody looked."""
    with jobs().lock:
        ended = [run_id for run_id, process in jobs().processes.items() if process.poll() is not None]
    for run_id in ended:
        if folder := jobs().folders.get(run_id):
            poll(folder)


def silence(job: JobFolder, status: Status) -> float:
    """Seconds since the worker of an active run was last heard of."""
    return status.silence


def terminate(job: JobFolder, status: Status, *, kill: bool) -> bool:
    """Tells the worker to end, or ends it; whether it could be reached."""
    name = "SIGKILL" if kill else "SIGTERM"
    with jobs().lock:
        process = jobs().processes.get(job.id)
        if process is not None and process.poll() is None:
            process.send_signal(process_info.signal_number(name))
            return True
    return process_info.send(status.pid, status.birth, name)


def wait(job: JobFolder, seconds: float) -> None:
    """Waits for the run's last worker, which has said its last word but may not have ended yet.

    Raises:
        RunError: it has not ended within that time.
    """
    with jobs().lock:
        process = jobs().processes.get(job.id)
    if process is None:
        return
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired as error:
        raise RunError(f"the last worker of {job.noun} {job.id} has not ended yet; try again in a moment") from error
    with jobs().lock:
        if jobs().processes.get(job.id) is process:
            del jobs().processes[job.id]
            jobs().folders.pop(job.id, None)


def how_it_died(job: JobFolder, code: int, *, stopped: bool) -> tuple[str, str]:
    """Final status and sentence for a worker that could not say them itself."""
    if code == CANNOT_WRITE:
        return (
            "failed",
            f"The {job.noun}'s folder could not be written: the disk is full, or it is read-only. {job.goes_on}",
        )
    if stopped and (process_info.was_killed(code) or code == -signal.SIGTERM):
        return "interrupted", f"{WAS_ENDED} {job.goes_on}"
    if code in (-9, 137):
        reason = "The worker was killed by the system, probably out of memory. Try a smaller batch or image size."
        return "interrupted", f"{reason} {job.goes_on}"
    if code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        reason = f"The worker crashed ({name}), which often means out of memory. Try a smaller batch or image size."
        return "interrupted", f"{reason} {job.goes_on}"
    reason = f"The worker ended unexpectedly (exit code {code}); the end of worker.log may say why."
    return "interrupted", f"{reason} {job.goes_on}"


def jobs() -> Any:
    """The running workers of this process: a collected handle would close the pipe and end the training."""
    return parked(
        "jobs",
        processes=dict,  # workers by the id of their run
        folders=dict,  # these runs
        unwritten=dict,  # final statuses that could not be written, by the id of their run
        lock=threading.Lock,
    )
