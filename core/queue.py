"""Whose turn it is to train: a machine has few training places, and whoever was queued first gets the next one."""

import contextlib
import time
from collections.abc import Callable, Iterator

from core import files, paths
from core.runs import Run, RunStore

_POLL_SECONDS = 0.3

_OTHERS = ("bisects", "rates", "sweeps")
"""Folders of the home whose jobs take a place too."""


@contextlib.contextmanager
def turn(job: Run, stop_requested: Callable[[], bool]) -> Iterator[bool]:
    """Waits until one of the machine's training places is free and no older job waits.

    Args:
        job: Run. Queued; a run, a bisect, a sweep or a search for a rate: each takes a place.
        stop_requested: callable. Whether to give up.

    Returns:
        A context in which the place is held; its value is False when a stop came before the turn did.
    """
    places = [files.Lock(paths.home() / f"training-{k}.lock") for k in range(paths.parallel_runs())]
    queued = job.read_status().queued
    while not stop_requested():
        place = None if _someone_before(job, queued) else next((place for place in places if place.acquire()), None)
        if place:
            try:
                yield True
            finally:
                place.release()
            return
        time.sleep(_POLL_SECONDS)
    yield False


def _someone_before(job: Run, queued: float) -> bool:
    """Whether a job that was queued earlier still waits, with a worker that lives or is about to."""
    mine = (queued, job.id)
    folders = {job.path.parent, paths.runs_folder(), *(paths.home() / name for name in _OTHERS)}
    return any(
        status.status == "queued" and (status.queued, other.id) < mine
        for folder in folders
        for other in RunStore(folder).list()
        if other.id != job.id and (status := other.status())
    )
