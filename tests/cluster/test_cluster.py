"""The program on a real cluster of several nodes, some of which are lost on the way.

Tests with the thin backbone come last: from the first of them on, this process has it.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import files
from core.bisect.store import BisectStore
from core.config import make_config
from core.jobs.job import BudgetedJob
from core.store.folder import JobFolder
from core.store.runs import Run, RunStore, Status
from core.sweep.store import SweepStore
from core.workers import launch
from tests import loaded_process

pytestmark = [
    pytest.mark.slow,
    # Ray leaves sockets and processes to the collector, and is loud about its own future.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning", "ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

Lose = Callable[..., None]

TINY: dict[str, Any] = {
    "data.image_size": 32,
    "data.batch_size": 10,
    "training.epochs": 6,
    "training.early_stopping": 0,
    "training.learning_rate": 0.01,
}


EPOCHS = 6 if loaded_process.possible() else 30
"""Where no training waits (see the fixture `hold`), it must be long."""


@pytest.fixture
def folder(image_folder: Any) -> Path:
    path: Path = image_folder(train=(30, 30), val=(60, 60), size=32)
    return path


def wait(run: JobFolder, until: Callable[[Status], bool], seconds: float = 180) -> Status:
    deadline = time.monotonic() + seconds
    while not until(status := launch.poll(run)):
        assert time.monotonic() < deadline, (status, log(run))
        time.sleep(0.1)
    return status


def log(run: JobFolder) -> str:
    path = run.path / "worker.log"
    return path.read_text(encoding="utf-8") if path.exists() else ""


def ended(status: Status) -> bool:
    return not status.is_active


def from_another_process(run: Run) -> dict[str, Any]:
    """What a server that has just been started says of a run."""
    command = [sys.executable, "-m", "core", "runs", "--json"]
    told = subprocess.run(command, cwd=launch.ROOT, env=os.environ, capture_output=True, text=True, check=True)
    return next(row for row in json.loads(told.stdout)["runs"] if row["run"] == run.id)


def test_what_waits_for_a_slot_can_be_stopped_and_what_fails_says_why(
    folder: Path, on_cluster: Lose, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARITY_RAY_CPUS", "64")
    run = RunStore().create(make_config(str(folder), TINY))
    launch.start(run, parent_pipe=False)
    assert wait(run, lambda status: "64" in status.message).status == "queued"
    launch.stop(run)
    status = launch.poll(run)
    assert (status.status, status.message) == ("stopped", "Stopped while waiting for a slot on the cluster.")

    monkeypatch.delenv("PARITY_RAY_CPUS")
    failing = RunStore().create(make_config(str(folder / "nowhere"), TINY))
    monkeypatch.setenv("PARITY_RAY_PYTHON", "/no/such/python")
    lost = RunStore().create(make_config(str(folder), TINY))
    launch.start(lost, parent_pipe=False)
    monkeypatch.delenv("PARITY_RAY_PYTHON")
    launch.start(failing, parent_pipe=False)
    status = wait(failing, ended)
    assert (status.status, status.fault) == ("failed", "user"), log(failing)
    assert "nowhere" in status.message
    status = wait(lost, ended)
    assert status.status == "interrupted"
    assert "/no/such/python" in log(lost)


def test_features_in_shards_are_the_bits_of_one_machine_and_a_lost_node_costs_none(
    image_folder: Any, on_cluster: Lose, tmp_path: Path
) -> None:
    from core.config import RunConfig
    from core.data.dataset import open_dataset
    from core.data.pipeline import Images
    from core.engine.cluster.shard_tasks import Tasks
    from core.engine.cluster.shards import Extraction
    from core.engine.features.features import BATCH, forward_function
    from core.models.build import base_for, weights_hash

    config: RunConfig = make_config(
        str(image_folder(train=(301, 300), val=(2, 2), size=32)), {**TINY, "data.augmentation": "light"}
    )
    files = open_dataset(config.dataset, config.data).split.train
    root = Path(config.dataset)
    images = Images(root, files, 32, "light", config.data.seed)
    base = base_for(config)
    forward = forward_function(base, whole=True)
    cuts = [range(start, min(start + BATCH, len(files))) for start in range(0, len(files), BATCH)]
    expected = np.concatenate([forward(np.stack([images.one(k, 3) for k in cut])).numpy() for cut in cuts])

    lost, own, at_work, folder = list[int](), list[int](), False, tmp_path / "x.shards"

    def patient(pixels: Any) -> Any:
        """Waits until other machines have made three shards, and one more after one of them was lost."""
        deadline = time.monotonic() + 480  # a machine beside other work takes minutes to its first shard
        while at_work and len(list(folder.glob("*.npy"))) - len(own) < (lost[0] // BATCH + 1 if lost else 3):
            assert time.monotonic() < deadline, "the other machines make no shards"
            time.sleep(0.1)
        if at_work:
            time.sleep(0.2)  # a shard's file is there a moment before its task is said to have ended
            own.append(len(pixels))
        return forward(pixels)

    shards = Extraction(config, weights_hash(base), patient, images, 3, folder, shard=BATCH)
    at_work = True
    target, seen = np.full(expected.shape, np.nan, np.float32), list[int]()

    def advance(done: int) -> None:
        seen.append(done)
        if shards.elsewhere >= 3 * BATCH and not lost:
            lost.append(shards.elsewhere)
            on_cluster()

    with Tasks() as tasks:
        shards.run(tasks, target, advance)
    assert lost
    assert shards.elsewhere > lost[0], "the other machines went on"
    assert shards.elsewhere < len(files), "and so did the asking worker"
    assert target.tobytes() == expected.tobytes()
    assert seen[-1] == len(files)
    assert not folder.exists()


@pytest.mark.usefixtures("loaded_jobs")
def test_a_run_is_stopped_loses_its_machine_and_ends_as_an_unbroken_one(
    image_folder: Any, on_cluster: Lose, ray_cluster: Any, train_here: Any, hold: Path
) -> None:
    folder = image_folder(train=(20, 20), val=(10, 10), size=32)
    epochs = 2 * EPOCHS
    settings = {**TINY, "training.epochs": epochs, "training.mode": "end_to_end", "training.literal": True}
    unbroken = train_here(folder, settings)
    run = RunStore().create(make_config(str(folder), settings))
    hold.write_text("3")
    launch.start(run, parent_pipe=True)
    assert launch.poll(run).message == "Waiting for a slot on the cluster: it needs 1 CPUs."
    wait(run, lambda status: status.epoch >= 2 or ended(status))
    assert from_another_process(run)["status"] == "running", "a server that was started anew finds it at work"
    assert launch.location(run, launch.poll(run)).startswith(
        f"Ray cluster {ray_cluster.address}, job parity-{run.id}-1, m"
    )

    launch.stop(run)
    status = wait(run, ended)
    assert (status.status, run.has_model()) == ("stopped", True), log(run)

    before = len(run.epochs())
    hold.write_text(str(before + 3))
    launch.resume(run, parent_pipe=True)
    wait(run, lambda status: ended(status) or len(run.epochs()) >= before + 2)
    _lose_the_machine_of(run, on_cluster, ray_cluster)
    status = wait(run, ended)
    assert (status.status, status.message) == (
        "interrupted", "The machine that ran it was lost. Resume continues after the last finished epoch.",
    ), log(run)  # fmt: skip
    assert before + 2 <= len(run.epochs()) < epochs

    hold.unlink()
    launch.resume(run, parent_pipe=True)
    assert wait(run, ended).status == "finished", log(run)
    assert run.history() == unbroken.history()
    assert from_another_process(run)["status"] == "finished"


@pytest.fixture
def hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """How many epochs the trainings of a test may finish before they wait; see `loaded_process.HOLD`."""
    monkeypatch.setenv(loaded_process.HOLD, str(tmp_path / "hold"))
    return tmp_path / "hold"


def _lose_the_machine_of(run: Run, lose: Lose, ray_cluster: Any) -> None:
    from core.workers import ray_client

    told = ray_client._client().get_job_info(run.cluster_job()["job"])
    lose([node.node_id for node in ray_cluster.nodes].index(told.driver_node_id))


@pytest.mark.usefixtures("loaded_jobs")
def test_a_bisect_over_the_cluster_loses_a_node_and_says_what_the_serial_one_says(
    folder: Path, on_cluster: Lose, train_here: Any, hold: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {**TINY, "training.optimizer": "sgd", "training.epochs": EPOCHS}
    pair = train_here(folder, settings), train_here(folder, {**settings, "training.learning_rate": 1e-6})
    one, other = _both_ways(lambda: BisectStore().create(*pair, 10), on_cluster, hold, monkeypatch)
    assert (other["verdict"], other["factors"]) == (one["verdict"], one["factors"]) == (
        "single", ["training.learning_rate"],
    )  # fmt: skip
    values = [
        {(*trial["from_b"], trial["seed"]): trial["value"] for trial in result["arms"]} for result in (one, other)
    ]
    assert values[0] == values[1]
    assert one["gap"] == other["gap"]


@pytest.mark.usefixtures("loaded_jobs")
def test_a_sweep_over_the_cluster_loses_a_node_and_finds_what_the_serial_one_finds(
    folder: Path, on_cluster: Lose, hold: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = make_config(str(folder), {**TINY, "training.epochs": EPOCHS})
    trials = [{"training.learning_rate": rate} for rate in (1e-3, 1e-2, 1e-1)]
    one, other = _both_ways(lambda: SweepStore().create(base, trials, 10), on_cluster, hold, monkeypatch)
    kept = ("name", "status", "value", "interval", "loss", "auc", "epochs")
    assert [[trial[key] for key in kept] for trial in other["arms"]] == [
        [trial[key] for key in kept] for trial in one["arms"]
    ]
    assert (other["sentence"], other["best"]["arm"]) == (one["sentence"], one["best"]["arm"])


def _both_ways(
    make: Callable[[], BudgetedJob], lose: Lose, hold: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a job finds on this machine, and what the same finds on the cluster that loses a node at work."""
    monkeypatch.setenv("PARITY_EXECUTOR", "local")
    serial = make()
    launch.start(serial, parent_pipe=False)
    wait(serial, ended)
    monkeypatch.setenv("PARITY_EXECUTOR", "ray")
    spread = make()
    hold.write_text("1")  # no training ends before two are at work
    launch.start(spread, parent_pipe=False)
    wait(spread, lambda status: ended(status) or len(_at_work(spread)) >= 2)
    assert len(_at_work(spread)) >= 2, (log(spread), _found(spread))
    lose()
    hold.unlink()
    assert wait(spread, ended, 600).status == "finished", log(spread)
    return _found(serial), _found(spread)


def _found(job: BudgetedJob) -> Any:
    return files.read_json(job.path / "result.json")


def _at_work(job: BudgetedJob) -> list[Run]:
    """Trials that train at the moment, and are said to."""
    runs = [RunStore().by_id(trial["run"]) for trial in _found(job)["arms"] if trial["status"] == "running"]
    return [run for run in runs if run and run.read_status().status == "running"]
