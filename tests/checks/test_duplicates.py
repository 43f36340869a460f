"""Images that look alike: found when saved again or rescaled, and not when merely of one kind."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from core import paths
from core.checks import duplicates
from core.checks.duplicates import near_groups, near_pairs
from core.config import make_config
from core.data.dataset import Dataset, open_dataset
from core.data.thumbnails import thumbnails


def smooth(seed: int, size: int = 160) -> Image.Image:
    """An image with structure, unlike noise: what rescaling leaves alike."""
    pixels = np.random.default_rng(seed).integers(0, 256, (20, 20, 3), np.uint8)
    return Image.fromarray(pixels).resize((size, size), Image.Resampling.BICUBIC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for k, class_folder in enumerate(["train/a", "train/b", "val/a", "val/b"]):
        (tmp_path / "set" / class_folder).mkdir(parents=True)
        for n in range(6):
            smooth(100 * k + n).save(tmp_path / "set" / class_folder / f"{n}.png")
    smooth(3).save(tmp_path / "set/val/a/again.jpg", quality=80)
    smooth(102).resize((100, 100)).save(tmp_path / "set/val/b/smaller.png")
    return tmp_path / "set"


def opened(folder: Path) -> Dataset:
    return open_dataset(str(folder), make_config(str(folder), {}).data)


def test_images_saved_again_or_rescaled_are_found_and_no_others(folder):
    data = opened(folder)
    pairs = near_pairs(thumbnails(data.root, data.index.files), data.split.train, data.split.val)
    assert [(pair.train.path, pair.other.path) for pair in pairs] == [
        ("train/a/3.png", "val/a/again.jpg"),
        ("train/b/2.png", "val/b/smaller.png"),
    ]
    assert all(pair.bits <= duplicates.MAX_BITS and pair.correlation > 0.99 for pair in pairs)


def test_identical_files_and_other_images_are_no_near_pairs(folder):
    for path in [folder / "val/a/again.jpg", folder / "val/b/smaller.png"]:
        path.unlink()
    (folder / "val/a/same.png").write_bytes((folder / "train/a/0.png").read_bytes())
    smooth(4).filter(ImageFilter.GaussianBlur(20)).save(folder / "val/a/blurred.png")
    data = opened(folder)
    assert near_pairs(thumbnails(data.root, data.index.files), data.split.train, data.split.val) == []


def test_search_in_chunks_agrees_with_counting_bits_one_by_one(folder, monkeypatch):
    data = opened(folder)
    small = thumbnails(data.root, data.index.files)
    monkeypatch.setattr(duplicates, "_CHUNK", 5)
    monkeypatch.setattr(duplicates, "MAX_BITS", 500)
    monkeypatch.setattr(duplicates, "MIN_CORRELATION", -2.0)
    found = {(p.train.path, p.other.path): p.bits for p in near_pairs(small, data.split.train, data.split.val)}
    obvious = {}
    for a in data.split.train:
        for b in data.split.val:
            first, second = (small[f.sha256].astype(int) for f in (a, b))
            bits = int(((np.diff(first) > 0) != (np.diff(second) > 0)).sum())
            if bits <= 500:
                obvious[a.path, b.path] = bits
    assert found == obvious
    assert len(found) > 5


def test_blank_images_are_not_called_alike(folder):
    for class_folder in ("train/a/blank.png", "val/b/blank.png"):
        level = 0 if class_folder.startswith("train") else 9
        Image.new("RGB", (64, 64), (level,) * 3).save(folder / class_folder)
    data = opened(folder)
    pairs = near_pairs(thumbnails(data.root, data.index.files), data.split.train, data.split.val)
    assert not [pair for pair in pairs if "blank" in pair.other.path]


def test_groups_reach_across_parts_and_hold_every_copy_of_their_images(folder):
    smooth(3).resize((90, 90)).save(folder / "train/b/third.png")
    (folder / "val/b/copy.png").write_bytes((folder / "train/b/third.png").read_bytes())
    data = opened(folder)
    groups = near_groups(data.root, data.index.files)
    assert [sorted(file.path for file in group) for group in groups] == [
        ["train/a/3.png", "train/b/third.png", "val/a/again.jpg", "val/b/copy.png"],
        ["train/b/2.png", "val/b/smaller.png"],
    ]


def test_groups_are_kept_until_a_file_changes(folder, monkeypatch):
    data = opened(folder)
    first = near_groups(data.root, data.index.files)
    with monkeypatch.context() as patch:
        patch.setattr(duplicates, "near_pairs", None)  # whoever compares now fails
        assert near_groups(data.root, data.index.files) == first
    (folder / "val/b/smaller.png").unlink()
    data = opened(folder)
    assert [len(group) for group in near_groups(data.root, data.index.files)] == [2]


@pytest.mark.parametrize("pairs", ["x", [["a", "b"]], [[1, 2]], [["a"]], None])
def test_damaged_memory_of_groups_is_made_anew(folder, pairs):
    data = opened(folder)
    first = near_groups(data.root, data.index.files)
    (kept,) = (paths.cache_folder() / "duplicates").iterdir()
    record = json.loads(kept.read_text(encoding="utf-8"))
    kept.write_text(json.dumps({**record, "pairs": pairs}), encoding="utf-8")
    assert near_groups(data.root, data.index.files) == first


def test_many_flat_images_are_no_pairs(tmp_path):
    """Their difference hashes agree nearly everywhere, so all of them are candidates of each other."""
    for n in range(60):
        class_folder = tmp_path / "flat" / "ab"[n % 2]
        class_folder.mkdir(parents=True, exist_ok=True)
        pixels = np.zeros((40, 40), np.uint8)
        pixels[n % 30 : n % 30 + 4, n // 2 : n // 2 + 4] = 200
        Image.fromarray(pixels).save(class_folder / f"{n}.png")
    data = opened(tmp_path / "flat")
    assert near_pairs(thumbnails(data.root, data.index.files), data.index.files, data.index.files) == []


@pytest.fixture
def all_alike(tmp_path: Path) -> Dataset:
    """Forty images of each part that all look alike, and one of each that looks like no other."""
    rng, level = np.random.default_rng(0), np.tile(np.linspace(40, 200, 64), (64, 1))
    for part in ("train", "val"):
        for n in range(40):
            folder = tmp_path / "set" / part / "ab"[n % 2]
            folder.mkdir(parents=True, exist_ok=True)
            pixels = (level + rng.normal(0, 2, (64, 64))).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / f"{n:02}.png")
        smooth(len(part)).save(folder / "other.png")
    return opened(tmp_path / "set")


def test_where_all_look_alike_a_few_pairs_of_each_image_are_named_and_no_image_is_left_out(all_alike):
    small = thumbnails(all_alike.root, all_alike.index.files)
    pairs = near_pairs(small, all_alike.split.train, all_alike.split.val)
    alike = [file for file in all_alike.split.val if "other" not in file.path]
    assert [pair.other for pair in pairs] == [file for file in alike for _ in range(duplicates._MOST)]
    for pair in pairs:
        a, b = (small[file.sha256].astype(float).ravel() for file in (pair.train, pair.other))
        assert pair.correlation == pytest.approx(np.corrcoef(a, b)[0, 1], abs=1e-9)
        assert duplicates.look_alike(small[pair.train.sha256], small[pair.other.sha256])
    assert not duplicates.look_alike(*(small[file.sha256] for file in all_alike.split.val[-2:]))


def test_where_all_look_alike_one_group_is_kept_by_one_pair_for_each_image(all_alike, monkeypatch):
    monkeypatch.setattr(duplicates, "_CHUNK", 7)
    (group,) = near_groups(all_alike.root, all_alike.index.files)
    assert [file.path for file in group] == [f.path for f in all_alike.index.files if "other" not in f.path]
    (kept,) = (paths.cache_folder() / "duplicates").iterdir()
    assert len(json.loads(kept.read_text(encoding="utf-8"))["pairs"]) == 79
    assert near_groups(all_alike.root, all_alike.index.files) == [group]
