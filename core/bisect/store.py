"""BisectStore: bisect jobs on disk, each with a folder below `bisects`; configuration, result, estimate, resume.

config.json   {"runs": [id, id], "budget_minutes"}
result.json   replaced whole whenever a trial starts or ends; see `BisectRunner`
"""

from pathlib import Path
from typing import Any

from core.bisect.costs import Costs
from core.bisect.factors import find_factors
from core.errors import RunError
from core.jobs import job
from core.jobs.job import BUDGET_MINUTES, BudgetedJob, JobStore
from core.store.runs import Run, RunStore
from core.workers import launch

METRIC = "best val_accuracy"
"""The figure that is explained: validation accuracy of the best epoch."""


class Bisect(BudgetedJob):
    """One bisect; what it trains are run folders of their own.

    Args:
        path: Path. The folder; it exists.
    """

    noun = "bisect"

    def title(self) -> str:
        """What to call it: the names of its two runs."""
        return " / ".join(RunStore().get(run).title() for run in self.run_ids())

    def run_ids(self) -> tuple[str, str]:
        """The two runs, as the person named them.

        Raises:
            RunError: the file is absent or damaged.
        """
        match self.settings().get("runs"):
            case [str(a), str(b)]:
                return a, b
        raise RunError(f"bisect {self.id} cannot be read: its config.json is damaged")

    def runs(self) -> tuple[Run, Run]:
        """The two runs.

        Raises:
            RunError: one of them is gone.
        """
        a, b = self.run_ids()
        return RunStore().get(a), RunStore().get(b)


class BisectStore(JobStore[Bisect]):
    """All bisects; see `JobStore`."""

    kind, folder = Bisect, "bisects"

    def create(self, a: Run, b: Run, budget_minutes: float = BUDGET_MINUTES, owner: str = "") -> Bisect:
        """Makes the folder of a new bisect, queued, with what is known before it starts in its result.

        Raises:
            RunError: the two runs cannot be held against each other, or the folder cannot be written.
            ConfigError: the budget is no positive number.
        """
        job.check_budget(budget_minutes)
        facts = estimate(a, b)
        settings = {"runs": [a.id, b.id], "budget_minutes": budget_minutes}
        return self._make(settings, owner, lambda bisect: empty_result(bisect, a, b, facts))

    def get(self, bisect_id: str) -> Bisect:
        """The bisect of that id; a unique beginning or end of it will do.

        Raises:
            RunError: there is none, or more than one.
        """
        found = [bisect for bisect in self.list() if bisect_id and _is_called(bisect, bisect_id)]
        if len(found) == 1:
            return found[0]
        if found:
            raise RunError(f'"{bisect_id}" could be {len(found)} bisects; give the whole id')
        raise RunError(f'there is no bisect "{bisect_id[:100]}"')


def is_bisect(path: Path) -> bool:
    """Whether a job's folder is that of a bisect; else it is a run's."""
    return "runs" in job.settings_of(path)


def estimate(a: Run, b: Run) -> dict[str, Any]:
    """What a bisect between two runs would try, and what it would cost.

    Returns:
        `{"factors": [key], "skipped": [{"key", "reason"}], "arms": trainings expected, "minutes": float}`.

    Raises:
        RunError: the two runs cannot be held against each other.
    """
    factors = find_factors(a, b)
    trials, seconds = Costs(a, b, factors).expected()
    return {
        "factors": list(factors.keys),
        "skipped": [{"key": key, "reason": reason} for key, reason in factors.skipped.items()],
        "arms": trials,
        "minutes": seconds / 60,
    }


def empty_result(bisect: Bisect, a: Run, b: Run, facts: dict[str, Any]) -> dict[str, Any]:
    """The result before anything was trained; every key that it will ever have."""
    return {
        "id": bisect.id,
        "runs": [a.id, b.id],
        "titles": [a.title(), b.title()],
        "metric": METRIC,
        "verdict": None,
        "factors": [],
        "sentence": "",
        "good": "",
        "gap": {"value": None, "interval": None},
        "noise": {"a": [], "b": [], "spread": None},
        "tests": [],
        "arms": [],
        "candidates": facts["factors"],
        "skipped": facts["skipped"],
        "cost": {
            "estimated_minutes": facts["minutes"],
            "spent_minutes": 0.0,
            "budget_minutes": bisect.budget_minutes(),
        },
    }


def resume_bisect(bisect: Bisect, parent_pipe: bool, more_minutes: float | None = None) -> None:
    """Goes on with a bisect that has ended early; trials that have finished are not trained again.

    Args:
        bisect: Bisect.
        parent_pipe: bool. See `launch.start`.
        more_minutes: float. What it may take beyond what it has taken. Defaults to what is left of its budget, or to
            as much again where nothing is.

    Raises:
        RunError: it is at work, or has come to its verdict.
        ConfigError: the budget is no positive number.
    """
    status = job.resumable(bisect, "has come to its verdict")
    budget = bisect.budget_minutes()
    if more_minutes is not None:
        job.check_budget(more_minutes)
        budget = bisect.spent_minutes() + more_minutes
    elif "budget" in status.message:
        budget += bisect.spent_minutes()
    bisect.write_budget(budget)
    launch.resume(bisect, parent_pipe=parent_pipe)


def _is_called(bisect: Bisect, text: str) -> bool:
    return bisect.id.startswith(text) or bisect.id.endswith(text)
