"""Runs a module of this program in a process of its own: one that needs TensorFlow, or that must be kept within limits.

A module with TensorFlow never runs in the process that serves the pages. What Ctrl-C on the server's terminal ends,
and which folder and environment a process has, is said here once.
"""

import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.environment import inherited
from core.workers.command import ROOT, worker_environment
from core.workers.process_info import detached, was_killed

_KEPT = ("PATH", "LANG", "LD_LIBRARY_PATH", "SYSTEMROOT", "VIRTUAL_ENV")
"""What one that reads what came from outside gets of our environment: enough to start Python, and no secret."""


@dataclass(frozen=True)
class Ended:
    """How such a process ended.

    Attributes:
        code: int. Its exit code; negative where a signal ended it.
        out: bytes. What it wrote on stdout.
        err: str. What it wrote on stderr.
        in_time: bool. False where it was ended because it took too long.
    """

    code: int
    out: bytes
    err: str
    in_time: bool = True

    @property
    def last_line(self) -> str:
        """The last line on stderr, fit to be shown; empty where it wrote none."""
        last = self.err.strip().splitlines()[-1:] or [""]
        return "".join(c if c.isprintable() else " " for c in last[0])

    @property
    def is_over_time(self) -> bool:
        """Whether it took too much time, on the wall or of the processor."""
        return not self.in_time or self.code == -getattr(signal, "SIGXCPU", 0) or was_killed(self.code)

    @property
    def is_over_memory(self) -> bool:
        """Whether it needed too much memory."""
        return self.code != 0 and "MemoryError" in self.err


def start_module(
    module: str,
    *arguments: str | Path,
    environment: dict[str, str] | None = None,
    folder: Path | str = ROOT,
    **streams: Any,
) -> "subprocess.Popen[bytes]":
    """Starts a module, beyond the reach of Ctrl-C.

    Args:
        module: str. Such as `core.engine.jobs.probe`.
        arguments: str or Path. Of its command line; paths absolute, as it may run in another folder.
        environment: dict. Defaults to that of a worker.
        folder: Path. Where it runs. Defaults to that of the program.
        streams: As `subprocess.Popen` takes them.

    Raises:
        OSError: no process can be started.
    """
    return subprocess.Popen(
        [sys.executable, "-u", "-m", module, *map(str, arguments)],
        cwd=folder,
        env=worker_environment() if environment is None else environment,
        **{**detached(), **streams},
    )


def run_module(
    module: str,
    *arguments: str | Path,
    seconds: float,
    question: bytes = b"",
    environment: dict[str, str] | None = None,
    folder: Path | str = ROOT,
) -> Ended:
    """Runs a module and waits until it ends, however it ends.

    Args:
        module, arguments, environment, folder: see `start_module`.
        seconds: float. After these it is ended.
        question: bytes. What it reads on stdin. Defaults to nothing.

    Raises:
        OSError: no process can be started.
    """
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with start_module(module, *arguments, environment=environment, folder=folder, **pipes) as process:
        try:
            out, err = process.communicate(question, timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return Ended(0, b"", "", in_time=False)
        finally:
            process.kill()  # whoever is interrupted while it waits wants no answer any more
    return Ended(process.returncode, out, err.decode(errors="replace"))


def bare_environment(**more: str) -> dict[str, str]:
    """The environment of a process that reads what came from outside: nothing of ours but what starts Python.

    Args:
        more: str. Variables to add.
    """
    return {**inherited(_KEPT), "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", **more}
