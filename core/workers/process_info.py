"""Guards against reuse of process ids: start time of a process, and signals only to the right one."""

import os
import signal
from pathlib import Path


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
        os.kill(pid, getattr(signal, name))
    except OSError:
        return False
    return True
