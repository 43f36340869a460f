"""Faults planted one at a time, and what names each: pre-flight, the reading of a script, or comparing two runs.

What the settings cannot express (live batch normalisation, softmax on one unit) is planted in a script, what lies in
the images in the data. The bisect's own cases, which train, are in tests/engine/jobs/test_bisect.py.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from core.checks.preflight import preflight
from core.compare.compare import compare
from core.config import make_config
from core.data.dataset import open_dataset
from core.script.importing import import_script

SCRIPT = (Path(__file__).parent / "script" / "scripts" / "healthy.txt").read_text(encoding="utf-8")


def checked(folder: Path, settings: dict[str, Any]) -> list[str]:
    """Ids of the pre-flight findings."""
    config = make_config(str(folder), {"data.image_size": 40, "data.batch_size": 16, **settings})
    return [finding.id for finding in preflight(config, open_dataset(str(folder), config.data))]


def drop_class(folder: Path) -> None:
    """Class b is missing in validation: a loader of each folder by itself would call c what training calls b."""
    shutil.rmtree(folder / "val" / "b")


def copy_into_other_class(folder: Path) -> None:
    shutil.copy(folder / "train" / "a" / "000.png", folder / "train" / "b" / "twin.png")


def copy_into_validation(folder: Path) -> None:
    shutil.copy(folder / "train" / "a" / "000.png", folder / "val" / "a" / "twin.png")


def turn_by_exif(folder: Path) -> None:
    for path in sorted((folder / "train" / "a").iterdir())[:5]:
        exif = Image.Exif()
        exif[0x0112] = 6
        with Image.open(path) as image:
            image.convert("RGB").save(path.with_suffix(".jpg"), exif=exif)
        path.unlink()


SETTINGS: list[tuple[str, dict[str, Any], str]] = [
    ("class order", {"data.shuffle": "none"}, "class-ordered-batches"),
    ("neighbours stay together", {"data.shuffle": "batches"}, "single-class-batches"),
    ("learning rate x 1000", {"training.learning_rate": 1.0}, "lr-out-of-range"),
    (
        "unfrozen base at the question's rate",
        {"training.mode": "end_to_end", "training.unfreeze_from": "all", "training.learning_rate": 7e-4},
        "base-not-frozen",
    ),
    (
        "one frozen augmentation draw",
        {"data.augmentation": "question", "data.augmentation_draws": 1},
        "bottleneck-one-draw",
    ),
    ("wrong preprocessing", {"data.preprocessing": "rescale"}, "wrong-preprocess-for-backbone"),
    ("dropped tail", {"data.drop_remainder": True, "data.shuffle": "none"}, "partial-batch-dropped"),
    (
        "rescaled before a network that rescales",
        {"data.preprocessing": "rescale", "model.backbone": "EfficientNetB0"},
        "double-rescale",
    ),
    ("random backbone weights", {"model.weights": "none"}, "weights-not-loaded"),
]  # fmt: skip


def test_preflight_names_each_fault_in_the_settings(image_folder: Any) -> None:
    folder = image_folder(train=(50, 50), val=(50, 50))
    healthy = checked(folder, {})
    assert [fault for fault, _, finding in SETTINGS if finding in healthy] == []
    assert [fault for fault, settings, finding in SETTINGS if finding not in checked(folder, settings)] == []


DATA: list[tuple[str, Callable[[Path], None], str]] = [
    ("class index shift", drop_class, "class-index-mismatch"),
    ("one image in two classes", copy_into_other_class, "conflicting-labels"),
    ("leak", copy_into_validation, "leak-exact-duplicate"),
    ("turned images", turn_by_exif, "exif-orientation"),
]


def test_preflight_names_each_fault_in_the_data(image_folder: Any) -> None:
    sizes = {"train": (20, 20, 20), "val": (20, 20, 20)}
    healthy = checked(image_folder(**sizes), {})
    assert [fault for fault, _, finding in DATA if finding in healthy] == []
    unnamed = []
    for number, (fault, plant, finding) in enumerate(DATA):
        plant(planted := image_folder(f"planted {number}", **sizes))
        unnamed += [] if finding in checked(planted, {}) else [fault]
    assert unnamed == []


SCRIPTS = [
    ("softmax on one unit", [('"sigmoid"', '"softmax"')], "softmax-one-unit"),
    (
        "live batch normalisation",
        [("VGG16(", "ResNet50("), ("base.trainable = False", "base.trainable = True")],
        "keras3-training-false-ignored",
    ),
    (
        "double rescale",
        [("x = preprocess_input(inputs)", "x = layers.Rescaling(1/255)(inputs)"), ("VGG16(", "EfficientNetB0(")],
        "double-rescale",
    ),
    ("metrics in third place", [("loss=", ""), ("metrics=", ""), ("optimizer=", "")], "compile-positional-metrics"),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "edits", "finding"), SCRIPTS, ids=[row[0] for row in SCRIPTS])
def test_the_reading_of_a_script_names_a_fault_in_it(fault: str, edits: list[tuple[str, str]], finding: str) -> None:
    text = SCRIPT
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    assert finding in [found["id"] for found in import_script(text)["findings"]], fault


@pytest.mark.slow
def test_comparison_names_label_noise(image_folder: Any, thin_here: None, train_here: Any) -> None:
    settings = {"data.image_size": 32, "data.batch_size": 8, "training.epochs": 1}
    clean = image_folder("clean", train=(16, 16), val=(6, 6))
    noisy = image_folder("noisy", train=(16, 16), val=(6, 6))
    for k in range(4):
        one, other = (noisy / "train" / label / f"{k:03}.png" for label in "ab")
        keep = one.read_bytes()
        one.write_bytes(other.read_bytes())
        other.write_bytes(keep)
    answer = compare(train_here(clean, settings), train_here(noisy, settings))
    assert [row["key"] for row in answer["differences"]["config"] if row["key"] != "dataset"] == []
    assert answer["differences"]["data"], "the same images under other labels are another dataset"
    assert answer["first_divergence"] is not None
    assert answer["first_divergence"]["stage"] in ("files", "labels and order", "decoded pixels")
