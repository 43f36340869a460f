"""Several devices share a batch: tried on two logical CPUs, as no machine with several GPUs is at hand."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.config import make_config
from core.engine.train.devices import passes_images
from core.workers.launch import ROOT
from tests.loaded_process import MARK

PROGRAM = (
    MARK
    + """
import json, sys
import tensorflow as tf

count, folder = int(sys.argv[1]), sys.argv[2]
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * count)

from core.config import make_config
from core.engine.train import devices
from core.engine.reporter import Reporter
from core.engine.train.training import train
from core.store.runs import RunStore

devices.shared_devices = lambda: [device.name for device in tf.config.list_logical_devices("CPU")]
settings = {"data.image_size": 32, "data.batch_size": 8, "model.weights": "none", "training.optimizer": "sgd",
            "training.unfreeze_from": "all", "training.learning_rate": 0.01, "training.epochs": 2,
            "training.mode": "end_to_end", "training.early_stopping": 0}
run = RunStore().create(make_config(folder, settings))
status = train(Reporter(run))
trace = json.loads((run.path / "trace.json").read_text())
names = [json.loads(line) for line in (run.path / "events.jsonl").read_text().splitlines()]
shared = [event.get("count") for event in names if event.get("event") == "devices"]
print(json.dumps({"status": status, "epochs": [one.to_dict() for one in run.epochs()], "shared": shared,
                  "losses": trace["epochs"][0]["losses"], "model": run.has_model()}))
"""
)


def trained(count: int, folder: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(count), str(folder)],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    record: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return record


@pytest.mark.slow
@pytest.mark.usefixtures("thin_workers")
def test_two_devices_learn_what_one_learns(image_folder: Any) -> None:
    folder = image_folder(train=(16, 16), val=(8, 8), size=32)
    alone, together = trained(1, folder), trained(2, folder)
    assert (alone["shared"], together["shared"]) == ([], [2])
    assert together["status"] == "finished" and together["model"]
    assert together["losses"] == pytest.approx(alone["losses"], rel=1e-3)
    for one, other in zip(alone["epochs"], together["epochs"], strict=True):
        assert other["loss"] == pytest.approx(one["loss"], rel=1e-3)
        assert other["val_loss"] == pytest.approx(one["val_loss"], rel=1e-2)


@pytest.mark.parametrize(
    ("settings", "answer"),
    [
        ({}, False),
        ({"training.mode": "end_to_end"}, False),
        ({"training.mode": "end_to_end", "training.literal": True}, True),
        ({"training.mode": "end_to_end", "training.mixup": 0.2}, True),
        ({"training.mode": "end_to_end", "training.unfreeze_from": "all"}, True),
        ({"training.mode": "fine_tune"}, True),
    ],
)
def test_only_what_passes_images_is_shared(settings: dict[str, Any], answer: bool) -> None:
    assert passes_images(make_config("sample", settings)) is answer
