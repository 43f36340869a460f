"""Trash for deleted runs: kept in PARITY_HOME/trash for thirty days, restored whole until then."""

import contextlib
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from core import files, paths
from core.errors import RunError
from core.start import kinds
from core.store import records
from core.store.runs import Run, RunStore
from core.workers import launch

KEPT_DAYS = 30

_MARK = "deleted.json"


@dataclass(frozen=True)
class Deleted:
    """A run in the trash.

    Attributes:
        run: Run. Its folder, in the trash.
        when: float. When it was deleted, in seconds since 1970.
    """

    run: Run
    when: float

    @property
    def days_left(self) -> int:
        """Whole days until it is removed for good."""
        return min(KEPT_DAYS, max(0, KEPT_DAYS - int((time.time() - self.when) / 86400)))


def trash_folder() -> Path:
    """Where deleted runs lie."""
    return paths.home() / "trash"


def delete(run: Run) -> None:
    """Moves a run that is not at work into the trash, and removes for good what has lain there for too long.

    Raises:
        RunError: it is at work, a newer version has made it, or a folder cannot be written.
    """
    run.refuse_newer()
    if launch.poll(run).is_active:
        raise RunError(f"run {run.id} is at work; stop it first, then delete it")
    lock = files.Lock(run.path / "lock")
    try:
        if not lock.acquire() or run.read_status().is_active:
            raise RunError(f"run {run.id} is at work; stop it first, then delete it")
        files.write_json(run.path / _MARK, {"time": time.time()})
        trash_folder().mkdir(parents=True, exist_ok=True)
        if sys.platform == "win32":
            lock.release()  # there a folder with an open file in it cannot be moved
        run.path.replace(trash_folder() / run.id)
    except OSError as error:
        raise RunError(f"run {run.id} cannot be moved to the trash: {error.strerror}") from error
    finally:
        lock.release()
    empty_old()


def restore(run_id: str) -> Run:
    """Puts a deleted run back among the runs.

    Args:
        run_id: str. Its id, a unique beginning or end of it, or its name.

    Raises:
        RunError: there is none in the trash, there is such a run again, or a folder cannot be written.
    """
    try:
        run = RunStore(trash_folder()).get(run_id)
    except RunError as error:
        if "could be" in str(error):
            raise
        raise RunError(
            f'there is no deleted run "{run_id[:100]}"; `python -m core runs --deleted` lists those that there are'
        ) from error
    target = paths.runs_folder() / run.id
    if target.exists():
        raise RunError(f"run {run.id} is there already; nothing was restored")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        run.path.replace(target)
        (target / _MARK).unlink(missing_ok=True)
    except OSError as error:
        raise RunError(f"run {run.id} cannot be restored: {error.strerror}") from error
    return Run(target)


def deleted_runs() -> list[Deleted]:
    """What lies in the trash, deleted last first; what is too old is left out."""
    found = [Deleted(run, _when(run)) for run in RunStore(trash_folder()).list()]
    return sorted((one for one in found if one.days_left), key=lambda one: -one.when)


def empty_old() -> None:
    """Removes for good what has lain in the trash for more than `KEPT_DAYS` days."""
    for run in RunStore(trash_folder()).list():
        if not Deleted(run, _when(run)).days_left:
            with contextlib.suppress(OSError):  # the next deletion tries again
                shutil.rmtree(run.path)


def uses(run: Run) -> str:
    """A sentence on what else refers to a run, to be said when it is deleted; empty where nothing does."""
    jobs = [job for store in kinds.trainers() for job in store.list()]
    ends = sum(run.id in job.ends() for job in jobs)
    if ends:
        found = "There is a search" if ends == 1 else f"There are {ends} searches"
        return f"{found} on the Diagnose page between it and another run; it can be read again once restored."
    trials = {trial for job in jobs for trial in job.trained_ids()}
    return "It was trained by a search or a sweep; the figures that were found stay." if run.id in trials else ""


def _when(run: Run) -> float:
    """When a run was deleted; without its mark, when its folder last changed: it must not stay for ever."""
    record = records.read(run.path / _MARK, records.DELETED)
    if record is not None:
        return record.time
    try:
        return run.path.stat().st_ctime
    except OSError:
        return time.time()
