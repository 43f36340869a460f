"""Active runs (queued or training)."""

from core.store.index import read_status
from core.store.runs import Run, RunStore
from core.workers import launch


def active_runs() -> list[Run]:
    """Runs that are queued or training, the newest first."""
    return [run for run in RunStore().list() if read_status(run).is_active and launch.poll(run).is_active]
