"""Searches for a learning rate for real: a range test in a worker that leaves no run behind, and a rate that works."""

import json
from pathlib import Path
from typing import Any

import pytest

from core.__main__ import main
from core.config import make_config
from core.engine.jobs.lr_search import find_rate
from core.engine.reporter import Reporter
from core.lr_search.store import KEPT, LrSearchStore
from core.store.runs import RunStore
from core.workers import local

pytestmark = pytest.mark.slow

TINY: dict[str, Any] = {"data.image_size": 32, "data.batch_size": 8, "model.dropout": 0.0}


def search(folder: Path, settings: dict[str, Any]) -> dict[str, Any]:
    """The result of a search made in this process."""
    search = LrSearchStore().create(make_config(str(folder), {**TINY, **settings}))
    reporter = Reporter(search)
    status, message = find_rate(reporter)
    reporter.finish(status, message)
    assert status == "finished"
    found = search.result()
    assert found is not None
    return {**found.to_dict(), "message": message}


def test_the_suggested_rate_trains_and_a_thousandth_of_it_hardly_does(
    thin_here: None, image_folder: Any, train_here: Any
) -> None:
    folder = image_folder(train=(20, 20), val=(20, 20))
    found = search(folder, {"training.optimizer": "sgd"})
    assert 1e-4 < found["valley"] < 1
    settings = {**TINY, "training.optimizer": "sgd", "training.epochs": 10, "training.early_stopping": 0}
    loss = {
        factor: train_here(folder, {**settings, "training.learning_rate": found["valley"] * factor}).history()[
            "val_loss"
        ][-1]
        for factor in (1, 1e-3)
    }
    assert loss[1] < 0.6 * loss[1e-3]
    assert len(RunStore().list()) == 2


def test_unfrozen_and_augmented_runs_have_a_sweep_of_their_own(thin_here: None, image_folder: Any, home: Path) -> None:
    folder = image_folder(train=(10, 10), val=(4, 4))
    # Ten batches an epoch: each epoch is a call of Keras' fit, which takes longer than its batches.
    unfrozen = {"training.mode": "end_to_end", "training.unfreeze_from": "top", "data.batch_size": 2}
    found = search(folder, {**unfrozen, "data.augmentation": "question", "data.shuffle": "none"})
    assert len(found["losses"]) == found["steps"] == len(found["smoothed"]) <= 100
    assert not list((home / "cache" / "features").glob("*.npy")), "images, not features"
    search(folder, {"data.augmentation": "question", "data.batch_size": 2})
    assert len(list((home / "cache" / "features").glob("*.npy"))) == 2, "one version of the images, and the validation"


def no_worker_is_left() -> None:
    """Waits for those whose end nobody has noticed yet."""
    for process in list(local.jobs().processes.values()):
        process.wait(30)
    local.jobs().processes.clear()


def test_a_search_in_a_worker_answers_the_command_and_leaves_no_run(
    thin_workers: None, image_folder: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = image_folder(train=(20, 20), val=(6, 6))
    arguments = [f"--set={key}={value}" for key, value in TINY.items()]
    assert main(["find-rate", str(folder), *arguments, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["status"] == "finished"
    assert record["message"] == f"A learning rate of {record['valley']:.2g} suits these settings."
    assert record["rates"] == sorted(record["rates"])
    assert RunStore().list() == []
    assert [search.id for search in LrSearchStore().list()] == [record["search"]]
    no_worker_is_left()


def test_the_rate_for_the_drawn_sample_is_sane_and_trains_a_good_head(sample_home: Path, train_here: Any) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PARITY_HOME", str(sample_home))
        found = search(Path("sample"), {"data.image_size": 64, "data.batch_size": 32})
        assert 5e-4 <= found["valley"] <= 5e-2, found["valley"]
        rate = {"training.learning_rate": found["valley"], "training.epochs": 6}
        run = train_here(Path("sample"), {"data.image_size": 64, **rate})
        assert max(run.history()["val_accuracy"]) > 0.75


def test_old_searches_go(image_folder: Any) -> None:
    for _ in range(KEPT + 3):
        search = LrSearchStore().create(make_config("sample", {}))
        search.write_status(type(search.read_status())(status="finished"))
    assert len(LrSearchStore().list()) == KEPT


def test_a_stop_ends_a_search_without_a_result(image_folder: Any) -> None:
    search = LrSearchStore().create(make_config(str(image_folder(train=(6, 6), val=(2, 2))), TINY))
    reporter = Reporter(search)
    reporter.request_stop()
    assert find_rate(reporter)[0] == "stopped"
    assert search.result() is None
