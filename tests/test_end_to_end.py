"""The puzzle, honestly computed: through the command line, by a real worker, on the sample and on real X-rays."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from core.store.runs import RunStore

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent
MEMORY_LIMIT_MB = 1250
"""Anonymous memory of a worker, so that with the pages' 200 MB it stays under 1.5 GB."""


def train(home: Path, *arguments: str, **environment: str) -> dict[str, Any]:
    """`python -m core train ... --json` in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "core", "train", *arguments, "--json"],
        cwd=ROOT,
        env={**os.environ, "PARITY_HOME": str(home), **environment},
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    record: dict[str, Any] = json.loads(done.stdout)
    assert record["status"] == "finished"
    return record


class AnonymousMemory(threading.Thread):
    """Watches the anonymous memory of whatever worker is at a run below `home`; `peak` is in MB."""

    def __init__(self, home: Path) -> None:
        super().__init__(daemon=True)
        self.home, self.peak, self.done = home, 0.0, threading.Event()

    def run(self) -> None:
        while not self.done.wait(0.2):
            for run in RunStore(self.home / "runs").list():
                status = run.read_status()
                if status.is_active and status.pid:
                    self.peak = max(self.peak, rss_anon(status.pid))


def rss_anon(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0.0
    found = re.search(r"RssAnon:\s+(\d+) kB", text)
    return int(found[1]) / 1024 if found else 0.0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_on_the_sample_the_two_ways_of_the_question_disagree(sample_home: Path, seed: int) -> None:
    memory = AnonymousMemory(sample_home)
    memory.start()
    started = time.monotonic()
    bottleneck = train(sample_home, "sample", "--preset", "question-bottleneck", "--set", f"training.seed={seed}")
    between = time.monotonic()
    end_to_end = train(sample_home, "sample", "--preset", "question-end-to-end", "--set", f"training.seed={seed}")
    seconds = (between - started, time.monotonic() - between)
    memory.done.set()
    best = max(range(10), key=lambda k: bottleneck["history"]["val_accuracy"][k])
    print(
        f"seed {seed}: bottleneck best {bottleneck['history']['val_accuracy'][best]:.3f} "
        f"(AUC {bottleneck['history']['val_auc'][best]:.3f}) in {seconds[0]:.0f} s, end to end "
        f"{end_to_end['history']['val_accuracy'][-1]:.3f} in {seconds[1]:.0f} s, {memory.peak:.0f} MB anonymous"
    )
    assert bottleneck["history"]["val_accuracy"][best] >= 0.80
    assert bottleneck["history"]["val_auc"][best] >= 0.90
    assert end_to_end["history"]["val_accuracy"][-1] <= 0.55
    assert memory.peak < MEMORY_LIMIT_MB


@pytest.fixture(scope="module")
def xrays(test_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """300 + 300 training and 100 + 100 validation X-rays, copied evenly spaced out of the real ones."""
    folder = tmp_path_factory.mktemp("xrays")
    for split, count in (("train", 300), ("val", 100)):
        for label in ("NORMAL", "PNEUMONIA"):
            files = sorted((test_data / "data" / "chest_xray" / split / label).iterdir())
            (folder / split / label).mkdir(parents=True)
            for k in range(count):
                file = files[k * len(files) // count]
                shutil.copy(file, folder / split / label / file.name)
    return folder


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
    plain = ("--preset", "question-end-to-end", *VGG16, "--set", "data.augmentation=none")
    weights = str(test_data / "weights")
    ordered = train(sample_home, str(xrays), *plain, PARITY_WEIGHTS=weights)
    mixed = train(sample_home, str(xrays), *plain, "--set", "data.shuffle=samples", PARITY_WEIGHTS=weights)
    assert ordered["history"]["val_accuracy"] == [0.5] * 10
    assert max(ordered["history"]["val_auc"]) > 0.85
    assert mixed["history"]["val_accuracy"][-1] >= 0.88
    assert mixed["seconds"]["features"] == 0, "the second run needs no new features"
