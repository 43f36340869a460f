"""Trains the trials of a bisect within its budget, and keeps in result.json what came out and what it cost."""

import time
from collections.abc import Callable

from core.bisect import verdict
from core.bisect.arm_values import Judged, Set, TrialValues
from core.bisect.costs import Costs
from core.bisect.ends import DATASET
from core.bisect.factors import find_factors, require_same_images
from core.bisect.notes import same_images
from core.bisect.reading import PARTS, common_part, judged
from core.bisect.result import Facts
from core.bisect.search import Search
from core.bisect.seeds import seeds_of
from core.bisect.store import Bisect, empty_result, estimate
from core.bisect.verdict import Conclusion, Words
from core.config import RunConfig
from core.errors import DataError
from core.jobs.job import rounded_minutes
from core.jobs.trial_runner import BrokenOff, TrainTrial, TrialRunner, begun
from core.stats.metrics import wilson
from core.store.bisect_record import BisectResult, BisectTrial
from core.store.job_records import Side
from core.store.record_types import Plain
from core.store.runs import Run, RunStore


class BisectRunner(TrialRunner[BisectResult]):
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
        self.record = {
            **empty_result(bisect, self.a, self.b, estimate(self.a, self.b, bisect.margin())),
            "arms": before.get("arms", []),
        }
        self.costs = Costs(self.a, self.b, self.factors)
        self.part = common_part(self.a, self.b)
        self._own_seeds = [end.config.training.seed for end in (self.factors.a, self.factors.b)]
        self._take_over()
        trials = TrialValues(seeds_of(*self._own_seeds), self._images(), self.measure, self.plan)
        self.facts = Facts(self.a, self.b, self.factors, self.part)
        words = Words(
            PARTS[self.part],
            values=self.facts.values(),
            skipped=[key for key in self.factors.skipped if key != "name"],
            own=self.facts.own_sentence(),
            same_images=same_images(self.factors.a, self.factors.b, self.part),
        )
        self.search = Search(self.factors.keys, trials, bisect.margin(), words, self._own())

    def _own(self) -> tuple[float, float] | None:
        """What the two runs themselves reach; None where one did not finish, which is no matter of seeds."""
        found = [judged(run, self.part) for run in (self.a, self.b)]
        if found[0] is None or found[1] is None or any(r.read_status().status != "finished" for r in (self.a, self.b)):
            return None
        return found[0].accuracy, found[1].accuracy

    def outcome(self) -> str:
        """See `TrialRunner.outcome`."""
        found = self.run()
        return f"{found.verdict}: {', '.join(found.factors)}" if found.factors else found.verdict

    def run(self) -> Conclusion:
        """Searches until there is a verdict, a stop, or no budget left; the result is whole at every moment."""
        try:
            found = self.search.run()
        except BrokenOff as why:
            self._keep(verdict.unclear(str(why), self.search.tests, self.search.words))
            raise
        self._keep(found)
        return found

    def measure(self, trial: Set, seed: int) -> Judged | None:
        """What came out of a trial, trained now unless it is known; None when its training failed.

        Raises:
            BrokenOff: a stop was asked for, or the budget does not suffice for it.
        """
        row = self._row(trial, seed)
        if row["status"] in ("finished", "failed"):
            return _judged(row)
        config = self.config_of(row)
        self._afford(row, config)
        run = self.run_of(row, config)
        status = self._trained(row, run, _progress(row))
        self.finish_row(row, run, status)
        self.costs.finished(config, run.read_status().seconds)
        self.write()
        return _judged(row)

    def _take_over(self) -> None:
        """Shows the two runs as they are; what was running when a worker died waits again.

        Trials of an older version were evaluated by another figure: their values are read again.
        """
        self._wait_again()
        own = (self.a.id, self.b.id)
        self.record["arms"] = [row for row in self.record["arms"] if row["run"] not in own or row.get("own")]
        for row in self.record["arms"]:
            run = RunStore().by_id(row["run"]) if row["run"] and row["status"] == "finished" else None
            if row["status"] == "finished":
                self._judge(row, run)
        everything = frozenset(self.factors.keys)
        ends = ((self.a, frozenset[str](), self._own_seeds[0]), (self.b, everything, self._own_seeds[1]))
        sides: tuple[Side, Side] = ("a", "b")
        for (run, trial, seed), base in zip(ends, sides, strict=True):
            if judged(run, self.part) is None:
                continue
            row = self._row(trial, seed, base)
            row |= {"name": f"{base.upper()} itself, training.seed {seed}", "base": base, "run": run.id, "own": True}
            self._judge(row, run)

    def _judge(self, row: BisectTrial, run: Run | None) -> None:
        """Notes the figures of a trial's saved model; a trial whose run has gone waits to be trained again."""
        found = judged(run, self.part) if run else None
        figures = run.figures(self.part) if run else None
        if run is None or found is None or figures is None or figures.count is None:
            row |= {"status": "waiting", "run": None, "value": None, "auc": None, "interval": None}
            return
        interval = figures.interval or list(wilson(round(found.accuracy * figures.count), figures.count))
        row |= {"status": "finished", "value": found.accuracy, "auc": found.auc, "interval": interval}

    def _images(self) -> int:
        """Images that an accuracy is a share of: of the smaller set, where the two differ."""
        return min(len(run.data().part(self.part)) for run in (self.a, self.b))

    def config_of(self, row: BisectTrial) -> RunConfig:
        """The configuration of a trial's training."""
        return self.factors.config(frozenset(row["from_b"]), row["seed"], name=f"bisect: {row['name']}"[:100])

    def affords(self, row: BisectTrial, config: RunConfig) -> bool:
        """Whether the budget suffices for a trial."""
        return self.spent_seconds() + self.costs.trial(config) <= 60 * self.bisect.budget_minutes()

    def _afford(self, row: BisectTrial, config: RunConfig) -> None:
        if self._stop_requested():
            raise BrokenOff(f"Stopped after {_counted(self._tried())}, before there was a verdict.")
        if not self.affords(row, config):
            raise BrokenOff(
                f"The budget of {rounded_minutes(self.bisect.budget_minutes())} minutes ended after "
                f"{_counted(self._tried())}: another would exceed it."
            )

    def run_of(self, row: BisectTrial, config: RunConfig) -> Run:
        """A new run folder, or the one that an earlier attempt has begun: its checkpoint is good."""
        return begun(row["run"]) or RunStore().create(config)

    def finish_row(self, row: BisectTrial, run: Run, status: str) -> None:
        """Notes what came out of a trial.

        Raises:
            BrokenOff: it was stopped with the whole bisect.
            DataError: its images are not those of the two runs, so it says nothing of them; it waits again.
        """
        if status == "stopped" and self._stop_requested():
            row["status"] = "waiting"
            self.write()
            raise BrokenOff(f"Stopped after {_counted(self._tried())}, before there was a verdict.")
        if status == "finished":
            self._require_same_images(row, run)
        self._judge(row, run if status == "finished" else None)
        if row["status"] == "waiting":
            row |= {"status": "failed", "run": run.id}

    def _require_same_images(self, row: BisectTrial, run: Run) -> None:
        try:
            require_same_images(self.factors, run.config(), run.manifest())
        except DataError:
            row |= {"status": "waiting", "run": None}
            self.write()
            raise

    def plan(self, trials: list[tuple[Set, int]]) -> list[BisectTrial]:
        """Notes trials that are known to follow; gives their rows."""
        rows = [self._row(trial, seed) for trial, seed in trials]
        self.write()
        return rows

    def _row(self, trial: Set, seed: int, own: str = "") -> BisectTrial:
        """The row of a trial's training, made where it is absent; `own` names the run that is shown as it is."""
        rows = self.record["arms"]
        switched = sorted(trial)
        sought = (switched, seed, own)
        row = next((row for row in rows if (row["from_b"], row["seed"], _own(row)) == sought), None)
        if row is None:
            base, settings = self._described(trial)
            row = {
                "name": _name(base, settings, seed),
                "base": base,
                "settings": settings,
                "from_b": switched,
                "seed": seed,
                "run": None,
                "value": None,
                "auc": None,
                "interval": None,
                "status": "waiting",
                "seconds": 0.0,
            }
            rows.append(row)
        return row

    def _described(self, trial: Set) -> tuple[Side, Plain]:
        """The end from which fewer settings change, and what they are changed to."""
        others = frozenset(self.factors.keys) - trial
        if len(trial) <= len(others):
            return "a", {key: self.factors.b.values[key] for key in self.factors.keys if key in trial}
        return "b", {key: self.factors.a.values[key] for key in self.factors.keys if key in others}

    def _tried(self) -> int:
        return sum(row["status"] == "finished" and not row.get("own") for row in self.record["arms"])

    def _keep(self, found: Conclusion) -> None:
        self.record["arms"] = [row for row in self.record["arms"] if row["run"]]
        sentence = f"{found.sentence}{self._why_failed()}" if found.verdict == "inconclusive" else found.sentence
        self.record |= {"verdict": found.verdict, "factors": list(found.factors), "sentence": sentence}
        self.facts.note_at_the_end(self.record, self.search)
        self.write()

    def _why_failed(self) -> str:
        """What the first failed trial says, as a sentence to follow; empty where none has failed."""
        failed = next((row for row in self.record["arms"] if row["status"] == "failed"), None)
        run = RunStore().by_id(failed["run"] or "") if failed else None
        return f" {failed['name']}, failed: {run.read_status().message}" if failed and run else ""

    def write(self) -> None:
        """See `TrialRunner.write`."""
        if search := getattr(self, "search", None):
            self.facts.note_so_far(self.record, search)
        waiting = [self.config_of(row) for row in self.record["arms"] if row["status"] in ("waiting", "running")]
        if self.record["verdict"] is None:
            left = self.costs.left(waiting, self._tried())
            self.record["cost"] = {**self.record["cost"], "estimated_minutes": (self.spent_seconds() + left) / 60}
        super().write()


def _judged(row: BisectTrial) -> Judged | None:
    return None if row["value"] is None else Judged(row["value"], row["auc"])


def _own(row: BisectTrial) -> str:
    return str(row["base"]) if row.get("own") else ""


def _counted(trainings: int) -> str:
    return f"{trainings} training run{'' if trainings == 1 else 's'}"


def _progress(row: BisectTrial) -> str:
    if row["settings"]:
        return f"Training {row['name']}."
    return f"Repeating {row['base'].upper()} with seed {row['seed']}."


def _name(base: str, settings: Plain, seed: int) -> str:
    if not settings:
        return f"{base.upper()} again, training.seed {seed}"
    changes = ", ".join(
        f"{key} {'of the other' if key == DATASET else f'= {value}'}" for key, value in settings.items()
    )
    return f"{base.upper()} with {changes}, training.seed {seed}"
