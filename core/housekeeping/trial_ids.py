"""Ids of runs created by bisects and sweeps; hidden from run lists."""

from functools import lru_cache
from pathlib import Path

from core.bisect.store import Bisect, BisectStore
from core.errors import RunError
from core.sweep.store import SweepStore


def trial_ids() -> set[str]:
    """Ids of the runs that bisects and sweeps have trained; the runs that bisects lie between are none of them."""
    found: set[str] = set()
    for bisect in BisectStore().list():
        found |= _trials_of_bisect(bisect.path, _stamp(bisect.path))
    for sweep in SweepStore().list():
        found |= set(sweep.trained_ids())
    return found


def runs_of(bisect: Bisect) -> tuple[str, ...]:
    """Ids of the two runs that a bisect lies between; empty when its configuration is damaged."""
    try:
        return bisect.run_ids()
    except RunError:
        return ()


@lru_cache(maxsize=10_000)
def _trials_of_bisect(
    path: Path, stamp: tuple[int, int]
) -> set[str]:  # the stamp says whether what is kept still holds
    bisect = Bisect(path)
    return set(bisect.trained_ids()) - set(runs_of(bisect))


def _stamp(path: Path) -> tuple[int, int]:
    try:
        stat = (path / "result.json").stat()
    except OSError:
        return 0, 0
    return stat.st_mtime_ns, stat.st_size
