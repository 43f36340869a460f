"""The sample set on disk: complete or not there, the same bytes wherever it is drawn."""

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
from core.data.phantom import draw_phantom
from core.errors import DataError


@pytest.fixture
def small(monkeypatch):
    """A sample set of ten images instead of 960."""
    monkeypatch.setattr(sample, "SAMPLE_COUNTS", {"train": 3, "val": 2})


def files_below(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.jpg"))


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
    expected = draw_phantom(np.random.default_rng(seed), "PNEUMONIA" in name)
    with Image.open(folder / name) as image:
        assert (image.format, image.mode, image.size) == ("JPEG", "L", (224, 224))
        difference = np.abs(np.asarray(image).astype(int) - expected)
    assert difference.mean() < 3
    assert (folder / "README.txt").read_text(encoding="utf-8") == (
        "These images are synthetic: the program drew them from a seed. They show no patient and no disease. Do not "
        "use them for diagnosis or to evaluate a medical method. Licence: CC0 1.0.\n"
    )
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
