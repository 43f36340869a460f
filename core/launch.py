"""Start, stop and poll the worker of a run: the seam behind which it may be a local process or a cluster's job."""

import contextlib
import dataclasses
import os
import signal
import subprocess
import sys
import threading
import time
import types
from pathlib import Path
from typing import Any

from core import paths, processes, warm
from core.errors import RunError
from core.runs import QUIET_SECONDS, Run, Status

ROOT = Path(__file__).resolve().parent.parent
"""Folder that holds `core`: a worker runs there."""

CANNOT_WRITE = 74
"""Exit code of a worker that could not write its last word (EX_IOERR of sysexits.h)."""

SILENT_SECONDS = 30.0
"""A worker says something every two seconds; when it has not for so long, the person is told."""

_EXIT_SECONDS = 10.0
"""What a worker may take to end after its last word; TensorFlow takes about one second."""


def start(run: Run, *, parent_pipe: bool) -> None:
    """Starts a worker for a queued run; it waits for its turn by itself.

    Args:
        run: Run. Made by `RunStore.create`, or put back in the queue by `resume`.
        parent_pipe: bool. Whether the worker ends, `interrupted`, when this process does. A server says yes: no
            training outlives it unseen. A command line says no: it watches the run itself.

    Raises:
        RunError: the worker's log cannot be written.
    """
    process = warm.hand_over(run.path, worker_environment()) if parent_pipe else None
    if process is None:
        process = _start_process(run, parent_pipe=parent_pipe)
    with _jobs().lock:
        _jobs().processes[run.id] = process


def _start_process(run: Run, *, parent_pipe: bool) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-u", "-m", "core.worker", str(run.path)]
    if parent_pipe:
        command.append("--parent-pipe")
    try:
        with (run.path / "worker.log").open("ab") as log:
            return subprocess.Popen(
                command,
                cwd=ROOT,
                env=worker_environment(),
                stdin=subprocess.PIPE if parent_pipe else subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
    except OSError as error:
        raise RunError(f"the worker of run {run.id} cannot be started: {error.strerror}") from error


def get_ready() -> None:
    """Lets a worker load TensorFlow, so that the next run starts at once (where that is wanted, and none waits)."""
    warm.keep_ready(worker_environment())


def resume(run: Run, *, parent_pipe: bool) -> None:
    """Puts a run that has ended early back in the queue and starts a worker for it.

    Raises:
        RunError: the run is active, or it is finished, or a newer version has made it.
    """
    poll(run)
    _let_go(run)
    run.requeue()
    start(run, parent_pipe=parent_pipe)


def stop(run: Run) -> None:
    """Asks the worker of an active run to stop after the batch it is at.

    Raises:
        RunError: the run is not active.
    """
    status = poll(run)
    run.refuse_newer()
    if not status.is_active:
        raise RunError(f"run {run.id} is not training: it is {status.status}")
    run.request_stop()


def end_now(run: Run) -> None:
    """Ends the worker of an active run at once, for one that does not stop; the last finished epoch is kept.

    Raises:
        RunError: the run is not active, or its worker is out of reach: of another machine, or not known to be ours.
    """
    status = poll(run)
    run.refuse_newer()
    if not status.is_active:
        raise RunError(f"run {run.id} is not training: it is {status.status}")
    run.request_stop()
    if not _signal(run, status, "SIGKILL"):
        raise RunError(f"the worker of run {run.id} cannot be reached from here; end it where it was started")


def poll(run: Run) -> Status:
    """The run's status; when our own worker has died, it says how, and one that hangs after a stop is ended."""
    with _jobs().lock:
        process = _jobs().processes.get(run.id)
        code = process.poll() if process else None
        if code is not None:
            del _jobs().processes[run.id]
    status = run.read_status()
    # After ours has ended, another process may have resumed the run: its worker says another pid.
    if process is None or code is None or status.pid not in (None, process.pid):
        status = run.status()
        if status.silence > QUIET_SECONDS and run.stop_requested() and not run.is_from_newer_version():
            _press(run, status)
        return _with_silence(status)
    if status.is_active:
        ended, message = _how_it_died(code, stopped=run.stop_requested())
        status = dataclasses.replace(status, status=ended, message=message, ended=time.time())
        with contextlib.suppress(OSError):  # it is so all the same; whoever looks next tries again to write it down
            run.write_status(status)
    return status


def worker_environment() -> dict[str, str]:
    """Environment of a worker: ours, with the home made absolute, as its working folder is another."""
    return {**os.environ, "PARITY_HOME": str(paths.home()), "TF_CPP_MIN_LOG_LEVEL": "2", "PYTHONUTF8": "1"}


def _let_go(run: Run) -> None:
    """Waits for the run's last worker, which has said its last word but may not have ended yet."""
    with _jobs().lock:
        process = _jobs().processes.get(run.id)
    if process is None:
        return
    try:
        process.wait(timeout=_EXIT_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise RunError(f"the last worker of run {run.id} has not ended yet; try again in a moment") from error
    with _jobs().lock:
        if _jobs().processes.get(run.id) is process:
            del _jobs().processes[run.id]


def _with_silence(status: Status) -> Status:
    """The status as it is shown: a worker of which nothing is heard is said to be silent."""
    if status.silence < SILENT_SECONDS:
        return status
    message = (
        f"No news from the training for {status.silence:.0f} s: the machine is very busy, or it hangs. Stop ends it if "
        "it does not answer; the last finished epoch is kept."
    )
    return dataclasses.replace(status, message=message)


def _press(run: Run, status: Status) -> None:
    """A worker that was asked to stop and is silent hangs: it is told to end, and then it is ended."""
    hard = status.silence > 2 * QUIET_SECONDS
    _signal(run, status, "SIGKILL" if hard else "SIGTERM")


def _signal(run: Run, status: Status, name: str) -> bool:
    with _jobs().lock:
        process = _jobs().processes.get(run.id)
        if process is not None and process.poll() is None:
            process.send_signal(getattr(signal, name))
            return True
    return processes.send(status.pid, status.birth, name)


def _how_it_died(code: int, *, stopped: bool) -> tuple[str, str]:
    """Final status and sentence for a worker that could not say them itself."""
    resume = "Resume continues after the last finished epoch."
    if code == CANNOT_WRITE:
        return "failed", f"The run's folder could not be written: the disk is full, or it is read-only. {resume}"
    if code == -9 and stopped:
        return "interrupted", f"The worker did not stop by itself and was ended. {resume}"
    if code in (-9, 137):
        reason = "The worker was killed by the system, probably out of memory. Try a smaller batch or image size;"
        return "interrupted", f"{reason} {resume}"
    if code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        reason = (
            f"The worker crashed ({name}), which often means that memory ran out. Try a smaller batch or image size;"
        )
        return "interrupted", f"{reason} {resume}"
    reason = f"The worker ended unexpectedly (exit code {code}); the end of worker.log may say why."
    return "interrupted", f"{reason} {resume}"


def _jobs() -> Any:
    """The running workers, parked where neither Streamlit's reload of edited modules nor "clear cache" drops them:
    a collected handle would close the pipe and end the training."""
    module: Any = sys.modules.setdefault("_parity_jobs", types.ModuleType("_parity_jobs"))
    if not hasattr(module, "processes"):
        module.processes, module.lock = {}, threading.Lock()
    return module
