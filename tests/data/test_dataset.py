"""A dataset as the engine sees it: found, scanned, split, and written down."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from core import paths
from core.config import DataConfig
from core.data import dataset
from core.data.dataset import locate, open_dataset, scan_dataset
from core.data.layout_choice import Choice, remember_choice
from core.errors import DataError, LayoutQuestion

Make = Callable[[Iterable[str]], Path]

CLASSES = [f"{label}/{n}.png" for label in ("cats", "dogs") for n in range(5)]
SPLITS = [f"{split}/{label}/{n}.png" for split in ("train", "val") for label in ("cats", "dogs") for n in range(2)]


def test_a_reference_is_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert locate("~/x") == tmp_path / "x"
    assert locate("some/folder") == Path("some/folder")


def test_the_folder_of_a_person_who_is_not_there_is_missing(home: Path) -> None:
    with pytest.raises(DataError, match=r"^There is no folder “~nobody-of-this-name/x”; check the path"):
        scan_dataset("~nobody-of-this-name/x")


def test_the_word_sample_is_the_built_in_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[tuple[Path, Any]] = []

    def draw(root: Path, progress: Any) -> Path:
        asked.append((root, progress))
        return tmp_path

    def progress(done: int, total: int) -> None: ...

    monkeypatch.setattr(dataset, "ensure_sample", draw)

    assert locate("sample", progress) == tmp_path
    assert asked == [(paths.samples_folder(), progress)]


def test_a_scan_is_kept_in_the_cache(make: Make) -> None:
    folder = make(CLASSES)
    seen: list[tuple[int, int]] = []
    first = scan_dataset(str(folder), lambda *now: seen.append(now))
    assert (seen[0], seen[-1]) == ((0, 10), (10, 10))
    assert len(list((paths.cache_folder() / "scan").iterdir())) == 1
    seen.clear()
    assert scan_dataset(str(folder), lambda *now: seen.append(now)) == first
    assert seen == [(10, 10)]


def test_class_folders_are_split_by_the_configuration(make: Make) -> None:
    folder = make(CLASSES)
    data = open_dataset(str(folder), DataConfig(validation_split=0.4, seed=3))
    assert data.root == folder
    assert data.classes == ("cats", "dogs")
    assert [file.label for file in data.split.val] == ["cats"] * 2 + ["dogs"] * 2
    assert open_dataset(str(folder), DataConfig(validation_split=0.4, seed=3)).split == data.split
    assert open_dataset(str(folder), DataConfig(validation_split=0.4, seed=4)).split != data.split


def test_folders_that_are_split_on_disk_stay_so(make: Make) -> None:
    data = open_dataset(str(make(SPLITS)), DataConfig(validation_split=0.9))
    assert [file.path for file in data.split.train] == SPLITS[:4]
    assert [file.path for file in data.split.val] == SPLITS[4:]


def test_what_cannot_be_trained_on_is_refused(make: Make) -> None:
    folder = str(make([*SPLITS, "val/birds/1.png"]))
    with pytest.raises(DataError, match=r"^The validation images have classes without training images: birds; "):
        open_dataset(folder, DataConfig())


def test_parts_without_a_class_in_common_are_told_to_be_named_alike(make: Make) -> None:
    train = ["train/cats/1.png", "train/cats/2.png", "train/dogs/1.png", "train/dogs/2.png"]
    said = (
        "The validation images have classes without training images: 0, 1. Those of train/ are cats, dogs: the two "
        "parts have no class in common, so no validation image has a class that is trained on; give the folders of "
        "one class the same name in both."
    )
    with pytest.raises(DataError) as error:
        open_dataset(str(make([*train, "val/0/1.png", "val/1/2.png"])), DataConfig())
    assert str(error.value) == said


def test_a_label_is_the_index_of_its_class(make: Make) -> None:
    data = open_dataset(str(make(SPLITS)), DataConfig())
    assert data.labels(data.split.train).tolist() == [0, 0, 1, 1]
    assert data.labels(data.split.train[::-1]).tolist() == [1, 1, 0, 0]
    assert (data.labels([]).shape, str(data.labels([]).dtype)) == ((0,), "int64")


def test_the_manifest_lists_every_file_with_its_hash(make: Make) -> None:
    folder = make([*SPLITS, "test/cats/1.png", "test/dogs/2.png"])
    data = open_dataset(str(folder), DataConfig())
    manifest = json.loads(json.dumps(data.manifest()))
    assert (manifest["root"], manifest["classes"]) == (str(folder), ["cats", "dogs"])
    assert manifest["test_as_validation"] is False
    assert {part: len(manifest[part]) for part in ("train", "val", "test")} == {"train": 4, "val": 4, "test": 2}
    first = manifest["train"][0]
    assert (first["path"], first["label"], first["sha256"]) == (SPLITS[0], "cats", data.split.train[0].sha256)


def test_the_manifest_says_when_the_test_images_validate(make: Make) -> None:
    folder = make([name.replace("val/", "test/") for name in SPLITS])
    manifest = open_dataset(str(folder), DataConfig()).manifest()
    assert manifest["test_as_validation"] is True
    assert (len(manifest["val"]), manifest["test"]) == (4, [])


def test_a_run_that_goes_on_reads_the_folders_as_it_has_begun(tmp_path: Path, home: Path) -> None:
    """Whatever is remembered by now, and where nothing is, as on another machine."""
    folder = tmp_path / "sites"
    for k, path in enumerate(f"{site}/{label}/{n}.png" for site in "AB" for label in ("cat", "dog") for n in range(4)):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), (k * 9, 0, 0)).save(folder / path)
    reference = str(folder)
    with pytest.raises(LayoutQuestion):
        open_dataset(reference, DataConfig())
    inner = open_dataset(reference, DataConfig(), layout="inner")
    assert (inner.classes, inner.manifest()["layout"]) == (("cat", "dog"), "inner")
    remember_choice(folder.resolve(), Choice("classes"))
    assert open_dataset(reference, DataConfig()).classes == ("A", "B")
    assert open_dataset(reference, DataConfig(), layout="inner").manifest() == inner.manifest()
    assert open_dataset(reference, DataConfig(), layout="a table").classes == ("A", "B")
