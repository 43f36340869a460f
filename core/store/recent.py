"""A dictionary with an upper limit, for what a server process keeps in mind of runs and clicks."""

import threading
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")

MOST = 10_000
"""Entries of one such dictionary; as many runs as a home is planned for."""


class Recent(dict[K, V]):
    """Forgets what was set longest ago when there are more than `most` entries; safe to set from several threads.

    For what can be found again, or is of no use by then. Entries are set with `[]` alone.

    Args:
        most: int. Entries at most, 1 or more. Defaults to `MOST`.
    """

    def __init__(self, most: int = MOST) -> None:
        super().__init__()
        self.most = most
        self._lock = threading.Lock()

    def __setitem__(self, key: K, value: V) -> None:
        with self._lock:
            super().pop(key, None)  # set again, it is the newest
            super().__setitem__(key, value)
            while len(self) > self.most:
                super().__delitem__(next(iter(self)))
