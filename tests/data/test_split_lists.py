"""Text files that list the images of each split divide them, or are told."""

import json
import os
import re
import time

import pytest

from core.data.scan import scan
from tests.data.layout_cases import build, only

FOOD = [f"{c}/{n}" for c in ("pie", "ramen") for n in range(4)]


def parts(train: int, val: int, *classes: str) -> dict[str, dict[str, int]]:
    return {"train": dict.fromkeys(classes, train), "val": dict.fromkeys(classes, val)}


def some(*numbers: int) -> list[str]:
    return [name for name in FOOD if int(name[-1]) in numbers]


CASES = {
    "Food-101": (
        "images/{pie,ramen}/#.jpg=4",
        {"meta/train.txt": some(0, 1, 2), "meta/test.txt": some(3)},
        parts(3, 1, "pie", "ramen"),
        r"meta/test\.txt, meta/train\.txt divide the images\. There is no val",
    ),
    "with extensions and class numbers": (
        "{pie,ramen}/#.jpg=4",
        {
            "train_list.txt": [f"{name}.jpg 0" for name in some(0, 1, 2)],
            "val_list.txt": [f"{name}.jpg 1" for name in some(3)],
        },
        parts(3, 1, "pie", "ramen"),
        r"divide the images",
    ),
    "images that no list names": (
        "{pie,ramen}/#.jpg=4",
        {"train.txt": some(0, 1), "test.txt": some(3)},
        only(4, "pie", "ramen"),
        r"test\.txt, train\.txt list images of splits, but not each image once; they are not used",
    ),
    "CUB": (
        "images/{pie,ramen}/#.jpg=4",
        {"train_test_split.txt": [f"{n} {n % 2}" for n in range(1, 9)]},
        only(4, "pie", "ramen"),
        r"train_test_split\.txt may divide the images and is not used",
    ),
    "CUB with its list of images": (
        "images/{pie,ramen}/#.jpg=4",
        {
            "images.txt": [f"{n} {name}.jpg" for n, name in enumerate(FOOD, 1)],
            "train_test_split.txt": [f"{n} {int(n % 4 > 0)}" for n in range(1, 9)],
        },
        parts(3, 1, "pie", "ramen"),
        r"^train_test_split\.txt divides the images\. There is no val",
    ),
    "CUB with a list of some images": (
        "images/{pie,ramen}/#.jpg=4",
        {
            "images.txt": [f"{n} {name}.jpg" for n, name in enumerate(FOOD[:6], 1)],
            "train_test_split.txt": [f"{n} {int(n % 4 > 0)}" for n in range(1, 9)],
        },
        only(4, "pie", "ramen"),
        r"train_test_split\.txt may divide the images and is not used",
    ),
    "Food-101 in JSON": (
        "images/{pie,ramen}/#.jpg=4",
        {
            f"meta/{part}.json": [json.dumps({c: [f"{c}/{n}" for n in numbers] for c in ("pie", "ramen")})]
            for part, numbers in (("train", (0, 1, 2)), ("test", (3,)))
        },
        parts(3, 1, "pie", "ramen"),
        r"meta/test\.json, meta/train\.json divide the images\. There is no val",
    ),
    "one JSON file of all splits": (
        "{pie,ramen}/#.jpg=4",
        {
            "split_zhou.json": [
                json.dumps(
                    {
                        "train": [[f"{name}.jpg", 0, "x"] for name in some(0, 1, 2)],
                        "val": [[f"{name}.jpg", 0, "x"] for name in some(3)],
                    }
                )
            ]
        },
        parts(3, 1, "pie", "ramen"),
        r"^split_zhou\.json divides the images\.$",
    ),
    "JSON that is no split": (
        "{pie,ramen}/#.jpg=4",
        {"train.json": ['{"epochs": 3}'], "test.json": ['{"images": ["other.jpg"]}'], "split.json": ["{"]},
        only(4, "pie", "ramen"),
        r"^$",
    ),
    "texts of something else": (
        "{pie,ramen}/#.jpg=4",
        {"test.txt": ["hello"], "train.txt": ["a b", "c d"]},
        only(4, "pie", "ramen"),
        r"^$",
    ),
    "a table beside the lists": (
        "x#.png=8",
        {
            "t.csv": ["file,label", *(f"x{n}.png,{'ab'[n % 2]}" for n in range(8))],
            "train_val_list.txt": [f"x{n}.png" for n in range(6)],
            "test_list.txt": ["x6.png", "x7.png"],
        },
        parts(3, 1, "a", "b"),
        r"divide the images",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_lists_of_the_images_of_a_split(name, tmp_path):
    tree, files, reads, says = CASES[name]
    root = build(tmp_path / "data", tree)
    for file, lines in files.items():
        (root / file).parent.mkdir(exist_ok=True)
        (root / file).write_text("\n".join(lines) + "\n")
    index = scan(root)
    assert index.counts() == reads
    assert re.search(says, " ".join(note for note in index.notes if "holds no images" not in note)), index.notes


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes in folders are of Linux and macOS")
def test_a_pipe_or_a_line_of_blanks_without_end_is_no_list(tmp_path):
    root = build(tmp_path / "data", "{pie,ramen}/#.jpg=4")
    os.mkfifo(root / "train.txt")
    (root / "val.txt").write_text("a" + " " * 1_000_000 + "b\n" + "\n".join(some(3)))
    before = time.perf_counter()
    assert len(scan(root).files) == 8
    assert time.perf_counter() - before < 5
