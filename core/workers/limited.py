"""Child processes with limits of memory and time, for reading what came from outside: starting one, and its own limits.

`ask` starts one and waits; `limit` is what such a process calls before it reads anything. The time on the wall is kept
by `ask`, on every system; memory and processor time by the process itself, where the system has limits (not Windows).
"""

import contextlib
import signal
import subprocess
import sys
from dataclasses import dataclass

from core.environment import inherited
from core.workers.command import ROOT
from core.workers.process_info import detached, was_killed

_KEPT = ("PATH", "LANG", "LD_LIBRARY_PATH", "SYSTEMROOT", "VIRTUAL_ENV")
"""What it gets of our environment: enough to start Python, and no secret."""


@dataclass(frozen=True)
class Answer:
    """How such a process ended.

    Attributes:
        code: Its exit code; negative where a signal ended it.
        out: What it wrote on stdout.
        err: What it wrote on stderr, in words.
        in_time: False where it was ended because it took too long.
    """

    code: int
    out: bytes
    err: str
    in_time: bool = True

    @property
    def is_over_time(self) -> bool:
        """Whether it took too much time, on the wall or of the processor."""
        return not self.in_time or self.code == -getattr(signal, "SIGXCPU", 0) or was_killed(self.code)

    @property
    def is_over_memory(self) -> bool:
        """Whether it wanted too much memory."""
        return self.code != 0 and "MemoryError" in self.err


def ask(module: str, question: bytes, seconds: float) -> Answer:
    """Runs a module of this program in a process of its own and waits until it ends, however it ends.

    Args:
        module: str. Such as `core.workers.script_child`.
        question: bytes. What it reads on stdin.
        seconds: float. After these it is ended.

    Raises:
        OSError: no process can be started.
    """
    environment = inherited(_KEPT)
    environment |= {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", module]
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, input=question, capture_output=True, timeout=seconds,
            **detached(), check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Answer(0, b"", "", in_time=False)
    return Answer(done.returncode, done.stdout, done.stderr.decode(errors="replace"))


def limit(memory: int, seconds: int) -> None:
    """Takes from this process what reading a text does not need; does nothing where the system has no limits.

    Args:
        memory: int. Bytes of address space.
        seconds: int. Of the processor's time, from the start of the process.
    """
    with contextlib.suppress(ImportError):
        import resource

        for kind, most in (
            (resource.RLIMIT_AS, memory),
            (resource.RLIMIT_CPU, seconds),
            (resource.RLIMIT_FSIZE, 0),
            (resource.RLIMIT_CORE, 0),
        ):
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(kind, (most, most))
