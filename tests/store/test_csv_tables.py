"""CSV files that no spreadsheet runs, and that come back as they were."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.compare.paired import answers
from core.config import make_config
from core.data.dataset_index import ImageFile
from core.engine.train.evaluate import keep_predictions
from core.files import write_json
from core.insight.answer import Prediction
from core.insight.stored import stored_predictions
from core.store.csv_tables import csv_bytes, csv_text, plain_cell, read_csv, safe_cell
from core.store.runs import RunStore
from core.workers.predict_client import to_csv


@pytest.mark.parametrize("text", ["=1+1.jpg", "+1", "-1", "@x", "\tx", "\rx", "'=x", "''@x", "\n=x"])
def test_no_cell_begins_as_a_formula(text: str) -> None:
    assert safe_cell(text) == f"'{text}"
    assert plain_cell(safe_cell(text)) == text


@given(st.text(alphabet="'=+-@\t\r\na1é"))
def test_every_text_comes_back(text: str) -> None:
    assert plain_cell(safe_cell(text)) == text
    assert safe_cell(text)[:1] not in tuple("=+-@\t\r\n")


def test_the_error_column_is_safe_too_and_excel_knows_the_code(tmp_path: Path) -> None:
    text = to_csv([Prediction("=1+1.jpg", error="=1+1.jpg is not an image.")], ["@a", "b"])
    assert text.splitlines()[1].split(",") == ["'=1+1.jpg", "", "", "", "", "", "", "'=1+1.jpg is not an image."]
    assert csv_bytes(text).startswith(b"\xef\xbb\xbffile,class")
    (tmp_path / "a.csv").write_bytes(csv_bytes(csv_text([["file"], ["=ü"], ["\udcff"]])))
    assert read_csv(tmp_path / "a.csv") == [["file"], ["=ü"], ["\\udcff"]]
    (tmp_path / "old.csv").write_text("file,x\r\n-1.png,2\r\n", encoding="utf-8")
    assert read_csv(tmp_path / "old.csv") == [["file", "x"], ["-1.png", "2"]]


def test_predictions_of_a_run_are_safe_and_read_back_by_all_who_read_them() -> None:
    run = RunStore().create(make_config("/data", {}))
    classes = ["-none", "=some"]
    part = [
        ImageFile(f"{label}/{k}.png", label, "val", f"{k:064}", 1, 8, 8, "RGB", "PNG", 1)
        for label in classes
        for k in range(2)
    ]
    parts, found = {"val": part}, {"val": np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7], [0.4, 0.6]])}
    keep_predictions(run.path / "predictions.csv", parts, found, classes)
    content = (run.path / "predictions.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbfsplit,file")
    assert not any(cell[:1] in tuple("=+-@") for line in content.decode().splitlines() for cell in line.split(","))
    stored = stored_predictions(run, "val")
    assert stored is not None
    assert stored.files == tuple(file.path for file in part)
    assert stored.labels.tolist() == [0, 0, 1, 1]
    write_json(run.path / "manifest.json", {"val": [dataclasses.asdict(file) for file in part]})
    assert sorted(key[0] for key in answers(run)) == sorted(file.sha256 for file in part)
    assert sum(answers(run).values()) == 3
