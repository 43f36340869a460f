"""Trash for deleted runs, bisects and sweeps: kept in PARITY_HOME/trash for thirty days, restored whole until then.

Runs lie in it themselves, the others in a folder of their kind. Trials of a deleted bisect are runs like others.
"""

import contextlib
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from core import files, paths
from core.errors import RunError
from core.jobs.job import BudgetedJob
from core.start import kinds
from core.store import records
from core.store.folder import JobFolder
from core.store.folder_store import FolderStore
from core.store.runs import Run, RunStore
from core.workers import launch

KEPT_DAYS = 30

_MARK = "deleted.json"


F = TypeVar("F", bound=JobFolder)


@dataclass(frozen=True)
class Deleted(Generic[F]):
    """A run, bisect or sweep in the trash.

    Attributes:
        run: Run or other JobFolder. Its folder, in the trash.
        when: float. When it was deleted, in seconds since 1970.
    """

    run: F
    when: float

    @property
    def days_left(self) -> int:
        """Whole days until it is removed for good."""
        return min(KEPT_DAYS, max(0, KEPT_DAYS - int((time.time() - self.when) / 86400)))


def trash_folder() -> Path:
    """Where deleted runs lie."""
    return paths.home() / "trash"


def delete(run: JobFolder) -> None:
    """Moves a run, bisect or sweep that is not running into the trash; removes for good what has lain there too long.

    Raises:
        RunError: it is running, a newer version has made it, or a folder cannot be written.
    """
    run.refuse_newer()
    busy = RunError(f"{run.noun} {run.id} is running; stop it first, then delete it")
    if launch.poll(run).is_active:
        raise busy
    lock = files.Lock(run.path / "lock")
    try:
        if not lock.acquire() or run.read_status().is_active:
            raise busy
        files.write_json(run.path / _MARK, {"time": time.time()})
        target = _place(run)
        target.parent.mkdir(parents=True, exist_ok=True)
        if sys.platform == "win32":
            lock.release()  # there a folder with an open file in it cannot be moved
        run.path.replace(target)
    except OSError as error:
        raise RunError(f"{run.noun} {run.id} cannot be moved to the trash: {error.strerror}") from error
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
            f'there is no deleted run "{run_id[:100]}"; `python -m core runs --deleted` lists them'
        ) from error
    return Run(_put_back(run, paths.runs_folder() / run.id))


def restore_job(job_id: str) -> BudgetedJob:
    """Puts a deleted bisect or sweep back; of its trials those that were deleted stay in the trash.

    Raises:
        RunError: there is none in the trash, there is such a one again, or a folder cannot be written.
    """
    job = find_job(job_id)
    if job is None:
        raise RunError(f'there is no deleted bisect or sweep "{job_id[:100]}"')
    return type(job)(_put_back(job, paths.home() / job.path.parent.name / job.id))


def find_job(job_id: str) -> BudgetedJob | None:
    """The bisect or sweep of that id in the trash; None where there is none."""
    return next((job for store in _job_stores() if (job := store.by_id(job_id))), None)


def deleted_runs() -> list[Deleted[Run]]:
    """Runs in the trash, deleted last first; what is too old is left out."""
    return _kept(RunStore(trash_folder()).list())


def deleted_jobs() -> list[Deleted[BudgetedJob]]:
    """Bisects and sweeps in the trash, deleted last first; what is too old is left out."""
    return _kept([job for store in _job_stores() for job in store.list()])


def deleted_trials(job: BudgetedJob) -> list[str]:
    """Ids of the runs in the trash that a bisect or sweep has trained."""
    store, ends = RunStore(trash_folder()), job.ends()
    return [run for run in job.trained_ids() if run not in ends and store.by_id(run)]


def empty_old() -> None:
    """Removes for good what has lain in the trash for more than `KEPT_DAYS` days."""
    jobs = [job for store in _job_stores() for job in store.list()]
    for run in (*RunStore(trash_folder()).list(), *jobs):
        if not Deleted(run, _when(run)).days_left:
            with contextlib.suppress(OSError):  # the next deletion tries again
                shutil.rmtree(run.path)


def uses(run: Run) -> str:
    """A sentence on what else refers to a run, to be said when it is deleted; empty where nothing does."""
    jobs = [job for store in kinds.trainers() for job in store.list()]
    ends = sum(run.id in job.ends() for job in jobs)
    if ends:
        found = "A search" if ends == 1 else f"{ends} searches"
        return f"{found} on the Diagnose page used this run; the results are readable again once it is restored."
    trials = {trial for job in jobs for trial in job.trained_ids()}
    return "It was trained by a search or a sweep; their results are kept." if run.id in trials else ""


def _kept(folders: Sequence[F]) -> list[Deleted[F]]:
    found = [Deleted(folder, _when(folder)) for folder in folders]
    return sorted((one for one in found if one.days_left), key=lambda one: -one.when)


def _place(folder: JobFolder) -> Path:
    """Where it lies when it is deleted: the folder it lies in says its kind, in the trash as well."""
    below = trash_folder() if isinstance(folder, Run) else trash_folder() / folder.path.parent.name
    return below / folder.id


def _job_stores() -> list[FolderStore[BudgetedJob]]:
    return [type(store)(trash_folder() / store.folder) for store in kinds.trainers()]


def _put_back(folder: JobFolder, target: Path) -> Path:
    """Moves a folder out of the trash."""
    if target.exists():
        raise RunError(f"{folder.noun} {folder.id} exists already; nothing was restored")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        folder.path.replace(target)
        (target / _MARK).unlink(missing_ok=True)
    except OSError as error:
        raise RunError(f"{folder.noun} {folder.id} cannot be restored: {error.strerror}") from error
    return target


def _when(run: JobFolder) -> float:
    """When it was deleted; without its mark, when its folder last changed: it must not stay for ever."""
    record = records.read(run.path / _MARK, records.DELETED)
    if record is not None:
        return record.time
    try:
        return run.path.stat().st_ctime
    except OSError:
        return time.time()
