"""float16 and int8 LiteRT of a tiny network, opened by LiteRT's own interpreter; and labelled images asked."""

import json
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from core import files
from core.config import make_config
from core.engine.jobs.evaluate_on import evaluate_on
from core.engine.jobs.export import convert
from core.engine.jobs.try_scales import answers
from core.errors import ModelError, RunError
from core.insight.stored import stored_predictions
from core.models.scales import find_scale
from core.store.runs import Run, RunStore
from core.workers.labelled_images import labelled_images

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # of the converters

SIZE = 16
layers = keras.layers


def write_images(root: Path) -> Path:
    """Dark and light images, a folder a class."""
    rng = np.random.default_rng(2)
    for k in range(40):
        name, low = (("dark", 0), ("Light", 136))[k % 2]
        path = root / name / f"{k:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(low, low + 120, (SIZE, SIZE, 3), dtype=np.uint8)).save(path)
    return root


def network() -> keras.Model:
    """Says light where the mean of the pixels is above half of 255."""
    x = keras.Input((SIZE, SIZE, 3))
    conv, dense = layers.Conv2D(8, 3, activation="relu"), layers.Dense(1, "sigmoid")
    y = dense(layers.GlobalAveragePooling2D()(conv(layers.Rescaling(1 / 255)(x))))
    conv.set_weights([np.full((3, 3, 3, 8), 1 / 27, np.float32), np.full(8, 2.0, np.float32)])
    dense.set_weights([np.full((8, 1), 1.0, np.float32), np.full(1, -20.0, np.float32)])
    return keras.Model(x, y)


def network_of_0_to_1() -> keras.Model:
    """Says light where the mean lies between 0.6 and 1.2, as that of light images does with pixels of 0 to 1 alone."""
    x = keras.Input((SIZE, SIZE, 3))
    conv, dense = layers.Conv2D(2, 3, activation="relu"), layers.Dense(1, "sigmoid")
    y = dense(layers.GlobalAveragePooling2D()(conv(x)))
    conv.set_weights([np.full((3, 3, 3, 2), 1 / 27, np.float32), np.array([-0.5, -1.0], np.float32)])
    dense.set_weights([np.array([[100.0], [-300.0]], np.float32), np.full(1, -8.0, np.float32)])
    return keras.Model(x, y)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    root = write_images(tmp_path / "images")
    run = RunStore().create(make_config(str(root), {"data.image_size": SIZE}))
    images = [{"path": f"{p.parent.name}/{p.name}", "label": p.parent.name} for p in sorted(root.glob("*/*.png"))]
    record = {"root": str(root), "classes": ["dark", "Light"], "train": images[::2], "val": images[1::2]}
    files.write_json(run.path / "manifest.json", record)
    network().save(run.path / "model.keras")
    return run


def test_each_smaller_export_is_measured_on_the_validation_images(run: Run, tmp_path: Path) -> None:
    from ai_edge_litert.interpreter import Interpreter

    sizes = {}
    for kind in ("litert-float16", "litert-int8"):
        path = tmp_path / "m.tflite"
        facts = convert(run, kind, path, lambda words, share: None)["small"]
        assert (facts["images"], facts["own_accuracy"], facts["accuracy"], facts["loses"]) == (20, 1.0, 1.0, False)
        assert facts["auc"] == 1.0
        assert 0 < facts["worst_change"] < (0.001 if kind == "litert-float16" else 0.1)
        assert facts["calibration"] == (20 if kind == "litert-int8" else 0)
        assert facts["milliseconds"] > 0
        types = {detail["dtype"] for detail in Interpreter(str(path)).get_tensor_details()}
        assert (np.int8 in types) == (kind == "litert-int8")
        sizes[kind] = facts["bytes"]
        with zipfile.ZipFile(path) as archive:
            assert json.loads(archive.read("parity.json"))["measured"]["accuracy"] == 1.0
        assert [file.name for file in tmp_path.glob("*.tflite")] == ["m.tflite"]
        path.unlink()


def test_without_the_images_no_smaller_export_is_made(run: Run, tmp_path: Path) -> None:
    record = files.read_json(run.path / "manifest.json")
    for part, words in (("train", "has no training images"), ("val", "has no validation images")):
        files.write_json(run.path / "manifest.json", {**record, part: []})
        with pytest.raises(RunError, match=f"{words} in .*bring them back, or take the format litert"):
            convert(run, "litert-int8", tmp_path / "m.tflite", lambda words, share: None)


def test_labelled_images_tell_the_scale_and_give_an_opened_model_its_figures(run: Run, tmp_path: Path) -> None:
    images = labelled_images(run.data().root, ["DARK", "light"]).some(24)
    pixels = np.stack([np.asarray(Image.open(images.root / file.path)) for file in images.files])
    assert np.bincount(images.labels).tolist() == [12, 12]
    network_of_0_to_1().save(tmp_path / "other.keras")
    found = {name: np.array(rows) for name, rows in answers(tmp_path / "other.keras", pixels, "either").items()}
    scales = find_scale(np.array(images.labels), found, ["dark", "light"])
    assert scales.chosen == "0..1"
    assert {row["scale"]: row["told_apart"] for row in scales.rows}["0..255"]
    with pytest.raises(ModelError, match='have the class "Light", and the model\'s are a, b'):
        labelled_images(run.data().root, ["a", "b"])

    imported = RunStore().create(make_config("(a model from elsewhere)", {"data.image_size": SIZE}))
    record = {"root": "", "classes": ["dark", "light"], "train": [], "val": [], "imported": {"outputs": 1}}
    files.write_json(imported.path / "manifest.json", record)
    network().save(imported.path / "model.keras")
    assert evaluate_on(imported, run.data().root) == {"images": 40}
    stored, figures = stored_predictions(imported, "val"), imported.figures("val")
    assert stored is not None
    assert figures is not None
    assert (len(stored.labels), figures.accuracy, imported.data().root) == (40, 1.0, run.data().root)
    assert imported.data().imported == {"outputs": 1}
