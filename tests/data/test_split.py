"""Splits are stratified, seeded, keep groups whole, and are refused where nothing can be trained."""

import hashlib
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.dataset_index import DatasetIndex, ImageFile, Unreadable
from core.data.scan import scan
from core.data.split import Split, require_trainable, split_files
from core.data.usual_groups import usual_group
from core.errors import ConfigError, DataError
from tests.data.groups import group_name


def file(path: str, split: str = "", content: str = "") -> ImageFile:
    label = path.split("/")[1 if split else 0]
    digest = hashlib.sha256((content or path).encode()).hexdigest()
    return ImageFile(path, label, split, digest, 100, 8, 6, "RGB", "PNG", 1)


def index_of(files, unreadable=(), classes=None, root="/data") -> DatasetIndex:
    files = tuple(sorted(files, key=lambda f: (f.split, f.label, f.path)))
    layout: Literal["splits", "classes"] = "splits" if any(f.split for f in files) else "classes"
    classes = classes or tuple(sorted({f.label for f in (*files, *unreadable)}))
    return DatasetIndex(Path(root), layout, classes, files, tuple(unreadable))


def flat(**counts: int) -> DatasetIndex:
    return index_of(file(f"{label}/{i:04d}.png") for label, n in counts.items() for i in range(n))


def labels(files) -> dict[str, int]:
    return dict(Counter(f.label for f in files))


# --- splitting


def test_splits_on_disk_are_used_as_they_are():
    names = [("train/a/1.png", "train"), ("train/b/1.png", "train"), ("val/a/1.png", "val"), ("test/b/1.png", "test")]
    split = split_files(index_of([file(*name) for name in names]), 0.5, 1)
    assert [f.path for f in split.train] == ["train/a/1.png", "train/b/1.png"]
    assert [f.path for f in split.val] == ["val/a/1.png"]
    assert [f.path for f in split.test] == ["test/b/1.png"]


def test_every_class_is_split_in_the_same_proportion():
    split = split_files(flat(a=100, b=35, c=3), 0.2, 1)
    assert labels(split.val) == {"a": 20, "b": 7, "c": 1}
    assert labels(split.train) == {"a": 80, "b": 28, "c": 2}
    assert split.test == ()


def test_the_parts_are_in_on_disk_order():
    split = split_files(flat(a=30, b=30), 0.3, 4)
    for part in (split.train, split.val):
        assert [f.path for f in part] == sorted(f.path for f in part)


def test_the_seed_decides_and_the_place_of_the_folder_does_not():
    index = flat(a=50, b=50)
    elsewhere = index_of(index.files, root="/somewhere/else")
    assert split_files(index, 0.2, 1) == split_files(elsewhere, 0.2, 1)
    assert split_files(index, 0.2, 1) != split_files(index, 0.2, 2)


def test_identical_files_stay_together_whatever_they_are_called():
    files = [file(f"{c}/{i}.png", content=f"{c}{i // 5}") for c in "ab" for i in range(50)]
    for seed in range(10):
        split = split_files(index_of(files), 0.2, seed, "")
        assert not {f.sha256 for f in split.train} & {f.sha256 for f in split.val}
        assert labels(split.val) == {"a": 10, "b": 10}


def test_patients_stay_together_also_by_way_of_a_copy_and_across_classes():
    files = [file(f"{c}/person{p}_{i}.png") for c in "ab" for p in range(20) for i in range(3)]
    files += [file("a/person1_copy.png", content="same"), file("b/person2_copy.png", content="same")]
    for seed in range(20):
        split = split_files(index_of(files), 0.25, seed)
        patients = [{group_name(f) for f in part} for part in (split.train, split.val)]
        assert not patients[0] & patients[1]
        assert split.val
        assert len({"person1", "person2"} & patients[0]) != 1


def test_without_a_pattern_names_do_not_bind():
    files = [file(f"{c}/person1_{i}.png") for c in "ab" for i in range(10)]
    assert split_files(index_of(files), 0.2, 0, "auto").val == ()
    assert labels(split_files(index_of(files), 0.2, 0, "").val) == {"a": 2, "b": 2}


def test_a_class_of_few_large_groups_still_gets_validated():
    files = [file(f"a/person{p}_{i}.png") for p in range(2) for i in range(50)]
    files += [file(f"b/{i}.png") for i in range(50)]
    split = split_files(index_of(files), 0.2, 0)
    assert labels(split.val) == {"a": 50, "b": 10}
    assert labels(split.train) == {"a": 50, "b": 40}


def test_training_keeps_a_file_of_each_class():
    split = split_files(flat(a=2, b=20), 0.9, 0)
    assert labels(split.train) == {"a": 1, "b": 2}


@given(
    groups=st.lists(st.tuples(st.integers(0, 9), st.sampled_from("abc")), min_size=1, max_size=60),
    share=st.floats(0, 0.99),
    seed=st.integers(0, 2**32),
)
@settings(max_examples=150, deadline=None)
def test_a_split_is_always_a_partition_that_breaks_no_group(groups, share, seed):
    index = index_of(file(f"{label}/person{p}_{i}.png") for i, (p, label) in enumerate(groups))
    split = split_files(index, share, seed)
    assert sorted(f.path for f in (*split.train, *split.val)) == [f.path for f in index.files]
    assert not {group_name(f) for f in split.train} & {group_name(f) for f in split.val}
    assert set(labels(split.train)) == set(labels(index.files))
    assert split == split_files(index, share, seed)


@pytest.mark.parametrize("share", [-0.1, 1, 1.5, float("nan")])
def test_a_share_outside_0_to_1_is_refused(share):
    with pytest.raises(ConfigError, match=r"data\.validation_split is .*; it must be at least 0 and below 1\."):
        split_files(flat(a=5, b=5), share, 0)


# --- names of groups


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("person123_bacteria_4.jpeg", "person123"),
        ("IM-0115-0001.jpeg", "im-0115"),
        ("IM-0115-0001-00017.jpeg", "im-0115"),
        ("NORMAL2-IM-0023-0001.jpeg", "normal2-im-0023"),
        ("patient0042_view1.png", "patient0042"),
        ("Patient 7 left.png", "patient 7"),
        ("study_subject-12_b.png", "subject-12"),
        ("sub-01/anat/3.png", "sub-01"),
        ("case_9.png", "case_9"),
        ("cat.12.jpg", ""),
        ("img_0001.png", ""),
        ("suitcase12.png", ""),
        ("submarine1.png", ""),
        ("n02085620_10074.png", ""),
    ],
)
def test_usual_names_of_patients_are_recognised_and_others_are_not(name, expected):
    assert group_name(file(f"cats/{name}")) == expected
    assert group_name(file(f"train/cats/{name}", "train")) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("CNV/CNV-1016042-1.jpeg", "cnv-1016042"),
        ("normal/NORMAL-12494-12.jpeg", "normal-12494"),
        ("DME/DME_9603124_10.png", "dme-9603124"),
        ("DME/DME-9603124-10 (2).png", "dme-9603124"),
        ("cats/IMG_1_jpg.rf.0a1b2c3d4e5f.jpg", "original cats img_1_jpg"),
        ("cats/a b_png.rf.Zk1b2c3d4e5fgh.jpg", "original cats a b_png"),
        ("cats/IMG-20200101-12.jpg", ""),
        ("cats/cat-0012-1.jpg", ""),
        ("cat/cat-12-1.jpg", ""),
        ("cat/cat_100234.jpg", ""),
        ("cats/perf.rf.txt.jpg", ""),
    ],
)
def test_numbers_behind_the_class_and_copies_of_one_original_are_groups(path, expected):
    assert group_name(file(path)) == expected


def test_a_class_called_person1_is_not_a_patient():
    assert group_name(file("person1/a.png")) == ""


def test_own_patterns_take_the_first_group_or_the_whole_match():
    one = file("a/x17-left-3.png")
    assert group_name(one, r"x(\d+)-") == "17"
    assert group_name(one, r"x\d+") == "x17"
    assert group_name(one, r"(z)?x") == ""
    assert group_name(one, "nothing") == ""
    assert group_name(one, "") == ""


def test_a_broken_pattern_is_refused_by_its_setting():
    with pytest.raises(ConfigError, match=r"data\.group_pattern is not a regular expression: .* in '\('"):
        split_files(flat(a=5, b=5), 0.2, 0, "(")


# --- what can be trained


def test_a_usual_data_set_is_accepted():
    index = flat(a=10, b=10)
    require_trainable(index, split_files(index, 0.2, 0))


def test_a_class_with_one_readable_image_is_refused_with_the_numbers():
    bad = [Unreadable(f"b/{i}.png", "b", "", "x") for i in range(3)]
    index = index_of([*flat(a=10).files, file("b/ok.png")], bad)
    message = (
        r"The class b has 1 readable image \(3 unreadable\); at least 2 are needed: add images or remove the class\."
    )
    with pytest.raises(DataError, match=message):
        require_trainable(index, split_files(index, 0.2, 0))


def test_an_empty_class_is_refused_by_name(make):
    index = scan(make(["a/1.png", "a/2.png", "b/1.png", "b/2.png", "empty/"]))
    with pytest.raises(DataError, match=r"The class empty has 0 readable images \(0 unreadable\)"):
        require_trainable(index, split_files(index, 0.5, 0))


def test_four_images_and_a_fifth_of_them_leave_validation_empty():
    index = flat(a=2, b=2)
    with pytest.raises(DataError, match=r"The validation split of 4 images would be empty; add images or use a larger"):
        require_trainable(index, split_files(index, 0.2, 0))
    require_trainable(index, split_files(index, 0.5, 0))


def test_empty_folders_of_a_split_are_refused(make):
    index = scan(make(["train/a/1.png", "train/a/2.png", "train/b/1.png", "train/b/2.png", "val/a/", "val/b/"]))
    assert index.counts()["val"] == {"a": 0, "b": 0}
    with pytest.raises(DataError, match=r"The validation folder has no readable images"):
        require_trainable(index, split_files(index, 0.2, 0))
    with pytest.raises(DataError, match=r"no images to train on"):
        require_trainable(flat(a=2, b=2), Split((), flat(a=2, b=2).files))


@pytest.mark.parametrize(
    ("train", "val", "said"),
    [
        (("disc", "star"), ("dsic", "star"), "dsic (train/ has disc, which val/ lacks: rename one); add"),
        (("disc", "star"), ("dsic", "disc", "star"), "images: dsic; add"),
        (("disc", "star"), ("moon", "star"), "images: moon; add"),
        (("class1", "star"), ("class2", "star"), "images: class2; add"),
    ],
)
def test_a_class_that_is_written_nearly_like_one_that_validation_lacks_is_named_with_it(train, val, said):
    files = [file(f"train/{name}/{i}.png", "train") for name in train for i in range(3)]
    index = index_of([*files, *(file(f"val/{name}/1.png", "val") for name in val)])
    with pytest.raises(DataError, match=re.escape(said)):
        require_trainable(index, split_files(index, 0.2, 0))


def test_validation_classes_that_training_lacks_are_refused_and_the_reverse_is_not():
    train = [file(f"train/{c}/{i}.png", "train") for c in "ab" for i in range(3)]
    index = index_of([*train, file("val/a/1.png", "val"), file("val/c/1.png", "val")])
    with pytest.raises(DataError, match=r"classes without training images: c; add them to train/\."):
        require_trainable(index, split_files(index, 0.2, 0))
    bad = tuple(Unreadable(f"train/c/{k}.png", "c", "train", f"{k}.png is empty.") for k in range(2))
    index = replace(index, unreadable=bad)
    with pytest.raises(DataError, match=r"images: c\. In train/ there are .* be read: 2 of c\. 0\.png is empty\.$"):
        require_trainable(index, split_files(index, 0.2, 0))
    fewer = index_of([*train, file("val/a/1.png", "val")])
    require_trainable(fewer, split_files(fewer, 0.2, 0))


def test_on_disk_the_training_folder_itself_needs_two_of_each():
    files = [file(f"train/a/{i}.png", "train") for i in range(3)] + [file("train/b/1.png", "train")]
    files += [file(f"val/{c}/{i}.png", "val") for c in "ab" for i in range(3)]
    with pytest.raises(DataError, match=r"The class b has 1 readable image in train/ \(0 unreadable\)"):
        require_trainable(index_of(files), split_files(index_of(files), 0.2, 0))


def test_images_that_all_belong_together_are_told_with_what_ends_it(make):
    """More images or a larger share would help neither."""
    patient = index_of(file(f"{label}/IM-0001-{i:04d}.png") for label in ("covid", "normal") for i in range(30))
    with pytest.raises(
        DataError, match=r"all 60 images of covid, normal count as one patient \(im-0001, as data\.group"
    ):
        require_trainable(patient, split_files(patient, 0.2, 0))
    require_trainable(patient, split_files(patient, 0.2, 0, ""), "")
    copies = index_of(file(f"{label}/{i}.png", "", label) for label in ("a", "b") for i in range(10))
    message = r"all 10 images of a are copies of one file \(a/0\.png, a/1\.png, a/2\.png, \.\.\.\)\. Remove the copies"
    with pytest.raises(DataError, match=message):
        require_trainable(copies, split_files(copies, 0.2, 0))


@pytest.mark.parametrize(
    ("name", "found"),
    {
        "p001_2.png": "p001", "P12-3.jpg": "p12", "pt3 4.png": "pt3", "id0007_b.png": "id0007", "p5_left.png": "p5",
        "p001.png": "", "p0_1.png": "", "p1_cat_2.png": "", "map12_3.png": "", "grid1_2.png": "", "img12_3.png": "",
    }.items(),
)  # fmt: skip
def test_short_words_are_patients_only_before_the_number_of_an_image(name: str, found: str) -> None:
    assert usual_group(f"cat/{name}", "cat") == found
