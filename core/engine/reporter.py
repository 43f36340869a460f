"""Reporter: writes a run's status, heartbeat and events into its folder while a worker is at it."""

import contextlib
import dataclasses
import os
import threading
import time
from typing import Any, Generic, TypeVar

from core.store.folder import JobFolder
from core.store.status import Status
from core.workers.process_info import own_memory

_EVERY_SECONDS = 0.4
"""Least time between two writes of progress: a viewer looks once a second."""

_HEARTBEAT_SECONDS = 2.0


F_co = TypeVar("F_co", bound=JobFolder, covariant=True)


class Reporter(Generic[F_co]):
    """Keeps the status of a run, or of another job, up to date while a worker is at it.

    Args:
        run: JobFolder. Its status is read once and belongs to this object from then on.
    """

    def __init__(self, run: F_co) -> None:
        self.run = run
        self._status = run.read_status()
        self._lock = threading.RLock()
        self._written = 0.0
        self._closed = threading.Event()
        self._stop = False
        self._phase_started = time.monotonic()

    @property
    def status(self) -> Status:
        """The status as last said."""
        return self._status

    def set_status(self, **changes: Any) -> None:
        """Changes the status and writes it at once."""
        self._change(changes, urgent=True)

    def phase(self, name: str, message: str, *, total: int = 0, **changes: Any) -> None:
        """Begins a phase; `total` is the number of images it goes through, 0 where that is no measure."""
        self._phase_started = time.monotonic()
        if name != self._status.phase:
            changes = {"images_per_second": None, "eta_seconds": None, **changes}
        self.set_status(phase=name, message=message, done=0, total=total, **changes)

    def advance(self, done: int, *, ahead: int = 0) -> None:
        """Says how many images of the phase are done; `ahead` more are known to follow in later phases."""
        elapsed = time.monotonic() - self._phase_started
        rate = done / elapsed if elapsed > 0 else None
        left = self._status.total - done + ahead
        eta = left / rate if rate else None
        self._change({"done": done, "images_per_second": rate, "eta_seconds": eta}, urgent=False)

    def progress(self, done: int, total: int) -> None:
        """Says how many of how many things are done, where only the phase itself learns how many there are."""
        self._change({"total": total}, urgent=False)
        self.advance(done)

    def batch(self, number: int, **changes: Any) -> None:
        """Says which batch of the epoch is done."""
        self._change({"batch": number, **changes}, urgent=False)

    def foretell(self, later_seconds: float) -> None:
        """Says how long all that follows the running step will take, at most."""
        self._change({"later_seconds": later_seconds}, urgent=False)

    def event(self, name: str, **facts: Any) -> None:
        """Adds a line to the run's events."""
        self.run.add_event(name, **facts)

    def request_stop(self) -> None:
        """Asks the engine to stop, as the stop file does; safe to call from a signal handler."""
        self._stop = True

    def stop_requested(self) -> bool:
        """Whether the person, or the system, asked the engine to stop."""
        return self._stop or self.run.stop_requested()

    def finish(self, status: str, message: str, **changes: Any) -> None:
        """Writes a final status."""
        now = time.time()
        self.set_status(status=status, message=message, ended=now, eta_seconds=None, later_seconds=None, **changes)

    def start_heartbeat(self) -> None:
        """Lets a thread refresh the status, so that a viewer can tell a long computation from a dead process."""
        threading.Thread(target=self._beat, name="heartbeat", daemon=True).start()

    def close(self) -> None:
        """Ends the heartbeat."""
        self._closed.set()

    def die(self, status: str, message: str) -> None:
        """Writes a final status and ends the process before any other thread can write again."""
        with self._lock:
            if self._status.is_active:
                self.finish(status, message)
            os._exit(0)

    def _beat(self) -> None:
        while not self._closed.wait(_HEARTBEAT_SECONDS):
            with self._lock:
                if self._status.is_active and not self._closed.is_set():
                    with contextlib.suppress(OSError):  # a full disk: the training itself will meet it, and say so
                        self._change({}, urgent=True)

    def _change(self, changes: dict[str, Any], *, urgent: bool) -> None:
        with self._lock:
            self._status = dataclasses.replace(self._status, **changes)
            now = time.monotonic()
            if urgent or now - self._written >= _EVERY_SECONDS:
                self._written = now
                self._status = dataclasses.replace(self._status, heartbeat=time.monotonic(), memory_mb=own_memory())
                self.run.write_status(self._status)
