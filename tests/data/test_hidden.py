"""Hidden images are no images of the dataset, but each is told, wherever it lies."""

import pytest

from core.data.scan import scan
from tests.data.layout_cases import build, only

TREE = "{cat,dog}=3 "


@pytest.mark.parametrize(
    ("tree", "told"),
    [
        ("cat/.x.jpg=1", ("cat/.x.jpg",)),
        ("cat/.hid/#.jpg=2", ("cat/.hid",)),
        ("dog/a/.deep/b/#.png=2", ("dog/a/.deep",)),
        ("cat/.mine/#.txt=1 cat/._#.png=3 cat/.thumbnails/#.jpg=1 cat/.git/#.png=1 cat/.DS_Store/#.y=1", ()),
    ],
)
def test_hidden_images_in_a_class_are_told(tmp_path, tree, told):
    index = scan(build(tmp_path / "data", TREE + tree.replace(".x.jpg", ".x#.jpg")))
    assert index.counts() == only(3, "cat", "dog")
    found = {path.replace(".x0", ".x") for path, why in index.skipped if "is hidden; rename it" in why}
    assert found == set(told)


def test_hidden_folders_above_the_classes_are_told(tmp_path):
    index = scan(build(tmp_path / "data", "set/train/{a,b}=2 set/val/{a,b}=2 .old/a=2 set/.more/a=1 set/val/.c=1"))
    told = " ".join(index.notes)
    assert all(f"{name}/ is hidden and skipped" in told for name in (".old", ".more", ".c"))
