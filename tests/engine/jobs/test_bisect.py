"""A bisect for real: tiny images, a real worker, trials trained one after the other in one process."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core import files
from core.access.persons import COMMAND_LINE
from core.bisect.store import Bisect, BisectStore
from core.config import make_config
from core.errors import DataError
from core.start import start
from core.store.runs import Run, RunStore
from core.workers import launch, local

pytestmark = pytest.mark.slow

TINY: dict[str, Any] = {
    "data.image_size": 32,
    "data.batch_size": 10,
    "training.epochs": 6,
    "training.early_stopping": 0,
    "training.learning_rate": 0.01,
}


@pytest.fixture
def folder(image_folder: Any) -> Path:
    path: Path = image_folder(train=(30, 30), val=(60, 60), size=32)
    return path


def ended(bisect: Bisect, seconds: float = 240) -> Any:
    deadline = time.monotonic() + seconds
    while launch.poll(bisect).is_active:
        assert time.monotonic() < deadline, (bisect.path / "worker.log").read_text()
        time.sleep(0.2)
    return bisect.result()


def log(bisect: Bisect) -> str:
    return (bisect.path / "worker.log").read_text()


@pytest.fixture
def pair(folder: Path, train_here: Any) -> tuple[Run, Run]:
    bad = {**TINY, "training.learning_rate": 10.0, "training.optimizer": "sgd", "training.mode": "end_to_end",
           "model.dropout": 0.0}  # fmt: skip
    good = {**TINY, "training.optimizer": "sgd"}
    return train_here(folder, good), train_here(folder, bad)


@pytest.fixture
def ended_pair() -> tuple[Run, Run]:
    """Two runs that look as if they had been trained."""
    runs = RunStore().create(make_config("/x", {})), RunStore().create(make_config("/x", {"data.shuffle": "none"}))
    for run in runs:
        part = [{"path": "1.png", "label": "a", "split": "train", "sha256": ""}]
        files.write_json(run.path / "manifest.json", {"root": "/x", "classes": ["a", "b"], "train": part, "val": part})
        run.add_event("epoch", epoch=1, val_accuracy=0.5)
    return runs


@pytest.fixture(autouse=True)
def no_worker_is_left() -> Iterator[None]:
    yield
    for process in local.jobs().processes.values():
        process.wait(30)


def test_a_bisect_names_the_learning_rate_and_goes_on_after_a_stop(pair: tuple[Run, Run]) -> None:
    bisect = BisectStore().create(*pair, 10)
    launch.start(bisect, parent_pipe=False)
    deadline = time.monotonic() + 120
    while sum(trial["status"] == "finished" for trial in bisect.result()["arms"]) < 4:
        assert launch.poll(bisect).is_active, log(bisect)
        assert time.monotonic() < deadline
        time.sleep(0.05)
    launch.stop(bisect)
    stopped = ended(bisect)
    assert (bisect.read_status().status, stopped["verdict"]) == ("stopped", "inconclusive")
    kept = [trial["run"] for trial in stopped["arms"] if trial["status"] == "finished"]
    assert len(kept) >= 4
    trained = [RunStore().get(run) for run in kept[2:]]
    assert {run.read_status().pid for run in trained} == {bisect.read_status().pid}, "one process for all trials"

    start.resume(bisect, COMMAND_LINE)
    result = ended(bisect)
    assert bisect.status().status == "finished", log(bisect)
    values = {trial["name"]: trial["value"] for trial in result["arms"]}
    assert (result["verdict"], result["factors"]) == ("single", ["training.learning_rate"]), values
    assert result["candidates"] == ["training.learning_rate", "model.dropout"]
    assert [row["key"] for row in result["skipped"]] == ["training.mode"]
    assert result["gap"]["interval"][0] > 0
    assert set(kept) <= {trial["run"] for trial in result["arms"]}
    assert len(RunStore().list()) == len(result["arms"]), "no trial was trained twice"
    assert {RunStore().get(trial["run"]).read_status().status for trial in result["arms"]} == {"finished"}


def test_a_trial_is_what_the_same_run_would_be_on_its_own(
    thin_here: None, pair: tuple[Run, Run], train_here: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bit by bit, whatever the trials before it have left in the process; without model, trace and checkpoints."""
    from core.engine.jobs import head_trials
    from core.engine.jobs.bisect import train_trial
    from core.engine.jobs.head_trials import HeadTrials
    from core.engine.reporter import Reporter

    monkeypatch.setattr(head_trials, "_HELD_BYTES", 60 * 1280 * 4)  # one draw in memory: the next takes its place
    whole, heads = Reporter(BisectStore().create(*pair, 10)), HeadTrials()
    config = pair[0].config()
    deep = {"model.dense_units": 8, "model.dropout": 0.3, "training.optimizer": "adam", "training.early_stopping": 2,
            "training.reduce_on_plateau": 1, "training.class_weight": "balanced", "data.augmentation": "light",
            "data.augmentation_draws": 2, "data.batch_size": 7, "training.seed": 4,
            "training.feature_precision": "float16"}  # fmt: skip
    other = {**config.settings(), **deep}
    alone = [pair[0], train_here(Path(config.dataset), other)]
    chosen = [{**other, "training.seed": 9}, config.settings(), other, config.settings()]
    trials = [RunStore().create(make_config(config.dataset, settings)) for settings in chosen]
    assert {train_trial(trial, whole, heads) for trial in trials} == {"finished"}
    assert heads._held == 60 * 1280 * 4
    assert trials[0].history() != trials[2].history()
    for trial, run in ((trials[1], alone[0]), (trials[2], alone[1]), (trials[3], alone[0])):
        assert trial.history() == run.history()
        assert trial.evaluation() == run.evaluation()
        assert (trial.path / "predictions.csv").read_text() == (run.path / "predictions.csv").read_text()
        assert {"model.keras", "trace.json", "resume"} & {path.name for path in trial.path.iterdir()} == set()
    assert train_trial(RunStore().create(config), whole) == "finished", "one that is trained as any run"
    again = RunStore().create(config)
    assert train_trial(again, whole, heads) == "finished"
    assert again.history() == pair[0].history()


def test_a_trial_that_cannot_be_trained_fails_alone(
    ended_pair: tuple[Run, Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    import core.engine.jobs.bisect as worker
    from core.engine.reporter import Reporter

    def fail(reporter: Reporter, **_: Any) -> str:
        raise DataError("the folder is gone")

    monkeypatch.setattr(worker, "train", fail)
    run = RunStore().create(ended_pair[0].config())
    assert worker.train_trial(run, Reporter(BisectStore().create(*ended_pair, 10))) == "failed"
    status = run.read_status()
    assert (status.status, status.message, status.fault) == ("failed", "the folder is gone", "user")


def test_a_trial_whose_step_fails_inside_tensorflow_fails_alone(
    ended_pair: tuple[Run, Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    import tensorflow as tf

    import core.engine.jobs.bisect as worker
    from core.engine.reporter import Reporter

    def fail(reporter: Reporter, **_: Any) -> str:
        raise tf.errors.InvalidArgumentError(None, None, "indices[0] = 144 is not in [0, 0)")

    monkeypatch.setattr(worker, "train", fail)
    run = RunStore().create(ended_pair[0].config())
    assert worker.train_trial(run, Reporter(BisectStore().create(*ended_pair, 10))) == "failed"
    assert run.read_status().fault == "program"


def test_a_stop_of_the_bisect_reaches_the_trial(ended_pair: tuple[Run, Run]) -> None:
    from core.engine.jobs.bisect import TrialReporter
    from core.engine.reporter import Reporter

    bisect = BisectStore().create(*ended_pair, 10)
    reporter = TrialReporter(ended_pair[0], Reporter(bisect))
    assert not reporter.stop_requested()
    bisect.request_stop()
    assert reporter.stop_requested()
    assert not ended_pair[0].stop_requested()
