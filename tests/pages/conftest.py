"""Run folders as the engine leaves them, made without an engine."""

import shutil
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit import config

from core import files
from core.bisect.store import Bisect
from core.config import make_config
from core.data import sample
from core.store import records
from core.store.runs import Run, RunStore, Status
from pages.shared.run import facts as run_facts
from pages.shared.shell import quota

MakeRun = Callable[..., Run]

AWKWARD = ("<img src=x onerror=alert(1)>", r"![x](http://e.x/y.png) $\frac$ :red[x] 肺炎 Über größe")


@pytest.fixture(autouse=True, scope="session")
def looked_through(streamlit_is_looked_through_once: None) -> None:
    """For every page here."""


@pytest.fixture(autouse=True)
def sample_is_drawn_once(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """A page that draws the sample gets a copy of the one that was drawn for all tests."""

    def copy(folder: Path, progress: object) -> None:
        shutil.copytree(sample.sample_folder(request.getfixturevalue("drawn_sample")), folder)

    monkeypatch.setattr(sample, "_draw_all", copy)


@pytest.fixture(autouse=True)
def served_to_this_machine_alone() -> Iterator[None]:
    """As `make run` serves the pages; they refuse to be shown to a network in local mode."""
    before = {
        name: config.get_option(name) for name in ("server.address", "server.maxUploadSize", "server.allowedHosts")
    }
    config.set_option("server.address", "127.0.0.1")
    yield
    for name, value in before.items():
        config.set_option(name, value)


@pytest.fixture(autouse=True)
def files_are_looked_at_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_facts, "SHARED_SECONDS", 0.0)


@pytest.fixture(autouse=True)
def nobody_has_sent_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quota, "_spent", defaultdict(quota._Spent))
    monkeypatch.setattr(quota, "_asked", defaultdict(deque))


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """A function that makes a run: `make_run("name", "finished", records=3, classes=("a", "b"), **status)`."""

    def make(name: str, status: str = "finished", *, records: int = 0, classes=AWKWARD, model=False, **facts) -> Run:
        root = tmp_path / "pictures"
        run = RunStore().create(make_config(str(root), facts.pop("settings", {}), name=name))
        times = {"created": time.time(), "queued": time.monotonic()}
        run.write_status(Status(**{"status": status, **times, "epoch": records, **facts}))
        if records:
            files.write_json(run.path / "manifest.json", manifest(root, classes))
        for epoch in range(1, records + 1):
            run.add_event("epoch", **epoch_record(epoch))
        if model:
            (run.path / "model.keras").write_bytes(b"model")
        return run

    return make


def epoch_record(epoch: int) -> dict[str, object]:
    """What the engine says after an epoch: it gets better every time."""
    better = epoch / 10
    return {
        "epoch": epoch, "phase": "training", "seconds": 1.5,
        "loss": 0.7 - better / 2, "accuracy": 0.5 + better / 2, "auc": 0.6 + better / 3,
        "val_loss": 0.8 - better / 2, "val_accuracy": 0.5 + better / 4, "val_auc": 0.6 + better / 4,
    }  # fmt: skip


def manifest(root: Path, classes: tuple[str, ...]) -> dict[str, object]:
    """Three validation images of the first class and one of every other; the first two exist."""
    labels = [classes[0]] * 3 + list(classes[1:])
    val = [{"path": f"val/{k}.png", "label": label, "split": "val"} for k, label in enumerate(labels)]
    (root / "val").mkdir(parents=True, exist_ok=True)
    for record in val[:2]:
        Image.fromarray(np.full((20, 20, 3), 99, np.uint8)).save(root / str(record["path"]))
    return {"root": str(root), "classes": list(classes), "train": val, "val": val, "test": []}


@pytest.fixture
def evaluation() -> dict[str, object]:
    """What evaluation.json says of the images that `make_run` lists."""
    part = {
        "count": 4, "correct": 2, "accuracy": 0.5, "interval": [0.15, 0.85], "auc": 0.75, "loss": 0.6,
        "majority_class": AWKWARD[0], "majority_share": 0.75, "confusion": [[2, 1], [1, 0]],
        "per_class": [
            {"class": AWKWARD[0], "precision": 0.667, "recall": 0.667, "f1": 0.667, "support": 3},
            {"class": AWKWARD[1], "precision": 0.0, "recall": 0.0, "f1": None, "support": 1},
        ],
        "roc": {AWKWARD[1]: {"false_positive_rate": [0, 0.5, 1], "true_positive_rate": [0, 1, 1], "auc": 0.75}},
        "worst": [
            {"file": file, "label": AWKWARD[0], "predicted": AWKWARD[1], "probability": 0.98, "true_probability": 0.02}
            for file in ("val/0.png", "val/2.png", "../../../etc/passwd")
        ],
    }  # fmt: skip
    return {"classes": list(AWKWARD), "weights": "epoch 3, the last", "val": part}


@pytest.fixture
def make_pair(make_run: MakeRun) -> Callable[..., tuple[Run, Run]]:
    """A function that makes two finished runs on the same images, one with its batches class by class."""

    def make(a: str = "good", b: str = "bad") -> tuple[Run, Run]:
        runs = make_run(a, records=3), make_run(b, records=3, settings={"data.shuffle": "none"})
        for run in runs:
            record = run.data()
            for part in ("train", "val"):
                for k, file in enumerate(record.part(part)):
                    file["sha256"] = f"{part}{k}"
            records.write(run.path / "manifest.json", record)
        return runs

    return make


@pytest.fixture
def finish() -> Callable[..., None]:
    """A function that ends a bisect: `finish(bisect, "single", factors=[...], sentence="...")`."""

    def end(bisect: Bisect, verdict: str, status: str = "finished", message: str = "", **facts: object) -> None:
        bisect.write_result({**bisect.result(), "verdict": verdict, **facts})
        bisect.write_status(Status(status=status, message=message, created=time.time()))

    return end
