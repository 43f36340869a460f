"""Where an export goes: suffixes, what is never overwritten, nothing half-written."""

from pathlib import Path

import pytest

from core.errors import RunError
from core.export.formats import FORMATS, find_format
from core.export.target import placing, refuse_overwriting, target_of


@pytest.mark.parametrize(
    ("out", "name", "expected"),
    [
        ("model", "keras", "model.keras"),
        ("model.keras", "keras", "model.keras"),
        ("MODEL.KERAS", "keras", "MODEL.KERAS"),
        ("run-1.2", "litert", "run-1.2.tflite"),
        ("a/b.h5", "onnx", "a/b.h5.onnx"),
        ("folder", "savedmodel", "folder"),
        ("train", "script", "train.py"),
        ("README", "card", "README.md"),
        ("run", "zip", "run.zip"),
    ],
)
def test_a_name_gets_the_suffix_it_lacks(out: str, name: str, expected: str) -> None:
    assert target_of(Path(out), FORMATS[name]) == Path(expected)


def test_a_path_without_a_name_and_an_unknown_format_are_refused() -> None:
    with pytest.raises(RunError, match=r"^\. is not a file name; give --out a name, for instance model\.onnx$"):
        target_of(Path(), FORMATS["onnx"])
    with pytest.raises(
        RunError,
        match=r'^there is no format "h5"; the formats are keras, savedmodel, litert, litert-float16, litert-int8, onnx',
    ):
        find_format("h5")


def test_nothing_is_overwritten_unasked_and_no_folder_of_other_things_ever(tmp_path: Path) -> None:
    refuse_overwriting(tmp_path / "new", force=False)
    file, folder, model = tmp_path / "a.onnx", tmp_path / "photos", tmp_path / "model"
    file.write_bytes(b"x")
    (folder / "one").mkdir(parents=True)
    model.mkdir()
    (model / "saved_model.pb").write_bytes(b"x")
    for path in (file, folder, model):
        with pytest.raises(RunError, match=r"exists already; give another --out, or --force to replace it$"):
            refuse_overwriting(path, force=False)
    refuse_overwriting(file, force=True)
    refuse_overwriting(model, force=True)
    with pytest.raises(RunError, match="photos is a folder but not a SavedModel; it is not replaced"):
        refuse_overwriting(folder, force=True)


def test_a_file_or_folder_takes_its_place_whole(tmp_path: Path) -> None:
    target = tmp_path / "new" / "model.tflite"
    for content in (b"one", b"two"):
        with placing(target) as path:
            assert path.suffix == ".tflite"
            path.write_bytes(content)
        assert target.read_bytes() == content
    folder = tmp_path / "model"
    for name in ("old.pb", "new.pb"):
        with placing(folder) as path:
            path.mkdir()
            (path / name).write_bytes(b"x")
    assert [p.name for p in folder.iterdir()] == ["new.pb"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model", "new"]


def test_a_failure_leaves_what_was_there_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "model.onnx"
    target.write_bytes(b"old")

    def fail(path: Path) -> None:
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), placing(target) as path:
        fail(path)
    assert [p.name for p in tmp_path.iterdir()] == ["model.onnx"]
    assert target.read_bytes() == b"old"
    with pytest.raises(RunError, match=r"cannot be written: File exists; give"), placing(target / "below"):
        pass
