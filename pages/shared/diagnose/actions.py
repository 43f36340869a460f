"""What the Diagnose page reads: comparisons, bisects, reports. Nothing is drawn in here."""

import json
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING

from core.bisect import store as bisects
from core.bisect.store import Bisect, BisectStore
from core.compare import compare
from core.errors import RunError, UserError
from core.housekeeping.trial_ids import trial_ids
from core.report import report
from core.store.index import summaries
from core.store.runs import Run, RunStore, Status
from core.workers import launch

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
    """The two newest finished runs whose settings can be read, the older one first: it is usually the baseline."""
    ended = (run for run in runs if run.read_status().status == "finished" and _has_settings(run))
    finished = list(islice(ended, 2))
    return (finished[1], finished[0]) if len(finished) == 2 else None


def _has_settings(run: Run) -> bool:
    """Whether its settings can be read; without them it is compared with none."""
    try:
        run.config()
    except RunError:
        return False
    return True


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
    return BisectStore().between(a, b)


def status_of(bisect: Bisect) -> Status:
    """Where a bisect is, settled: a worker that has died is noticed."""
    return launch.poll(bisect)


def estimate(a: Run, b: Run) -> bisects.Expected:
    """What a bisect between two runs would try, and how long it would take.

    Raises:
        UserError: the two cannot be bisected.
    """
    return bisects.estimate(a, b)


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
