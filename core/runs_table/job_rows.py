"""Rows of the list of jobs that are no runs: bisects, sweeps, searches, cross-validations, reviews, checks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.bisect.headline import headline
from core.bisect.store import Bisect
from core.data.set_names import set_name
from core.errors import UserError
from core.jobs.job import BudgetedJob, ConfiguredJob, Job
from core.label_review.store import Review
from core.runs_table.columns import columns
from core.start import kinds
from core.store.index import read_status
from core.store.run_titles import described
from core.store.status import RESUMABLE
from core.sweep.store import Sweep
from core.workers import launch

KINDS = {
    "bisect": "Find the cause",
    "sweep": "Sweep",
    "search": "Search for the best network",
    "cross-validation": "Cross-validation",
    "rate": "Learning-rate search",
    "review": "Label review",
    "check": "Check with features",
    "why": "Two scripts",
}
"""Kinds that are listed, in this order, and what a person calls one."""

EACH = 5
"""Of each kind so many are listed, the newest."""


@dataclass(frozen=True)
class JobRow:
    """One job.

    Attributes:
        kind: str. One of `KINDS`.
        title: str. Its name, or what it is about.
        dataset: str. The dataset that opening it opens; empty where it opens none.
        message: str. Result, or what it is doing, in a sentence.
    """

    id: str
    kind: str
    title: str
    dataset: str
    status: str
    message: str
    created: float
    is_active: bool


def job_rows(each: int = EACH) -> list[JobRow]:
    """The newest jobs of each kind: active ones first, then kind by kind.

    Args:
        each: int. How many of a kind at most.
    """
    found = [_row(name, job) for name in KINDS for job in kinds.kind_named(name).store().list()[:each]]
    return sorted(found, key=lambda row: not row.is_active)


def _row(kind: str, job: Job) -> JobRow:
    status = read_status(job)
    if status.is_active:
        status = launch.poll(job)
    ended_early = status.status in RESUMABLE
    return JobRow(
        id=job.id,
        kind=kind,
        title=title_of(job),
        dataset=_dataset(job),
        status=status.status,
        message=_verdict(job) or status.message or ("Ended early; can be resumed." if ended_early else ""),
        created=status.created,
        is_active=status.is_active,
    )


def _verdict(job: Job) -> str:
    """What a bisect has found, in the form's words; empty for other jobs, and where it has found nothing yet."""
    result = job.result() if isinstance(job, Bisect) else None
    return headline(result).title if result and result.get("verdict") else ""


def title_of(job: Job) -> str:
    """Its name; without one what it is about."""
    if isinstance(job, BudgetedJob) and job.name():
        return job.name()
    if isinstance(job, Sweep):
        known = columns()
        varied = dict.fromkeys(key for trial in job.trials() for key in trial)
        return ", ".join(known[key].label if key in known else key for key in varied) or job.id
    if isinstance(job, Review):
        return set_name(_dataset(job)) or job.id
    if isinstance(job, ConfiguredJob) and not isinstance(job, Bisect):
        return _of_config(job)
    return job.title()


def _of_config(job: ConfiguredJob) -> str:
    try:
        config = job.config()
    except UserError:
        return job.id
    return f"{set_name(config.dataset)}: {described(config)}"


def _dataset(job: Job) -> str:
    """The dataset of a job about one."""
    settings: dict[str, Any] = job.settings()
    if isinstance(job, Review):
        return str(settings.get("review", ""))
    config = settings.get("config")
    return str(config.get("dataset", "")) if isinstance(config, dict) else ""


def at_work(rows: Sequence[JobRow]) -> bool:
    """Whether any of them is running or queued."""
    return any(row.is_active for row in rows)
