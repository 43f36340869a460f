"""TrialRunner: trains the trials of a bisect or sweep within a budget and keeps result.json up to date."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

from core.jobs.job import BudgetedJob
from core.store.runs import RESUMABLE, Run, RunStore

if TYPE_CHECKING:
    from core.store.bisect_record import BisectResult, BisectTrial
    from core.store.job_records import SweepResult, SweepTrial


TrainTrial = Callable[[Run], str]
"""Trains a run and gives its final status: `finished`, `stopped` or `failed`."""

Result = TypeVar("Result", "BisectResult", "SweepResult")


class BrokenOff(Exception):
    """A job ends before its end: a person stopped it, or the budget is spent. The text says which."""


class TrialRunner(ABC, Generic[Result]):
    """Trains the trials of one job and keeps its result up to date.

    Args:
        job: BudgetedJob.
        train: callable. See `TrainTrial`.
        stop_requested: callable. Whether a person asked for a stop.
        announce: callable. Is told what is being tried, in one sentence. Defaults to nothing.
        clock: callable. Seconds that only grow. Defaults to `time.monotonic`.

    Attributes:
        record: dict. What result.json says; its `trials` have at least `name`, `run`, `status` and `seconds`.
    """

    record: Result

    def __init__(
        self,
        job: BudgetedJob,
        train: TrainTrial,
        stop_requested: Callable[[], bool],
        announce: Callable[[str], None] = lambda text: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._job, self._train, self._stop_requested, self._announce, self._clock = (
            job,
            train,
            stop_requested,
            announce,
            clock,
        )
        self._started, self._spent_before = clock(), 60 * job.spent_minutes()

    def work(self) -> tuple[str, str]:
        """Trains trials to the job's end, to a stop, or to the end of its budget.

        Returns:
            The final status, `finished` or `stopped`, and a sentence for the person.
        """
        try:
            return "finished", self.outcome()
        except BrokenOff as why:
            return "stopped", str(why)

    @abstractmethod
    def outcome(self) -> str:
        """Trains trials to the job's end; returns what came out, in words.

        Raises:
            BrokenOff: a stop was asked for, or the budget does not suffice for another trial.
        """

    def spent_seconds(self) -> float:
        """Seconds of running, in all attempts."""
        return self._spent_before + self._clock() - self._started

    def write(self) -> None:
        """Replaces result.json."""
        cost = self.record["cost"]
        cost |= {"spent_minutes": self.spent_seconds() / 60, "budget_minutes": self._job.budget_minutes()}
        self._job.write_result(self.record)

    def _trained(self, row: "BisectTrial | SweepTrial", run: Run, message: str) -> str:
        """Trains a trial's run; gives its final status."""
        row |= {"status": "running", "run": run.id}
        self._announce(message)
        self.write()
        began = self._clock()
        status = self._train(run)
        row["seconds"] += self._clock() - began
        return status

    def _wait_again(self) -> None:
        """What was running when a worker died waits for its turn."""
        for row in self.record["arms"]:
            if row["status"] == "running":
                row["status"] = "waiting"


def begun(run_id: str | None) -> Run | None:
    """A run that an earlier attempt has begun, queued once more, as its checkpoint is good, or None."""
    found = RunStore().by_id(run_id) if run_id else None
    if found and found.status().status in RESUMABLE:
        found.requeue()
        return found
    return None
