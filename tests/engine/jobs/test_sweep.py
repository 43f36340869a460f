"""A sweep for real: the command, a worker, trials in one process on one set of features."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from core.__main__ import main
from core.store.runs import RunStore
from core.sweep.store import SweepStore
from core.workers import launch, local

pytestmark = pytest.mark.slow

SMALL = [
    *("--set=data.image_size=32", "--set=data.batch_size=8", "--set=training.epochs=4"),
    *("--set=training.early_stopping=0", "--vary=training.learning_rate=1e-6,0.01"),
]


def no_worker_is_left() -> None:
    """Waits for those whose end nobody has noticed yet."""
    for process in list(local.jobs().processes.values()):
        process.wait(30)
    local.jobs().processes.clear()


def test_a_sweep_finds_the_rate_that_learns_on_features_computed_once(
    image_folder: Any, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = image_folder(train=(20, 20), val=(20, 20))
    assert main(["sweep", str(folder), *SMALL, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["status"] == "finished"
    assert record["best"]["settings"]["training.learning_rate"] == 0.01
    low, high = record["best"]["expected_interval"]
    assert low <= record["best"]["expected"] <= high
    values = [row["value"] for row in record["arms"]]
    assert record["best"]["value"] == max(values)
    runs = RunStore().list()
    assert len(runs) == 2
    assert {run.read_status().pid for run in runs} == {SweepStore().list()[0].read_status().pid}, "one process"
    assert len(list((home / "cache" / "features").glob("*.npy"))) == 2, "training and validation images, once each"
    assert all(run.has_model() for run in runs)
    no_worker_is_left()


def finished_trials() -> int:
    """Trials that the newest sweep has finished so far; its folder comes before its result."""
    trials = [trial for sweep in SweepStore().list()[:1] for trial in sweep.result().get("arms", [])]
    return sum(trial["status"] == "finished" for trial in trials)


def test_ctrl_c_keeps_what_was_tried_and_the_same_command_goes_on(image_folder: Any) -> None:
    folder = image_folder(train=(20, 20), val=(6, 6))
    few = ["--set=training.epochs=12" if argument.endswith("epochs=4") else argument for argument in SMALL]
    command = [sys.executable, "-m", "core", "sweep", str(folder), *few, "--json"]
    with subprocess.Popen(command, cwd=launch.ROOT, stdout=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 120
        while finished_trials() < 1:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        stopped = json.loads(process.communicate(timeout=60)[0])
    assert stopped["status"] == "stopped"
    assert stopped["message"].startswith("Stopped after 1 of 2 trials")
    kept = stopped["arms"][0]["run"]
    done = json.loads(subprocess.run(command, cwd=launch.ROOT, capture_output=True, check=True, text=True).stdout)
    assert (done["id"], done["status"]) == (stopped["id"], "finished")
    assert done["arms"][0]["run"] == kept
    assert [row["status"] for row in done["arms"]] == ["finished"] * 2
    assert len(RunStore().list()) == 2
