"""Small versions of images: made in the scan, and no more of them than are compared."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core import paths
from core.data import image_opening, images
from core.data import thumbnails as store
from core.data.dataset import scan_dataset
from core.data.thumbnails import SIDE, THUMBNAILS, shrink, thumbnails
from core.errors import UnreadableImage


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for k, name in enumerate("ab"):
        (tmp_path / "set" / name).mkdir(parents=True)
        for n in range(3):
            pixels = np.random.default_rng(10 * k + n).integers(0, 256, (20, 20, 3), np.uint8)
            image = Image.fromarray(pixels).resize((300, 260), Image.Resampling.BICUBIC)
            image.save(tmp_path / "set" / name / f"{n}.jpg", quality=90)
    return tmp_path / "set"


def test_the_scan_decodes_every_file_once_and_keeps_its_small_version(folder, monkeypatch):
    opened = []
    real = image_opening.open_image

    def noted(file, name):
        opened.append(name)
        return real(file, name)

    monkeypatch.setattr(images, "open_image", noted)
    index = scan_dataset(str(folder))
    small = thumbnails(index.root, index.files, lambda *_: pytest.fail("was decoded again"))
    assert sorted(opened) == sorted(2 * ["0.jpg", "1.jpg", "2.jpg"])
    for file in index.files:
        with Image.open(folder / file.path) as image:
            obvious = np.asarray(image.convert("L").resize((SIDE + 1, SIDE), Image.Resampling.BILINEAR))
        assert np.abs(small[file.sha256].astype(int) - obvious).max() <= 2


def test_only_what_has_come_is_decoded_and_what_has_gone_is_forgotten(folder):
    scan_dataset(str(folder))
    Image.new("RGB", (50, 40), "red").save(folder / "a" / "new.png")
    (folder / "b" / "0.jpg").unlink()
    index = scan_dataset(str(folder))
    assert set(THUMBNAILS.read(index.root)) == {file.sha256 for file in index.files}


def test_lost_ones_are_the_same_when_made_again(folder):
    index = scan_dataset(str(folder))
    first, seen = thumbnails(index.root, index.files), []
    (kept,) = (paths.cache_folder() / "thumbnails").iterdir()
    kept.unlink()
    again = thumbnails(index.root, index.files, lambda done, total: seen.append((done, total)))
    assert seen[-1] == (6, 6)
    assert all((again[sha] == first[sha]).all() for sha in first)


def test_none_are_kept_of_more_images_than_are_compared(folder, monkeypatch):
    monkeypatch.setattr(store, "MAX_COMPARED", 5)
    scan_dataset(str(folder))
    assert not (paths.cache_folder() / "thumbnails").exists()


def test_an_image_that_has_gone_is_one_sentence(folder):
    index = scan_dataset(str(folder))
    gone = dataclasses.replace(index.files[0], path="a/gone.png", sha256="0" * 64)
    with pytest.raises(UnreadableImage, match=r"^gone\.png cannot be opened: No such file or directory\.$"):
        thumbnails(index.root, [gone])


def test_a_small_version_has_a_column_more_than_rows():
    assert shrink(Image.new("L", (500, 100))).shape == (32, 33)
