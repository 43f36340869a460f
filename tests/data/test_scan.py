"""A folder is read as a person would read it, and refused in one sentence where that cannot be."""

import json
import os
import shutil
import time
import unicodedata
from unittest.mock import Mock

import pytest
from PIL import Image

from core.data.dataset_index import DatasetIndex, ImageFile
from core.data.scan import scan
from core.errors import DataError, UnreadableImage

TWO = ["cats/1.png", "cats/2.png", "dogs/1.png", "dogs/2.png"]
LAYOUT = r"Expected: one folder per class \(cats/1\.jpg, dogs/1\.jpg\), or the same inside train/ and val/"


# --- layouts


def test_class_folders(make):
    index = scan(make(TWO))
    assert (index.layout, index.classes) == ("classes", ("cats", "dogs"))
    assert [f.path for f in index.files] == TWO
    assert index.counts() == {"": {"cats": 2, "dogs": 2}}
    assert (index.unreadable, index.skipped, index.notes, index.empty_classes) == ((), (), (), ())


@pytest.mark.parametrize("val", ["val", "valid", "validation", "Validation", "VAL"])
def test_train_and_val(make, val):
    root = make([f"{split}/{name}" for split in ("Train", val) for name in TWO])
    index = scan(root)
    assert (index.layout, index.classes, index.test_as_validation) == ("splits", ("cats", "dogs"), False)
    assert index.counts() == {s: {"cats": 2, "dogs": 2} for s in ("train", "val")}
    assert index.files[0].path == "Train/cats/1.png"
    assert [(f.split, f.label) for f in index.files] == sorted((f.split, f.label) for f in index.files)


def test_test_beside_val_is_a_split_of_its_own(make):
    index = scan(make(f"{split}/{name}" for split in ("train", "val", "test") for name in TWO))
    assert set(index.counts()) == {"train", "val", "test"}
    assert not index.test_as_validation


def test_test_without_val_serves_as_validation_and_says_so(make):
    index = scan(make(f"{split}/{name}" for split in ("train", "test") for name in TWO))
    assert index.test_as_validation
    assert set(index.counts()) == {"train", "val"}
    assert {f.path.split("/")[0] for f in index.files if f.split == "val"} == {"test"}
    assert index.notes == ("There is no val/ folder, so test/ is used for validation.",)


KAGGLE = [f"{part}/{label}/{n}.jpeg" for part in ("train", "val", "test") for label in ("NORMAL", "PNEUMONIA")
          for n in range(2)]  # fmt: skip
LEFT_BY_SYSTEMS = [
    "__MACOSX/._chest_xray", "__MACOSX/chest_xray/train/NORMAL/._0.jpeg", "chest_xray/.DS_Store",
    "chest_xray/train/.DS_Store", "chest_xray/train/NORMAL/.DS_Store", "chest_xray/train/NORMAL/._0.jpeg",
]  # fmt: skip


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_the_chest_xrays_as_kaggle_packs_them_are_read_as_they_are(make, depth):
    """chest_xray/chest_xray/train beside __MACOSX, .DS_Store and forks of files, from whichever folder one starts."""
    root = make([f"chest_xray/chest_xray/{name}" for name in KAGGLE] + [f"chest_xray/{n}" for n in LEFT_BY_SYSTEMS])
    index = scan(root.joinpath(*["chest_xray"] * depth))
    assert (index.layout, index.classes) == ("splits", ("NORMAL", "PNEUMONIA"))
    assert index.root == root / "chest_xray" / "chest_xray"
    assert index.counts() == {part: {"NORMAL": 2, "PNEUMONIA": 2} for part in ("test", "train", "val")}
    assert (index.unreadable, index.skipped, index.notes) == ((), (), ())


def test_kaggles_second_copy_of_everything_is_counted_once_and_told(make):
    """The archive holds chest_xray/train and chest_xray/chest_xray/train, the same images twice."""
    root = make([f"chest_xray/{name}" for name in KAGGLE] + [f"chest_xray/chest_xray/{name}" for name in KAGGLE])
    index = scan(root)
    assert index.root == root / "chest_xray"
    assert len(index.files) == len(KAGGLE)
    assert index.notes == ("chest_xray/ beside train/ is ignored.",)


def test_train_alone_is_to_be_split(make):
    root = make(f"train/{name}" for name in TWO)
    index = scan(root)
    assert (index.layout, index.root) == ("classes", root / "train")
    assert [f.path for f in index.files] == TWO


@pytest.mark.parametrize("wrapper", ["chest/", "chest/chest/", "a b/ü/c/"])
def test_wrapper_folders_are_passed_through(make, wrapper):
    root = make([f"{wrapper}{split}/{name}" for split in ("train", "val") for name in TWO] + ["__MACOSX/chest/._x.png"])
    index = scan(root)
    assert index.root == root / wrapper
    assert index.layout == "splits"


def test_a_single_class_is_not_a_wrapper(make):
    with pytest.raises(DataError, match="only one class, cats, in"):
        scan(make(["cats/1.png", "cats/2.png"]))


def test_a_class_called_train_is_a_class(make):
    index = scan(make(["bus/1.png", "train/1.png", "val/1.png"]))
    assert (index.layout, index.classes) == ("classes", ("bus", "train", "val"))


def test_a_folder_beside_train_and_val_is_ignored_with_a_note(make):
    index = scan(make([f"{split}/{name}" for split in ("train", "val") for name in TWO] + ["docs/logo.png"]))
    assert index.classes == ("cats", "dogs")
    assert index.notes == ("docs/ beside train/ is ignored.",)


def test_two_validation_folders_are_refused(make):
    with pytest.raises(DataError, match=r"val/ and validation/ are both val folders; keep one of them\."):
        scan(make(f"{split}/{name}" for split in ("train", "val", "validation") for name in TWO))


def test_val_without_train_is_refused(make):
    with pytest.raises(DataError, match=r"There is test/ but no train/ in data\. Expected"):
        scan(make(f"{split}/{name}" for split in ("test", "val") for name in TWO))


def test_junk_is_never_a_class_nor_a_file(make):
    junk = [".ipynb_checkpoints/1.png", "__MACOSX/cats/1.png", ".hidden/1.png", "cats/._1.png", "cats/.DS_Store"]
    index = scan(make([*TWO, *junk, "cats/Thumbs.db", "cats/.ipynb_checkpoints/1.png"]))
    assert index.classes == ("cats", "dogs")
    assert [f.path for f in index.files] == TWO
    assert index.skipped == ()


def test_classes_are_in_code_point_order_over_all_splits(make):
    index = scan(make(["train/apple/1.png", "train/Zebra/1.png", "train/class10/1.png", "val/class2/1.png"]))
    assert index.classes == ("Zebra", "apple", "class10", "class2")
    assert index.counts()["train"] == {"Zebra": 1, "apple": 1, "class10": 1, "class2": 0}
    assert index.counts()["val"] == {"Zebra": 0, "apple": 0, "class10": 0, "class2": 1}


def test_images_are_found_below_the_class_down_to_eight_folders(make):
    deep = "/".join("abcdefgh")
    index = scan(make([*TWO, f"cats/{deep}/3.png", f"cats/{deep}/i/4.png"]))
    assert [f.path for f in index.files if f.label == "cats"] == ["cats/1.png", "cats/2.png", f"cats/{deep}/3.png"]
    assert index.skipped == ((f"cats/{deep}/i", "is more than 8 folders deep"),)


def test_other_files_are_listed(make):
    index = scan(make([*TWO, "cats/a.psd", "cats/notes.txt", "top.png", "readme.md"]))
    assert index.skipped == (
        ("cats/a.psd", "is not an image by its extension"),
        ("cats/notes.txt", "is not an image by its extension"),
        ("top.png", "is outside the class folders"),
    )


def test_an_empty_class_and_one_of_only_psd_are_kept_visible(make):
    index = scan(make([*TWO, "empty/", "scans/1.psd"]))
    assert index.classes == ("cats", "dogs", "empty", "scans")
    assert index.empty_classes == ("empty", "scans")
    assert index.counts()[""]["empty"] == 0


@pytest.mark.parametrize(
    "name", ["rote Füchse", "猫", "<img src=x onerror=alert(1)>", "![x](http:", r"$\frac12$", "\u202egnp"]
)
def test_unusual_class_names_are_kept_as_they_are(make, name):
    index = scan(make([*TWO, f"{name}/ä b.png"]))
    assert name in index.classes
    assert any(f.path == f"{name}/ä b.png" for f in index.files)


# --- links and special files


def test_links_to_folders_are_not_followed(make):
    root = make(TWO)
    (root / "cats" / "loop").symlink_to(root)
    (root / "birds").symlink_to(root / "cats")
    index = scan(root)
    assert [f.path for f in index.files] == TWO
    assert index.notes == ("birds is a link to a folder; links are not followed.",)


def test_pipes_and_broken_links_do_not_hang(make):
    root = make(TWO)
    os.mkfifo(root / "cats" / "pipe.png")
    (root / "cats" / "gone.png").symlink_to(root / "nowhere")
    assert scan(root).skipped == (
        ("cats/gone.png", "cannot be opened: No such file or directory"),
        ("cats/pipe.png", "is not a regular file"),
    )


# --- contents


def test_what_is_known_of_a_file(make):
    import hashlib

    root = make(TWO)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("L", (30, 20)).save(root / "cats" / "3.jpg", exif=exif)
    data = (root / "cats" / "3.jpg").read_bytes()
    expected = ImageFile("cats/3.jpg", "cats", "", hashlib.sha256(data).hexdigest(), len(data), 30, 20, "L", "JPEG", 6)
    index = scan(root)
    assert index.files[2] == expected
    assert index.sizes() == {(8, 6): 4, (30, 20): 1}
    assert index.modes() == {"RGB": 4, "L": 1}


def test_bad_files_are_listed_with_a_reason_and_the_rest_is_used(make):
    root = make(TWO)
    whole = (root / "cats" / "1.png").read_bytes()
    (root / "cats" / "cut.png").write_bytes(whole[: len(whole) // 2])
    (root / "dogs" / "empty.jpg").write_bytes(b"")
    (root / "dogs" / "page.jpg").write_text("<html>")
    index = scan(root)
    assert len(index.files) == 4
    assert [(u.path, u.label) for u in index.unreadable] == [
        ("cats/cut.png", "cats"),
        ("dogs/empty.jpg", "dogs"),
        ("dogs/page.jpg", "dogs"),
    ]
    assert index.unreadable[0].reason.startswith("cut.png is damaged: ")
    assert index.unreadable[1].reason == "empty.jpg is empty."
    assert index.unreadable[2].reason == "page.jpg is not an image (JPEG, PNG, WebP, BMP, GIF, TIFF, DICOM or HEIC)."


def test_an_index_survives_json(make):
    root = make([*TWO, "empty/", "cats/x.txt"])
    (root / "cats" / "bad.png").write_bytes(b"")
    index = scan(root)
    assert DatasetIndex.from_dict(json.loads(json.dumps(index.to_dict()))) == index


# --- refusals


def test_a_missing_folder_and_a_file_are_refused(make):
    root = make(TWO)
    with pytest.raises(DataError, match=r"There is no folder “.*nowhere”; check the path"):
        scan(root / "nowhere")
    with pytest.raises(DataError, match=r"1\.png is a file, not a folder; give the folder with the images\."):
        scan(root / "cats" / "1.png")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_an_unreadable_folder_is_refused(make):
    root = make(TWO)
    root.chmod(0)
    try:
        with pytest.raises(DataError, match=r"cannot be read: Permission denied; check its permissions\."):
            scan(root)
    finally:
        root.chmod(0o700)


def test_a_folder_the_system_refuses_to_list_is_named(make, monkeypatch):
    root = make(TWO)

    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(
        DataError, match=r"The folder .*data cannot be read: Permission denied; check its permissions\."
    ):
        scan(root)


def test_a_loop_of_links_is_refused(tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(DataError, match=r"There is no folder|cannot be read"):
        scan(tmp_path / "a")


def test_images_without_class_folders_are_refused_with_the_layout(make):
    with pytest.raises(DataError, match=rf"The images in .*data are not in class folders\. {LAYOUT}"):
        scan(make(["1.png", "2.png"]))
    with pytest.raises(DataError, match=rf"The images in .*flat are not in class folders\. {LAYOUT}"):
        scan(make(["train/1.png", "val/2.png"], "flat"))


def test_no_images_at_all_are_refused_with_the_layout(make):
    with pytest.raises(DataError, match=rf"There are no images in .*data\. {LAYOUT}"):
        scan(make(["readme.txt"]))
    with pytest.raises(DataError, match=rf"There are no images \(\.bmp, .*\) in .*text\. {LAYOUT}"):
        scan(make(["cats/1.txt", "dogs/1.psd"], "text"))


def test_one_class_is_refused_with_the_layout(make):
    with pytest.raises(DataError, match=rf"There is only one class, cats, in .*; at least two are needed\. {LAYOUT}"):
        scan(make(["train/cats/1.png", "val/cats/1.png"]))


@pytest.mark.parametrize(
    "pair", [("Cat", "cat"), (unicodedata.normalize("NFC", "café"), unicodedata.normalize("NFD", "café"))]
)
def test_classes_that_look_the_same_are_refused(make, pair):
    with pytest.raises(DataError, match=rf"The classes ({'|'.join(pair)}) and ({'|'.join(pair)}) look the same"):
        scan(make([f"{pair[0]}/1.png", f"{pair[1]}/1.png"]))
    with pytest.raises(DataError, match="look the same"):
        scan(make([f"train/{pair[0]}/1.png", "train/x/1.png", f"val/{pair[1]}/1.png"], "split"))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("   ", "has a blank name"),
        ("a\nb", "characters that cannot be shown"),
        ("a\x07", "characters that cannot be shown"),
    ],
)
def test_class_names_that_cannot_be_shown_are_refused(make, name, message):
    with pytest.raises(DataError, match=message) as caught:
        scan(make([*TWO, f"{name}/1.png"]))
    assert str(caught.value).isprintable()


def test_class_names_may_have_255_characters():
    from core.data.layout import check_class_name

    check_class_name("x" * 255)
    with pytest.raises(DataError, match="has 256 characters; at most 255 are allowed"):
        check_class_name("x" * 256)


def test_a_folder_that_is_no_data_set_but_half_a_disk_is_refused(make, monkeypatch):
    monkeypatch.setattr("core.data.found_files.MAX_FILES", 5)
    scan(make([*TWO, "cats/a.txt"]))
    with pytest.raises(DataError, match=r"has more than 5 files; choose the dataset's folder\."):
        scan(make([*TWO, "cats/b.txt"]))


# --- cache and progress


def test_a_second_scan_reads_only_what_has_changed(make, tmp_path, monkeypatch):
    from core.data import scan as module

    root, cache = make(TWO), tmp_path / "cache"
    (root / "cats" / "bad.png").write_bytes(b"")
    first = scan(root, cache_dir=cache)
    read = []
    real = module._read

    def noted(path, with_traits=False):
        read.append(path.name)
        return real(path, with_traits)

    monkeypatch.setattr(module, "_read", noted)
    assert scan(root, cache_dir=cache) == first
    assert read == []
    os.utime(root / "dogs" / "2.png", ns=(1, 1))
    (root / "dogs" / "3.png").write_bytes((root / "dogs" / "1.png").read_bytes())
    changed = scan(root, cache_dir=cache)
    assert sorted(read) == ["2.png", "3.png"]
    assert len(changed.files) == 5


def test_a_cache_that_knows_no_transparency_is_read_where_the_format_has_none(make, tmp_path, monkeypatch):
    from core.data import scan as module

    root, cache = make(["cats/1.png", "cats/2.jpg", "dogs/1.jpg"]), tmp_path / "cache"
    clear = Image.new("P", (20, 20))
    clear.save(root / "cats" / "1.png", transparency=0)
    for path in root.rglob("*.jpg"):
        Image.new("RGB", (20, 20), (90, len(path.parts[-2]), int(path.stem))).save(path)
    first = scan(root, cache_dir=cache)
    assert [file.transparent for file in first.files] == [True, False, False]
    (kept,) = cache.glob("*.json")
    data = json.loads(kept.read_text())
    for entry in data["files"].values():
        del entry[-1]["transparent"]
    kept.write_text(json.dumps(data))
    reader = Mock(wraps=module._read)
    monkeypatch.setattr(module, "_read", reader)
    for _ in range(2):
        assert scan(root, cache_dir=cache) == first
        assert [call.args[0].name for call in reader.call_args_list] == ["1.png"]


@pytest.mark.parametrize("kind", ["gif", "webp", "png"])
def test_frames_of_an_animation_are_counted(make, kind):
    root = make(TWO)
    frames = [Image.new("RGB", (20, 20), (60 * k, 9, 99)) for k in range(3)]
    frames[0].save(root / "cats" / f"3.{kind}", save_all=True, append_images=frames[1:])
    assert {file.path: file.pages for file in scan(root).files if file.pages > 1} == {f"cats/3.{kind}": 3}


def test_a_removed_file_leaves_the_index(make, tmp_path):
    root = make(TWO)
    scan(root, cache_dir=tmp_path / "cache")
    (root / "dogs" / "2.png").unlink()
    assert len(scan(root, cache_dir=tmp_path / "cache").files) == 3


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"version": 0}', '{"version": 4, "files": []}', "[" * 100_000, {"sha256": 5}, {"quality": [1]}],
)
def test_a_damaged_cache_is_ignored(make, tmp_path, content):
    root, cache = make(TWO), tmp_path / "cache"
    first = scan(root, cache_dir=cache)
    (file,) = cache.iterdir()
    if isinstance(content, dict):
        data = json.loads(file.read_text())
        data["files"] = {path: [*entry[:-1], {**entry[-1], **content}] for path, entry in data["files"].items()}
        content = json.dumps(data)
    file.write_text(content)
    assert scan(root, cache_dir=cache) == first
    assert [p.name for p in cache.iterdir()] == [file.name]
    assert json.loads(file.read_text())["version"] == 4


def test_a_cache_that_cannot_be_written_is_no_reason_to_fail(make, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert len(scan(make(TWO), cache_dir=tmp_path / "cache").files) == 4


def test_what_may_pass_is_not_remembered(make, tmp_path, monkeypatch):
    from core.data import images

    root, cache = make(TWO), tmp_path / "cache"
    with monkeypatch.context() as patch:

        def exhausted(*_):
            raise UnreadableImage("1.png needs more memory than there is.") from MemoryError()

        patch.setattr(images, "read_grey", exhausted)
        patch.setattr(images, "read_colour", exhausted)
        assert len(scan(root, cache_dir=cache).unreadable) == 4
    assert len(scan(root, cache_dir=cache).files) == 4


def test_progress_ends_at_the_number_of_files(make, tmp_path):
    calls = []
    root = make(TWO)
    scan(root, cache_dir=tmp_path / "cache", progress=lambda done, total: calls.append((done, total)))
    assert calls == [(i, 4) for i in range(5)]
    calls.clear()
    scan(root, cache_dir=tmp_path / "cache", progress=lambda done, total: calls.append((done, total)))
    assert calls == [(4, 4)]


# --- the real X-rays


@pytest.mark.slow
def test_the_chest_xrays_are_what_is_known_of_them(test_data, xrays_cache, home):
    """Another process has decoded them."""
    root = test_data / "data" / "chest_xray"
    shutil.copytree(xrays_cache, home / "cache")
    cache_dir = home / "cache" / "scan"
    assert any(cache_dir.iterdir())
    from collections import Counter

    from tests.data.groups import group_name

    index = scan(root, cache_dir=cache_dir)
    assert {split: sum(n.values()) for split, n in index.counts().items()} == {"train": 4099, "val": 878}
    assert index.unreadable == ()
    copies = [n for n in Counter(f.sha256 for f in index.files).values() if n > 1]
    assert (len(copies), sum(copies)) == (23, 48)
    parts = {s: {group_name(f) for f in index.files if f.split == s} for s in ("train", "val")}
    assert len(parts["train"] | parts["val"]) == 2819
    assert len(parts["train"] & parts["val"]) == 411
    start = time.process_time()  # of all threads; others' work on the machine does not count
    assert scan(root, cache_dir=cache_dir) == index
    assert time.process_time() - start < 1, "nothing is decoded again"
