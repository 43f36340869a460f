"""Watches how much memory workers take that is theirs alone."""

import re
import threading
from pathlib import Path

from core.bisect.store import BisectStore
from core.store.runs import RunStore
from core.sweep.store import SweepStore

MEMORY_LIMIT_MB = 1100
"""Anonymous memory of a worker; searches train one after the other in one process."""


class AnonymousMemory(threading.Thread):
    """Watches the anonymous memory of the workers below `home`, those of searches included; `peak` is in MB."""

    def __init__(self, home: Path) -> None:
        super().__init__(daemon=True)
        self.home, self.peak, self.done = home, 0.0, threading.Event()

    def run(self) -> None:
        stores = (RunStore(self.home / "runs"), BisectStore(self.home / "bisects"), SweepStore(self.home / "sweeps"))
        while not self.done.wait(0.2):
            for status in (job.read_status() for store in stores for job in store.list()):
                if status.is_active and status.pid:
                    self.peak = max(self.peak, rss_anon(status.pid))


def rss_anon(pid: int) -> float:
    """Anonymous memory of a process in MB; 0 where there is no such process."""
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0.0
    found = re.search(r"RssAnon:\s+(\d+) kB", text)
    return int(found[1]) / 1024 if found else 0.0
