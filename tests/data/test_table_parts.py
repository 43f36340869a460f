"""The split that a table brings is used, whatever its columns are called; what it leaves open is told."""

import pytest

from tests.data.layout_cases import only
from tests.data.table_cases import Case
from tests.data.table_steps import run_case, table

TREE = "#.png=12"


def split_by(name: str, *values: str) -> dict[str, str | bytes]:
    """A table whose rows have these values, two rows each, one of each class."""
    lines = [f"{n}.png,{'ab'[n % 2]},{values[n // 2]}" for n in range(2 * len(values))]
    return {"t.csv": table(f"image,label,{name}", *lines)}


def parts(train: int, val: int, test: int = 0) -> dict[str, dict[str, int]]:
    found = {"train": {"a": train, "b": train}, "val": {"a": val, "b": val}}
    return found | ({"test": {"a": test, "b": test}} if test else {})


CASES: dict[str, Case] = {
    "one value that is no part": Case(
        TREE,
        split_by("split", "train", "train", "train", "val", "test", "external"),
        parts(3, 1, 1),
        (r"2 rows are left out.* split .*external",),
    ),
    "rows without a part": Case(
        TREE, split_by("split", "train", "train", "train", "val", "val", ""), parts(3, 2), (r"2 rows are left out",)
    ),
    "a flag for validation": Case(
        TREE,
        split_by("is_valid", "False", "False", "False", "False", "True", "True"),
        parts(4, 2),
        (r"part in is_valid",),
    ),
    "a flag for validation in numbers": Case(TREE, split_by("isVal", *"000011"), parts(4, 2)),
    "a flag for training": Case(TREE, split_by("train", "True", "True", "True", "True", "False", "False"), parts(4, 2)),
    "a flag for training in numbers": Case(TREE, split_by("is_training_image", *"111100"), parts(4, 2)),
    "a flag for testing": Case(
        TREE, split_by("is_test", *"000011"), parts(4, 2), (r"test part is used for validation",)
    ),
    "FER": Case(
        TREE,
        split_by("Usage", *["Training"] * 3, "PublicTest", "PublicTest", "PrivateTest"),
        parts(3, 2, 1),
        (r"PublicTest .*validation",),
    ),
    "years in the parts": Case(
        TREE, split_by("set", *["train2019"] * 2, "train_2020", "val_2020", "val", "test"), parts(3, 2, 1)
    ),
    "training and validation together": Case(TREE, split_by("split", *["trainval"] * 4, "test", "test"), parts(4, 2)),
    "a column of another name": Case(TREE, split_by("purpose", *["train"] * 4, "val", "test"), parts(4, 1, 1)),
    "files that are called like parts": Case(
        "train_#.png=6 test_#.png=4",
        {"t.csv": table("image,label", *(f"{p}_{n}.png,{'ab'[n % 2]}" for p in ("train", "test") for n in range(4)))},
        only(4, "a", "b"),
    ),
    "numbers that are no names of parts": Case(
        TREE, split_by("split", *"000012"), only(6, "a", "b"), (r"column split .*0, 1, 2.* not used.*train, val",)
    ),
    "a flag that most rows have": Case(
        TREE, split_by("valid", *"111110"), only(6, "a", "b"), (r"column valid .* not used",)
    ),
    "one column a class and a flag": Case(
        "#.png=10",
        {"t.csv": table("name,cat,dog,is_valid", *(f"{n}.png,{1 - n % 2},{n % 2},{n >= 8}" for n in range(10)))},
        {"train": {"cat": 4, "dog": 4}, "val": {"cat": 1, "dog": 1}},
        (r"part in is_valid",),
    ),
    "three flags": Case(
        "#.png=12",
        {
            "t.csv": table(
                "name,label,is_train,is_val,is_test",
                *(f"{n}.png,{'ab'[n % 2]},{int(n < 6)},{int(6 <= n < 10)},{int(n >= 10)}" for n in range(12)),
            )
        },
        parts(3, 2, 1),
    ),
    "a set that is a source": Case(
        TREE, split_by("dataset", "ISIC", "ISIC", "HAM", "HAM", "BCN", "BCN"), only(6, "a", "b")
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_each_split_of_a_table_is_used_or_told(name, tmp_path):
    run_case(CASES[name], tmp_path)
