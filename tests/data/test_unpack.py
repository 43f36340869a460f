"""`unpack` writes each image into the class and part that it has, or says what it leaves out, or what to do."""

import math
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.__main__ import main
from core.data.parquet_images import unpack_parquet
from core.data.parquet_parts import parts_of
from core.errors import DataError
from tests.data.conftest import image


def rows(labels, first=0, **columns):
    """A table of images, each other, with their labels."""
    pictures = [{"bytes": image(first + k), "path": f"{k}.png"} for k in range(len(labels))]
    return {**columns, "image": pictures, "label": labels}


def write(root, files):
    for name, columns in files.items():
        path = root / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table(columns), path)
    return root


def unpacked(tmp_path, files, **wanted):
    return unpack_parquet(write(tmp_path / "data", files), tmp_path / "out", **wanted)


AB = ["a", "b", "a", "b"]


@pytest.mark.parametrize(
    ("names", "parts", "said"),
    [
        (("train-00000-of-00001", "test-00000-of-00001"), {"train", "test"}, ""),
        (("train-0", "test-0", "extra-0"), {"train", "test"}, "extra-0.parquet is named as no split and is left out."),
        (("train", "validation", "unsupervised"), {"train", "val"}, "unsupervised.parquet is named as no split"),
        (("data/train-00000-of-00001-0123456789abcdef",), {"train"}, ""),
        (("train/0000", "test/0000"), {"train", "test"}, ""),
        (("cifar10-train", "cifar10-test"), {"train", "test"}, ""),
        (("set_train_0", "set_valid_0"), {"train", "val"}, ""),
        (("0000", "0001"), {""}, ""),
        (("freight_train",), {""}, ""),
        (("a", "b"), {""}, ""),
    ],
)
def test_parts_are_those_of_the_names_and_what_has_none_is_told(tmp_path, names, parts, said):
    made = unpacked(tmp_path, {name: rows(AB, 10 * k) for k, name in enumerate(names)})
    assert {part for part, _ in made.counts} == parts
    assert said in " ".join(made.notes)
    assert bool(made.notes) == bool(said)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("A/train-0", "B/train-0"), r"A/, B/ each have their own Parquet files of train, val or test; unpack one"),
        (("A/train/0", "A/test/0", "B/train/0"), r"A/, B/ each have their own"),
        (("test-0", "other"), r"test-0\.parquet is named as a split, but other\.parquet is not; rename"),
    ],
)
def test_parts_that_are_not_clear_are_refused(tmp_path, names, message):
    with pytest.raises(DataError, match=message):
        unpacked(tmp_path, {name: rows(AB) for name in names})
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("labels", [["a/b", "a_b", "a:b"], ["a_b", "a?b", "A|b"]])
def test_classes_whose_names_no_folder_can_have_stay_apart(tmp_path, labels):
    made = unpacked(tmp_path, {"t": rows(labels * 2)})
    folders = {path.parent.name for path in (tmp_path / "out").rglob("*.png")}
    assert len({name.casefold() for name in folders}) == 3
    assert sum("is in the folder a_b" in note.lower() for note in made.notes) >= 2


def test_classes_that_look_the_same_are_refused(tmp_path):
    with pytest.raises(DataError, match="The classes Cat and cat look the same"):
        unpacked(tmp_path, {"t": rows(["Cat", "cat", "dog"])})


@pytest.mark.parametrize(
    ("other", "told"),
    [("a_mask", True), ("mask", True), ("annotation", True), ("segmentation_image", True), ("thermal", True)],
)
def test_the_images_are_taken_and_not_their_masks(tmp_path, other, told):
    pictures = [{"bytes": image(100 + k), "path": "x.png"} for k in range(4)]
    made = unpacked(tmp_path, {"t": rows(AB, **{other: pictures})})
    assert {path.read_bytes() for path in made.folder.rglob("*.png")} == {image(k) for k in range(4)}
    assert (f"The images are in image; {other} is left out (--image COL" in " ".join(made.notes)) is told


def test_two_columns_of_images_are_asked_about(tmp_path, capsys):
    columns = {name: [{"bytes": image(k), "path": None} for k in range(4)] for name in ("left", "right")}
    root = write(tmp_path / "data", {"t": {**columns, "label": AB}})
    with pytest.raises(
        DataError, match=r"Which column of t\.parquet has the images\? Set it with --image, one of left"
    ):
        unpack_parquet(root, tmp_path / "out")
    assert main(["unpack", str(root), str(tmp_path / "out"), "--image", "right"]) == 0
    assert "The images are in right; left is left out" in capsys.readouterr().out


def test_no_number_is_no_class_and_whole_numbers_have_no_point(tmp_path):
    made = unpacked(tmp_path, {"t": rows([0.0, 1.0, math.nan, 0.0])})
    assert (dict(made.counts), made.skipped) == ({("", "0"): 2, ("", "1"): 1}, 1)


def test_a_file_without_classes_is_left_out_and_told(tmp_path):
    test = {"image": rows(AB, 20)["image"]}
    made = unpacked(tmp_path, {"train-0": rows(AB), "test-0": test, "val-0": {**test, "id": [1, 2, 3, 4]}})
    assert dict(made.counts) == {("train", "a"): 2, ("train", "b"): 2}
    assert "test-0.parquet has no column with the class; its 4 images are left out." in made.notes
    assert "val-0.parquet has no column with the class; its 4 images are left out." in made.notes


def test_where_no_file_has_classes_it_says_so(tmp_path):
    with pytest.raises(DataError, match=r"t\.parquet has no column with the class, only images in image; add one"):
        unpacked(tmp_path, {"t": {"image": rows(AB)["image"]}})


def test_digits_in_the_name_of_a_file_do_not_keep_the_program_busy(tmp_path):
    before = time.perf_counter()
    assert parts_of([tmp_path / f"train-{'0' * 200}b.parquet"], tmp_path)
    assert time.perf_counter() - before < 1
