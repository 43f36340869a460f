"""Where a run or a job is: the words for it, and the record that its worker keeps up to date."""

import time
from dataclasses import dataclass, field
from typing import Annotated

from annotated_types import Ge, Le

ACTIVE = ("queued", "starting", "running")
"""A worker is at it, or should be."""

STATUSES = {
    "queued": "Waiting for its turn.",
    "starting": "Loading TensorFlow.",
    "running": "Running.",
    "finished": "Completed.",
    "stopped": "Stopped by user; the model so far is kept.",
    "failed": "Ended by an error.",
    "interrupted": "Its process has ended.",
    "damaged": "Its status cannot be read; resume it, or delete it.",
}
"""Every status a run can have, with its meaning."""

WAS_ENDED = "The worker did not stop and was killed."
"""What is said of an `interrupted` run whose worker this program has ended; `JobFolder.goes_on` follows."""

NOTHING_TRAINED = "Stopped before anything was trained."
"""What is said of a `stopped` run that has no model."""

RESUMABLE = ("stopped", "failed", "interrupted", "damaged")

LATEST = 4_102_444_800
"""The year 2100, in seconds since 1970: no record is of later, as tables and calendars end somewhere."""

Count = Annotated[int, Ge(0), Le(10**15)]
Amount = Annotated[float, Ge(-1e15), Le(1e15)]
"""Finite; an estimate, or a clock that was set, may have gone below 0."""

Moment = Annotated[float, Ge(0), Le(LATEST)]
"""Seconds since 1970."""

ProcessId = Annotated[int, Ge(1), Le(2**32)]
"""Never 0 or below, which would stand for a whole group of processes."""


@dataclass(frozen=True)
class Status:
    """Where a run is. `created`, `started` and `ended` are seconds since 1970 and for display only. `queued` and
    `heartbeat` are compared, so they are seconds of the machine's steady clock (since it was started; the same for all
    processes): nobody can set that one back."""

    status: str = "queued"
    message: str = ""
    fault: str = ""
    """Whose mistake ended a failed run: `user` or `program`."""
    phase: str = ""
    """data, features, training, finetuning (finetuning 2, ... in later stages), evaluating, saving."""
    epoch: Count = 0
    epochs: Count = 0
    batch: Count = 0
    batches: Count = 0
    done: Count = 0
    """Images done of `total` in a phase that goes through images."""
    total: Count = 0
    images_per_second: Amount | None = None
    eta_seconds: Amount | None = None
    """Time left of the step it is at."""
    later_seconds: Amount | None = None
    """Time that all later steps of the run will take, at most; None where nobody knows."""
    memory_mb: Amount | None = None
    """Memory of the worker itself, in MB; mapped features do not count."""
    pid: ProcessId | None = None
    host: str = ""
    """Name of the machine it works on, where that may be another one."""
    birth: str = ""
    """When that process was born, as the system has it: a number that is used again is then told apart."""
    created: Moment = 0.0
    queued: Amount = 0.0
    """When it last took its place in the queue: at its making, and again at every resume."""
    started: Moment | None = None
    heartbeat: Amount = 0.0
    ended: Moment | None = None
    seconds: dict[str, Amount] = field(default_factory=dict)
    """Time spent on features and training, and in total."""

    @classmethod
    def in_queue(cls, created: float, seconds: dict[str, float] | None = None) -> "Status":
        """The status of a run that is put in the queue now.

        Args:
            created: float. When the run was made, in seconds since 1970.
            seconds: dict. Time spent on it before. Defaults to none.
        """
        now = time.monotonic()
        return cls(created=created, queued=now, heartbeat=now, message=STATUSES["queued"], seconds=seconds or {})

    @property
    def is_active(self) -> bool:
        """Whether a worker is at it or will be."""
        return self.status in ACTIVE

    @property
    def run_seconds_left(self) -> float | None:
        """Time left of the whole run, at most: this step and all later ones; None where nobody knows."""
        if self.eta_seconds is None or self.later_seconds is None:
            return None
        return self.eta_seconds + self.later_seconds

    @property
    def silence(self) -> float:
        """Seconds since an active run's worker was last heard of; 0 for a run that has ended or has no worker yet."""
        return max(0.0, time.monotonic() - self.heartbeat) if self.is_active and self.pid is not None else 0.0
