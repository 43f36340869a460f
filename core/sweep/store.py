"""SweepStore: sweep jobs on disk, each with a folder below `sweeps`.

config.json   {"config": what is not varied, "arms": [{key: value}], "budget_minutes"}
result.json   replaced whole whenever a trial starts or ends; see `SweepRunner`
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.config import RunConfig
from core.jobs import job
from core.jobs.job import BUDGET_MINUTES, BudgetedJob, ConfiguredJob, JobStore
from core.jobs.spec import ConfigSpec
from core.store import records
from core.sweep.plan import Trial, trial_name

if TYPE_CHECKING:
    from core.store.job_records import SweepResult, SweepTrial


class Sweep(ConfiguredJob, BudgetedJob):
    """One sweep; what it trains are run folders of their own.

    Args:
        path: Path. The folder; it exists.
    """

    noun, at_end = "sweep", "has finished"

    def result(self) -> "SweepResult":
        """What result.json says; empty before there is one, or where it is damaged."""
        empty: Any = {}
        return records.read(self.path / "result.json", records.SWEEP) or empty

    def trials(self) -> list[Trial]:
        """The values of the varied settings, trial by trial."""
        return [trial for trial in self.settings().get("arms", []) if isinstance(trial, dict)]


class SweepStore(JobStore[Sweep]):
    """All sweeps; see `JobStore`."""

    kind, folder = Sweep, "sweeps"

    def create(
        self, base: RunConfig, trials: Sequence[Trial], budget_minutes: float = BUDGET_MINUTES, owner: str = ""
    ) -> Sweep:
        """Makes the folder of a new sweep, queued.

        Args:
            base: RunConfig. What is not varied.
            trials: sequence of dict. From `sweep_plan.plan`.
            budget_minutes: float. What it may take.
            owner: str. Who starts it. Defaults to nobody in particular.

        Raises:
            RunError: the folder cannot be written.
            ConfigError: the budget is no positive number.
        """
        job.check_budget(budget_minutes)
        settings = {"config": base.to_dict(), "arms": list(trials), "budget_minutes": budget_minutes}
        return self._make(settings, owner, lambda sweep: sweep.write_result(empty_result(sweep)))


@dataclass(frozen=True)
class SweepSpec(ConfigSpec):
    """A sweep; `config` is what is not varied, `trials` are from `core.sweep.plan.plan`."""

    trials: Sequence[Trial] = ()
    budget_minutes: float = BUDGET_MINUTES

    def make(self, owner: str) -> Sweep:
        """See `Spec.make`."""
        return SweepStore().create(self.config, self.trials, self.budget_minutes, owner)


def empty_result(sweep: Sweep) -> "SweepResult":
    """The result before anything was trained; every key that it will ever have."""
    trials = sweep.trials()
    rows: list[SweepTrial] = [
        {
            "name": trial_name(trial), "settings": trial, "run": None, "status": "waiting", "value": None,
            "interval": None,
            "loss": None, "auc": None, "epochs": None, "seconds": 0.0,
        }
        for trial in trials
    ]  # fmt: skip
    return {
        "id": sweep.id,
        "metric": "val_accuracy of the weights that were kept",
        "varied": list(dict.fromkeys(key for trial in trials for key in trial)),
        "arms": rows,
        "best": None,
        "sentence": "",
        "cost": {"spent_minutes": 0.0, "budget_minutes": sweep.budget_minutes()},
    }
