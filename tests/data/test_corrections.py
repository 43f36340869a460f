"""Labels put right and images taken out: respected everywhere, undone, and never a harm to the images."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from core import files, paths
from core.config import DataConfig
from core.data import sidecar
from core.data.corrections import EXCLUDED, change_labels, correct, undo_labels
from core.data.dataset import open_dataset, scan_dataset
from core.data.dataset_index import DatasetIndex
from core.errors import DataError

Make = Callable[[Iterable[str]], Path]
NAMES = [f"{split}/{name}" for split in ("train", "val") for name in ("cats/1.png", "cats/2.png", "dogs/1.png")]
NAMES += ["train/cats/3.png", "train/cats/4.png", "train/dogs/2.png"]


@pytest.fixture
def index(make: Make) -> DatasetIndex:
    return scan_dataset(str(make(NAMES)))


def test_without_a_list_nothing_changes(index: DatasetIndex) -> None:
    same, applied = correct(index)
    assert same is index
    assert (applied.path, applied.sentence(), applied.steps) == (None, "", 0)


def test_labels_and_exclusions_are_respected_by_whoever_opens_the_data_set(index: DatasetIndex) -> None:
    before = {path: path.read_bytes() for path in index.root.rglob("*.png")}
    path = change_labels(index, {"train/cats/1.png": "dogs", "train/cats/2.png": EXCLUDED})
    assert path == index.root / ".parity-labels.json"
    data = open_dataset(str(index.root), DataConfig())
    assert [(f.path, f.label) for f in data.split.train] == [
        ("train/cats/3.png", "cats"),
        ("train/cats/4.png", "cats"),
        ("train/cats/1.png", "dogs"),
        ("train/dogs/1.png", "dogs"),
        ("train/dogs/2.png", "dogs"),
    ]
    assert data.manifest()["corrections"] == {
        "file": str(path),
        "excluded": ["train/cats/2.png"],
        "relabelled": [{"file": "train/cats/1.png", "from": "cats", "to": "dogs"}],
        "stale": 0,
    }
    assert data.corrections.sentence() == ("List of corrections: 1 image left out, 1 image with a changed class.")
    assert {path: path.read_bytes() for path in index.root.rglob("*.png")} == before
    assert scan_dataset(str(index.root)) == index


def test_the_last_change_of_an_image_counts_and_its_own_class_restores_it(index: DatasetIndex) -> None:
    change_labels(index, {"val/cats/1.png": EXCLUDED, "val/cats/2.png": EXCLUDED})
    change_labels(index, {"val/cats/1.png": "cats", "val/cats/2.png": "dogs"})
    corrected, applied = correct(index)
    assert len(corrected.files) == len(index.files)
    assert [(f.path, label) for f, label in applied.relabelled] == [("val/cats/2.png", "dogs")]
    assert applied.excluded == ()


def test_undo_takes_one_step_back_after_the_other(index: DatasetIndex) -> None:
    change_labels(index, {"train/cats/1.png": EXCLUDED, "train/cats/2.png": EXCLUDED})
    change_labels(index, {"train/dogs/1.png": "cats"})
    assert (undo_labels(index.root), [f.path for f in correct(index)[1].excluded]) == (
        1,
        ["train/cats/1.png", "train/cats/2.png"],
    )
    assert undo_labels(index.root) == 2
    assert not (index.root / ".parity-labels.json").exists()
    assert (correct(index)[0], undo_labels(index.root)) == (index, 0)


def test_a_replaced_file_is_another_image(index: DatasetIndex) -> None:
    change_labels(index, {"train/cats/1.png": EXCLUDED})
    (index.root / "train/cats/1.png").write_bytes((index.root / "train/dogs/1.png").read_bytes())
    fresh = scan_dataset(str(index.root))
    corrected, applied = correct(fresh)
    assert len(corrected.files) == len(fresh.files)
    assert applied.stale == 1
    assert "1 image on the list but missing or changed since" in applied.sentence()


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ({"train/cats/9.png": "dogs"}, r"^There is no readable image train/cats/9\.png in "),
        ({"../../etc/passwd": EXCLUDED}, r"^There is no readable image \.\./"),
        ({"train/cats/1.png": "birds"}, r"^There is no class birds; the classes are cats, dogs\.$"),
    ],
)
def test_what_is_not_there_is_refused_and_nothing_is_written(index, labels, words) -> None:
    with pytest.raises(DataError, match=words):
        change_labels(index, labels)
    assert not (index.root / ".parity-labels.json").exists()


@pytest.mark.parametrize(
    "content",
    [
        "", "[]", "{", '{"version": 2, "steps": [[{"path": "a"}]]}', '{"version": 1, "steps": 5}',
        '{"version": 1, "steps": [1, [2, {"path": "train/cats/1.png"}], [{"path": 1, "sha256": 2, "label": 3}]]}',
    ],
)  # fmt: skip
def test_a_damaged_or_hostile_list_changes_nothing(index: DatasetIndex, content: str) -> None:
    (index.root / ".parity-labels.json").write_text(content)
    assert correct(index)[0].files == index.files


def test_an_unknown_class_in_a_list_from_elsewhere_is_left_alone(index: DatasetIndex) -> None:
    entry = {"path": index.files[0].path, "sha256": index.files[0].sha256, "label": "birds"}
    record = {"version": 1, "steps": [[entry]]}
    (index.root / ".parity-labels.json").write_text(json.dumps(record))
    corrected, applied = correct(index)
    assert (corrected.files, applied.stale) == (index.files, 1)


def test_a_folder_that_cannot_be_written_has_its_list_in_the_home(index: DatasetIndex, monkeypatch) -> None:
    real = files.write_json

    def read_only(path: Path, record: object) -> None:
        if path.parent == index.root:
            raise PermissionError(13, "Permission denied")
        real(path, record)

    monkeypatch.setattr(files, "write_json", read_only)
    path = change_labels(index, {"train/cats/1.png": EXCLUDED})
    assert path.is_relative_to(paths.home() / "datasets")
    assert len(correct(index)[0].files) == len(index.files) - 1
    assert undo_labels(index.root) == 1
    assert correct(index)[0] == index


def test_what_lies_beside_the_images_counts_before_what_lies_in_the_home(index: DatasetIndex) -> None:
    at_home = sidecar._paths(index.root, "labels")[1]
    files.write_json(at_home, {"version": 1, "steps": []})
    change_labels(index, {"train/cats/1.png": EXCLUDED})
    assert not at_home.exists()
    assert sidecar.find(index.root, "labels") == index.root / ".parity-labels.json"


def test_a_class_that_loses_its_last_image_is_called_empty(make: Make) -> None:
    index = scan_dataset(str(make(["a/1.png", "a/2.png", "b/1.png", "b/2.png"])))
    change_labels(index, {"b/1.png": EXCLUDED, "b/2.png": "a"})
    assert correct(index)[0].empty_classes == ("b",)
    with pytest.raises(DataError, match=r"^The class b has 0 readable images"):
        open_dataset(str(index.root), DataConfig())
