"""Exports kept for a page: one file each, made once, made anew when the run has changed, the oldest gone first."""

import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from core import files
from core.config import make_config
from core.errors import RunError
from core.export import export_client
from core.export import prepared as module
from core.export.formats import FORMATS
from core.export.prepared import prepare_export, prepared
from core.progress import StepProgress
from core.store.runs import Run, RunStore, Status
from tests.keras_file import keras_file, weights_of


@pytest.fixture
def run() -> Run:
    run = RunStore().create(make_config("/data", {}, name="mine"))
    files.write_json(
        run.path / "manifest.json",
        {"root": "/data", "classes": ["a", "b"], "train": [{"path": "a/1.png", "label": "a"}], "val": []},
    )
    (run.path / "model.keras").write_bytes(keras_file())
    run.write_status(Status(status="finished"))
    return run


def left(home: Path) -> list[str]:
    return [path.name for path in (home / "cache" / "exports").iterdir() if path.name.startswith(".")]


def test_it_is_made_once_and_anew_when_the_model_is_another(run: Run, home: Path) -> None:
    kind = FORMATS["keras"]
    assert prepared(run, kind) is None
    path = prepare_export(run, kind)
    assert (path.name, weights_of(path.read_bytes())) == (f"{run.id}.keras", b"model")
    assert prepare_export(run, kind) == prepared(run, kind) == path
    assert prepared(run, FORMATS["zip"]) is None
    (run.path / "model.keras").write_bytes(keras_file(b"a better one"))
    assert prepared(run, kind) is None
    assert weights_of(prepare_export(run, kind).read_bytes()) == b"a better one"
    assert left(home) == []


def test_a_folder_becomes_a_zip(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def make(run: Run, kind: str, path: Path, report: StepProgress) -> dict[str, Any]:
        (path / "variables").mkdir(parents=True)
        (path / "saved_model.pb").write_bytes(b"graph")
        (path / "variables" / "index").write_bytes(b"numbers")
        return {}

    monkeypatch.setattr(export_client, "_in_process", make)
    path = prepare_export(run, FORMATS["savedmodel"])
    assert path.name == f"{run.id}.zip"
    with zipfile.ZipFile(path) as archive:
        names = {name for name in archive.namelist() if not name.endswith("/")}
    assert names == {f"{run.id}/saved_model.pb", f"{run.id}/variables/index"}


def test_the_oldest_goes_first_and_failures_leave_nothing(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = prepare_export(run, FORMATS["keras"])
    os.utime(first.parent, (1, 1))
    monkeypatch.setattr(module, "LIMIT_BYTES", first.stat().st_size + 8)
    (run.path / "model.keras").write_bytes(keras_file(b"second"))
    second = prepare_export(run, FORMATS["keras"])
    assert (first.exists(), second.exists()) == (False, True)
    with pytest.raises(RunError, match=r"has no metrics yet"):
        prepare_export(run, FORMATS["card"])
    assert left(home) == []


def test_one_at_a_time(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAIT_SECONDS", 0.01)
    with module._one_at_a_time, pytest.raises(RunError, match=r"other exports are running"):
        prepare_export(run, FORMATS["keras"])
