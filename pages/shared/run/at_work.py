"""Active runs (queued or training), and whether one more may start."""

from core import access, paths
from core.errors import RunError
from core.store.index import read_status
from core.store.runs import Run, RunStore
from core.workers import launch


def active_runs() -> list[Run]:
    """Runs that are queued or training, the newest first."""
    return [run for run in RunStore().list() if read_status(run).is_active and launch.poll(run).is_active]


def require_turn() -> None:
    """Raises RunError where as many trainings wait as may."""
    waiting = len(active_runs()) - paths.parallel_runs()
    if waiting >= access.policy().waiting:
        raise RunError(f"{waiting} trainings wait for their turn already; start this one when some have ended")
