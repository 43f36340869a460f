"""The arms of a sweep: which were tried, what came out, which is best and how far that can be believed."""

import csv
import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from core.metrics import wilson
from core.runs import RESUMABLE, Run, RunStore
from core.selection import Corrected, best_of, correct_for_choice
from core.sweep_plan import config_of
from core.sweeps import Sweep, empty_result

TrainArm = Callable[[Run], str]
"""Trains a run and gives its final status: `finished`, `stopped` or `failed`."""

_LEAST_PROBABILITY = 1e-7

Record = dict[str, Any]


class BrokenOff(Exception):
    """The sweep ends before its last arm: a person stopped it, or the budget is spent. The text says which."""


class SweepLedger:
    """Trains the arms of a sweep one after the other and keeps its result up to date.

    Args:
        sweep: Sweep.
        train: callable. See `TrainArm`.
        stop_requested: callable. Whether a person asked for a stop.
        say: callable. Is told what is being tried, in one sentence. Defaults to nothing.
        clock: callable. Seconds that only grow. Defaults to `time.monotonic`.

    Attributes:
        record: dict. What result.json says.
    """

    def __init__(
        self,
        sweep: Sweep,
        train: TrainArm,
        stop_requested: Callable[[], bool],
        say: Callable[[str], None] = lambda text: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.sweep, self._train, self._stop_requested, self._say, self._clock = (
            sweep, train, stop_requested, say, clock,
        )  # fmt: skip
        self._base, self._started, before = sweep.config(), clock(), sweep.result()
        self.record: Record = {**empty_result(sweep), **before}
        for row in self.record["arms"]:
            if row["status"] == "running":  # when a worker died
                row["status"] = "waiting"
        self._spent_before = 60 * float(before.get("cost", {}).get("spent_minutes", 0.0))

    def run(self) -> str:
        """Trains every arm that waits; returns the sentence on the best one.

        Raises:
            BrokenOff: a stop was asked for, or the budget does not suffice for another arm.
        """
        try:
            for number, row in enumerate(self.record["arms"], 1):
                if row["status"] == "waiting":
                    self._afford()
                    self._say(f"Arm {number} of {len(self.record['arms'])}: {row['name']}.")
                    self._arm(row)
        finally:
            self._judge()
        return str(self.record["sentence"])

    def _arm(self, row: Record) -> None:
        run = self._run_of(row)
        row |= {"status": "running", "run": run.id}
        self._write()
        began = self._clock()
        status = self._train(run)
        row["seconds"] += self._clock() - began
        if status == "stopped" and self._stop_requested():
            row["status"] = "waiting"
            raise BrokenOff(self._after("Stopped after"))
        row |= _outcome(run, status)
        self._judge()

    def _run_of(self, row: Record) -> Run:
        """A new run folder, or the one that an earlier attempt has begun: its checkpoint is good."""
        begun = next((run for run in RunStore().list() if run.id == row["run"]), None)
        if begun and begun.status().status in RESUMABLE:
            begun.requeue()
            return begun
        return RunStore().create(config_of(self._base, row["settings"], f"sweep: {row['name']}"[:100]))

    def _afford(self) -> None:
        if self._stop_requested():
            raise BrokenOff(self._after("Stopped after"))
        taken = [row["seconds"] for row in self.record["arms"] if row["status"] in ("finished", "failed")]
        expected = sum(taken) / len(taken) if taken else 0.0
        if self._spent() + expected > 60 * self.sweep.budget_minutes():
            raise BrokenOff(self._after(f"The budget of {self.sweep.budget_minutes():g} minutes ended after"))

    def _after(self, words: str) -> str:
        done = sum(row["status"] in ("finished", "failed") for row in self.record["arms"])
        return f"{words} {done} of {len(self.record['arms'])} arms; what was tried is kept."

    def _judge(self) -> None:
        """The best arm so far, and what may be expected of it."""
        rows = [row for row in self.record["arms"] if row["status"] == "finished"]
        answers = [(row, found) for row in rows if (found := _answers(row["run"])) is not None]
        count = max((len(found[0]) for _, found in answers), default=0)
        answers = [(row, found) for row, found in answers if len(found[0]) == count]
        if answers:
            correct, loss = (np.stack([found[k] for _, found in answers]) for k in (0, 1))
            row = answers[best_of(correct, loss)][0]
            expected = correct_for_choice(correct, loss)
            alike = sum(row["interval"][0] <= other["value"] for other, _ in answers) - 1
            self.record |= {
                "best": {
                    "arm": self.record["arms"].index(row),
                    "run": row["run"],
                    "settings": row["settings"],
                    "value": row["value"],
                    "pictures": count,
                    "expected": expected.value,
                    "expected_interval": list(expected.interval),
                    "optimism": expected.optimism,
                    "alike": alike,
                },
                "sentence": sentence(row, len(answers), count, expected, alike),
            }
        self._write()

    def _spent(self) -> float:
        return self._spent_before + self._clock() - self._started

    def _write(self) -> None:
        self.record["cost"] = {
            "spent_minutes": self._spent() / 60,
            "budget_minutes": self.sweep.budget_minutes(),
        }
        self.sweep.write_result(self.record)


def sentence(row: Record, arms: int, pictures: int, expected: Corrected, alike: int) -> str:
    """What a sweep has found, with what is to be believed of it."""
    if arms == 1:
        return f"One arm was tried: {row['name']}, {row['value']:.1%} on {pictures} validation pictures."
    low, high = expected.interval
    return (
        f"Best of {arms}: {row['name']}, {row['value']:.1%} on the {pictures} validation pictures it was chosen on. "
        f"The best of many looks too good there: expect {expected.value:.1%} on other pictures (95 % interval "
        f"{low:.1%} to {high:.1%}).{_alike(alike, arms - 1)}"
    )


def _alike(alike: int, others: int) -> str:
    if not alike:
        return ""
    who = "All others lie" if alike == others else f"{alike} of the {others} others {'lies' if alike == 1 else 'lie'}"
    return f" {who} within its 95 % interval, so these pictures hardly tell them apart."


def _outcome(run: Run, status: str) -> Record:
    """What came of an arm."""
    part = (run.evaluation() or {}).get("val")
    if status != "finished" or not part:
        return {"status": "failed"}
    return {
        "status": "finished",
        "value": part["accuracy"],
        "interval": list(wilson(part["correct"], part["count"])),
        "loss": part["loss"],
        "auc": part["auc"],
        "epochs": len(run.epochs()),
    }


def _answers(run_id: str) -> tuple[Any, Any] | None:
    """Of each validation picture whether the run's answer is right, and its loss; None when its file is gone."""
    try:
        with (RunStore().root / run_id / "predictions.csv").open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["split"] == "val"]
    except (OSError, KeyError):
        return None
    right = np.array([row["label"] == row["predicted"] for row in rows])
    sureness = [max(float(row.get(f"p({row['label']})") or 0.0), _LEAST_PROBABILITY) for row in rows]
    return right, np.array([-math.log(p) for p in sureness])
