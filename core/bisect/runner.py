"""Trains the trials of a bisect within its budget, and keeps in result.json what came out and what it cost."""

import time
from collections.abc import Callable
from typing import Any

from core.bisect import verdict
from core.bisect.costs import Costs
from core.bisect.factors import DATASET, find_factors
from core.bisect.search import Search, Set, seeds_of
from core.bisect.store import Bisect, empty_result, estimate
from core.bisect.verdict import Conclusion
from core.config import RunConfig
from core.jobs.trial_runner import BrokenOff, TrainTrial, TrialRunner, begun
from core.stats.metrics import wilson
from core.store.runs import Run, RunStore


class BisectRunner(TrialRunner):
    """Runs the search of one bisect and keeps its result up to date.

    Trials that an earlier attempt has finished are taken from result.json; the search is a function of their values, so
    it goes the same way again up to the trial where it was broken off.

    Args:
        bisect: Bisect.
        train, stop_requested, announce, clock: see `TrialRunner`.
    """

    def __init__(
        self,
        bisect: Bisect,
        train: TrainTrial,
        stop_requested: Callable[[], bool],
        announce: Callable[[str], None] = lambda text: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(bisect, train, stop_requested, announce, clock)
        self.bisect = bisect
        self.a, self.b = bisect.runs()
        self.factors = find_factors(self.a, self.b)
        before = bisect.result()
        self.record = {**empty_result(bisect, self.a, self.b, estimate(self.a, self.b)), "arms": before.get("arms", [])}
        self.costs = Costs(self.a, self.b, self.factors)
        own = [end.config.training.seed for end in (self.factors.a, self.factors.b)]
        self._seeds = seeds_of(own[0], own[1], same=not self.factors.keys)
        self._take_over(own)
        skipped = [key for key in self.factors.skipped if key != "name"]
        images = min(self.factors.a.count("val"), self.factors.b.count("val"))
        self.search = Search(self.factors.keys, self._seeds, images, self.measure, self.plan, skipped)

    def outcome(self) -> str:
        """See `TrialRunner.outcome`."""
        found = self.run()
        return f"{found.verdict}: {', '.join(found.factors)}" if found.factors else found.verdict

    def run(self) -> Conclusion:
        """Searches until there is a verdict, a stop, or no budget left; the result is whole at every moment."""
        try:
            found = self.search.run()
        except BrokenOff as why:
            self._keep(verdict.inconclusive(str(why), self.search.tests))
            raise
        self._keep(found)
        return found

    def measure(self, trial: Set, seed: int) -> float | None:
        """The value of a trial, trained now unless it is known; None when its training failed.

        Raises:
            BrokenOff: a stop was asked for, or the budget does not suffice for it.
        """
        row = self._row(trial, seed)
        if row["status"] in ("finished", "failed"):
            value: float | None = row["value"]
            return value
        config = self.config_of(row)
        self._afford(row, config)
        run = self.run_of(row, config)
        status = self._trained(row, run, f"Tries {row['name']}.")
        self.finish_row(row, run, status)
        self.costs.finished(config, run.read_status().seconds)
        self.write()
        return row["value"]  # type: ignore[no-any-return]

    def _take_over(self, own: list[int]) -> None:
        """The two runs themselves are repeats of the ends; what was running when a worker died waits again."""
        self._wait_again()
        everything = frozenset(self.factors.keys)
        for run, trial, seed in ((self.a, frozenset[str](), own[0]), (self.b, everything, own[1])):
            row = self._row(trial, seed)
            if run.read_status().status == "finished" and row["status"] == "waiting" and self._is_own(trial, seed, run):
                row["run"] = run.id
                self.finish_row(row, run, "finished")
                row["seconds"] = 0.0

    def _is_own(self, trial: Set, seed: int, run: Run) -> bool:
        return bool(self.factors.keys) or seed in self._seeds[0 if run.id == self.a.id else 1]

    def config_of(self, row: dict[str, Any]) -> RunConfig:
        """The configuration of a trial's training."""
        return self.factors.config(frozenset(row["from_b"]), row["seed"], name=f"bisect: {row['name']}"[:100])

    def affords(self, row: dict[str, Any], config: RunConfig) -> bool:
        """Whether the budget suffices for a trial."""
        return self.spent_seconds() + self.costs.trial(config) <= 60 * self.bisect.budget_minutes()

    def _afford(self, row: dict[str, Any], config: RunConfig) -> None:
        if self._stop_requested():
            raise BrokenOff(f"Stopped after {_counted(self._tried())}, before there was a verdict.")
        if not self.affords(row, config):
            raise BrokenOff(
                f"The budget of {self.bisect.budget_minutes():g} minutes ended after {_counted(self._tried())}: "
                "another would exceed it."
            )

    def run_of(self, row: dict[str, Any], config: RunConfig) -> Run:
        """A new run folder, or the one that an earlier attempt has begun: its checkpoint is good."""
        return begun(row["run"]) or RunStore().create(config)

    def finish_row(self, row: dict[str, Any], run: Run, status: str) -> None:
        """Notes what came out of a trial.

        Raises:
            BrokenOff: it was stopped with the whole bisect.
        """
        if status == "stopped" and self._stop_requested():
            row["status"] = "waiting"
            self.write()
            raise BrokenOff(f"Stopped after {_counted(self._tried())}, before there was a verdict.")
        value = best_value(run) if status == "finished" else None
        row |= {"status": "failed" if value is None else "finished", "value": value}
        if value is not None:
            manifest = run.manifest() or {}
            count = len(manifest.get("val", [])) or self.factors.a.count("val")
            row["interval"] = list(wilson(round(value * count), count))

    def plan(self, trials: list[tuple[Set, int]]) -> list[dict[str, Any]]:
        """Notes trials that are known to follow; gives their rows."""
        rows = [self._row(trial, seed) for trial, seed in trials]
        self.write()
        return rows

    def _row(self, trial: Set, seed: int) -> dict[str, Any]:
        rows: list[dict[str, Any]] = self.record["arms"]
        switched = sorted(trial)
        row = next((row for row in rows if (row["from_b"], row["seed"]) == (switched, seed)), None)
        if row is None:
            base, settings = self._described(trial, seed)
            row = {
                "name": _name(base, settings, seed),
                "base": base,
                "settings": settings,
                "from_b": switched,
                "seed": seed,
                "run": None,
                "value": None,
                "interval": None,
                "status": "waiting",
                "seconds": 0.0,
            }
            rows.append(row)
        return row

    def _described(self, trial: Set, seed: int) -> tuple[str, dict[str, Any]]:
        """The end from which fewer settings change, and what they are changed to."""
        others = frozenset(self.factors.keys) - trial
        if not self.factors.keys:
            return ("b" if seed in self._seeds[1] else "a"), {}
        if len(trial) <= len(others):
            return "a", {key: self.factors.b.values[key] for key in self.factors.keys if key in trial}
        return "b", {key: self.factors.a.values[key] for key in self.factors.keys if key in others}

    def _tried(self) -> int:
        own = (self.a.id, self.b.id)
        return sum(row["status"] == "finished" and row["run"] not in own for row in self.record["arms"])

    def _keep(self, found: Conclusion) -> None:
        self.record["arms"] = [row for row in self.record["arms"] if row["run"]]
        self.record |= {"verdict": found.verdict, "factors": list(found.factors), "sentence": found.sentence}
        self.write()

    def write(self) -> None:
        """See `TrialRunner.write`."""
        search = getattr(self, "search", None)
        if search:
            a, b = search.repeats
            gap = search.gap
            spread = search.noise.spread if search.noise.freedom else None
            self.record |= {
                "good": search.good,
                "gap": {"value": gap.value if gap else None, "interval": gap.to_list() if gap else None},
                "noise": {"a": list(a), "b": list(b), "spread": spread},
                "tests": list(search.tests),
            }
        super().write()


def best_value(run: Run) -> float | None:
    """Validation accuracy of the best epoch; None when no epoch was finished."""
    values = [record.get("val_accuracy") for record in run.epochs()]
    return max((value for value in values if isinstance(value, float | int)), default=None)


def _counted(trainings: int) -> str:
    return f"{trainings} training{'' if trainings == 1 else 's'}"


def _name(base: str, settings: dict[str, Any], seed: int) -> str:
    if not settings:
        return f"{base.upper()} again, training.seed {seed}"
    changes = ", ".join(
        f"{key} {'of the other' if key == DATASET else f'= {value}'}" for key, value in settings.items()
    )
    return f"{base.upper()} with {changes}, training.seed {seed}"
