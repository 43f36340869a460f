"""Background thread of a server that runs the housekeeping tasks at their intervals, also while no page is open.

It is started by the server's first page and stays until the process ends. `core/housekeeping/retention.py` says what is
done.
"""

import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

from core.errors import UserError
from core.store.parked import parked

BEAT_SECONDS = 5.0
"""How often it looks whether something is due."""


class Clock:
    """What is due, and when it was done last.

    Args:
        tasks: sequence of `housekeeping.Task`. Each is due at the first beat.
    """

    def __init__(self, tasks: Sequence[Any]) -> None:
        self._tasks = tasks
        self._next = [float("-inf")] * len(tasks)
        self._said: set[str] = set()

    def beat(self, now: float) -> None:
        """Does everything that is due; what fails is said once on the terminal, and done again at its next time.

        Args:
            now: float. Seconds of a steady clock.
        """
        for k, task in enumerate(self._tasks):
            if now < self._next[k]:
                continue
            self._next[k] = now + task.seconds
            try:
                task.act()
            except (OSError, UserError) as error:
                self._say(f"{task.act.__name__}: {error}")

    def _say(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            print(text, file=sys.stderr, flush=True)


def start() -> None:
    """Starts the thread unless it runs already: never twice, however many pages and reruns ask for it.

    A fault of the program ends the thread, with its traceback on the terminal; the next page then starts another.
    """
    parked = _parked()
    with parked.lock:
        if parked.thread is None or not parked.thread.is_alive():
            parked.thread = threading.Thread(target=_run, name="parity-clock", daemon=True)
            parked.thread.start()


def _run() -> None:
    # Imported here: it brings most of core with it, and a page that is drawn should not wait for that.
    from core.housekeeping import retention

    clock = Clock(retention.TASKS)
    while True:
        clock.beat(time.monotonic())
        time.sleep(BEAT_SECONDS)


def _parked() -> Any:
    """The thread, of which there is one in a process."""
    return parked("clock", lock=threading.Lock, thread=lambda: None)
