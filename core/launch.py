"""Start, stop and poll the worker of a run: the seam behind which it may be a local process or a cluster's job."""

import dataclasses
import os
import subprocess
import sys
import threading
import time
import types
from pathlib import Path
from typing import Any

from core import paths
from core.errors import RunError
from core.runs import RESUMABLE, STATUSES, Run, Status

ROOT = Path(__file__).resolve().parent.parent
"""Folder that holds `core`: a worker runs there."""

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
    command = [sys.executable, "-u", "-m", "core.worker", str(run.path)]
    if parent_pipe:
        command.append("--parent-pipe")
    try:
        with (run.path / "worker.log").open("ab") as log:
            process = subprocess.Popen(
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
    with _jobs().lock:
        _jobs().processes[run.id] = process


def resume(run: Run, *, parent_pipe: bool) -> None:
    """Puts a run that has ended early back in the queue and starts a worker for it.

    Raises:
        RunError: the run is active, or it is finished.
    """
    status = poll(run)
    if status.status not in RESUMABLE:
        state = "is still at work" if status.is_active else "has finished"
        raise RunError(f"run {run.id} {state}; only a stopped, failed or interrupted run can be resumed")
    _let_go(run)
    (run.path / "stop").unlink(missing_ok=True)
    now = time.time()
    run.write_status(
        Status(created=status.created, queued=now, heartbeat=now, message=STATUSES["queued"], seconds=status.seconds)
    )
    start(run, parent_pipe=parent_pipe)


def stop(run: Run) -> None:
    """Asks the worker of an active run to stop after the batch it is at.

    Raises:
        RunError: the run is not active.
    """
    status = poll(run)
    if not status.is_active:
        raise RunError(f"run {run.id} is not training: it is {status.status}")
    run.request_stop()


def poll(run: Run) -> Status:
    """The run's status; when our own worker has died, it says how."""
    with _jobs().lock:
        process = _jobs().processes.get(run.id)
        code = process.poll() if process else None
        if code is not None:
            del _jobs().processes[run.id]
    status = run.read_status()
    # After ours has ended, another process may have resumed the run: its worker says another pid.
    if process is None or code is None or status.pid not in (None, process.pid):
        return run.status()
    if status.is_active:
        status = dataclasses.replace(status, status="interrupted", message=_how_it_died(code), ended=time.time())
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


def _how_it_died(code: int) -> str:
    if code == -9:
        return (
            "The worker was killed by the system, probably out of memory. Try a smaller batch or image size; "
            "Resume continues after the last finished epoch."
        )
    return f"The worker ended unexpectedly (exit code {code}); the end of worker.log may say why. Resume is possible."


def _jobs() -> Any:
    """The running workers, parked where neither Streamlit's reload of edited modules nor "clear cache" drops them:
    a collected handle would close the pipe and end the training."""
    module: Any = sys.modules.setdefault("_parity_jobs", types.ModuleType("_parity_jobs"))
    if not hasattr(module, "processes"):
        module.processes, module.lock = {}, threading.Lock()
    return module
