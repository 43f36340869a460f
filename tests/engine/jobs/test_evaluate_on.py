"""A model from elsewhere evaluated on a dataset that lacks something: what is missing is told beside the figures."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from core import files
from core.cli import evaluate as command
from core.config import make_config
from core.engine.jobs.evaluate_on import evaluate_on
from core.export.card import model_card
from core.store.runs import Run, RunStore
from tests.cli.test_command_line import main

SIZE, CLASSES = 16, ["dark", "light", "grey"]


def write_images(root: Path, each: int = 5) -> Path:
    for k, name in enumerate(CLASSES):
        (root / name).mkdir(parents=True)
        for i in range(each):
            pixels = np.full((SIZE, SIZE, 3), (10, 240, 120)[k] + i, np.uint8)
            Image.fromarray(pixels).save(root / name / f"{i}.png")
    return root


@pytest.fixture
def imported() -> Run:
    """A model that answers by how bright an image is."""
    run = RunStore().create(make_config("(a model from elsewhere)", {"data.image_size": SIZE}))
    record = {"root": "", "classes": CLASSES, "train": [], "val": [], "imported": {"outputs": 3}}
    files.write_json(run.path / "manifest.json", record)
    x = keras.Input((SIZE, SIZE, 3))
    dense = keras.layers.Dense(3, "softmax")
    y = dense(keras.layers.GlobalAveragePooling2D()(x))
    dense.set_weights([np.tile([[-0.1, 0.1, 0.0]], (3, 1)), np.array([21.0, -51.0, 0.0])])
    keras.Model(x, y).save(run.path / "model.keras")
    return run


def test_damaged_images_and_a_class_without_images_are_told(
    imported: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "evaluate_on", evaluate_on)  # in this process
    root = write_images(tmp_path / "set")
    assert main("evaluate", imported.id, "--on", root, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["count"], told["unreadable"], told["caveats"]) == (15, 0, [])
    assert imported.data().imported == {"outputs": 3}

    (root / "dark" / "0.png").write_bytes(b"")
    (root / "light" / "3.png").write_bytes((root / "light" / "3.png").read_bytes()[:60])
    for path in (root / "grey").iterdir():
        path.unlink()
    assert main("evaluate", imported.id, "--on", root, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["count"], told["accuracy"], told["unreadable"]) == (8, 1.0, 2)
    assert sorted(told["unreadable_files"]) == ["dark/0.png", "light/3.png"]
    assert told["caveats"] == ["incomplete: no image of grey"]

    assert main("evaluate", imported.id) == 0
    said = capsys.readouterr().out
    assert "2 images cannot be read and are left out: dark/0.png, light/3.png\n" in said
    assert "no image is of the class grey: the figures say nothing of it\n" in said
    assert "incomplete: no image of grey" in model_card(imported)


def test_test_images_of_an_imported_model_are_refused_before_it_is_asked(
    imported: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "evaluate_on", lambda run, on: pytest.fail("it was asked"))
    assert main("evaluate", imported.id, "--on", tmp_path, "--part", "test") == 1
    assert "has no test images" in capsys.readouterr().err
