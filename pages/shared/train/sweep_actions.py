"""Starts, stops and resumes sweeps from the Train page. Nothing is drawn in here."""

from collections.abc import Sequence

from core import access, paths
from core.access import Action
from core.config import RunConfig
from core.errors import RunError
from core.sweep import store as sweeps
from core.sweep.plan import Trial
from core.sweep.store import Sweep, SweepStore
from core.workers import launch
from pages.shared.shell.access import guarded, person


@guarded(Action.SWEEP)
def start(base: RunConfig, trials: Sequence[Trial], minutes: float) -> Sweep:
    """Makes a sweep and starts its worker.

    Raises:
        AccessError: the person may not, or the mode does not allow such a training.
        RunError: nothing can be written or started, or too many are at work.
        ConfigError: the budget is no positive number.
    """
    limits = access.policy()
    limits.check(base, paths.data_root(), paths.uploads_folder(), paths.collections_folder())
    at_work = sum(launch.poll(sweep).is_active for sweep in SweepStore().list())
    if at_work >= limits.waiting:
        raise RunError(f"{at_work} sweeps are at work or wait already; start this one when some have ended")
    sweep = SweepStore().create(base, trials, minutes, owner=person().name)
    launch.start(sweep, parent_pipe=True)
    return sweep


@guarded(Action.SWEEP)
def stop(sweep: Sweep) -> None:
    """Asks a sweep to stop; what was tried is kept.

    Raises:
        AccessError: it is somebody else's.
        RunError: it is not at work.
    """
    person().require(Action.SWEEP, sweep.owner())
    launch.stop(sweep)


@guarded(Action.SWEEP)
def resume(sweep: Sweep) -> None:
    """Lets a sweep that ended early go on, with its budget once more.

    Raises:
        AccessError: it is somebody else's.
        RunError: it is at work, or has come to its end.
    """
    person().require(Action.SWEEP, sweep.owner())
    sweeps.resume_sweep(sweep, parent_pipe=True)
