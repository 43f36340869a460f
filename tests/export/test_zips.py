"""A run is taken away as a zip whatever date its files have, and whatever year the machine believes it is."""

import datetime
import io
import os
import time
import zipfile
from pathlib import Path

import pytest

from core import files
from core.config import make_config
from core.export import prepared
from core.export.export_client import export_run
from core.export.formats import find_format
from core.export.labels import label_litert
from core.store.runs import Run, RunStore, Status
from tests.keras_file import keras_file, weights_of


@pytest.fixture
def run() -> Run:
    run = RunStore().create(make_config("/data", {}, name="mine"))
    files.write_json(run.path / "manifest.json", {"root": "/data", "classes": ["a", "b"], "train": [], "val": []})
    run.add_event("epoch", epoch=1)
    (run.path / "model.keras").write_bytes(keras_file())
    run.write_status(Status(status="finished"))
    return run


@pytest.mark.parametrize(("year", "nearest"), [(1901, 1980), (1970, 1980), (2026, 2026), (2107, 2107), (2120, 2107)])
def test_files_of_any_date_are_packed(run: Run, tmp_path: Path, year: int, nearest: int) -> None:
    moment = datetime.datetime(year, 6, 1, 12).timestamp()
    for path in run.path.iterdir():
        os.utime(path, (moment, moment))
    for kind in ("zip", "keras"):
        packed = export_run(run, kind, tmp_path / kind).path
        with zipfile.ZipFile(packed) as archive:
            assert archive.testzip() is None
            assert kind == "keras" or archive.getinfo("model.keras").date_time[0] == nearest
    assert prepared.prepare_export(run, find_format("zip")).is_file()
    with zipfile.ZipFile(tmp_path / "zip.zip") as archive:
        assert weights_of(archive.read("model.keras")) == b"model"


def test_texts_are_packed_whatever_the_clock_says(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for year, nearest in ((1970, 1980), (2026, 2026), (2150, 2107)):
        now = time.struct_time((year, 6, 1, 12, 0, 0, 0, 152, 0))
        monkeypatch.setattr(time, "localtime", lambda *_, now=now: now)
        with zipfile.ZipFile(export_run(run, "zip", tmp_path / f"{year}").path) as archive:
            entry = archive.getinfo("parity.json")
            assert (entry.date_time[0], entry.external_attr >> 16) == (nearest, 0o600)
        export_run(run, "keras", tmp_path / f"{year}")
        model = tmp_path / f"{year}.tflite"
        model.write_bytes(b"TFL3")
        label_litert(model, {"classes": ["a", "b"]})
        assert zipfile.ZipFile(io.BytesIO(model.read_bytes())).namelist() == ["labels.txt", "parity.json"]
