"""Trials on a cluster: those of a bisect or a sweep are jobs of their own there, and train at the same time.

The search of a bisect is the serial one. It asks for the value of one trial after the other and is a function of these
values alone; here most of them are under way before they are asked for. A trial has the settings and the seed that it
has serially, so the verdict is the same, and so is the best trial of a sweep. One that turns out not to be needed is
stopped.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from core.bisect.arm_values import Set
from core.bisect.runner import BisectRunner
from core.bisect.store import Bisect
from core.bisect.verdict import Conclusion
from core.config import RunConfig
from core.engine.reporter import Reporter
from core.errors import RunError
from core.models.unfreezing import is_training
from core.start.start import start_step
from core.store.folder import JobFolder
from core.store.runs import RESUMABLE, Run, RunStore
from core.sweep.runner import SweepRunner
from core.sweep.store import Sweep
from core.workers import launch

if TYPE_CHECKING:
    from core.store.bisect_record import BisectTrial
    from core.store.job_records import SweepTrial


LOSSES = 3
"""So many times a trial whose machine is lost goes on elsewhere; then it has failed."""

_LOOK_SECONDS = 0.5


class AtWork:
    """Trials on their way.

    Args:
        reporter: Reporter. Of the job whose trials they are.
    """

    def __init__(self, reporter: Reporter[JobFolder]) -> None:
        self._reporter = reporter
        self._runs: dict[str, Run] = {}
        self._losses: dict[str, int] = {}

    def __contains__(self, run_id: str | None) -> bool:
        return run_id in self._runs

    def run_of(self, run_id: str | None, new: Callable[[], Run]) -> Run:
        """The run of a trial, on its way: begun by us, or by a worker of this job that was lost, or begun now."""
        if run_id is not None and run_id in self._runs:
            return self._runs[run_id]
        run = RunStore().by_id(run_id) if run_id else None
        if run is None:
            run = new()
            start_step(run, parent_pipe=False)
        elif launch.poll(run).status in RESUMABLE:
            start_step(run, parent_pipe=False)
        self._runs[run.id] = run
        return run

    def wait(self, run: Run) -> str:
        """Looks after all trials until one has ended; gives its final status."""
        while True:
            ended = self._look()
            if run.id in ended:
                return ended[run.id]
            if self._reporter.stop_requested():
                self.stop_all()
            time.sleep(_LOOK_SECONDS)

    def wait_for_features(self, run: Run) -> None:
        """Until a trial has computed the features, which trials with the same images and network then find."""
        while run.id not in self._look() and not is_training(run.read_status().phase):
            if self._reporter.stop_requested():
                return
            time.sleep(_LOOK_SECONDS)

    def stop_all(self) -> None:
        """Asks every running trial to stop; what has just ended need not be asked."""
        for run in self._runs.values():
            if run.read_status().is_active and not run.stop_requested():
                try:
                    launch.stop(run)
                except RunError:
                    continue

    def _look(self) -> dict[str, str]:
        """Trials that have ended, with their final status."""
        ended = {one.id: status for one in list(self._runs.values()) if (status := self._tended(one))}
        count = len(self._runs.keys() - ended.keys())
        self._reporter.set_status(message=f"{count} trial{'' if count == 1 else 's'} running on the cluster.")
        return ended

    def _tended(self, run: Run) -> str:
        """The final status of a trial; empty while it is running, or is again after its machine was lost."""
        status = launch.poll(run)
        if status.is_active:
            return ""
        if status.status == "interrupted" and not self._reporter.stop_requested():
            return self._resumed(run)
        if status.status == "interrupted":
            return "stopped"
        return status.status

    def _resumed(self, run: Run) -> str:
        self._losses[run.id] = self._losses.get(run.id, 0) + 1
        if self._losses[run.id] > LOSSES:
            return "failed"
        start_step(run, parent_pipe=False)
        return ""


class ClusterBisect(BisectRunner):
    """A bisect's runner whose trials train on the cluster.

    Args:
        reporter: Reporter. The bisect's.
    """

    def __init__(self, reporter: Reporter[Bisect]) -> None:
        self._at_work = AtWork(reporter)
        super().__init__(reporter.run, self._at_work.wait, reporter.stop_requested)

    def run(self) -> Conclusion:
        """See `BisectRunner.run`; whatever ends it, no trial is left running."""
        try:
            return super().run()
        finally:
            self._at_work.stop_all()

    def plan(self, trials: list[tuple[Set, int]]) -> list["BisectTrial"]:
        """Starts trials that are known to follow."""
        rows = super().plan(trials)
        for row in rows:
            config = self.config_of(row)
            if row["status"] == "waiting" and self.affords(row, config) and not self._stop_requested():
                row |= {"run": self.run_of(row, config).id, "status": "running"}
        return super().plan(trials)

    def affords(self, row: "BisectTrial", config: RunConfig) -> bool:
        """Whether the budget suffices for a trial; one that is running is only broken off when it is spent."""
        if row["run"] in self._at_work:
            return self.spent_seconds() <= 60 * self.bisect.budget_minutes()
        return super().affords(row, config)

    def run_of(self, row: "BisectTrial", config: RunConfig) -> Run:
        """See `AtWork.run_of`."""
        return self._at_work.run_of(row["run"], lambda: RunStore().create(config))

    def _keep(self, found: Conclusion) -> None:
        """Trials that were not needed: one that has ended in time is shown with its value, the others are stopped."""
        self._at_work.stop_all()
        for row in self.record["arms"]:
            if row["run"] in self._at_work and row["status"] == "running":
                run = RunStore().get(row["run"] or "")
                row["status"] = "waiting"
                if launch.poll(run).status == "finished":
                    self.finish_row(row, run, "finished")
        super()._keep(found)

    def finish_row(self, row: "BisectTrial", run: Run, status: str) -> None:
        """See `BisectRunner.finish_row`; what a trial took is what its run says, not how long we had to wait for it."""
        super().finish_row(row, run, status)
        row["seconds"] = seconds_of(run, row["seconds"])


class ClusterSweep(SweepRunner):
    """A sweep's runner whose trials train on the cluster.

    Args:
        reporter: Reporter. The sweep's.
    """

    def __init__(self, reporter: Reporter[Sweep]) -> None:
        self._at_work = AtWork(reporter)
        super().__init__(reporter.run, self._at_work.wait, reporter.stop_requested)

    def run(self) -> str:
        """See `SweepRunner.run`; whatever ends it, no trial is left running."""
        try:
            self._start_all()
            return super().run()
        finally:
            self._at_work.stop_all()
            self._wait_again()
            self.write()

    def affords(self, row: "SweepTrial") -> bool:
        """Whether there is budget left: the trials are running already."""
        return self.spent_seconds() <= 60 * self.sweep.budget_minutes()

    def run_of(self, row: "SweepTrial") -> Run:
        """See `AtWork.run_of`."""
        return self._at_work.run_of(row["run"], lambda: self.new_run(row))

    def finish_row(self, row: "SweepTrial", run: Run, status: str) -> None:
        """See `SweepRunner.finish_row`; what a trial took is what its run says, not how long we had to wait for it."""
        row["seconds"] = seconds_of(run, row["seconds"])
        super().finish_row(row, run, status)

    def _start_all(self) -> None:
        """The first trial computes the features that all share; the others start when it has them."""
        waiting = [row for row in self.record["arms"] if row["status"] == "waiting"]
        for number, row in enumerate(waiting):
            if self._stop_requested() or not self.affords(row):
                return
            run = self.run_of(row)
            row |= {"run": run.id, "status": "running"}
            self.write()
            if number == 0:
                self._at_work.wait_for_features(run)


def seconds_of(run: Run, otherwise: float) -> float:
    """How long a run has been running, by its own records."""
    return float(run.read_status().seconds.get("total", otherwise))


def bisect_over_cluster(reporter: Reporter[Bisect]) -> tuple[str, str]:
    """Works on a bisect like `core.engine.jobs.bisect.bisect`, with its trials as jobs of the cluster.

    Raises:
        UserError: the two runs cannot be held against each other any more, or the cluster takes no jobs.
    """
    reporter.set_status(status="running", message="Comparing the settings of the two runs.")
    return ClusterBisect(reporter).work()


def sweep_over_cluster(reporter: Reporter[Sweep]) -> tuple[str, str]:
    """Works on a sweep like `core.engine.jobs.sweep.sweep`, with its trials as jobs of the cluster.

    Raises:
        UserError: the sweep cannot be read, or the cluster takes no jobs.
    """
    reporter.set_status(status="running", message="Starting the first trial.")
    return ClusterSweep(reporter).work()
