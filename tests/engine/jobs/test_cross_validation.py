"""Cross-validation for real: a fold is a run's equal to the last bit, every image is answered, a killed one goes on."""

import csv
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.__main__ import main
from core.access.persons import COMMAND_LINE
from core.config import RunConfig, make_config
from core.cross_validation.answers import mean_answers
from core.cross_validation.store import (
    CrossValidation,
    CrossValidationSpec,
    CrossValidationStore,
    config_of_repeat,
    divisions,
)
from core.data.dataset import open_dataset
from core.data.split_file import remove_split, write_split
from core.engine.jobs.cross_validation import cross_validate
from core.engine.reporter import Reporter
from core.errors import ConfigError, DataError
from core.insight.stored import stored_predictions
from core.start import start
from core.store.runs import RunStore
from core.workers import launch, local

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("thin")]

SETTINGS = {
    "data.image_size": 32,
    "data.batch_size": 8,
    "training.epochs": 4,
    "training.early_stopping": 2,
    "training.class_weight": "balanced",
    "model.dropout": 0.3,
}


@pytest.fixture
def folder(image_folder: Any) -> Path:
    made: Path = image_folder(train=(17, 24), val=(5, 8), size=32)
    return made


@pytest.fixture(autouse=True)
def _no_worker_is_left() -> Iterator[None]:
    yield
    for process in list(local.jobs().processes.values()):
        process.wait(30)
    local.jobs().processes.clear()


def settings(folder: Path, **changes: Any) -> RunConfig:
    return make_config(str(folder), {**SETTINGS, **changes})


def admitted(folder: Path, folds: int, repeats: int) -> CrossValidation:
    return CrossValidationStore().create(CrossValidationSpec(settings(folder), folds=folds, repeats=repeats).admit())


def told(job: CrossValidation) -> Any:
    """The result without what a clock decides."""
    record = json.loads((job.path / "result.json").read_text())
    return {**record, "cost": {}, "id": "", "heads": [{**head, "seconds": 0} for head in record["heads"]]}


def answers(path: Path, part: str) -> dict[str, list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return {row[1]: row[2:] for row in csv.reader(file) if row[0] == part}


def test_a_fold_is_bit_for_bit_a_run_on_the_same_split_and_every_image_is_answered_once(
    folder: Path, train_here: Any
) -> None:
    job = admitted(folder, folds=3, repeats=2)
    assert cross_validate(Reporter(job))[0] == "finished"
    config, data = job.config(), open_dataset(str(folder), job.config().data)
    folds = divisions(data, config, 3, 2, brought=False)
    split = folds[1].split(2, config.data.validation_split, config.data.seed + 1)
    root = data.root
    write_split(root, {"train": split.train, "val": split.val, "test": split.test}, {})
    run = train_here(folder, config_of_repeat(config, 1).settings())
    remove_split(root)
    assert answers(run.path / "predictions.csv", "test") == answers(job.answers(2, 3), "val")

    result, stored = job.result(), stored_predictions(job.out_of_fold(), "val")
    assert result is not None
    assert stored is not None
    assert list(stored.files) == [file.path for file in folds[0].files]
    assert len(stored.files) == 54
    evaluation = job.out_of_fold().evaluation()
    assert evaluation is not None
    assert evaluation.val is not None
    first = [head for head in result["heads"] if head["repeat"] == 1]
    assert evaluation.val.correct == sum(head["correct"] for head in first)
    assert result["figures"] is not None
    assert evaluation.val.interval == result["figures"]["interval"]
    said = mean_answers(job, data.classes)
    assert len(said) == 54
    assert all(abs(row.sum() - 1) < 1e-6 for row in said.values())


def test_a_killed_one_goes_on_and_ends_as_if_nothing_had_been(folder: Path) -> None:
    whole = admitted(folder, folds=3, repeats=2)
    cross_validate(Reporter(whole))
    spec = CrossValidationSpec(settings(folder), folds=3, repeats=2)
    job = start.start("cross-validation", spec, COMMAND_LINE)
    deadline = time.monotonic() + 120
    while not ((result := job.result()) and len(result["heads"]) >= 2):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    pid = launch.poll(job).pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    while launch.poll(job).is_active:
        time.sleep(0.05)
    if job.status().status == "interrupted":  # else it had just ended
        job.answers(1, 1).write_text("damaged")
        start.resume(job, COMMAND_LINE)
    while launch.poll(job).is_active:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert job.read_status().status == "finished", job.read_status().message
    expected, found = told(whole), told(job)
    place = lambda head: (head["repeat"], head["fold"])  # noqa: E731
    assert sorted(found.pop("heads"), key=place) == expected.pop("heads")
    assert found == expected


def test_stop_change_of_the_data_and_the_command(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = admitted(folder, folds=2, repeats=1)
    job.request_stop()
    status, said = cross_validate(Reporter(job))
    assert (status, said) == ("stopped", "Stopped after 0 of 2 heads; what was trained is kept.")
    gone = folder / "train" / "a" / "000.png"
    content = gone.read_bytes()
    gone.unlink()
    (job.path / "stop").unlink()
    with pytest.raises(DataError, match=r"^The dataset has changed since this cross-validation began: 1 image miss"):
        cross_validate(Reporter(job))
    gone.write_bytes(content)
    sets = [f"--set={key}={value}" for key, value in {**SETTINGS, "training.early_stopping": 0}.items()]
    assert main(["train", str(folder), *sets, "--folds", "2", "--repeats", "1", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["folds"], record["repeats"], record["images"]) == (2, 1, 54)
    assert (len(record["heads"]), record["inner_validation"], record["complete"]) == (2, False, True)
    assert record["interval"][0] <= record["accuracy"] <= record["interval"][1]
    assert Path(record["predictions"]).is_file()
    assert RunStore().list() == [], "no run is made"
    assert main(["labels", str(folder), "--cv", record["cross_validation"], "--json"]) == 0
    review = json.loads(capsys.readouterr().out)
    assert review["pictures"] == 54
    assert main(["runs", "--groups"]) == 0
    assert "Cross-validation: pictures" in capsys.readouterr().out


def test_what_cannot_be_cross_validated_is_said(folder: Path) -> None:
    with pytest.raises(
        ConfigError,
        match=r"^cross-validation trains heads on cached features, but these settings "
        "pass",
    ):
        CrossValidationSpec(settings(folder, **{"training.mode": "fine_tune"})).admit()
    with pytest.raises(ConfigError, match=r"^21 folds requested; the number may be 2 to 20$"):
        CrossValidationSpec(settings(folder), folds=21).admit()
    with pytest.raises(ConfigError, match=r"^51 repeats requested; the number may be 1 to 50$"):
        CrossValidationSpec(settings(folder), repeats=51).admit()
