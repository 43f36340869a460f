"""An image that was exchanged is noticed, whatever its size and its times say."""

import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.data.changes import data_changes
from core.data.dataset_index import ImageFile
from core.data.images import load
from core.data.scan import scan
from core.data.unchanged import load_unchanged
from core.errors import ImageChanged, UnreadableImage
from core.store.run_records import Manifest

OLD = 1_000_000_000


def draw(path: Path, level: int) -> None:
    """An image of always the same size in bytes, with a time of change that does not tell."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((12, 10, 3), level, np.uint8)).save(path)
    os.utime(path, (OLD, OLD))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for k in range(4):
        draw(tmp_path / "set" / "ab"[k % 2] / f"{k}.bmp", 10 + k)
    return tmp_path / "set"


def test_a_scan_finds_what_was_exchanged_under_the_same_size_and_time(folder: Path, tmp_path: Path) -> None:
    for _ in range(2):
        before = scan(folder, cache_dir=tmp_path / "cache")
    path = folder / "a" / "0.bmp"
    size = path.stat().st_size
    draw(path, 200)
    assert (path.stat().st_size, path.stat().st_mtime) == (size, OLD)
    after = scan(folder, cache_dir=tmp_path / "cache")
    found = {file.path: file.sha256 for file in after.files}
    assert found["a/0.bmp"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert sum(a.sha256 != b.sha256 for a, b in zip(before.files, after.files, strict=True)) == 1


def test_the_bytes_that_are_decoded_are_those_that_were_scanned(folder: Path) -> None:
    file = scan(folder).files[0]
    path = folder / file.path
    np.testing.assert_array_equal(load_unchanged(folder, file, 8), load(path, 8))
    draw(path, 200)
    words = r"^a/0\.bmp has changed since this began: its SHA-256 was [0-9a-f]{12}… and is [0-9a-f]{12}…\. Restore"
    with pytest.raises(ImageChanged, match=words):
        load_unchanged(folder, file, 8)
    path.write_bytes(path.read_bytes()[:99])
    with pytest.raises(UnreadableImage, match=r"^0\.bmp is damaged"):
        load_unchanged(folder, file, 8)
    with path.open("wb") as out:
        out.truncate(10**10)
    with pytest.raises(ImageChanged, match=r"it had [0-9]+ bytes and has 10,000,000,000\. Restore"):
        load_unchanged(folder, file, 8)
    path.unlink()
    with pytest.raises(UnreadableImage, match=r"^0\.bmp cannot be opened: No such file"):
        load_unchanged(folder, file, 8)
    os.mkfifo(path)
    with pytest.raises(UnreadableImage, match=r"^0\.bmp is not a file"):
        load_unchanged(folder, file, 8)


def entry(path: str, sha: str = "0", label: str = "a") -> dict[str, str]:
    return {"path": path, "sha256": sha, "label": label}


BEFORE: dict[str, Any] = {"classes": ["a", "b"], "train": [entry("1"), entry("2"), entry("3")], "val": [entry("4")]}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, ""),
        ({"root": "/elsewhere"}, ""),
        ({"val": [entry("4", "x")]}, "1 image with different content (4)"),
        ({"train": [entry("1", "x"), entry("2", "x"), entry("3")]}, "2 images with different content (1, …)"),
        ({"val": [entry("4", label="b")]}, "1 image with a different label (4)"),
        ({"train": BEFORE["train"][:2], "val": [entry("3"), entry("4")]}, "1 image in a different split (3)"),
        ({"train": BEFORE["train"][1:]}, "1 image missing (1)"),
        ({"val": [entry("4"), entry("5", "x")]}, "1 image new (5)"),
        ({"train": BEFORE["train"][1:], "val": [entry("5")]}, "2 images missing (1, …); 1 image new (5)"),
        ({"classes": ["b", "a"]}, "other classes"),
        ({"train": BEFORE["train"][::-1]}, "the images in a different order"),
        ({"train": [], "val": []}, "4 images missing (1, …)"),
    ],
)
def test_what_has_changed_is_said_in_words(change: dict[str, object], said: str) -> None:
    assert data_changes(Manifest(**BEFORE), Manifest(**{**BEFORE, **change})) == said


def test_an_image_file_says_all_that_is_needed() -> None:
    assert {"path", "sha256", "bytes"} <= set(ImageFile.__dataclass_fields__)
