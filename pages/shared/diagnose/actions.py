"""What the Diagnose page reads and sets going: comparisons, bisects, reports. Nothing is drawn in here."""

import contextlib
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from core import files, paths
from core.access import Action
from core.bisect import store as bisects
from core.bisect.store import Bisect, BisectStore
from core.compare import compare
from core.errors import RunError, UserError
from core.housekeeping.trial_ids import runs_of, trial_ids
from core.report import report
from core.store.index import summaries
from core.store.runs import Run, RunStore, Status
from core.workers import launch
from pages.shared.shell.access import guarded, person

if TYPE_CHECKING:
    from core.store.bisect_record import BisectResult


_ENDED = ("finished", "stopped", "failed", "interrupted")


def comparable_runs(most: int) -> list[Run]:
    """Runs that have ended with something to look at, the newest first; those that a bisect has trained left out."""
    trials, found = trial_ids(), list[Run]()
    others = [run for run in RunStore().list() if run.id not in trials]
    for start in range(0, len(others), most):
        some = others[start : start + most]
        found += [
            run
            for run, summary in zip(some, summaries(some), strict=True)
            if summary.status in _ENDED and summary.epochs
        ]
        if len(found) >= most:
            break
    return found[:most]


def is_comparable(run: Run) -> bool:
    """Whether a run has ended with something to look at."""
    (summary,) = summaries([run])
    return summary.status in _ENDED and summary.epochs > 0


def default_pair(runs: Sequence[Run]) -> tuple[Run, Run] | None:
    """The two newest finished runs, the older one first: it is usually the one the other is held against."""
    finished = [run for run in runs if run.read_status().status == "finished"][:2]
    return (finished[1], finished[0]) if len(finished) == 2 else None


def find_run(run_id: str) -> Run | None:
    """The run of that id; None when there is none."""
    try:
        return RunStore().get(run_id) if run_id else None
    except RunError:
        return None


def find_bisect(bisect_id: str) -> Bisect | None:
    """The bisect of that id; None when there is none."""
    try:
        return BisectStore().get(bisect_id) if bisect_id else None
    except UserError:
        return None


def newest_bisect(a: Run, b: Run) -> Bisect | None:
    """The bisect made last between two runs, whichever of them is called A."""
    return next((bisect for bisect in BisectStore().list() if set(runs_of(bisect)) == {a.id, b.id}), None)


def status_of(bisect: Bisect) -> Status:
    """Where a bisect is, settled: a worker that has died is noticed."""
    return launch.poll(bisect)


def estimate(a: Run, b: Run) -> bisects.Expected:
    """What a bisect between two runs would try, and how long it would take.

    Raises:
        UserError: the two cannot be bisected.
    """
    return bisects.estimate(a, b)


@guarded(Action.DIAGNOSE)
def start(a: Run, b: Run, minutes: float, margin_points: float = bisects.MARGIN_POINTS) -> Bisect:
    """Makes a bisect and starts its worker; one that is at work between the two already is given instead.

    Args:
        a: Run A.
        b: Run B.
        minutes: The most it may take.
        margin_points: Gaps up to so many points of accuracy do not matter.

    Raises:
        UserError: the two cannot be bisected, or nothing can be written.
    """
    with only_one("bisect-start"):
        found = newest_bisect(a, b)
        if found and status_of(found).is_active:
            return found
        bisect = BisectStore().create(a, b, minutes, owner=person().name, margin_points=margin_points)
        launch.start(bisect, parent_pipe=True)
        return bisect


@guarded(Action.DIAGNOSE)
def stop(bisect: Bisect) -> None:
    """Asks a bisect to stop; what it has found so far is kept.

    Raises:
        UserError: it is not at work.
    """
    person().require(Action.DIAGNOSE, bisect.owner())
    launch.stop(bisect)


@guarded(Action.DIAGNOSE)
def resume(bisect: Bisect) -> None:
    """Lets a bisect that ended early go on.

    Raises:
        UserError: it is at work, or has finished.
    """
    person().require(Action.DIAGNOSE, bisect.owner())
    with only_one("bisect-start"):
        bisects.resume_bisect(bisect, parent_pipe=True)


def comparison(a: Run, b: Run) -> compare.Comparison:
    """Everything in which two runs differ; see `core.compare.compare`.

    Raises:
        UserError: a run cannot be read.
    """
    return compare.compare(a, b)


def report_page(a: Run, b: Run, found: compare.Comparison, result: "BisectResult | None", *, with_images: bool) -> str:
    """The report as one HTML page."""
    return report.report_html(a, b, found, result, with_images=with_images)


def report_record(
    a: Run, b: Run, found: compare.Comparison, result: "BisectResult | None", *, with_images: bool
) -> str:
    """The report as JSON."""
    return json.dumps(report.report_json(a, b, found, result, with_images=with_images), indent=1)


@contextlib.contextmanager
def only_one(what: str, seconds: float = 10.0) -> Iterator[None]:
    """Lets one script run of one server at a time do something; the others wait and find it done.

    Args:
        what: Names the lock.
        seconds: How long to wait for the others. Defaults to 10.

    Raises:
        UserError: the home folder cannot be written, or somebody holds the lock for longer.
    """
    lock = files.Lock(paths.home() / f"{what}.lock")
    try:
        held = lock.acquire(timeout=seconds)
    except OSError as error:
        raise UserError(f"{paths.home()} cannot be written: {error.strerror}") from error
    if not held:
        raise UserError("another page is starting the same thing; try again in a moment")
    try:
        yield
    finally:
        lock.release()
