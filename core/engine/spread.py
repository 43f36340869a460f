"""A bisect on a cluster: its arms are jobs of their own, and all that are known to follow train at the same time.

The search itself is the serial one. It asks for the value of one arm after the other and is a function of these
values alone; here most of them are under way before they are asked for. An arm has the settings and the seed that it
has serially, so the verdict is the same. An arm that turns out not to be needed is stopped.
"""

import time
from typing import Any

from core import launch
from core.config import RunConfig
from core.diagnosis.arms import BrokenOff, Ledger
from core.diagnosis.bisects import Bisect
from core.diagnosis.search import Set
from core.diagnosis.verdict import Conclusion
from core.engine.reporter import Reporter
from core.errors import RunError
from core.runs import RESUMABLE, Run, RunStore

LOSSES = 3
"""So many times an arm whose machine is lost goes on elsewhere; then it has failed."""

_LOOK_SECONDS = 0.5


class SpreadLedger(Ledger):
    """A ledger whose arms train on the cluster.

    Args:
        reporter: Reporter. The bisect's.
    """

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._under_way: dict[str, Run] = {}
        self._losses: dict[str, int] = {}
        super().__init__(
            Bisect(reporter.run.path), self._wait, reporter.stop_requested, lambda text: reporter.say(message=text)
        )

    def run(self) -> Conclusion:
        """See `Ledger.run`; whatever ends it, no arm is left at work."""
        try:
            return super().run()
        finally:
            self._stop_all()

    def plan(self, arms: list[tuple[Set, int]]) -> list[dict[str, Any]]:
        """Starts arms that are known to follow."""
        rows = super().plan(arms)
        for row in rows:
            config = self.config_of(row)
            if row["status"] == "waiting" and self.affords(row, config) and not self._reporter.stop_requested():
                row |= {"run": self.run_of(row, config).id, "status": "running"}
        return super().plan(arms)

    def affords(self, row: dict[str, Any], config: RunConfig) -> bool:
        """Whether the budget suffices for an arm; one that is at work is only broken off when it is spent."""
        if row["run"] in self._under_way:
            return self.spent_seconds() <= 60 * self.bisect.budget_minutes()
        return super().affords(row, config)

    def run_of(self, row: dict[str, Any], config: RunConfig) -> Run:
        """The run of an arm, on its way: begun by us, or by a worker of this bisect that was lost, or begun now."""
        if (known := self._under_way.get(row["run"])) is not None:
            return known
        run = next((run for run in RunStore().list() if run.id == row["run"]), None)
        if run is None:
            run = RunStore().create(config)
            launch.start(run, parent_pipe=False)
        elif launch.poll(run).status in RESUMABLE:
            launch.resume(run, parent_pipe=False)
        self._under_way[run.id] = run
        return run

    def _keep(self, found: Conclusion) -> None:
        """Arms that were not needed: one that has ended in time is shown with its value, the others are stopped."""
        self._stop_all()
        for row in self.record["arms"]:
            run = self._under_way.get(row["run"])
            if run is not None and row["status"] == "running":
                row["status"] = "waiting"
                if launch.poll(run).status == "finished":
                    self.finish_row(row, run, "finished")
        super()._keep(found)

    def finish_row(self, row: dict[str, Any], run: Run, status: str) -> None:
        """See `Ledger.finish_row`; what an arm took is what its run says, not how long we had to wait for it."""
        super().finish_row(row, run, status)
        row["seconds"] = float(run.read_status().seconds.get("total", row["seconds"]))

    def _wait(self, run: Run) -> str:
        """Looks after all arms at work until one has ended; gives its final status."""
        while True:
            ended = {one.id: status for one in list(self._under_way.values()) if (status := self._tended(one))}
            self._reporter.say(message=f"{self._at_work(ended)} at work on the cluster.")
            if run.id in ended:
                return ended[run.id]
            if self._reporter.stop_requested():
                self._stop_all()
            time.sleep(_LOOK_SECONDS)

    def _tended(self, run: Run) -> str:
        """The final status of an arm; empty while it is at work, or is again after its machine was lost."""
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
        launch.resume(run, parent_pipe=False)
        return ""

    def _at_work(self, ended: dict[str, str]) -> str:
        count = len(self._under_way.keys() - ended.keys())
        return f"{count} arm{'' if count == 1 else 's'}"

    def _stop_all(self) -> None:
        """Asks every arm at work to stop; what has just ended need not be asked."""
        for run in self._under_way.values():
            if run.read_status().is_active and not run.stop_requested():
                try:
                    launch.stop(run)
                except RunError:
                    continue


def bisect_over_cluster(reporter: Reporter) -> tuple[str, str]:
    """Works on a bisect like `core.engine.bisect.bisect`, with its arms as jobs of the cluster.

    Raises:
        UserError: the two runs cannot be held against each other any more, or the cluster takes no jobs.
    """
    reporter.say(status="running", message="Looks at what differs.")
    try:
        found = SpreadLedger(reporter).run()
    except BrokenOff as why:
        return "stopped", str(why)
    return "finished", f"{found.verdict}: {', '.join(found.factors)}" if found.factors else found.verdict
