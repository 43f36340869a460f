"""What an exported file says of itself; that each runtime still opens it is tests/engine/jobs/test_export.py's."""

import io
import json
import zipfile
from pathlib import Path

import pytest

from core import files
from core.config import make_config
from core.errors import RunError
from core.export.labels import as_texts, label_keras, label_litert, label_savedmodel, labels_text, model_record
from core.store.runs import Run, RunStore
from tests.keras_file import keras_file, weights_of

ONE_EACH = "one probability per class, in the order of `classes`"
SETTINGS = {"data.image_size": 48, "data.preprocessing": "rescale"}


def run_on(classes: list[str], **more: object) -> Run:
    run = RunStore().create(make_config("/data/pets", SETTINGS, name="mine"))
    files.write_json(run.path / "manifest.json", {"root": "/data/pets", "classes": classes, **more})
    return run


def test_the_record_says_classes_size_pixels_and_answer() -> None:
    run = run_on(["cat", "dog"])
    assert model_record(run) == {
        "classes": ["cat", "dog"],
        "image_size": 48,
        "channels": "RGB",
        "pixel_range": [0, 255],
        "input": "float32, (n, 48, 48, 3): images upright, RGB, 0 to 255, stretched to the square (bilinear)",
        "preprocessing": "inside the model, division by 255",
        "output": "(n, 1): the probability of dog; that of cat is 1 minus it",
        "run": run.id,
        "fit": "stretch",
        "window": "full",
    }
    assert model_record(run_on(["a", "b", "c"]))["output"] == f"(n, 3): {ONE_EACH}"


def test_a_model_from_elsewhere_may_give_two_probabilities_and_prepares_as_it_will() -> None:
    record = model_record(run_on(["a", "b"], imported={"outputs": 2}))
    assert record["output"] == f"(n, 2): {ONE_EACH}"
    assert record["preprocessing"] == "inside the model"


def test_medical_images_keep_their_notice() -> None:
    assert model_record(run_on(["normal", "pneumonia"]))["notice"].startswith("Not a medical device")


def test_every_class_has_a_line_of_its_own() -> None:
    assert labels_text(["a b", "x\ny", "肺炎"]) == "a b\nx y\n肺炎\n"
    assert as_texts({"classes": ["ä", "b"], "run": "r", "image_size": 8}) == {
        "classes": '["ä", "b"]', "run": "r", "image_size": "8",
    }  # fmt: skip


def test_a_keras_file_keeps_everything_else(tmp_path: Path) -> None:
    (tmp_path / "a.keras").write_bytes(keras_file(b"weights"))
    label_keras(tmp_path / "a.keras", tmp_path / "b.keras", {"classes": ["肺炎"]})
    content = (tmp_path / "b.keras").read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.namelist() == ["metadata.json", "config.json", "model.weights.h5"]
        assert json.loads(archive.read("metadata.json")) == {
            "keras_version": "3.15.1", "parity": {"classes": ["肺炎"]},
        }  # fmt: skip
    assert weights_of(content) == b"weights"


@pytest.mark.parametrize("content", [b"no zip", keras_file()[:-30], keras_file().replace(b'{"ker', b"{{ker")])
def test_a_damaged_keras_file_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.keras").write_bytes(content)
    with pytest.raises(RunError, match=r"^model\.keras of this run is damaged, so there is no model to export$"):
        label_keras(tmp_path / "model.keras", tmp_path / "b.keras", {"classes": []})


def test_a_flat_file_gets_a_zip_at_its_end_and_a_folder_two_files(tmp_path: Path) -> None:
    record = {"classes": ["cat", "dog"], "image_size": 48}
    (tmp_path / "m.tflite").write_bytes(b"front" * 1000)
    label_litert(tmp_path / "m.tflite", record)
    assert (tmp_path / "m.tflite").read_bytes().startswith(b"front" * 1000)
    with zipfile.ZipFile(tmp_path / "m.tflite") as archive:
        found = {name: archive.read(name).decode() for name in archive.namelist()}
    label_savedmodel(tmp_path, record)
    beside = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "assets.extra").iterdir()}
    assert found == beside == {"labels.txt": "cat\ndog\n", "parity.json": json.dumps(record)}
