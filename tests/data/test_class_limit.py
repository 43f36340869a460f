"""More than 1,000 classes are refused with a sentence wherever data come in, and before anything is written."""

import io
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from core.data.class_count import MOST_CLASSES, count_planned_classes
from core.data.ingest import ingest_files, ingest_zip
from core.data.scan import scan
from core.errors import DataError, ModelError
from core.export.bundle_check import check_records
from core.workers import try_model_client

OF = "1,001 classes in {}; at most 1,000 are supported. If its folders are patients or series, put them into one"


def png() -> bytes:
    out = io.BytesIO()
    Image.new("L", (2, 2)).save(out, "PNG")
    return out.getvalue()


def names(classes: int, parts: tuple[str, ...] = ("",)) -> list[str]:
    return [f"{part}{k:04}/1.png" for part in parts for k in range(classes)]


def zipped(items: list[str]) -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in items:
            archive.writestr(name, png())
    out.name = "many.zip"
    return out


@pytest.mark.parametrize("parts", [("",), ("set/",), ("set/train/", "set/val/")])
def test_an_upload_of_too_many_classes_is_refused_before_anything_is_written(tmp_path: Path, parts) -> None:
    items = names(MOST_CLASSES + 1, parts)
    with pytest.raises(DataError, match=OF.format("many.zip")):
        ingest_zip(zipped(items), tmp_path)
    with pytest.raises(DataError, match=OF.format("the upload")):
        ingest_files([(name, io.BytesIO(png())) for name in items], tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_folder_of_too_many_classes_is_refused_by_the_scan(tmp_path: Path) -> None:
    for name in names(MOST_CLASSES + 1):
        (tmp_path / name).parent.mkdir()
    with pytest.raises(DataError, match=OF.format(".*")):
        scan(tmp_path)


def test_a_zipped_run_of_too_many_classes_is_refused() -> None:
    records = {"config.json": {}, "manifest.json": {"classes": [str(k) for k in range(MOST_CLASSES + 1)]}}
    with pytest.raises(DataError, match=OF.format("this run")):
        check_records(records)


@pytest.mark.parametrize("given", [2, MOST_CLASSES + 1])
def test_a_model_of_too_many_classes_is_refused(monkeypatch: pytest.MonkeyPatch, given: int) -> None:
    monkeypatch.setattr(
        try_model_client, "_let_in", lambda path, pixels: {"outputs": 1001, "image_size": 32, "parameters": 1}
    )
    with pytest.raises(ModelError, match="a model may have 1,000 classes at most, and this one has 1,001"):
        try_model_client.import_model(io.BytesIO(b"x"), [str(k) for k in range(given)], "x")


def test_classes_are_counted_where_a_scan_will_find_them() -> None:
    assert count_planned_classes(["a", "b"]) == 2
    assert count_planned_classes(["x/y/a", "x/y/b/patient 1", "x/y/b/patient 2"]) == 2
    assert count_planned_classes(["x/train/a", "x/Val/a", "x/train/b"]) == 2
    assert count_planned_classes(["", "only"]) == 1
    assert count_planned_classes([""]) == count_planned_classes([]) == 0
    assert count_planned_classes(f"train/{k}" for k in range(1000)) == 1000
