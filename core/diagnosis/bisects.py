"""Bisects on disk: one folder a bisect, beside the runs, with the same files for status, stop and lock.

bisects/<id>/config.json   {"runs": [id, id], "budget_minutes"}
             result.json   replaced whole whenever an arm starts or ends; see `arms.Ledger`
             status.json  worker.log  stop  lock     as in a run
"""

import math
import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core import files, launch, paths
from core.diagnosis.costs import Costs
from core.diagnosis.factors import find_factors
from core.errors import ConfigError, RunError
from core.runs import RESUMABLE, Run, RunStore, Status

BUDGET_MINUTES = 30.0
"""What a bisect may take unless the person says otherwise."""

METRIC = "best val_accuracy"
"""The figure that is explained: validation accuracy of the best epoch."""


class Bisect(Run):
    """One bisect folder: a job with a worker, like a run; what it trains are run folders of their own.

    Args:
        path: Path. The folder; it exists.
    """

    takes_place = False  # on a cluster its arms are jobs of their own, and it only waits for them

    def title(self) -> str:
        """What to call it: the names of its two runs."""
        return " / ".join(RunStore().get(run).title() for run in self.run_ids())

    def run_ids(self) -> tuple[str, str]:
        """The two runs, as the person named them.

        Raises:
            RunError: the file is absent or damaged.
        """
        match self._settings().get("runs"):
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

    def budget_minutes(self) -> float:
        """What it may take in all, waiting for its turn not counted."""
        return float(self._settings().get("budget_minutes", BUDGET_MINUTES))

    def result(self) -> dict[str, Any]:
        """What result.json says; empty before there is one."""
        record = files.read_json(self.path / "result.json")
        return record if isinstance(record, dict) else {}

    def write_result(self, record: dict[str, Any]) -> None:
        """Replaces result.json."""
        files.write_json(self.path / "result.json", record)

    def write_settings(self, runs: Sequence[str], budget_minutes: float) -> None:
        """Replaces config.json."""
        files.write_json(self.path / "config.json", {"runs": list(runs), "budget_minutes": budget_minutes})

    def _settings(self) -> dict[str, Any]:
        record = files.read_json(self.path / "config.json")
        return record if isinstance(record, dict) else {}


class BisectStore:
    """All bisects below one folder.

    Args:
        root: Path. Defaults to the folder the environment says.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or paths.home() / "bisects"

    def create(self, a: Run, b: Run, budget_minutes: float = BUDGET_MINUTES, owner: str = "") -> Bisect:
        """Makes the folder of a new bisect, queued, with what is known before it starts in its result.

        Raises:
            RunError: the two runs cannot be held against each other, or the folder cannot be written.
            ConfigError: the budget is no positive number.
        """
        _check_budget(budget_minutes)
        facts, now = estimate(a, b), time.time()
        stamp = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now))}-{int(now * 1000) % 1000:03}"
        bisect = Bisect(self.root / f"{stamp}-{secrets.token_hex(3)}")
        try:
            bisect.path.mkdir(parents=True)
            bisect.write_settings([a.id, b.id], budget_minutes)
            if owner:
                files.write_json(bisect.path / "owner.json", owner)
            bisect.write_result(empty_result(bisect, a, b, facts))
            bisect.write_status(Status.in_queue(now))
        except OSError as error:
            raise RunError(f"no bisect can be made in {self.root}: {error.strerror}") from error
        return bisect

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

    def list(self) -> list[Bisect]:
        """All bisects, the newest first."""
        return [Bisect(run.path) for run in RunStore(self.root).list()]


def is_bisect(path: Path) -> bool:
    """Whether a job's folder is that of a bisect; else it is a run's."""
    record = files.read_json(path / "config.json")
    return isinstance(record, dict) and "runs" in record


def estimate(a: Run, b: Run) -> dict[str, Any]:
    """What a bisect between two runs would try, and what it would cost.

    Returns:
        `{"factors": [key], "skipped": [{"key", "reason"}], "arms": trainings expected, "minutes": float}`.

    Raises:
        RunError: the two runs cannot be held against each other.
    """
    factors = find_factors(a, b)
    arms, seconds = Costs(a, b, factors).expected()
    return {
        "factors": list(factors.keys),
        "skipped": [{"key": key, "reason": reason} for key, reason in factors.skipped.items()],
        "arms": arms,
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


def start_bisect(bisect: Bisect, parent_pipe: bool) -> None:
    """Starts the worker of a queued bisect; see `launch.start`."""
    launch.start(bisect, parent_pipe=parent_pipe)


def stop_bisect(bisect: Bisect) -> None:
    """Asks the worker to stop after the batch it is at; what was tried is kept.

    Raises:
        RunError: it is not at work.
    """
    status = launch.poll(bisect)
    if not status.is_active:
        raise RunError(f"bisect {bisect.id} is not at work: it is {status.status}")
    bisect.request_stop()


def resume_bisect(bisect: Bisect, parent_pipe: bool, more_minutes: float | None = None) -> None:
    """Goes on with a bisect that has ended early; arms that have finished are not trained again.

    Args:
        bisect: Bisect.
        parent_pipe: bool. See `launch.start`.
        more_minutes: float. What it may take beyond what it has taken. Defaults to what is left of its budget, or to
            as much again where nothing is.

    Raises:
        RunError: it is at work, or has come to its verdict.
        ConfigError: the budget is no positive number.
    """
    status = launch.poll(bisect)
    if status.status not in RESUMABLE:
        state = "is still at work" if status.is_active else "has come to its verdict"
        raise RunError(f"bisect {bisect.id} {state}; only one that has ended early can be resumed")
    spent = float(bisect.result().get("cost", {}).get("spent_minutes", 0.0))
    budget = bisect.budget_minutes()
    if more_minutes is not None:
        _check_budget(more_minutes)
        budget = spent + more_minutes
    elif "budget" in status.message:
        budget = spent + budget
    bisect.write_settings(bisect.run_ids(), budget)
    launch.resume(bisect, parent_pipe=parent_pipe)


def _check_budget(minutes: float) -> None:
    if not (math.isfinite(minutes) and minutes > 0):
        raise ConfigError(f"the budget is {minutes} minutes; give a number above 0")


def _is_called(bisect: Bisect, text: str) -> bool:
    return bisect.id.startswith(text) or bisect.id.endswith(text)
