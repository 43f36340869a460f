"""Queue of trainings: a machine has few slots, and whoever was queued first gets the next one."""

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from core import files, paths
from core.store.folder import JobFolder
from core.store.folder_store import FolderStore

_POLL_SECONDS = 0.3


@contextlib.contextmanager
def wait_for_slot(
    job: JobFolder, stop_requested: Callable[[], bool], stores: Iterable[FolderStore[Any]]
) -> Iterator[bool]:
    """Waits until one of the machine's training slots is free and no older job waits.

    Args:
        job: JobFolder. Queued.
        stop_requested: callable. Whether to give up.
        stores: FolderStores. Of all jobs that take a slot, its own kind among them; see `core.start.kinds`.

    Returns:
        A context in which the slot is held; its value is False when a stop came before the turn did.
    """
    slots = [files.Lock(paths.home() / f"training-{k}.lock") for k in range(paths.parallel_runs())]
    before = _all_before(job, stores)
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


def _all_before(job: JobFolder, stores: Iterable[FolderStore[Any]]) -> list[JobFolder]:
    """Jobs that were queued earlier and still wait."""
    mine = (job.read_status().queued, job.id)
    return [
        other
        for store in stores
        for other in store.list()
        if other.id != job.id
        and (status := other.read_status()).status == "queued"
        and (status.queued, other.id) < mine
    ]
