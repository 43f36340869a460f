"""Starting and ending other processes on every system, and telling them apart: process ids are used again.

On Linux /proc tells, in the form that runs have always noted; elsewhere psutil does. Only Linux was run: macOS and
Windows are tested by psutil's interface. Windows has no `SIGKILL`, no sessions of processes, and one way to end a
process, which leaves it no time.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from core.store.parked import parked


def birth(pid: int) -> str:
    """When a living process was born, as a text that no other process has with this id; empty where nobody can tell.

    Linux: the machine's start, and the moment after it. Elsewhere: the time at which it was created, in seconds since
    1970, which goes on through restarts of the machine. (On macOS psutil moves that time when the clock is set while
    this process runs: then the two do not match, and the other process is left alone.)

    Args:
        pid: int.
    """
    return _birth_on_linux(pid) if on_linux() else _birth_by_psutil(pid)


def _birth_on_linux(pid: int) -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    # The name, in brackets, may hold anything; the moment of birth is the 20th word after it (proc(5), field 22).
    return f"{boot}/{stat.rpartition(')')[2].split()[19]}"


def _birth_by_psutil(pid: int) -> str:
    import psutil  # not at the top: on Linux, where workers are started often, nothing needs it

    try:
        created = psutil.Process(pid).create_time()
    except (psutil.Error, OSError, ValueError, OverflowError):  # gone, somebody else's, or no id of a process
        return ""
    # Systems count in steps from a microsecond down; hundredths hide what is lost on the way to a number in Python.
    return f"created/{created:.2f}"


def own_memory() -> float | None:
    """Memory that is this process's alone, in MB (2**20 bytes); None where the system does not say.

    Linux: anonymous memory, since cached features are mapped files, which the system gives back whenever others need
    the room. Elsewhere: what would be free if the process ended (USS).
    """
    return _memory_on_linux() if on_linux() else _memory_by_psutil()


def _memory_on_linux() -> float | None:
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("RssAnon:"))
    except (OSError, ValueError, StopIteration):
        return None


def _memory_by_psutil() -> float | None:
    import psutil

    try:
        return float(psutil.Process().memory_full_info().uss / 2**20)
    except (psutil.Error, OSError):
        return None


def usable_processors() -> int:
    """Processors that this process may use: all there are, or those it is bound to, where the system tells that."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def on_linux() -> bool:
    """Whether this is Linux, by a call, so that tests can say otherwise and every branch is checked for types."""
    return sys.platform.startswith("linux")


def let_go(process: "subprocess.Popen[bytes]") -> None:
    """Hands over a child that will end by itself and for which nobody waits; `reap` takes notice of its end."""
    _let_go().append(process)


def reap() -> None:
    """Takes notice of the children that were let go and have ended: until then the system keeps a record of each."""
    for process in list(_let_go()):
        if process.poll() is not None:
            _let_go().remove(process)


def _let_go() -> "list[subprocess.Popen[bytes]]":
    children: list[subprocess.Popen[bytes]] = parked("let_go", children=list).children
    return children


def send(pid: int | None, born: str, name: str) -> bool:
    """Sends a signal to a process, if it is still the one that was born then.

    Args:
        pid: int or None.
        born: str. What `birth` said of it when it was known to be the right one.
        name: str. Such as `SIGTERM`.

    Returns:
        Whether the signal was sent.
    """
    if not pid or not born or birth(pid) != born:
        return False
    try:
        os.kill(pid, signal_number(name))
    except OSError:
        return False
    return True


def signal_number(name: str) -> int:
    """The number of a signal; where the system has no signal of that name, that of `SIGTERM`.

    On Windows `SIGTERM`, sent by `os.kill` or `Popen.send_signal`, ends a process at once, as `SIGKILL` does elsewhere.

    Args:
        name: str. Such as `SIGKILL`.
    """
    return int(getattr(signal, name, signal.SIGTERM))


def was_killed(code: int) -> bool:
    """Whether a process that has ended with this code was ended from outside, at once.

    Args:
        code: int. As `Popen.poll` gives it: minus the number of the signal, or, where there are none, the 1 with which
            Windows ends a process. A Python program that has failed ends with 1 too.
    """
    return code == (-9 if hasattr(signal, "SIGKILL") else 1)


def detached() -> dict[str, Any]:
    """The options of `subprocess.Popen` for a process that Ctrl-C on the server's terminal does not reach."""
    group: int | None = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", None)  # Windows alone
    return {"start_new_session": True} if group is None else {"creationflags": group}
