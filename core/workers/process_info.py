"""Starting and ending other processes on every system, and telling them apart: process ids are used again.

Only Linux was run. Elsewhere this goes by what Python offers there: Windows has no `SIGKILL`, no sessions of processes,
and one way to end a process, which leaves it no time.
"""

import os
import signal
import subprocess
import sys
import types
from pathlib import Path
from typing import Any


def birth(pid: int) -> str:
    """When a living process was born: the machine's start and the moment after it; empty where nobody can tell.

    Only Linux tells; elsewhere a worker is signalled through the handle of the process that started it alone.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    # The name, in brackets, may hold anything; the moment of birth is the 20th word after it (proc(5), field 22).
    return f"{boot}/{stat.rpartition(')')[2].split()[19]}"


def let_go(process: "subprocess.Popen[bytes]") -> None:
    """Hands over a child that will end by itself and for which nobody waits; `reap` takes notice of its end."""
    _let_go().append(process)


def reap() -> None:
    """Takes notice of the children that were let go and have ended: until then the system keeps a record of each."""
    for process in list(_let_go()):
        if process.poll() is not None:
            _let_go().remove(process)


def _let_go() -> "list[subprocess.Popen[bytes]]":
    """Parked where Streamlit's reload of edited modules does not drop it."""
    module = sys.modules.setdefault("_parity_let_go", types.ModuleType("_parity_let_go"))
    children: list[subprocess.Popen[bytes]] = vars(module).setdefault("children", [])
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
