"""A bisect from its making to its verdict, with a made-up training: values, stops, budgets and what is kept."""

import re
import subprocess
import sys
import time
import types
from collections.abc import Callable
from typing import Any

import pytest

from core import files
from core.access.persons import COMMAND_LINE
from core.bisect.answered import answered
from core.bisect.runner import BisectRunner
from core.bisect.store import Bisect, BisectStore, estimate
from core.config import make_config
from core.errors import ConfigError, DataError, RunError
from core.housekeeping import trash
from core.jobs.job import rename_job
from core.jobs.trial_runner import BrokenOff
from core.start import start
from core.store.run_records import Evaluation
from core.store.runs import Run, RunStore, Status
from core.workers import launch, local

IMAGES = 400


def end(run: Run, value: float, status: str = "finished", seconds: float = 10.0) -> Run:
    """What a training of a run would leave behind."""
    manifest: dict[str, Any] = {"root": "/data/x", "classes": ["a", "b"]}
    for part in ("train", "val"):
        manifest[part] = [
            {"path": f"{n}.png", "label": "ab"[n % 2], "split": part, "sha256": f"{part}{n}"} for n in range(IMAGES)
        ]
    files.write_json(run.path / "manifest.json", manifest)
    run.add_event("epoch", epoch=1, val_accuracy=value)
    run.add_event("epoch", epoch=2, val_accuracy=value + 0.05)
    evaluate(run, value)
    run.write_status(Status(status=status, created=time.time(), seconds={"features": 0.0, "total": seconds}))
    return run


def evaluate(run: Run, value: float) -> None:
    """What the saved model says, on half of the classes' images each: the first ones are answered rightly."""
    right = round(value * IMAGES)
    part = {"count": IMAGES, "correct": right, "accuracy": right / IMAGES, "auc": None}
    files.write_json(run.path / "evaluation.json", {"classes": ["a", "b"], "val": part})
    rows = [(f"{n}.png", "ab"[n % 2], "ab"[n % 2 if n < right else 1 - n % 2]) for n in range(IMAGES)]
    lines = [f"val,{name},{label},{said},{said == 'a':d}.0,{said == 'b':d}.0" for name, label, said in rows]
    (run.path / "predictions.csv").write_text("\n".join(["split,file,label,predicted,p(a),p(b)", *lines]))


def ended_run(settings: dict[str, Any], value: float) -> Run:
    return end(RunStore().create(make_config("/data/x", settings)), value)


class Trainer:
    """Stands for the training: a configuration's true value, and a clock that every trial moves on by 10 seconds."""

    def __init__(self, world: Callable[[dict[str, Any]], float]) -> None:
        self.world, self.trained, self.now = world, list[Run](), 0.0
        self.stop_at: int | None = None
        self.stopped = False

    def __call__(self, run: Run) -> str:
        if self.stop_at is not None and len(self.trained) >= self.stop_at:
            self.stopped = True
            run.write_status(Status(status="stopped", message="Stopped."))
            return "stopped"
        self.trained.append(run)
        self.now += 10
        value = self.world(run.config().settings())
        end(run, value, "finished" if value >= 0 else "failed")
        return "finished" if value >= 0 else "failed"

    def runner(self, bisect: Bisect) -> BisectRunner:
        return BisectRunner(bisect, self, lambda: self.stopped, clock=lambda: self.now)


def by_order(settings: dict[str, Any]) -> float:
    return (0.5 if settings["data.shuffle"] == "none" else 0.9) + 0.005 * (settings["training.seed"] % 3)


@pytest.fixture
def pair() -> tuple[Run, Run]:
    return ended_run({}, 0.905), ended_run({"data.shuffle": "none", "model.dropout": 0.7}, 0.505)


def test_a_bisect_names_the_culprit_and_keeps_every_trial_as_a_run(pair: tuple[Run, Run]) -> None:
    bisect, trainer = BisectStore().create(*pair, 30), Trainer(by_order)
    found = trainer.runner(bisect).run()
    result = bisect.result()
    assert (found.verdict, found.factors) == ("single", ("data.shuffle",))
    assert (result["verdict"], result["factors"], result["good"]) == ("single", ["data.shuffle"], "a")
    assert result["noise"]["a"] == pytest.approx([0.91, 0.9, 0.905]), "of seeds 2, 3 and 4: the saved models' figures"
    assert result["gap"]["value"] == pytest.approx(0.4)
    assert (result["gap"]["interval"] or [0.0])[0] > 0.3
    assert len(trainer.trained) == 12
    own: Any = [trial for trial in result["arms"] if trial.get("own")]
    assert [(trial["name"], trial["run"], trial["value"]) for trial in own] == [
        ("A itself, training.seed 1", pair[0].id, pytest.approx(0.905)),
        ("B itself, training.seed 1", pair[1].id, pytest.approx(0.505)),
    ]
    assert {trial["run"] for trial in result["arms"] if not trial.get("own")} == {run.id for run in trainer.trained}
    assert {trial["status"] for trial in result["arms"]} == {"finished"}
    assert all(run.title().startswith("bisect: ") for run in trainer.trained)
    assert result["cost"]["spent_minutes"] == pytest.approx(2.0)
    assert result["values"]["data.shuffle"] == {"a": "samples", "b": "none"}
    assert result["why"]["data.shuffle"].startswith("With batches of one class")
    assert (result["part"], result["images"], result["margin"]) == ("val", IMAGES, 0.01)
    assert {tuple(trial["from_b"]): trial["seeds"] for trial in result["measured"]}[()] == 3
    assert [(t["factor"], t["direction"], t["base"], t["side"]) for t in result["tests"]] == [
        ("data.shuffle", "sufficient", "a", "bad"),
        ("data.shuffle", "necessary", "b", "good"),
    ]


def test_the_result_has_every_key_before_anything_is_trained(pair: tuple[Run, Run]) -> None:
    bisect = BisectStore().create(*pair, 30)
    before = bisect.result()
    Trainer(by_order).runner(bisect).run()
    assert before.keys() == bisect.result().keys()
    assert (before["verdict"], before["arms"]) == (None, [])
    assert before["candidates"] == ["data.shuffle", "model.dropout"]
    assert before["note"].startswith("Early stopping in both runs chose the epoch on these same validation images")


def test_the_second_question_is_answered_with_readers_and_cases(pair: tuple[Run, Run]) -> None:
    bisect = BisectStore().create(*pair, 30)
    Trainer(by_order).runner(bisect).run()
    found: Any = bisect.result().get("other_images")
    assert (found["value"], found["images"], found["groups"], found["seeds"]) == (pytest.approx(0.4), 400, None, 3)
    # All of it is the images': 160 of 400 answered rightly by one only, which is sqrt(0.4 * 0.6 / 400) and a little.
    assert found["interval"] == pytest.approx([0.352, 0.448], abs=0.002)
    assert found["sentence"].endswith("the gap would hold (400 validation images, 3 seeds).")


def test_a_test_part_is_what_is_judged_where_both_have_one(pair: tuple[Run, Run]) -> None:
    for run in pair:
        part = {"count": 50, "correct": 40, "accuracy": 0.8, "auc": 0.9}
        files.write_json(run.path / "evaluation.json", {**(run.evaluation() or Evaluation()).to_dict(), "test": part})
        files.write_json(
            run.path / "manifest.json",
            {**run.data().to_dict(), "test": [{"path": f"{k}.png", "label": "a"} for k in range(50)]},
        )
    result = BisectStore().create(*pair, 30).result()
    assert (result["part"], result["images"]) == ("test", 50)
    assert result["note"] == "The test images are evaluated; no training has used them."


def test_a_margin_is_kept_and_bounded(pair: tuple[Run, Run]) -> None:
    assert BisectStore().create(*pair, 30, margin_points=2).margin() == pytest.approx(0.02)
    with pytest.raises(ConfigError, match=r"^the margin is 0 points of accuracy; give 0.05 to 20$"):
        BisectStore().create(*pair, 30, margin_points=0)


def test_trials_that_an_older_version_judged_by_their_best_epoch_are_judged_anew(pair: tuple[Run, Run]) -> None:
    bisect = BisectStore().create(*pair, 30)
    known = ended_run({"training.seed": 3}, 0.9)
    old = {"name": "A again, training.seed 3", "base": "a", "settings": {}, "from_b": [], "seed": 3, "seconds": 9.0}
    gone = {**old, "name": "A again, training.seed 4", "seed": 4, "run": "20200101-000000-000-aaaaaa"}
    first = {**old, "name": "A again, training.seed 1", "seed": 1, "run": pair[0].id}
    rows = [
        {**row, "value": 0.95, "interval": [0.9, 1], "status": "finished"}
        for row in ({**old, "run": known.id}, gone, first)
    ]
    bisect.write_result({**bisect.result(), "arms": rows})
    trainer = Trainer(by_order)
    trainer.runner(bisect).run()
    trials = bisect.result()["arms"]
    values = {trial["seed"]: trial["value"] for trial in trials if not trial["from_b"] and not trial.get("own")}
    assert values == pytest.approx({2: 0.91, 3: 0.9, 4: 0.905})
    assert len(trainer.trained) == 11, "that of seed 3 is known, that of seed 4 has gone"


def test_the_result_is_live_when_a_trial_starts_and_ends(pair: tuple[Run, Run]) -> None:
    bisect = BisectStore().create(*pair, 30)
    seen: list[list[str]] = []

    class Looking(Trainer):
        def __call__(self, run: Run) -> str:
            assert bisect.result()["cost"]["estimated_minutes"] > 0
            seen.append([trial["status"] for trial in bisect.result()["arms"]])
            assert next(trial["run"] for trial in bisect.result()["arms"] if trial["status"] == "running") == run.id
            return super().__call__(run)

    Looking(by_order).runner(bisect).run()
    assert seen[0] == ["finished", "finished", "running", *["waiting"] * 5]
    assert seen[1] == ["finished", "finished", "finished", "running", *["waiting"] * 4]


def test_runs_that_differ_in_the_seed_alone_come_out_as_no_difference() -> None:
    a, b = ended_run({}, 0.905), ended_run({"training.seed": 2}, 0.91)
    bisect, trainer = BisectStore().create(a, b, 30), Trainer(by_order)
    found = trainer.runner(bisect).run()
    assert (found.verdict, found.factors) == ("no-difference", ())
    assert found.sentence == (
        "Nothing that can change the result differs but training.seed: with the same training seed the two runs are "
        "the same training. Over 3 other seeds its validation accuracy goes from 90.0 % to 91.0 %. The two "
        "runs themselves reach 90.5 % and 91.0 %."
    )
    trials = bisect.result()["arms"]
    assert [(trial["base"], trial["seed"]) for trial in trials] == [("a", 1), ("b", 2), ("a", 3), ("a", 4), ("a", 5)]
    assert bisect.result()["gap"]["interval"] == [0.0, 0.0]


def test_two_faults_are_both_named() -> None:
    a, b = ended_run({}, 0.9), ended_run({"data.shuffle": "none", "training.learning_rate": 1.0}, 0.5)

    def world(settings: dict[str, Any]) -> float:
        return 0.5 if settings["data.shuffle"] == "none" or settings["training.learning_rate"] == 1 else 0.9

    bisect = BisectStore().create(a, b, 30)
    found = Trainer(world).runner(bisect).run()
    assert found.verdict == "interaction"
    assert set(found.factors) == {"data.shuffle", "training.learning_rate"}


def test_a_spent_budget_ends_the_search_before_a_trial_that_would_exceed_it(pair: tuple[Run, Run]) -> None:
    bisect, trainer = BisectStore().create(*pair, 0.6), Trainer(by_order)  # 36 seconds, 10 a trial
    with pytest.raises(
        BrokenOff, match=r"^The budget of 0.6 minutes ended after 3 training runs: another would exceed it\."
    ):
        trainer.runner(bisect).run()
    result = bisect.result()
    assert (result["verdict"], result["factors"]) == ("inconclusive", [])
    assert {trial["status"] for trial in result["arms"]} == {"finished"}
    assert result["cost"]["spent_minutes"] <= 0.6
    assert result["cost"]["promised_minutes"] > 0


def test_a_stop_keeps_what_was_tried_and_resume_trains_only_the_rest(pair: tuple[Run, Run]) -> None:
    bisect, trainer = BisectStore().create(*pair, 30), Trainer(by_order)
    trainer.stop_at = 3
    with pytest.raises(BrokenOff, match=r"^Stopped after 3 training runs, before there was a verdict\.$"):
        trainer.runner(bisect).run()
    broken_off = [trial for trial in bisect.result()["arms"] if trial["status"] == "waiting"]
    assert len(broken_off) == 1, "the trial that was broken off keeps its run folder"
    again = Trainer(by_order)
    assert again.runner(bisect).run().verdict == "single"
    assert len(again.trained) == 9
    assert again.trained[0].id == broken_off[0]["run"]
    assert bisect.result()["cost"]["spent_minutes"] == pytest.approx(2.0)


def test_a_trial_whose_worker_died_is_trained_again(pair: tuple[Run, Run]) -> None:
    bisect = BisectStore().create(*pair, 30)

    class Dying(Trainer):
        def __call__(self, run: Run) -> str:
            run.write_status(Status(status="interrupted"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Dying(by_order).runner(bisect).run()
    assert [trial["status"] for trial in bisect.result()["arms"]].count("running") == 1
    trainer = Trainer(by_order)
    assert trainer.runner(bisect).run().verdict == "single"
    assert len(trainer.trained) == 12


def test_trials_on_images_that_have_changed_since_are_refused(pair: tuple[Run, Run]) -> None:
    """They would be told as what makes the difference on the images of the two runs."""
    bisect, trainer = BisectStore().create(*pair, 30), Trainer(by_order)
    path = pair[0].path / "manifest.json"

    class Changed(Trainer):
        def __call__(self, run: Run) -> str:
            status = super().__call__(run)
            manifest = files.read_json(path)
            manifest["val"][0]["sha256"] = "another"
            files.write_json(run.path / "manifest.json", manifest)
            return status

    with pytest.raises(DataError) as error:
        Changed(by_order).runner(bisect).run()
    assert str(error.value) == (
        "The images in /data/x have changed since the two runs were trained: 1 image with different content (0.png). "
        "Put them back as they were, or train both again."
    )
    waits = [trial for trial in bisect.result()["arms"] if trial["status"] != "finished"]
    assert [(trial["status"], trial["run"]) for trial in waits][:1] == [("waiting", None)]
    assert trainer.runner(bisect).run().verdict == "single", "they are put back"


def test_a_failing_trial_is_kept_as_failed(pair: tuple[Run, Run]) -> None:
    def world(settings: dict[str, Any]) -> float:
        mixed = (settings["data.shuffle"] == "none") != (settings["model.dropout"] == 0.7)
        return -1.0 if mixed else by_order(settings)

    bisect = BisectStore().create(*pair, 30)
    assert Trainer(world).runner(bisect).run().verdict == "inconclusive"
    assert re.search(r" [AB] with \S+ = \S+, training\.seed 2, failed: ", bisect.result()["sentence"]), (
        "the reason is told"
    )
    assert answered(*pair) is None, "it may do so no more"
    failed = [trial for trial in bisect.result()["arms"] if trial["status"] == "failed"]
    assert len(failed) == 6, "each of the two with the three seeds of the first look, and no more"
    assert all(trial["value"] is None for trial in failed)


def test_the_estimate_counts_what_is_likely_to_be_trained(pair: tuple[Run, Run]) -> None:
    facts = estimate(*pair)
    assert facts["factors"] == ["data.shuffle", "model.dropout"]
    assert (facts["arms"], facts["seeds"]) == (12, 3), "a gap as large as this is clear with the first look"
    epoch = 0.012 + 13 * 0.0013  # 400 images in batches of 32
    # Two heads, as the dropouts differ, on one backbone whose features are cached.
    assert 60 * facts["minutes"] == pytest.approx(8 + 2.5 + 2 * 1.0 + 12 * (0.12 + 50 * epoch))
    slow = pair[0]
    slow.write_status(Status(status="finished", seconds={"total": 90.0, "training": 2 * 2.62, "features": 0.0}))
    # An epoch of that run took 2.5 s beyond what every epoch takes, so one of a trial will take a second.
    assert 60 * estimate(*pair)["minutes"] == pytest.approx(8 + 2.5 + 2 * 1.0 + 12 * (0.12 + 50 * 1.0))
    close = estimate(ended_run({}, 0.9), ended_run({"model.dropout": 0.7}, 0.9))
    assert (close["arms"], close["seeds"]) == (24, 12)


def test_features_that_nobody_has_yet_are_part_of_the_estimate() -> None:
    a = ended_run({}, 0.9)
    b = ended_run({"data.image_size": 150, "data.preprocessing": "rescale"}, 0.5)
    both = estimate(a, b)
    trial = 0.12 + 50 * (0.012 + 13 * 0.0013)
    # Each mixture of size and preprocessing needs a backbone, and features of its own: 400 images at 0.03 s.
    assert 60 * both["minutes"] == pytest.approx(8 + 4 * 3.5 + both["arms"] * trial + 2 * 400 * 0.03)


def test_what_trials_take_corrects_the_estimate_while_it_runs(pair: tuple[Run, Run]) -> None:
    """Ten seconds a trial, where one was promised."""
    bisect, trainer, said = BisectStore().create(*pair, 30), Trainer(by_order), list[float]()

    def train(run: Run) -> str:
        said.append(60 * bisect.result()["cost"]["estimated_minutes"])
        return trainer(run)

    BisectRunner(bisect, train, lambda: False, clock=lambda: trainer.now).run()
    assert said[0] < 40
    assert said[6] == pytest.approx(120, rel=0.15)
    assert 60 * bisect.result()["cost"]["promised_minutes"] < 40


def test_the_store_finds_lists_and_tells_apart(pair: tuple[Run, Run]) -> None:
    one, two = BisectStore().create(*pair, 30), BisectStore().create(pair[1], pair[0], 5)
    assert [bisect.id for bisect in BisectStore().list()] == [two.id, one.id]
    assert BisectStore().get(one.id[-6:]).id == one.id
    assert two.run_ids() == (pair[1].id, pair[0].id)
    assert (two.budget_minutes(), two.read_status().status) == (5.0, "queued")
    with pytest.raises(RunError, match=r'^there is no bisect "nowhere"$'):
        BisectStore().get("nowhere")


@pytest.mark.parametrize("budget", [0.0, -1.0, float("nan")])
def test_a_budget_that_is_no_positive_number_is_refused(pair: tuple[Run, Run], budget: float) -> None:
    with pytest.raises(ConfigError, match=r"^the budget is .* minutes; give a number above 0$"):
        BisectStore().create(*pair, budget)


@pytest.fixture
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that ends at once, in place of the real one."""
    monkeypatch.setitem(sys.modules, "_parity_jobs", types.ModuleType("_parity_jobs"))
    real = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda command, **o: real([sys.executable, "-S", "-c", ""], **o))


@pytest.mark.usefixtures("no_worker")
def test_a_bisect_that_is_not_at_work_cannot_be_stopped_and_a_finished_one_not_resumed(pair: tuple[Run, Run]) -> None:
    bisect = BisectStore().create(*pair, 30)
    bisect.write_status(Status(status="finished"))
    with pytest.raises(RunError, match=r"is not running: it is finished$"):
        launch.stop(bisect)
    with pytest.raises(RunError, match=r"has reached a verdict; only one that ended early can be resumed$"):
        start.resume(bisect, COMMAND_LINE)


@pytest.mark.usefixtures("no_worker")
def test_resume_queues_it_again_with_a_budget_beyond_what_is_spent(pair: tuple[Run, Run]) -> None:
    bisect = BisectStore().create(*pair, 30)
    bisect.write_result({**bisect.result(), "cost": {"spent_minutes": 12.0}})
    bisect.request_stop()
    bisect.write_status(Status(status="stopped"))
    start.resume(bisect, COMMAND_LINE, 8)
    assert bisect.budget_minutes() == 20.0
    assert not bisect.stop_requested()
    local.jobs().processes[bisect.id].wait(30)


def test_stop_writes_the_stop_file(pair: tuple[Run, Run]) -> None:
    bisect = BisectStore().create(*pair, 30)
    launch.stop(bisect)
    assert bisect.stop_requested()


def test_a_bisect_has_a_title_when_its_runs_are_gone_or_its_settings_are_damaged(pair: tuple[Run, Run]) -> None:
    bisect = BisectStore().create(*pair)
    first, second = (run.title() for run in pair)
    assert bisect.title() == f"{first} / {second}"
    trash.delete(pair[1])
    assert bisect.title() == f"{first} / {pair[1].id}"
    rename_job(bisect, "Größe")
    assert bisect.title() == "Größe"
    (bisect.path / "config.json").write_text("{")
    assert bisect.title() == f"{first} / {pair[1].id}", "its result names them too"
