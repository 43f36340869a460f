"""Warm worker: a process that has imported TensorFlow before there is a run for it, so that a start is fast.

A server keeps one ready (`python -m core.worker --warm`) while somebody looks at the Train page; it waits for the
folder of one run on its standard input, and the next start gives it that.
"""

import contextlib
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from core.environment import environment
from core.store.parked import parked
from core.workers import process_info
from core.workers.process_info import detached

ROOT = Path(__file__).resolve().parents[2]

IDLE_SECONDS = 600.0
"""A worker in memory that gets no run for so long is given back to the machine: it weighs 300 to 600 MB."""


def is_wanted() -> bool:
    """Whether a worker may be kept ready: not on a public server, which is small, nor where `PARITY_WARM_WORKER=0`."""
    return not environment().is_small and environment().warm_worker


def keep_ready(environment: dict[str, str]) -> None:
    """Starts a worker that waits for a run, unless one waits already or none is wanted.

    Args:
        environment: dict. Of the worker; a run is handed over only as long as it is still the same.
    """
    if not is_wanted():
        return
    with _waiting().lock, contextlib.suppress(OSError):  # it only saves time
        if _alive() is None:
            _waiting().environment = environment
            _waiting().process = subprocess.Popen(
                [sys.executable, "-u", "-m", "core.worker", "--warm", "--parent-pipe"],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                **detached(),
            )


def hand_over(folder: Path, environment: dict[str, str]) -> "subprocess.Popen[bytes] | None":
    """Gives a run to the worker that waits; returns its process, or None when there is none that fits.

    Args:
        folder: Path. Of the run, absolute.
        environment: dict. What a worker of this run would be started with.
    """
    with _waiting().lock:
        process = _alive()
        _waiting().process = None
        if process is None or process.stdin is None:
            return None
        if _waiting().environment != environment or "\n" in str(folder):
            process.stdin.close()  # it ends with its standard input
            process_info.let_go(process)
            return None
        try:
            process.stdin.write(os.fsencode(folder) + b"\n")
            process.stdin.flush()
        except OSError:  # it has just ended
            process_info.let_go(process)
            return None
        return process


def notice_ended() -> None:
    """Takes notice of the end of a worker that nothing was given to for too long."""
    with _waiting().lock:
        if (process := _waiting().process) is not None and _alive() is None:
            process.stdin.close()
            _waiting().process = None


def has_aged(born: float) -> bool:
    """Whether the program was edited or updated after the time `born` (seconds since 1970): what was loaded is old."""
    return any(path.stat().st_mtime > born for path in (ROOT / "core").rglob("*.py"))


def _alive() -> "subprocess.Popen[bytes] | None":
    process: subprocess.Popen[bytes] | None = _waiting().process
    return process if process is not None and process.poll() is None else None


def _waiting() -> Any:
    """The worker that waits."""
    return parked("warm", lock=threading.Lock, process=lambda: None, environment=dict)
