"""A split of our own: used when it is there, told so, and forgotten on request."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from core.config import DataConfig
from core.data.dataset import open_dataset, scan_dataset
from core.data.dataset_index import DatasetIndex
from core.data.split_file import read_split, remove_split, write_split

Make = Callable[[Iterable[str]], Path]
NAMES = [f"{split}/{name}/{n}.png" for split in ("train", "val") for name in ("cats", "dogs") for n in range(4)]


@pytest.fixture
def index(make: Make) -> DatasetIndex:
    return scan_dataset(str(make(NAMES)))


def crossed(index: DatasetIndex) -> dict[str, tuple]:
    """Training and validation exchanged."""
    return {part: tuple(f for f in index.files if f.split != part) for part in ("train", "val")}


def test_it_is_used_by_whoever_opens_the_data_set_and_told_in_the_manifest(index: DatasetIndex) -> None:
    path = write_split(index.root, crossed(index), {"share": 0.5, "seed": 3})
    data = open_dataset(str(index.root), DataConfig(validation_split=0.1))
    assert {f.split for f in data.split.train} == {"val"}
    assert {f.split for f in data.split.val} == {"train"}
    assert [f.path for f in data.split.train] == sorted(f.path for f in data.split.train)
    kept = data.manifest()["split_file"]
    assert (kept["file"], kept["counts"], kept["unknown"]) == (str(path), {"train": 8, "val": 8, "test": 0}, 0)
    assert (kept["share"], kept["seed"]) == (0.5, 3)
    assert remove_split(index.root)
    assert {f.split for f in open_dataset(str(index.root), DataConfig()).split.train} == {"train"}
    assert not remove_split(index.root)


def test_images_that_came_later_go_by_their_folder_and_are_counted(index: DatasetIndex) -> None:
    write_split(index.root, crossed(index), {})
    (index.root / "val/cats/new.png").write_bytes((index.root / "val/cats/0.png").read_bytes())
    (index.root / "train/dogs/1.png").write_bytes((index.root / "val/cats/0.png").read_bytes())
    data = open_dataset(str(index.root), DataConfig())
    part_of = {f.path: part for part in ("train", "val") for f in getattr(data.split, part)}
    assert (part_of["val/cats/new.png"], part_of["train/dogs/1.png"], part_of["val/cats/0.png"]) == (
        "val", "train", "train",
    )  # fmt: skip
    assert data.split_file is not None
    assert data.split_file.sentence(data.index) == (
        "The images are split by a split file (.parity-split.json), not by their folders. 2 new or changed images are "
        "not in it; split again to include them."
    )


def test_class_folders_with_a_split_file_need_no_share(make: Make) -> None:
    index = scan_dataset(str(make([f"{name}/{n}.png" for name in ("cats", "dogs") for n in range(4)])))
    val = tuple(f for f in index.files if f.path.endswith("/0.png"))
    write_split(index.root, {"train": tuple(f for f in index.files if f not in val), "val": val}, {})
    data = open_dataset(str(index.root), DataConfig(validation_split=0.5))
    assert [f.path for f in data.split.val] == ["cats/0.png", "dogs/0.png"]


@pytest.mark.parametrize(
    "content",
    ["", "[]", '{"version": 9}', '{"version": 1, "parts": 1}', '{"version": 1, "parts": {"train": [1], "val": 2}}'],
)
def test_a_damaged_file_is_as_good_as_none(index: DatasetIndex, content: str) -> None:
    (index.root / ".parity-split.json").write_text(content)
    assert read_split(index.root) is None
    assert len(open_dataset(str(index.root), DataConfig()).split.train) == 8


def test_settings_from_elsewhere_are_plain_or_nothing(index: DatasetIndex) -> None:
    path = write_split(index.root, crossed(index), {})
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, "settings": {"share": [1], "file": "/etc/passwd", "seed": 2}}))
    split = read_split(index.root)
    assert split is not None
    assert split.settings == {"seed": 2}
