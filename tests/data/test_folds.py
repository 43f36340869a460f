"""Folds: stratified, groups together, by seed; those that a dataset brings by folders or by a table."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.config import DataConfig, make_config
from core.data.dataset import Dataset, open_dataset, prepare, scan_dataset
from core.data.folds import make_folds, own_folds
from core.errors import DataError


def write(path: Path, level: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng([level, *path.as_posix().encode()]).integers(0, 255, (8, 8, 3), np.uint8)
    Image.fromarray(pixels).save(path)


@pytest.fixture
def patients(tmp_path: Path) -> Dataset:
    """24 patients of unequal numbers of images in two classes of different size."""
    for person in range(24):
        label = "sick" if person % 3 == 0 else "well"
        for number in range(1 + person % 4):
            write(tmp_path / "set" / label / f"person{person}_{number}.png", person)
    return open_dataset(str(tmp_path / "set"), DataConfig())


def test_folds_are_stratified_keep_patients_together_and_follow_the_seed(patients: Dataset) -> None:
    folds = make_folds(patients, 4, 1, "auto")
    assert sorted(folds.number_of) == sorted(file.path for file in patients.index.files)
    assert folds.parted == 0
    assert len(folds.groups) == 24
    everywhere = Counter(file.label for file in folds.files)
    for fold in range(4):
        inside = Counter(file.label for file in folds.held_out(fold))
        for label, count in everywhere.items():
            assert abs(inside[label] - count / 4) <= 2, "within half a large patient of an even share"
        split = folds.split(fold)
        assert (split.val, split.test) == (folds.held_out(fold), ())
        assert sorted(f.path for f in (*split.train, *split.val)) == sorted(folds.number_of)
        assert [f.path for f in split.train] == [f.path for f in sorted(split.train, key=lambda f: (f.label, f.path))]
    assert make_folds(patients, 4, 1, "auto").number_of == folds.number_of
    assert make_folds(patients, 4, 2, "auto").number_of != folds.number_of


def test_what_chooses_the_epoch_is_taken_from_the_training_images_by_whole_patients(patients: Dataset) -> None:
    folds = make_folds(patients, 4, 1, "auto")
    split = folds.split(2, 0.25, 1)
    assert split.test == folds.held_out(2)
    people = [{file.path.split("/")[1].split("_")[0] for file in part} for part in (split.train, split.val, split.test)]
    assert all(people)
    assert not (people[0] & people[1] | people[1] & people[2] | people[0] & people[2])


def test_too_few_patients_of_a_class_are_said(patients: Dataset) -> None:
    words = (
        r"^The class sick has 8 groups of images \(patients, equal files\), too few for 9 folds; use at most 8 folds"
    )
    with pytest.raises(DataError, match=words):
        make_folds(patients, 9, 1, "auto")
    assert own_folds(patients, "auto") is None


def test_folders_fold1_to_foldk_are_folds_in_their_order(tmp_path: Path) -> None:
    for fold in (1, 2, 10):
        for label in "ab":
            for number in range(2):
                write(tmp_path / "set" / f"fold{fold}" / label / f"{fold}-{number}.png", fold)
    data = open_dataset(str(tmp_path / "set"), make_config("x", {}).data)
    folds = own_folds(data, "auto")
    assert folds is not None
    assert folds.names == ("1", "2", "10")
    assert {file.path.split("/")[0] for file in folds.held_out(2)} == {"fold10"}


def test_the_column_fold_of_a_table_is_heeded_and_parted_groups_are_counted(tmp_path: Path) -> None:
    root, rows = tmp_path / "set", ["file,label,fold,patient"]
    for k in range(12):
        write(root / "all" / f"{k}.png", k)
        rows.append(f"all/{k}.png,{'ab'[k % 2]},{'ABC'[k % 3]},p{k // 2}")
    (root / "labels.csv").write_text("\n".join(rows) + "\n")
    index = scan_dataset(str(root))
    assert index.layout == "classes", "a fold is no part"
    assert {file.path: file.fold for file in index.files}["all/4.png"] == "B"
    assert any("the fold in fold" in note for note in index.notes)
    data = prepare(index, DataConfig())
    folds = own_folds(data, "auto")
    assert folds is not None
    assert (folds.names, folds.parted) == (("A", "B", "C"), 6)
    kept = data.manifest()
    assert {record["fold"] for part in ("train", "val") for record in kept[part]} == {"A", "B", "C"}
