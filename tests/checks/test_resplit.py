"""A new split repairs leaks: afterwards the checks for leaks are silent."""

import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.checks.preflight import preflight
from core.checks.resplit import resplit
from core.config import make_config
from core.data.corrections import change_labels
from core.data.dataset import open_dataset, scan_dataset
from core.errors import ConfigError, DataError
from tests.data.groups import group_name

LEAKS = {"leak-exact-duplicate", "leak-near-duplicate", "leak-patient"}


def draw_image(seed: int) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (20, 20, 3), np.uint8)
    return Image.fromarray(pixels).resize((96, 96), Image.Resampling.BICUBIC)


@pytest.fixture
def leaky(tmp_path: Path) -> Path:
    """Forty patients with an image in each part, ten copies, and ten images saved again smaller."""
    for number in range(60):
        label = "NORMAL" if number % 3 else "PNEUMONIA"
        for part, again in (("train", 0), ("val", 1)):
            folder = tmp_path / "set" / part / label
            folder.mkdir(parents=True, exist_ok=True)
            other = number >= 40
            name = f"{number}x{again}.png" if other else f"person{number}_{again}.png"
            image = draw_image(number) if other else draw_image(1000 * again + number)
            if number >= 50 and again:
                image = image.resize((70, 70))
            image.save(folder / name)
    return tmp_path / "set"


def leaks(folder: Path) -> set[str]:
    config = make_config(str(folder), {})
    return {finding.id for finding in preflight(config, open_dataset(str(folder), config.data))} & LEAKS


def test_the_checks_for_leaks_are_silent_afterwards(leaky: Path) -> None:
    assert leaks(leaky) == LEAKS
    made = resplit(scan_dataset(str(leaky)), 0.25, 1)
    assert leaks(leaky) == set()
    assert (made.groups, made.grouped) == (60, 120)
    data = open_dataset(str(leaky), make_config(str(leaky), {}).data)
    assert len(data.split.train) + len(data.split.val) == 120
    train, val = ({group_name(f) for f in part} - {""} for part in (data.split.train, data.split.val))
    assert not train & val
    shares = {part: Counter(f.label for f in files) for part, files in made.parts.items()}
    assert shares == {"train": {"NORMAL": 60, "PNEUMONIA": 30}, "val": {"NORMAL": 20, "PNEUMONIA": 10}}


def test_the_same_seed_divides_in_the_same_way(leaky: Path) -> None:
    index = scan_dataset(str(leaky))
    first, again, other = (resplit(index, 0.25, seed).parts["val"] for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_a_test_part_is_about_as_large_as_on_disk_and_apart(leaky: Path) -> None:
    (leaky / "val").rename(leaky / "test")
    (leaky / "val" / "NORMAL").mkdir(parents=True)
    (leaky / "val" / "PNEUMONIA").mkdir()
    for label in ("NORMAL", "PNEUMONIA"):
        for path in sorted((leaky / "test" / label).iterdir())[:2]:
            path.rename(leaky / "val" / label / path.name)
    made = resplit(scan_dataset(str(leaky)), 0.2, 1)
    assert {part: len(files) for part, files in made.parts.items()} == {"train": 42, "val": 24, "test": 54}
    assert leaks(leaky) == set()
    names = [{group_name(f) for f in files} - {""} for files in made.parts.values()]
    assert not (names[0] & names[1] | names[0] & names[2] | names[1] & names[2])


def test_corrected_labels_are_what_is_divided_by(leaky: Path) -> None:
    index = scan_dataset(str(leaky))
    change_labels(index, {f.path: "" for f in index.files if f.label == "NORMAL" and "person" in f.path})
    made = resplit(index, 0.25, 1)
    assert sum(map(len, made.parts.values())) == 120 - 52


def test_what_cannot_be_divided_is_refused(leaky: Path) -> None:
    with pytest.raises(DataError, match=r"^The validation part would be empty: too many images belong together"):
        resplit(scan_dataset(str(leaky)), 0.25, 1, "(png)")
    with pytest.raises(ConfigError, match=r"^data\.group_pattern is not a regular expression"):
        resplit(scan_dataset(str(leaky)), 0.25, 1, "(")
    assert not (leaky / ".parity-split.json").exists()


@pytest.mark.slow
def test_on_the_chest_xrays_the_checks_for_leaks_are_silent_afterwards(
    test_data: Path, xrays_cache: Path, monkeypatch, home
) -> None:
    from core.data import sidecar

    shutil.copytree(xrays_cache, home / "cache")
    root = test_data / "data" / "chest_xray"
    monkeypatch.setattr(sidecar, "_paths", lambda root, name: (home / f"beside-{name}", home / name))
    index = scan_dataset(str(root))
    config = make_config(str(root), {})
    before = {finding.id for finding in preflight(config, open_dataset(str(root), config.data))}
    assert before & LEAKS == {"leak-exact-duplicate", "leak-patient"}
    made = resplit(index, 0.2, 1)
    assert leaks(root) == set()
    counts = made.counts()
    for label, number in counts["val"].items():
        assert number / (number + counts["train"][label]) == pytest.approx(0.2, abs=0.001)
