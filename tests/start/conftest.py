"""Runs as the engine leaves them, made without an engine."""

import dataclasses
from collections.abc import Callable

import pytest

from core import files
from core.store.runs import Run

EndRun = Callable[[Run], None]


@pytest.fixture
def end_run() -> EndRun:
    """A function that makes a queued run one that has finished, with an epoch behind it."""

    def end(run: Run) -> None:
        part = [{"path": f"{k}.png", "sha256": f"{k}", "label": "ab"[k % 2], "split": "train"} for k in range(8)]
        files.write_json(run.path / "manifest.json", {"root": "/x", "classes": ["a", "b"], "train": part, "val": part})
        run.add_event("epoch", epoch=1, val_accuracy=0.5)
        run.write_status(dataclasses.replace(run.read_status(), status="finished"))

    return end
