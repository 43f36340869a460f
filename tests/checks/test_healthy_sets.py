"""Healthy datasets of seven kinds have no finding above info that is false, and planted faults are named."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits, load_sample_images

from core.checks.preflight import preflight
from core.config import make_config
from core.data.dataset import open_dataset
from tests.checks import planted

FEW = {"val-too-small", "too-few-updates"}
"""True of sets as small as those here, which are looked at within the seconds that a test has."""


def above_info(folder: Path) -> set[str]:
    config = make_config(str(folder), {})
    found = preflight(config, open_dataset(str(folder), config.data))
    return {finding.id for finding in found if finding.severity != "info"} - FEW


def keep(images: list[Image.Image], root: Path, label: str, held_out: int) -> None:
    """Images of a class, in random order, the last ones in validation; names that tell nothing."""
    order = np.random.default_rng(len(label)).permutation(len(images))
    for k, place in enumerate(order):
        folder = root / ("val" if k >= len(images) - held_out else "train") / label
        folder.mkdir(parents=True, exist_ok=True)
        images[place].save(folder / f"{k * 7919 % 10007:05}.png")


def photographs(root: Path) -> None:
    """Colour photographs: pieces of the two that come with scikit-learn, none over another."""
    for label, photograph in zip(("china", "flower"), load_sample_images().images, strict=True):
        pieces = [photograph[y : y + 80, x : x + 80] for y in range(0, 400, 80) for x in range(0, 640, 80)]
        keep([Image.fromarray(piece) for piece in pieces], root, label, 12)


def digits(root: Path) -> None:
    """Grey images of ten classes, by hand and by many: scikit-learn's digits."""
    data = load_digits()
    for label in range(10):
        rows = np.flatnonzero(data.target == label)[:18]
        grey = (data.images[rows] * 15.9).astype(np.uint8)
        keep([Image.fromarray(one).resize((64, 64), Image.Resampling.BICUBIC) for one in grey], root, str(label), 6)


def imbalanced(root: Path) -> None:
    planted.drawn(root, 2, {"train": 40, "val": 20})
    for part, kept in (("train", 6), ("val", 4)):
        for path in sorted((root / part / "class1").iterdir())[kept:]:
            path.unlink()


def mixed_sizes(root: Path) -> None:
    planted.drawn(root, 2, {"train": 24, "val": 12})
    rng = np.random.default_rng(3)
    for path in sorted(root.rglob("*.jpg")):
        with Image.open(path) as image:
            size = rng.integers(90, 420, 2).tolist()
            image.resize(size, Image.Resampling.BICUBIC).save(path, quality=int(rng.integers(60, 97)))


SETS: dict[str, tuple[Callable[[Path], object], set[str]]] = {
    "colour photographs": (photographs, set()),
    "grey, ten classes": (digits, set()),
    "drawn, ten classes": (lambda root: planted.drawn(root, 10, {"train": 8, "val": 4}), set()),
    "imbalanced": (imbalanced, {"class-imbalance-baseline", "few-of-a-class"}),
    "tiny": (lambda root: planted.drawn(root, 2, {"train": 12, "val": 6}), set()),
    "mixed sizes": (mixed_sizes, set()),
    "grey phantoms": (lambda root: planted.phantoms(root, {"train": 24, "val": 12}), set()),
}


@pytest.mark.parametrize("kind", SETS)
def test_a_healthy_set_has_no_finding_above_info_that_is_false(tmp_path, kind):
    make, true = SETS[kind]
    make(tmp_path)
    assert above_info(tmp_path) == true


def test_faults_that_are_planted_are_all_named(tmp_path):
    """Copies of each kind, one file in two classes, blank images and a damaged file."""
    mixed_sizes(tmp_path)
    train, val = tmp_path / "train" / "class0", tmp_path / "val" / "class0"
    files = sorted(train.iterdir())
    shutil.copy(files[0], val / "90001.jpg")
    shutil.copy(files[1], tmp_path / "train" / "class1" / "90002.jpg")
    with Image.open(files[2]) as image:
        image.resize((image.width * 3 // 4, image.height * 3 // 4)).save(val / "90003.jpg")
    for k in range(3, 9):
        with Image.open(files[k]) as image:
            image.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(val / f"9001{k}.jpg", quality=92)
    for k in range(4):
        Image.new("RGB", (100 + k, 90), (20 * k, 9, 60)).save(train / f"9002{k}.jpg")
    (train / "90030.jpg").write_bytes(files[9].read_bytes()[:300])
    planted_faults = {
        "leak-exact-duplicate",
        "conflicting-labels",
        "leak-near-duplicate",
        "blank-images",
        "corrupt-image",
    }  # altered copies below those that are nearly the same
    assert above_info(tmp_path) == planted_faults


def test_groups_in_names_and_a_darker_validation_are_named(tmp_path):
    planted.scenes(tmp_path, lambda scene, n: f"street{scene}_{n * 37 % 100:03}.jpg", count=5)
    assert above_info(tmp_path) == {"leak-group"}
    planted.edit_files((tmp_path / "val").rglob("*.jpg"), planted.brighter(0.35))
    assert above_info(tmp_path) == {"leak-group", "parts-differ"}
