import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.data import sample
from core.errors import DataError


@pytest.fixture
def small(monkeypatch):
    """A sample set of ten images instead of 960."""
    monkeypatch.setattr(sample, "SAMPLE_COUNTS", {"train": 3, "val": 2})


def drawn(seed, diseased=False):
    return sample.draw_phantom(np.random.default_rng(seed), diseased)


def files_below(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.jpg"))


def test_a_phantom_is_a_grey_image_of_224_pixels():
    image = drawn([1, 2])
    assert image.shape == (224, 224)
    assert image.dtype == np.uint8
    assert image.min() < 40
    assert image.max() > 180


@pytest.mark.parametrize("diseased", [False, True])
def test_the_same_seed_draws_the_same_image_and_another_number_another(diseased):
    assert drawn([1, 2], diseased).tobytes() == drawn([1, 2], diseased).tobytes()
    assert np.abs(drawn([1, 2], diseased).astype(int) - drawn([1, 3], diseased)).mean() > 2


@pytest.mark.parametrize("number", range(8))
def test_disease_adds_light_inside_the_lungs_and_changes_nothing_else(number):
    healthy, diseased = drawn([5, number]), drawn([5, number], True)
    _, _, lungs = sample._healthy(np.random.default_rng([5, number]))
    added = diseased.astype(int) - healthy
    assert not added[lungs == 0].any()
    assert added.min() >= 0
    # Texture lets single pixels pass the peak; the brightest place as a whole stays near it.
    smooth = np.asarray(Image.fromarray(added.astype(np.float32)).reduce(8))
    assert 0.6 * sample.OPACITY_PEAK * 255 < smooth.max() < 1.6 * sample.OPACITY_PEAK * 255
    assert 0.03 < (added > 12).mean() < 0.35


def test_both_lungs_are_there_and_darker_than_what_surrounds_them():
    for number in range(8):
        grey, _, lungs = sample._healthy(np.random.default_rng([6, number]))
        assert (lungs[:, :112] > 0.9).sum() > 2500
        assert (lungs[:, 112:] > 0.9).sum() > 1800
        middle = grey[60:160, 104:120].mean()
        assert middle - grey[lungs > 0.9].mean() > 0.25


def test_the_word_synthetic_is_burned_into_the_same_corner_of_every_image():
    mask = sample._label()
    rows, columns = np.nonzero(mask)
    assert mask.sum() > 100
    assert rows.min() > 200
    assert columns.max() < 70
    for image in (drawn([1, 2]), drawn([1, 3], True)):
        assert (image[mask] == 210).all()


def test_no_two_images_share_a_name_or_a_seed():
    names, seeds = zip(*sample._images(), strict=True)
    assert len(names) == 960
    assert len({Path(name).name for name in names}) == 960
    assert len({tuple(seed) for seed in seeds}) == 960
    assert names[0] == "train/NORMAL/phantom-0001.jpg"
    assert names[-1] == "val/PNEUMONIA/phantom-0960.jpg"


def test_the_set_is_complete_and_each_image_is_the_one_its_seed_draws(tmp_path, small):
    assert not sample.sample_is_ready(tmp_path)
    folder = sample.ensure_sample(tmp_path)
    assert folder == tmp_path / f"sample-v{sample.SAMPLE_VERSION}"
    assert sample.sample_is_ready(tmp_path)
    counts = {
        str(class_folder.relative_to(folder)): len(list(class_folder.iterdir())) for class_folder in folder.glob("*/*")
    }
    assert counts == {"train/NORMAL": 3, "train/PNEUMONIA": 3, "val/NORMAL": 2, "val/PNEUMONIA": 2}
    name, seed = list(sample._images())[4]
    with Image.open(folder / name) as image:
        assert (image.format, image.mode, image.size) == ("JPEG", "L", (224, 224))
        difference = np.abs(np.asarray(image).astype(int) - drawn(seed, "PNEUMONIA" in name))
    assert difference.mean() < 3
    assert "synthetic" in (folder / "README.txt").read_text(encoding="utf-8")
    assert json.loads((folder / "sample.json").read_text(encoding="utf-8")) == {"train": 3, "val": 2}
    assert [entry.name for entry in tmp_path.iterdir()] == [folder.name]


def test_two_folders_hold_the_same_bytes(tmp_path, small):
    one, other = sample.ensure_sample(tmp_path / "a"), sample.ensure_sample(tmp_path / "b")
    assert files_below(one) == files_below(other)
    assert all((one / name).read_bytes() == (other / name).read_bytes() for name in files_below(one))


def test_a_complete_set_is_not_drawn_again(tmp_path, small, monkeypatch):
    folder = sample.ensure_sample(tmp_path)
    monkeypatch.setattr(sample, "draw_phantom", lambda *_: pytest.fail("drawn again"))
    assert sample.ensure_sample(tmp_path, progress=lambda *_: pytest.fail("nothing to report")) == folder


@pytest.mark.parametrize("error", [RuntimeError("stopped"), KeyboardInterrupt()])
def test_an_interrupted_drawing_leaves_nothing_and_can_be_repeated(tmp_path, small, error):
    def stop(done, total):
        if done == 4:
            raise error

    with pytest.raises(type(error)):
        sample.ensure_sample(tmp_path, progress=stop)
    assert not sample.sample_is_ready(tmp_path)
    assert list(tmp_path.iterdir()) == []
    sample.ensure_sample(tmp_path)
    assert sample.sample_is_ready(tmp_path)


def test_a_killed_process_leaves_no_set_and_its_leftovers_go_after_an_hour(tmp_path, small):
    old, fresh = tmp_path / ".partial-old", tmp_path / ".partial-fresh"
    for left in (old, fresh):
        (left / "new" / "train" / "NORMAL").mkdir(parents=True)
    os.utime(old, (time.time() - 7200,) * 2)
    assert not sample.sample_is_ready(tmp_path)
    sample.ensure_sample(tmp_path)
    assert not old.exists()
    assert fresh.exists()


@pytest.mark.parametrize("damage", ["image", "json", "half json", "other counts"])
def test_a_damaged_set_does_not_count_and_is_replaced(tmp_path, small, damage):
    folder = sample.ensure_sample(tmp_path)
    match damage:
        case "image":
            (folder / "val/NORMAL/phantom-0007.jpg").unlink()
        case "json":
            (folder / "sample.json").unlink()
        case "half json":
            (folder / "sample.json").write_text('{"version"', encoding="utf-8")
        case "other counts":
            (folder / "sample.json").write_text(json.dumps({"train": 3, "val": 3}), encoding="utf-8")
    assert not sample.sample_is_ready(tmp_path)
    assert sample.ensure_sample(tmp_path) == folder
    assert sample.sample_is_ready(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == [folder.name]


def test_two_drawings_at_once_end_in_one_complete_folder(tmp_path, small, monkeypatch):
    both_drawn, install = threading.Barrier(2, timeout=30), sample._install

    def install_together(partial, root):
        both_drawn.wait()
        install(partial, root)

    monkeypatch.setattr(sample, "_install", install_together)
    with ThreadPoolExecutor(2) as pool:
        folders = list(pool.map(sample.ensure_sample, [tmp_path, tmp_path]))
    assert folders == [tmp_path / f"sample-v{sample.SAMPLE_VERSION}"] * 2
    assert sample.sample_is_ready(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == [folders[0].name]


def test_progress_rises_to_the_total_in_the_calling_thread(tmp_path, small):
    calls = []
    sample.ensure_sample(tmp_path, progress=lambda *call: calls.append((*call, threading.get_ident())))
    assert calls == [(done, 10, threading.get_ident()) for done in range(1, 11)]


def test_a_folder_that_cannot_be_written_is_the_users_to_mend(tmp_path, small):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder", encoding="utf-8")
    with pytest.raises(DataError, match=r"cannot be written to .*file: .* set PARITY_HOME to a folder that can be"):
        sample.ensure_sample(blocked)
