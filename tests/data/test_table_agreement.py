"""Tables beside class folders and beside each other: what agrees is used, what does not is asked about."""

import re

import pytest

from core.data.scan import scan
from core.data.table_choice import TableChoice, remember_table
from core.errors import LayoutQuestion
from tests.data.layout_cases import build, only
from tests.data.table_cases import Case
from tests.data.table_steps import run_case, table

TREE = "{cat,dog}=20"


def about(*more: str, wrong: int = 0, count: int = 20, columns: str = "") -> str:
    """A row for each image of `TREE`, the first `wrong` of each class with the other class."""
    lines = [
        ",".join((f"{label}/{n}.png", other if n < wrong else label, *(cell.format(half=n // 2) for cell in more)))
        for label, other in (("cat", "dog"), ("dog", "cat"))
        for n in range(count)
    ]
    return table(f"file,label{columns}", *lines)


def last(text: str, value: str, other: str) -> str:
    """A table whose rows about `9.png` and `19.png` have another last value."""
    return re.sub(rf"(9\.png,\w+),{value}\n", rf"\1,{other}\n", text)


def parts(train: int, val: int) -> dict[str, dict[str, int]]:
    return {"train": {"cat": train, "dog": train}, "val": {"cat": val, "dog": val}}


def flat(*labels: str, name: str = "label", count: int = 6) -> str:
    return table(f"file,{name}", *(f"{n}.png,{labels[n * len(labels) // count]}" for n in range(count)))


def mixed(first: str, second: str, name: str = "label") -> str:
    return table(f"file,{name}", *(f"{n}.png,{(first, second)[n % 2]}" for n in range(6)))


CASES: dict[str, Case] = {
    "two images of forty are of another class": Case(
        TREE,
        {"m.csv": about(wrong=1)},
        refuses=r"two ways.*--table m\.csv.*--layout classes.*for 2 images: cat/0\.png \(folder cat, table dog\)",
        flags={"table": "m.csv"},
        chosen=only(20, "cat", "dog"),
    ),
    "all agree": Case(TREE, {"m.csv": about()}, only(20, "cat", "dog")),
    "a few rows about images elsewhere": Case(
        TREE + " more#.png=2", {"m.csv": about() + "more0.png,cat\nmore1.png,bird\n"}, only(20, "cat", "dog")
    ),
    "a table of the other part, whose images are in no class folder": Case(
        "Train/{cat,dog}=6 Test/t#.png=4",
        {
            "Train.csv": table("Path,Label", *(f"Train/{c}/{n}.png,{c}" for c in ("cat", "dog") for n in range(6))),
            "Test.csv": table("Path,Label", *(f"Test/t{n}.png,{('cat', 'dog')[n % 2]}" for n in range(4))),
        },
        only(6, "cat", "dog"),
        (r"Train\.csv has classes for images outside the class folders \(4\).*Test/t0\.png.*--table Train\.csv",),
        flags={"table": "Train.csv"},
        chosen={"train": {"cat": 6, "dog": 6}, "val": {"cat": 2, "dog": 2}},
    ),
    "two tables that disagree": Case(
        "#.png=6",
        {"a_labels.csv": flat("cat", "dog"), "b_labels.csv": mixed("cat", "dog")},
        refuses=r"a_labels\.csv and b_labels\.csv .*different classes.*--table a_labels\.csv.*--table b_labels\.csv",
        flags={"table": "b_labels.csv"},
        chosen=only(3, "cat", "dog"),
    ),
    "three tables that disagree": Case(
        "#.png=6",
        {
            "r1.csv": flat("cat", "dog"),
            "r2.json": '[{"file": "0.png", "label": "dog"}, '
            + ", ".join(f'{{"file": "{n}.png", "label": "{["cat", "dog"][n % 2]}"}}' for n in range(1, 6))
            + "]",
            "sub.csv": mixed("dog", "cat"),
        },
        refuses=r"different classes",
    ),
    "two tables of the same": Case(
        "#.png=6", {"a.csv": mixed("cat", "dog"), "b.csv": mixed("cat", "dog")}, only(3, "cat", "dog")
    ),
    "numbers and names of the same classes": Case(
        "#.png=6", {"a.csv": mixed("cat", "dog"), "b.csv": mixed("0", "1")}, only(3, "cat", "dog")
    ),
    "a table of cameras beside the labels": Case(
        "#.png=6", {"a.csv": flat("x", "y", name="camera"), "b.csv": mixed("cat", "dog")}, only(3, "cat", "dog")
    ),
    "a table of a part of the images beside the labels": Case(
        "#.png=6",
        {
            "a.csv": "\n".join(["file,label", "0.png,x", "1.png,y", "4.png,x", "5.png,y"]),
            "b.csv": mixed("cat", "dog"),
        },
        only(3, "cat", "dog"),
    ),
    "two tables of which one agrees with the folders": Case(
        TREE, {"a.csv": about(wrong=10), "b.csv": about()}, only(20, "cat", "dog")
    ),
    "the split of a table that agrees": Case(
        TREE,
        {"m.csv": last(about("train", columns=",split"), "train", "val")},
        parts(18, 2),
        (r"m\.csv.*part in split",),
    ),
    "a flag of a table that agrees": Case(
        TREE, {"m.csv": last(about("0", columns=",is_valid"), "0", "1")}, parts(18, 2)
    ),
    "a split of some of the images only": Case(
        TREE,
        {"m.csv": last(about("train", columns=",split", count=15), "train", "val")},
        refuses=r"10 images have no split in m\.csv.*--table m\.csv.*--layout classes",
        flags={"table": "m.csv"},
        chosen=parts(14, 1),
    ),
    "two tables of which one has patients": Case(
        TREE,
        {"a.csv": about(), "b.csv": about("p{half}", columns=",patient_id")},
        only(20, "cat", "dog"),
        (r"b\.csv .*group in patient_id",),
    ),
    "a split beside parts on disk": Case(
        "{train,val}/{cat,dog}=4",
        {
            "m.csv": table(
                "file,label,split",
                *(
                    f"{p}/{c}/{n}.png,{c},{'val' if n else 'train'}"
                    for p in ("train", "val")
                    for c in ("cat", "dog")
                    for n in range(4)
                ),
            )
        },
        parts(4, 4),
        (r"8 images are in another split in m\.csv",),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_agrees_is_used_and_the_rest_is_asked(name, tmp_path):
    run_case(CASES[name], tmp_path)


@pytest.mark.parametrize(("wrapper", "count"), [("", 20), ("set/set/", 20), ("", 12)])
def test_patients_of_a_table_that_agrees_are_kept(tmp_path, wrapper, count):
    root = build(tmp_path / "data", f"{wrapper}{TREE}")
    (root / "m.csv").write_text(about("p{half}", columns=",patient_id", count=count))
    index = scan(root)
    assert index.counts() == only(20, "cat", "dog")
    groups = {file.path: file.group for file in index.files}
    assert (groups["cat/0.png"], groups["cat/1.png"], groups["cat/2.png"]) == ("p0", "p0", "p1")
    assert groups["dog/19.png"] == ("p9" if count == 20 else "")
    assert any("group in patient_id" in note for note in index.notes)


def test_patients_that_few_rows_name_are_kept_and_the_others_told(tmp_path):
    root = build(tmp_path / "data", "#.png=12")
    lines = (f"{n}.png,{'ab'[n % 2]},{'p1' if n < 4 else ''}" for n in range(12))
    (root / "t.csv").write_text(table("file,label,patient", *lines))
    index = scan(root)
    assert sum(file.group == "p1" for file in index.files) == 4
    assert any("8 rows have no patient" in note for note in index.notes)


def test_the_question_about_two_tables_is_one_that_a_table_answers(tmp_path):
    root = build(tmp_path / "data", "#.png=6")
    for name, text in (("a.csv", flat("cat", "dog")), ("b.csv", mixed("cat", "dog"))):
        (root / name).write_text(text)
    with pytest.raises(LayoutQuestion):
        scan(root)
    remember_table(root, TableChoice("a.csv"))
    assert {file.path: file.label for file in scan(root).files}["1.png"] == "cat"
