"""Starts, resumes and stops jobs of every kind: who may, within which limits, one after the other.

The one place that starts work: pages and command line call `start` and `resume`; a job that is a step of another one,
which was let in as a whole, gets its worker from `start_step`.
"""

import contextlib
from collections.abc import Iterator, Sequence
from typing import TypeVar

from core import files, paths
from core.access.limits import policy
from core.access.modes import PUBLIC, mode
from core.access.persons import COMMAND_LINE, Person
from core.config import RunConfig
from core.errors import RunError, UserError
from core.jobs.job import BudgetedJob
from core.jobs.spec import Spec
from core.progress import Progress
from core.start import kinds
from core.store.folder import JobFolder
from core.store.index import read_status
from core.store.status import RESUMABLE
from core.workers import launch, predict_client

F = TypeVar("F", bound=JobFolder)

LOCK_SECONDS = 30.0
"""How long one start waits for another; making a bisect reads two runs, all else takes no time."""


def start(kind: str, spec: Spec[F], person: Person, progress: Progress | None = None) -> F:
    """Makes a job and gives it a worker; one that is running on just the same is given instead, where its kind says so.

    Args:
        kind: str. A name of `kinds.KINDS`.
        spec: Spec. What is asked for.
        person: Person. Who asks; `COMMAND_LINE` has no limits.
        progress: callable of (done, total) files of a dataset looked at. Defaults to none.

    Raises:
        AccessError: the person may not, or the mode does not allow such a training.
        UserError: it cannot be done, nothing can be written or started, or too many jobs wait.
    """
    row = kinds.kind_named(kind)
    if not isinstance(spec, row.spec):
        raise TypeError(f"a {kind} is asked for by a {row.spec.__name__}, not by a {type(spec).__name__}")
    person.require(row.action)
    _require_allowed(spec.configs(), person)  # before datasets are opened and weights are looked for
    spec = spec.admit(progress)
    with one_at_a_time():
        if known := spec.known():
            return known
        require_turn(person)
        job = spec.make(person.name)
        _launch(job, person)
        return job


def resume(job: JobFolder, person: Person, more_minutes: float | None = None) -> None:
    """Lets a job that has ended early go on.

    Args:
        job: JobFolder.
        person: Person. Who asks.
        more_minutes: float. See `JobFolder.before_resume`.

    Raises:
        AccessError: it is somebody else's, or the mode does not allow such a training.
        UserError: it is running or has finished, or too many jobs wait.
    """
    person.require(kinds.kind_of(job).action, job.owner())
    job.refuse_newer()
    with one_at_a_time():
        require_turn(person)
        _require_allowed(() if person == COMMAND_LINE else job.configs(), person)
        job.before_resume(more_minutes)
        _launch(job, person, again=True)


def stop(job: JobFolder, person: Person, *, now: bool = False) -> None:
    """Asks a job to stop; what it has done so far is kept.

    Args:
        job: JobFolder.
        person: Person. Who asks.
        now: bool. Whether to end its worker at once, where it does not stop. Defaults to `False`.

    Raises:
        AccessError: it is somebody else's.
        RunError: it is not running, or its worker is out of reach.
    """
    person.require(kinds.kind_of(job).action, job.owner())
    (launch.end_now if now else launch.stop)(job)


def start_step(job: JobFolder, *, parent_pipe: bool) -> None:
    """Gives a worker to a job that is a step of another one: queued, it begins; ended early, it goes on.

    Args:
        job: JobFolder.
        parent_pipe: bool. See `launch.start`.

    Raises:
        UserError: it is running or has finished, or no worker can be started.
    """
    if launch.poll(job).status in RESUMABLE:
        job.before_resume()
        _begin(job, parent_pipe=parent_pipe, again=True)
    else:
        _begin(job, parent_pipe=parent_pipe)


def waiting() -> int:
    """How many jobs wait for one of the machine's places; the trainings of a bisect are part of it."""
    listed = [job for store in kinds.queued_stores() for job in store.list()]
    active = [job for job in listed if read_status(job).is_active and launch.poll(job).is_active]
    trials = {run_id for job in active if isinstance(job, BudgetedJob) for run_id in job.trained_ids()}
    return max(0, sum(job.id not in trials for job in active) - paths.parallel_runs())


def require_turn(person: Person) -> None:
    """Raises RunError where as many jobs wait as the mode allows."""
    if person != COMMAND_LINE and (before := waiting()) >= policy().waiting:
        raise RunError(f"{before} jobs are queued already; start this one when some have ended")


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Lets one process and thread of the home at a time look what is running and start something.

    Raises:
        UserError: others have held it for too long.
    """
    lock = files.Lock(paths.home() / "start.lock")
    with contextlib.suppress(OSError):  # a home that cannot be written: making the job says so, in its own words
        if not lock.acquire(timeout=LOCK_SECONDS):
            raise UserError("another job is being started; try again in a moment")
    try:
        yield
    finally:
        lock.release()


def _require_allowed(configs: Sequence[RunConfig], person: Person) -> None:
    """Raises AccessError for a training that the mode does not allow."""
    if person == COMMAND_LINE:
        return
    limits = policy()
    for config in configs:
        limits.check(config, paths.data_root(), paths.uploads_folder(), paths.collections_folder())


def _launch(job: JobFolder, person: Person, *, again: bool = False) -> None:
    """Gives a job its worker. What a server starts ends with it; the command line watches what it starts itself."""
    is_served = person != COMMAND_LINE
    if is_served and job.trains and mode() == PUBLIC:
        predict_client.release()  # its memory is the training's now
    _begin(job, parent_pipe=is_served, again=again)


def _begin(job: JobFolder, *, parent_pipe: bool, again: bool = False) -> None:
    (launch.resume if again else launch.start)(job, parent_pipe=parent_pipe)
