"""Ids of runs created by bisects and sweeps; hidden from run lists."""

from functools import lru_cache
from pathlib import Path

from core.jobs.job import BudgetedJob
from core.start import kinds


def trial_ids() -> set[str]:
    """Ids of the runs that other jobs have trained; the runs that bisects lie between are none of them."""
    found: set[str] = set()
    for job in (job for store in kinds.trainers() for job in store.list()):
        found |= _trials_of(job.path, _stamp(job.path))
    return found


@lru_cache(maxsize=10_000)
def _trials_of(path: Path, stamp: tuple[int, int]) -> set[str]:  # the stamp says whether what is kept still holds
    job = kinds.open_job(path)
    return set(job.trained_ids()) - set(job.ends()) if isinstance(job, BudgetedJob) else set()


def _stamp(path: Path) -> tuple[int, int]:
    try:
        stat = (path / "result.json").stat()
    except OSError:
        return 0, 0
    return stat.st_mtime_ns, stat.st_size
