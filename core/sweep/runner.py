"""SweepRunner: trains the trials of a sweep, picks the best and corrects its score for the choice."""

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from core.data.changes import require_unchanged
from core.errors import DataError
from core.jobs.job import rounded_minutes
from core.jobs.trial_runner import BrokenOff, TrainTrial, TrialRunner, begun
from core.stats.grouped_gap import LEVEL, sign_flip
from core.stats.metrics import wilson
from core.stats.percent import percent
from core.stats.winner_bias import Corrected, best_of, correct_for_choice
from core.store.job_records import Best, SweepOutcome, SweepResult, SweepTrial
from core.store.runs import Run, RunStore
from core.sweep.answers import answers_of, groups_of
from core.sweep.plan import config_of
from core.sweep.store import Sweep, empty_result


class SweepRunner(TrialRunner[SweepResult]):
    """Trains the trials of a sweep one after the other and keeps its result up to date.

    Args:
        sweep: Sweep.
        train, stop_requested, announce, clock: see `TrialRunner`.
    """

    def __init__(
        self,
        sweep: Sweep,
        train: TrainTrial,
        stop_requested: Callable[[], bool],
        announce: Callable[[str], None] = lambda text: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(sweep, train, stop_requested, announce, clock)
        self.sweep, self._base = sweep, sweep.config()
        self.record = {**empty_result(sweep), **sweep.result()}
        self._together: NDArray[np.int64] | None = None
        self._wait_again()

    def outcome(self) -> str:
        """See `TrialRunner.outcome`."""
        return self.run() or "No trial could be trained; see their folders for the reasons."

    def run(self) -> str:
        """Trains every trial that waits; returns the sentence on the best one.

        Raises:
            BrokenOff: a stop was asked for, or the budget does not suffice for another trial.
        """
        try:
            for number, row in enumerate(self.record["arms"], 1):
                if row["status"] in ("waiting", "running"):  # on a cluster trials are running before their turn here
                    self._afford(row)
                    self._trial(row, f"Trial {number} of {len(self.record['arms'])}: {row['name']}.")
        finally:
            self._judge()
        return str(self.record["sentence"])

    def _trial(self, row: SweepTrial, message: str) -> None:
        run = self.run_of(row)
        self.finish_row(row, run, self._trained(row, run, message))
        self._judge()

    def finish_row(self, row: SweepTrial, run: Run, status: str) -> None:
        """Notes what came out of a trial.

        Raises:
            BrokenOff: it was stopped with the whole sweep.
            DataError: the dataset is not what earlier trials were trained on, so they cannot be ranked together.
        """
        if status == "stopped" and self._stop_requested():
            row["status"] = "waiting"
            raise BrokenOff(self._after("Stopped after"))
        found = _outcome(run, status)
        row |= {"status": found["status"]}
        if found["status"] == "finished":
            self._require_same_images(row, run)
            row |= {"value": found["value"], "interval": found["interval"], "loss": found["loss"]}
            row |= {"auc": found["auc"], "epochs": found["epochs"]}

    def _require_same_images(self, row: SweepTrial, run: Run) -> None:
        """Refuses a trial that was trained on another dataset than those before it; it waits again."""
        done = [other for other in self.record["arms"] if other is not row and other["status"] == "finished"]
        runs = (RunStore().by_id(other["run"] or "") for other in done)
        before = next((data for known in runs if known and (data := known.manifest())), None)
        now = run.manifest()
        if before is None or now is None:
            return
        try:
            require_unchanged(before, now, "sweep")
        except DataError:
            row |= {"status": "waiting", "run": None}
            raise

    def run_of(self, row: SweepTrial) -> Run:
        """A new run folder, or the one that an earlier attempt has begun: its checkpoint is good."""
        return begun(row["run"]) or self.new_run(row)

    def new_run(self, row: SweepTrial) -> Run:
        """A new run folder for a trial."""
        return RunStore().create(config_of(self._base, row["settings"], f"sweep: {row['name']}"[:100]))

    def affords(self, row: SweepTrial) -> bool:
        """Whether the budget suffices for a trial that takes as long as the others did."""
        taken = [row["seconds"] for row in self.record["arms"] if row["status"] in ("finished", "failed")]
        expected = sum(taken) / len(taken) if taken else 0.0
        return self.spent_seconds() + expected <= 60 * self.sweep.budget_minutes()

    def _afford(self, row: SweepTrial) -> None:
        if self._stop_requested():
            raise BrokenOff(self._after("Stopped after"))
        if not self.affords(row):
            raise BrokenOff(
                self._after(f"The budget of {rounded_minutes(self.sweep.budget_minutes())} minutes ended after")
            )

    def _after(self, words: str) -> str:
        done = sum(row["status"] in ("finished", "failed") for row in self.record["arms"])
        return f"{words} {done} of {len(self.record['arms'])} trials; the results so far are kept."

    def _judge(self) -> None:
        """The best trial so far, and what may be expected of it."""
        rows = [row for row in self.record["arms"] if row["status"] == "finished"]
        answers = [(row, found) for row in rows if (found := answers_of(row["run"] or "")) is not None]
        count = max((len(found.right) for _, found in answers), default=0)
        answers = [(row, found) for row, found in answers if len(found.right) == count]
        if answers:
            correct = np.stack([found.right for _, found in answers])
            loss = np.stack([found.losses for _, found in answers])
            chosen, groups = best_of(correct, loss), self._groups(answers[0][0]["run"] or "", count)
            row = answers[chosen][0]
            expected = correct_for_choice(correct, loss, groups=groups)
            alike = len(answers) - 1 - shown_worse(correct, chosen, groups)
            best: Best = {
                "arm": self.record["arms"].index(row),
                "run": row["run"] or "",
                "settings": row["settings"],
                "value": row["value"] or 0.0,
                "pictures": count,
                "expected": expected.value,
                "expected_interval": list(expected.interval),
                "optimism": expected.optimism,
                "alike": alike,
            }
            self.record |= {"best": best, "sentence": sentence(row, len(answers), count, expected, alike)}
        self.write()

    def _groups(self, run_id: str, images: int) -> NDArray[np.int64] | None:
        """Which images belong together, read once: the trials of a sweep are judged on the same."""
        if self._together is None or len(self._together) != images:
            self._together = groups_of(run_id)
        return self._together


def sentence(row: SweepTrial, trials: int, images: int, expected: Corrected, alike: int) -> str:
    """What a sweep has found, with what is to be believed of it."""
    reached = percent(row["value"] or 0.0)
    if trials == 1:
        return f"One trial was tried: {row['name']}, {reached} on {images} validation images."
    low, high = expected.interval
    return (
        f"Best of {trials}: {row['name']}, {reached} on the {images} validation images it was chosen on. "
        f"The best of many is optimistic there: expect {percent(expected.value)} on other images (95 % CI "
        f"{percent(low)} to {percent(high)}).{_alike(alike, trials - 1)}"
    )


def shown_worse(correct: NDArray[np.bool_], best: int, groups: NDArray[np.int64] | None) -> int:
    """How many of the others are worse than the best by more than chance, image by image, or group by group.

    The best was chosen for its answers on these images, so the 5 % are divided among all pairs of trials, not among
    those with the best (Bonferroni): of equal trials one is called worse in at most 5 % of sweeps.

    Args:
        correct: bool array of shape `(trials, images)`.
        best: int. Row of the best.
        groups: integer array of shape `(images,)`. Images with one number belong together; None for each by itself.
    """
    trials = len(correct)
    level = LEVEL / max(1, trials * (trials - 1) // 2)
    found = 0
    for other in range(trials):
        gaps = correct[best].astype(np.int64) - correct[other]
        differences = gaps if groups is None else np.bincount(groups, gaps).round().astype(np.int64)
        found += other != best and int(gaps.sum()) > 0 and sign_flip(differences.tolist()) < level
    return found


def _alike(alike: int, others: int) -> str:
    if not alike:
        return ""
    who = "none of the others is" if alike == others else f"{alike} of the {others} others {_are(alike)} not"
    return f" By these images {who} shown to be worse (paired, 95 % for all trials together)."


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _outcome(run: Run, status: str) -> SweepOutcome:
    """What came of a trial."""
    part = run.figures("val")
    if status != "finished" or part is None or part.correct is None or part.count is None:
        return {"status": "failed"}
    return {
        "status": "finished",
        "value": part.accuracy,
        "interval": part.interval or list(wilson(part.correct, part.count)),
        "loss": part.loss,
        "auc": part.auc,
        "epochs": len(run.epochs()),
    }
