"""Bisects, sweeps and other jobs that train runs, as rows of the table of runs."""

import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.cross_validation.store import CrossValidation
from core.jobs.job import BudgetedJob
from core.search.store import Search
from core.start import kinds
from core.store.kept_index import Stamp, stamp_of
from core.store.status import Status
from core.sweep.store import Sweep
from core.workers import launch

_SOURCES = ("config.json", "result.json", "status.json")


@dataclass(frozen=True)
class Group:
    """A bisect, a sweep, or another job with trainings of its own.

    Attributes:
        name: str. What a person has called it; may be empty.
        kind: str. Name of its kind of job, such as `bisect` or `sweep`; see `core.start.kinds`.
        ends: tuple of str. Ids of the two runs that a bisect lies between.
        varied: tuple of str. The settings that a sweep varies.
        trials: tuple of str. Ids of the runs that it has trained.
        seconds: float. What it has taken.
        dataset: str. Dataset of one that trains no runs, as it is named; else empty.
        accuracy: float or None. What one that trains no runs has measured.
    """

    id: str
    path: Path
    name: str
    kind: str
    ends: tuple[str, ...]
    varied: tuple[str, ...]
    trials: tuple[str, ...]
    status: str
    message: str
    created: float
    seconds: float
    dataset: str = ""
    accuracy: float | None = None

    @property
    def is_active(self) -> bool:
        """Whether a worker is at it, or should be."""
        return Status(status=self.status).is_active


def groups() -> list[Group]:
    """All bisects and sweeps, the newest first of each; only what has changed is read again."""
    jobs: list[BudgetedJob] = [job for store in kinds.trainers() for job in store.list()]
    found = [_group(job.path, stamp_of(job.path, _SOURCES)) for job in jobs]
    return [_settled(job, group) if group.is_active else group for job, group in zip(jobs, found, strict=True)]


def _settled(job: BudgetedJob, group: Group) -> Group:
    """As it is after a worker that has died was noticed."""
    launch.poll(job)
    return _group(job.path, stamp_of(job.path, _SOURCES))


@lru_cache(maxsize=10_000)
def _group(path: Path, stamp: Stamp) -> Group:  # the stamp says whether what is kept still holds
    job: Any = kinds.open_job(path)
    ends = tuple(job.ends())
    varied: dict[str, None] = {}
    if isinstance(job, Sweep):
        varied = dict.fromkeys(str(key) for trial in job.trials() for key in trial)
    status = job.read_status()
    dataset, accuracy = _measured(job)
    return Group(
        id=job.id,
        path=path,
        name=job.name(),
        kind=kinds.kind_of(job).name,
        ends=ends,
        varied=tuple(varied),
        trials=tuple(run for run in job.trained_ids() if run not in ends),
        status=status.status,
        message=status.message,
        created=status.created or time.time(),
        seconds=60 * job.spent_minutes(),
        dataset=dataset,
        accuracy=accuracy,
    )


def _measured(job: BudgetedJob) -> tuple[str, float | None]:
    """Dataset and accuracy of a job that trains no runs."""
    if isinstance(job, CrossValidation):
        done = job.result()
        figures = done["figures"] if done else None
        return job.dataset(), figures["accuracy"] if figures else None
    if isinstance(job, Search):
        found = job.result()
        expected = found["expected"] if found else None
        return job.dataset(), expected["value"] if expected else None
    return "", None
