"""The puzzle at the sizes of the question, honestly computed: through the command line, by a real worker.

On the sample, and with VGG16 on real X-rays. All of its steps are taken in tests/browser/test_puzzle_story.py, with
smaller images and four seeds.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.store.runs import RunStore
from tests.anonymous_memory import MEMORY_LIMIT_MB, AnonymousMemory
from tests.train_command import ROOT, train

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def xrays(test_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """200 + 200 training and 50 + 50 validation X-rays, copied evenly spaced out of the real ones."""
    folder = tmp_path_factory.mktemp("xrays")
    for split, count in (("train", 200), ("val", 50)):
        for label in ("NORMAL", "PNEUMONIA"):
            files = sorted((test_data / "data" / "chest_xray" / split / label).iterdir())
            (folder / split / label).mkdir(parents=True)
            for k in range(count):
                file = files[k * len(files) // count]
                shutil.copy(file, folder / split / label / file.name)
    return folder


def test_on_the_sample_a_head_of_four_million_weights_learns_unless_it_is_fed_class_by_class(
    sample_home: Path, real_processes: None
) -> None:
    """Both ends of the puzzle as trials of one sweep; with one draw, as features of ten take three minutes."""
    orders = ("--vary", "data.shuffle=samples,none", "--json")
    memory = AnonymousMemory(sample_home)
    memory.start()
    done = subprocess.run(
        [sys.executable, "-m", "core", "sweep", "sample", "--preset", "question-bottleneck", *orders],
        cwd=ROOT, env={**os.environ, "PARITY_HOME": str(sample_home)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    memory.done.set()
    assert done.returncode == 0, done.stderr
    trials = {trial["settings"]["data.shuffle"]: trial["run"] for trial in json.loads(done.stdout)["arms"]}
    store = RunStore(sample_home / "runs")
    learnt, stuck = (dict[str, Any](store.get(trials[order]).history()) for order in ("samples", "none"))
    assert max(learnt["val_accuracy"]) >= 0.80
    assert max(learnt["val_auc"]) >= 0.90
    assert len(stuck["val_accuracy"]) == 10
    assert stuck["val_accuracy"][-1] <= 0.55
    assert 0 < memory.peak < MEMORY_LIMIT_MB


VGG16 = ("--set", "model.backbone=VGG16")


def test_vgg16_on_bottleneck_features_of_real_xrays_reaches_the_questions_accuracy(
    sample_home: Path, xrays: Path, test_data: Path
) -> None:
    weights = str(test_data / "weights")
    record = train(sample_home, str(xrays), "--preset", "question-bottleneck", *VGG16, PARITY_WEIGHTS=weights)
    assert max(record["history"]["val_accuracy"]) >= 0.86


def test_vgg16_fed_class_by_class_stays_at_one_half_although_it_has_learnt(
    sample_home: Path, xrays: Path, test_data: Path
) -> None:
    # One version of each image, which is the one that the test before has made features of.
    plain = ("--preset", "question-end-to-end", *VGG16, "--set", "data.augmentation_draws=1")
    weights = str(test_data / "weights")
    ordered = train(sample_home, str(xrays), *plain, PARITY_WEIGHTS=weights)
    mixed = train(sample_home, str(xrays), *plain, "--set", "data.shuffle=samples", PARITY_WEIGHTS=weights)
    assert ordered["history"]["val_accuracy"] == [0.5] * 10
    assert max(ordered["history"]["val_auc"]) > 0.85
    assert mixed["history"]["val_accuracy"][-1] >= 0.88
    assert mixed["seconds"]["features"] == 0, "the second run needs no new features"
