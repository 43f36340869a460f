"""BisectStore: bisect jobs on disk, each with a folder below `bisects`; configuration, result, estimate, resume.

config.json   {"runs": [id, id], "budget_minutes"}
result.json   replaced whole whenever a trial starts or ends; see `BisectRunner`
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TypedDict

from core.bisect.costs import Costs
from core.bisect.factors import find_factors
from core.bisect.reading import common_part
from core.bisect.result import Facts
from core.config import RunConfig
from core.errors import ConfigError, RunError
from core.jobs import job
from core.jobs.job import BUDGET_MINUTES, BudgetedJob, JobStore
from core.progress import Progress
from core.store import records
from core.store.runs import Run, RunStore, Status
from core.workers import launch

if TYPE_CHECKING:
    from core.store.bisect_record import BisectFacts, BisectResult, Skipped


METRIC = "accuracy of the saved model"
"""The figure that is explained. Searches of older versions explained the `best val_accuracy`, of the best epoch."""

MARGIN_POINTS = 1.0
"""Gaps up to so many points of accuracy do not matter, unless the person says otherwise."""

_LEAST_POINTS, _MOST_POINTS = 0.05, 20.0


class Bisect(BudgetedJob):
    """One bisect; what it trains are run folders of their own.

    Args:
        path: Path. The folder; it exists.
    """

    noun, at_end = "bisect", "has reached a verdict"

    def result(self) -> "BisectResult":
        """What result.json says; empty before there is one, or where it is damaged."""
        empty: Any = {}
        return records.read(self.path / "result.json", records.BISECT) or empty

    def ends(self) -> list[str]:
        """Ids of the two runs, as its configuration has them, else as its result has them; see `BudgetedJob.ends`."""
        try:
            return [*self.run_ids()]
        except RunError:
            found: list[str] = self._of_its_runs().get("runs", [])
            return found

    def title(self) -> str:
        """Its name; without one the names of its two runs, and the id of one that is gone."""
        store, ends = RunStore(), self.ends()
        runs = " / ".join(run.title() if (run := store.by_id(end)) else end for end in ends)
        return self.name() or runs or self.id

    def run_ids(self) -> tuple[str, str]:
        """The two runs, as the person named them.

        Raises:
            RunError: the file is absent or damaged.
        """
        match self.settings().get("runs"):
            case [str(a), str(b)]:
                return a, b
        raise RunError(f"bisect {self.id} cannot be read: its config.json is damaged")

    def configs(self) -> Sequence[RunConfig]:
        """See `JobFolder.configs`; its trials have settings of the one and of the other run."""
        return [run.config() for run in self.runs()]

    def renewed_budget(self, status: Status) -> float:
        """See `BudgetedJob.renewed_budget`: what is left of it, or as much again where nothing is."""
        budget = self.budget_minutes()
        return budget + self.spent_minutes() if "budget" in status.message else budget

    def margin(self) -> float:
        """Gaps up to it do not matter, as a share."""
        return float(self.settings().get("margin_points", MARGIN_POINTS)) / 100

    def write_margin(self, points: float) -> None:
        """Replaces the margin in config.json: trials do not depend on it, the verdict does.

        Raises:
            ConfigError: it is not allowed.
        """
        _check_margin(points)
        self.write_settings({**self.settings(), "margin_points": points})

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

    def create(
        self,
        a: Run,
        b: Run,
        budget_minutes: float = BUDGET_MINUTES,
        owner: str = "",
        margin_points: float = MARGIN_POINTS,
    ) -> Bisect:
        """Makes the folder of a new bisect, queued, with what is known before it starts in its result.

        Args:
            a: Run.
            b: Run.
            budget_minutes: float. The most it may take.
            owner: str. Who starts it. Defaults to nobody in particular.
            margin_points: float. Gaps up to so many points of accuracy do not matter. Defaults to 1.

        Raises:
            RunError: the two runs cannot be held against each other, or the folder cannot be written.
            ConfigError: the budget is no positive number, or the margin is not allowed.
        """
        job.check_budget(budget_minutes)
        _check_margin(margin_points)
        facts = estimate(a, b, margin_points / 100)
        settings = {"runs": [a.id, b.id], "budget_minutes": budget_minutes, "margin_points": margin_points}
        return self._make(settings, owner, lambda bisect: bisect.write_result(empty_result(bisect, a, b, facts)))

    def between(self, a: Run, b: Run) -> Bisect | None:
        """The one made last between two runs, whichever of them is called A; None where there is none."""
        return next((bisect for bisect in self.list() if set(runs_of(bisect)) == {a.id, b.id}), None)

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


@dataclass(frozen=True)
class BisectSpec:
    """A bisect between two runs; see `BisectStore.create`."""

    a: Run
    b: Run
    budget_minutes: float = BUDGET_MINUTES
    margin_points: float = MARGIN_POINTS

    def admit(self, progress: Progress | None = None) -> Self:
        """See `Spec.admit`; what it needs is looked at when it is made."""
        return self

    def configs(self) -> Sequence[RunConfig]:
        """See `Spec.configs`."""
        return (self.a.config(), self.b.config())

    def known(self) -> Bisect | None:
        """See `Spec.known`."""
        found = BisectStore().between(self.a, self.b)
        return launch.at_work(found)

    def make(self, owner: str) -> Bisect:
        """See `Spec.make`."""
        return BisectStore().create(self.a, self.b, self.budget_minutes, owner, self.margin_points)


def _check_margin(points: float) -> None:
    if not _LEAST_POINTS <= points <= _MOST_POINTS:
        raise ConfigError(f"the margin is {points:g} points of accuracy; give {_LEAST_POINTS:g} to {_MOST_POINTS:g}")


def runs_of(bisect: Bisect) -> tuple[str, ...]:
    """Ids of the two runs that a bisect lies between; empty when its configuration is damaged."""
    try:
        return bisect.run_ids()
    except RunError:
        return ()


class Expected(TypedDict):
    """What a bisect would try; see `estimate`."""

    factors: list[str]
    skipped: list["Skipped"]
    arms: int
    minutes: float
    seeds: int
    before: "BisectFacts"


def estimate(a: Run, b: Run, margin: float = MARGIN_POINTS / 100) -> Expected:
    """What a bisect between two runs would try, and what it would cost.

    Args:
        a: Run.
        b: Run.
        margin: float. Gaps up to it do not matter. Defaults to a hundredth.

    Returns:
        `{"factors": [key], "skipped": [{"key", "reason"}], "arms": trainings expected, "minutes": float, "seeds":
        trainings of each end expected, "before": what the result says before anything was trained}`.

    Raises:
        RunError: the two runs cannot be held against each other.
    """
    factors = find_factors(a, b)
    costs = Costs(a, b, factors)
    trials, seconds = costs.expected()
    return {
        "factors": list(factors.keys),
        "skipped": [{"key": key, "reason": reason} for key, reason in factors.skipped.items()],
        "arms": trials,
        "minutes": seconds / 60,
        "seeds": costs.seeds()[0],
        "before": Facts(a, b, factors, common_part(a, b)).before(margin),
    }


def empty_result(bisect: Bisect, a: Run, b: Run, facts: Expected) -> "BisectResult":
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
        "gap": {"value": None, "interval": None, "seeds": 0, "p_value": None, "level": None},
        "noise": {"a": [], "b": [], "spread": None},
        "auc": {
            "value": None,
            "interval": None,
            "seeds": 0,
            "p_value": None,
            "level": None,
            "a": [],
            "b": [],
            "sentence": "",
        },
        "other_images": None,
        "decided_by": "accuracy",
        "tests": [],
        "measured": [],
        "arms": [],
        **facts["before"],
        "candidates": facts["factors"],
        "skipped": facts["skipped"],
        "cost": {
            "promised_minutes": facts["minutes"],
            "estimated_minutes": facts["minutes"],
            "spent_minutes": 0.0,
            "budget_minutes": bisect.budget_minutes(),
        },
    }


def _is_called(bisect: Bisect, text: str) -> bool:
    return bisect.id.startswith(text) or bisect.id.endswith(text)
