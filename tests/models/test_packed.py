"""A .keras file that was unpacked and packed again by hand."""

import io
import struct
import time
import zipfile
from pathlib import Path

import pytest

from core.errors import ModelError
from core.models.packed import unwrap

PARTS = {"config.json": b"{}", "metadata.json": b"{}", "model.weights.h5": b"w" * 100}


def packed(path: Path, parts: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("around", ["", "logit/", "a/b/"])
@pytest.mark.parametrize("leftover", ["__MACOSX/._config.json", ".DS_Store", "x/.DS_Store", "Thumbs.db"])
def test_a_folder_around_it_and_leftovers_go(tmp_path: Path, around: str, leftover: str) -> None:
    path = packed(tmp_path / "m.keras", {leftover: b"x", **{around + name: part for name, part in PARTS.items()}})
    unwrap(path)
    with zipfile.ZipFile(path) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == PARTS
    assert [file.name for file in tmp_path.iterdir()] == ["m.keras"]


@pytest.mark.parametrize("parts", [PARTS, {**PARTS, "evil.py": b"x"}, {"a/config.json": b"{}", "b/metadata.json": b""}])
def test_any_other_file_is_left_to_the_inspector(tmp_path: Path, parts: dict[str, bytes]) -> None:
    path = packed(tmp_path / "m.keras", parts)
    before = path.read_bytes()
    unwrap(path)
    assert path.read_bytes() == before


def test_a_model_in_a_zip_is_taken_with_the_names_beside_it(tmp_path: Path) -> None:
    model = {"converted/keras_model.h5": b"\x89HDF", "__MACOSX/._labels.txt": b"x"}
    path = packed(tmp_path / "m.keras", {**model, "converted/labels.txt": b"0 cat\r\n1 dog, large\r\n"})
    assert unwrap(path) == ["cat", "dog, large"]
    assert path.read_bytes() == b"\x89HDF"
    assert unwrap(packed(tmp_path / "m.keras", model)) == []
    elsewhere = {**model, "dataset/labels.txt": b"dog\ncat\n"}
    assert unwrap(packed(tmp_path / "m.keras", elsewhere)) == [], "of another folder"
    both = {**elsewhere, "converted/Labels.txt": b"cat\ndog\n"}
    assert unwrap(packed(tmp_path / "m.keras", both)) == ["cat", "dog"]
    assert [file.name for file in tmp_path.iterdir()] == ["m.keras"]


def test_a_model_is_found_by_names_as_windows_writes_them(tmp_path: Path) -> None:
    names = {"a\\Model.H5": b"\x89HDF", "a\\Labels.txt": b"cat\ndog\n", "Thumbs.db": b"x"}
    path = packed(tmp_path / "m.keras", names)
    assert unwrap(path) == ["cat", "dog"]
    assert path.read_bytes() == b"\x89HDF"


def test_a_list_of_contents_of_a_million_entries_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    path.write_bytes(b"PK\x03\x04" + bytes(100) + zip_end(entries=3, length=46_000_000))
    start = time.perf_counter()
    with pytest.raises(ModelError, match=r"whose list of contents has 46 MB, .*; give the \.keras or \.h5 file"):
        unwrap(path)
    assert time.perf_counter() - start < 1


def zip_end(entries: int, length: int) -> bytes:
    return struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, entries, entries, length, 0, 0)


def test_a_zip_of_several_models_or_of_none_that_is_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r'this is a zip that holds 2 models, such as "a.keras"; give one of them'):
        unwrap(packed(tmp_path / "m.keras", {"x/a.keras": b"PK", "x/b.h5": b""}))
    with pytest.raises(ModelError, match="this is a SavedModel, which is refused"):
        unwrap(packed(tmp_path / "m.keras", {"m/saved_model.pb": b"x", "m/variables/variables.index": b""}))
    with pytest.raises(ModelError, match=r"labels.txt is not UTF-8 text"):
        unwrap(packed(tmp_path / "m.keras", {"m.h5": b"x", "labels.txt": b"\xff\xfe"}))
    with pytest.raises(ModelError, match=r"unpacks to more than 200 times its size"):
        unwrap(packed(tmp_path / "m.keras", {"m.h5": bytes(5 * 10**7)}))


@pytest.mark.parametrize(("names", "words"), [
    (["m/data.pkl", "m/version", *(f"m/data/{k}" for k in range(100))], "this is a PyTorch file"),
    (["model.onnx", "labels.txt", "cvexport.manifest"], "Custom Vision, which is not supported in any of its formats"),
    (["model_unquant.tflite", "labels.txt"], "LiteRT .* choose Export Model, Tensorflow, Keras"),
    (["model.json", "weights.bin", "metadata.json"], "TensorFlow.js model, .* choose Export Model, Tensorflow, Keras"),
    (["config.json", "manifest.json", "model.keras", "parity.json"], "the zip of a whole run; import it as a run"),
    (["a/model.onnx"], "this zip holds an ONNX model"),
    (["a/net.xml", "a/net.bin"], "this zip holds an OpenVINO model"),
    (["cat/1.png", "cat/1.xml"], r"this zip holds no \.keras or \.h5 file; give the file of the model"),
    (["my model.zip"], r'this zip holds "my model\.zip"; unpack it'),
    (["net.h5", *(f"{k}.png" for k in range(99))], "this zip holds a model and 99 other files; unpack it"),
])  # fmt: skip
def test_a_zip_of_another_format_is_named_with_what_to_give_instead(
    tmp_path: Path, names: list[str], words: str
) -> None:
    with pytest.raises(ModelError, match=words):
        unwrap(packed(tmp_path / "m.keras", dict.fromkeys(names, b"x")))


def test_a_bomb_with_a_folder_around_it_is_not_unpacked(tmp_path: Path) -> None:
    path = packed(
        tmp_path / "m.keras",
        {f"m/{name}": part for name, part in {**PARTS, "model.weights.h5": bytes(5 * 10**7)}.items()},
    )
    with pytest.raises(ModelError, match=r"model.weights.h5 unpacks to more than 200 times its size"):
        unwrap(path)
    assert [file.name for file in tmp_path.iterdir()] == ["m.keras"]


def test_no_zip_and_a_damaged_one_are_left_alone(tmp_path: Path) -> None:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("a/config.json", b"{}")
    for content in (b"", b"PK\x03\x04 and no more", whole.getvalue()[:-5]):
        path = tmp_path / "m.keras"
        path.write_bytes(content)
        unwrap(path)
        assert path.read_bytes() == content
