"""Queue of trainings: a machine has few slots, and whoever was queued first gets the next one."""

import contextlib
import time
from collections.abc import Callable, Iterator

from core import files, paths
from core.store.runs import Run, RunStore

_POLL_SECONDS = 0.3

_OTHERS = ("bisects", "rates", "sweeps", "reviews")
"""Folders of the home whose jobs take a slot too."""


@contextlib.contextmanager
def wait_for_slot(job: Run, stop_requested: Callable[[], bool]) -> Iterator[bool]:
    """Waits until one of the machine's training slots is free and no older job waits.

    Args:
        job: Run. Queued; a run, a bisect, a sweep, a search for a rate or a review: each takes a slot.
        stop_requested: callable. Whether to give up.

    Returns:
        A context in which the slot is held; its value is False when a stop came before the turn did.
    """
    slots = [files.Lock(paths.home() / f"training-{k}.lock") for k in range(paths.parallel_runs())]
    before = _all_before(job)
    while not stop_requested():
        # Whoever is queued from now on, or again, stands behind: the list only grows shorter.
        before = [other for other in before if other.status().status == "queued"]
        slot = None if before else next((slot for slot in slots if slot.acquire()), None)
        if slot:
            try:
                yield True
            finally:
                slot.release()
            return
        time.sleep(_POLL_SECONDS)
    yield False


def _all_before(job: Run) -> list[Run]:
    """Jobs that were queued earlier and still wait."""
    mine = (job.read_status().queued, job.id)
    folders = {job.path.parent, paths.runs_folder(), *(paths.home() / name for name in _OTHERS)}
    return [
        other
        for folder in folders
        for other in RunStore(folder).list()
        if other.id != job.id
        and (status := other.read_status()).status == "queued"
        and (status.queued, other.id) < mine
    ]
