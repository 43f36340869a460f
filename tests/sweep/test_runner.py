"""A sweep's bookkeeping, with a trainer that only pretends: trials once each, budget, stops, the best trial."""

import csv
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from core import files
from core.access.persons import COMMAND_LINE
from core.config import make_config
from core.errors import ConfigError, DataError
from core.jobs.trial_runner import BrokenOff
from core.start import start
from core.store.runs import Run, RunStore
from core.sweep.plan import plan
from core.sweep.runner import SweepRunner, shown_worse
from core.sweep.store import Sweep, SweepStore

TRIALS = plan(make_config("sample", {}), {"model.dropout": (0.0, 0.1, 0.2), "training.learning_rate": (0.01,)})
ACCURACY = {0.0: 0.6, 0.1: 0.9, 0.2: 0.7}
IMAGES = 100


class Trainer:
    """Leaves what a run leaves; takes ten seconds of a clock of its own for each trial."""

    def __init__(self, fails: float | None = None) -> None:
        self.now, self.fails, self.trained = 0.0, fails, list[str]()

    def clock(self) -> float:
        return self.now

    def __call__(self, run: Run) -> str:
        dropout = run.config().model.dropout
        self.trained.append(run.title())
        self.now += 10
        status = "failed" if dropout == self.fails else "finished"
        if status == "finished":
            leave(run, ACCURACY[dropout])
        run.write_status(type(run.read_status())(status=status))
        return status


def leave(run: Run, accuracy: float) -> None:
    """The files of a run that was right on this share of the images."""
    right = round(accuracy * IMAGES)
    part = {"accuracy": right / IMAGES, "correct": right, "count": IMAGES, "loss": 1 - accuracy, "auc": accuracy}
    files.write_json(run.path / "evaluation.json", {"val": part})
    with (run.path / "predictions.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["split", "file", "label", "predicted", "p(a)", "p(b)"])
        order = in_order()
        for k in range(IMAGES):
            writer.writerow(["val", f"a/{named(k)}", "a", "a" if order[k] < right else "b", accuracy, 1 - accuracy])


def named(number: int) -> str:
    """The name of an image below its class."""
    return f"{number}.png"


def in_order() -> np.ndarray:
    """Of each image its place among those that are answered rightly first."""
    return np.random.default_rng(0).permutation(IMAGES)


@pytest.fixture
def sweep() -> Sweep:
    return SweepStore().create(make_config("sample", {"training.epochs": 2}), TRIALS, 10)


def runner(sweep: Sweep, train: Trainer, stop: Callable[[], bool] = lambda: False) -> SweepRunner:
    return SweepRunner(sweep, train, stop, clock=train.clock)


def states(sweep: Sweep) -> list[str]:
    return [row["status"] for row in sweep.result()["arms"]]


def test_every_trial_is_a_run_and_the_best_is_told_with_what_to_expect(sweep: Sweep) -> None:
    assert states(sweep) == ["waiting"] * 3
    said = runner(sweep, Trainer()).run()
    result = sweep.result()
    assert states(sweep) == ["finished"] * 3
    best = result["best"]
    assert best is not None
    assert (best["arm"], best["settings"]) == (1, {"model.dropout": 0.1, "training.learning_rate": 0.01})
    assert best["value"] == 0.9
    assert best.get("expected") == pytest.approx(0.9, abs=0.01), "one trial is far ahead: no choice, no optimism"
    assert best.get("alike") == 0
    assert said == result["sentence"]
    assert said.startswith(
        "Best of 3: dropout=0.1, learning_rate=0.01, 90.0 % on the 100 validation images it was chosen on. The best "
        "of many is optimistic there: expect "
    )
    configs = {run.id: run.config() for run in RunStore().list()}
    assert [configs[row["run"] or ""].model.dropout for row in result["arms"]] == [0.0, 0.1, 0.2]
    assert {config.training.epochs for config in configs.values()} == {2}
    assert result["cost"] == {"spent_minutes": pytest.approx(0.5), "budget_minutes": 10}


def test_trials_that_the_images_cannot_tell_apart_are_counted(sweep: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ACCURACY, 0.2, 0.88)
    assert (
        runner(sweep, Trainer())
        .run()
        .endswith("By these images 1 of the 2 others is not shown to be worse (paired, 95 % for all trials together).")
    )
    monkeypatch.setitem(ACCURACY, 0.0, 0.89)
    again = SweepStore().create(sweep.config(), TRIALS, 10)
    assert "By these images none of the others is shown to be worse" in runner(again, Trainer()).run()


def test_images_of_one_patient_are_drawn_together(sweep: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten patients of ten images each say less of other patients than 100 images do: the interval is far wider."""
    alone, per_patient = _expected_width(sweep), 10
    images = [f"person{k // per_patient}_{k}.png" for k in range(IMAGES)]
    together = [0.0 if k // per_patient in (3, 7) else 1.0 for k in range(IMAGES)]
    monkeypatch.setattr(f"{__name__}.named", images.__getitem__)
    monkeypatch.setattr(f"{__name__}.in_order", lambda: np.argsort(np.argsort(together)[::-1]))
    again = SweepStore().create(sweep.config(), TRIALS, 10)
    assert _expected_width(again) > 1.8 * alone


def _expected_width(sweep: Sweep) -> float:
    runner(sweep, Trainer()).run()
    best = sweep.result()["best"]
    assert best is not None
    low, high = best.get("expected_interval") or (0.0, 0.0)
    return float(high - low)


def test_trials_on_other_images_than_those_before_are_refused_and_wait(sweep: Sweep) -> None:
    images = ["a/1.png", "a/2.png"]

    class Watched(Trainer):
        def __call__(self, run: Run) -> str:
            val = [{"path": path, "label": "a", "sha256": path} for path in images]
            files.write_json(run.path / "manifest.json", {"classes": ["a", "b"], "train": [], "val": val, "test": []})
            return super().__call__(run)

    trainer = Watched()
    with pytest.raises(BrokenOff):
        runner(sweep, trainer, stop=lambda: len(trainer.trained) == 1).run()
    gone = images.pop()
    with pytest.raises(DataError, match=r"since this sweep began: 1 image missing \(a/2.png\)\. Put it back"):
        runner(sweep, trainer).run()
    assert states(sweep) == ["finished", "waiting", "waiting"]
    assert sweep.result()["arms"][1]["run"] is None
    images.append(gone)
    assert runner(sweep, trainer).run().startswith("Best of 3: ")
    assert states(sweep) == ["finished"] * 3


def test_a_trial_that_fails_is_left_out_and_the_rest_go_on(sweep: Sweep) -> None:
    said = runner(sweep, Trainer(fails=0.1)).run()
    assert states(sweep) == ["finished", "failed", "finished"]
    assert said.startswith("Best of 2: dropout=0.2")


def test_a_stopped_sweep_goes_on_without_training_a_trial_twice(sweep: Sweep) -> None:
    train = Trainer()
    with pytest.raises(BrokenOff, match=r"Stopped after 2 of 3 trials; the results so far are kept\."):
        runner(sweep, train, lambda: len(train.trained) == 2).run()
    assert states(sweep) == ["finished", "finished", "waiting"]
    best = sweep.result()["best"]
    assert best is not None and best["arm"] == 1
    runner(sweep, train).run()
    assert states(sweep) == ["finished"] * 3
    assert len(train.trained) == len(set(train.trained)) == len(RunStore().list()) == 3


def test_a_trial_whose_worker_died_goes_on_in_its_own_run(sweep: Sweep) -> None:
    record = sweep.result()
    begun = RunStore().create(make_config("sample", {"model.dropout": 0.0}))
    begun.write_status(type(begun.read_status())(status="interrupted"))
    record["arms"][0] |= {"status": "running", "run": begun.id}
    sweep.write_result(record)
    runner(sweep, Trainer()).run()
    assert sweep.result()["arms"][0]["run"] == begun.id
    assert len(RunStore().list()) == 3


def test_the_budget_ends_before_a_trial_that_would_exceed_it(sweep: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep.write_budget(25 / 60)
    with pytest.raises(BrokenOff, match=r"ended after 2 of 3 trials; the results so far are kept\."):
        runner(sweep, Trainer()).run()
    assert states(sweep) == ["finished", "finished", "waiting"]
    sweep.write_status(type(sweep.read_status())(status="stopped"))
    monkeypatch.setattr("core.workers.launch.start", lambda job, parent_pipe: None)
    start.resume(sweep, COMMAND_LINE, 1)
    assert sweep.budget_minutes() == pytest.approx(20 / 60 + 1)
    assert sweep.trials() == TRIALS


@pytest.mark.parametrize("minutes", [0.0, -1.0, float("nan"), float("inf")])
def test_a_budget_is_a_positive_number(minutes: float) -> None:
    with pytest.raises(ConfigError, match="give a number above 0"):
        SweepStore().create(make_config("sample", {}), TRIALS, minutes)


def test_one_trial_alone_has_nothing_to_be_corrected() -> None:
    one: list[dict[str, Any]] = [{"model.dropout": 0.1}]
    sweep = SweepStore().create(make_config("sample", {}), one, 10)
    assert runner(sweep, Trainer()).run() == "One trial was tried: dropout=0.1, 90.0 % on 100 validation images."


@pytest.mark.parametrize(("trials", "images"), [(5, 200), (20, 200), (20, 1000)])
def test_of_equal_trials_hardly_any_sweep_calls_one_worse(trials: int, images: int) -> None:
    """By Wilson's interval of the best alone, which was chosen, 13 to 75 % of sweeps left one outside."""
    rng, called = np.random.default_rng(0), 0
    for _ in range(60):
        hard = rng.normal(1.4, 1.2, images)
        correct = hard + rng.normal(0, 0.5, (trials, images)) > 0
        called += shown_worse(correct, int(correct.sum(axis=1).argmax()), None) > 0
    assert called <= 5


def test_worse_trials_are_shown_and_patients_count_once() -> None:
    best, worse = np.ones((2, 100), bool)
    worse[:20] = False
    assert shown_worse(np.stack([best, worse]), 0, None) == 1
    assert shown_worse(np.stack([best, worse]), 0, np.arange(100) // 10) == 0, "the 20 are of two patients"
    assert shown_worse(best[None], 0, None) == 0
