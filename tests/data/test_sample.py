"""The sample set on disk: complete or not there, the same bytes wherever it is drawn."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core import files
from core.data import sample
from core.data.phantom import draw_phantom
from core.errors import DataError


@pytest.fixture
def small(monkeypatch):
    """A sample set of ten images instead of 960."""
    monkeypatch.setattr(sample, "SAMPLE_COUNTS", {"train": 3, "val": 2})


def shown(root):
    """Names in a folder that are not hidden: the lock stays."""
    return [entry.name for entry in root.iterdir() if entry.name != ".lock"]


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
    assert shown(tmp_path) == [folder.name]


def test_two_folders_hold_the_same_bytes(tmp_path, small):
    one, other = sample.ensure_sample(tmp_path / "a"), sample.ensure_sample(tmp_path / "b")
    assert files_below(one) == files_below(other)
    assert all((one / name).read_bytes() == (other / name).read_bytes() for name in files_below(one))


def test_a_complete_set_is_not_drawn_again(tmp_path, small, monkeypatch):
    folder = sample.ensure_sample(tmp_path)
    monkeypatch.setattr(sample, "draw_phantom", lambda *_: pytest.fail("drawn again"))
    assert sample.ensure_sample(tmp_path, progress=lambda *_: pytest.fail("nothing to report")) == folder


@pytest.mark.parametrize("error", [RuntimeError("stopped"), KeyboardInterrupt()])
def test_an_interrupted_drawing_is_no_set_and_goes_on_where_it_was(tmp_path, small, error, monkeypatch):
    def stop(done, total):
        if done == 4:
            raise error

    with pytest.raises(type(error)):
        sample.ensure_sample(tmp_path, progress=stop)
    assert not sample.sample_is_ready(tmp_path)
    kept = files_below(tmp_path / ".partial-v1")
    assert len(kept) >= 4
    drawn = []

    def draw(*args, **kwargs):
        drawn.append(1)
        return draw_phantom(*args, **kwargs)

    monkeypatch.setattr(sample, "draw_phantom", draw)
    folder = sample.ensure_sample(tmp_path)
    assert len(drawn) == 10 - len(kept)
    assert shown(tmp_path) == [folder.name]
    whole = sample.ensure_sample(tmp_path / "whole")
    assert all((folder / name).read_bytes() == (whole / name).read_bytes() for name in files_below(whole))


def test_a_killed_process_leaves_no_set_and_its_leftovers_go(tmp_path, small):
    half, earlier = tmp_path / ".partial-v1" / "train" / "NORMAL", tmp_path / ".partial-earlier"
    for left in (half, earlier):
        left.mkdir(parents=True)
    (half / "phantom-0001.unfinished").write_bytes(b"half a JPEG")
    assert not sample.sample_is_ready(tmp_path)
    folder = sample.ensure_sample(tmp_path)
    assert shown(tmp_path) == [folder.name]
    assert not list(folder.rglob("*.unfinished"))


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
    assert shown(tmp_path) == [folder.name]


def test_of_two_at_once_one_draws_and_the_other_waits_and_sees_how_far_it_is(tmp_path, small, monkeypatch):
    first_is_drawing, second_has_seen = threading.Event(), threading.Event()
    drawn, seen = [], []

    def draw(*args, **kwargs):
        drawn.append(1)
        return draw_phantom(*args, **kwargs)

    def hold(done, total):
        first_is_drawing.set()
        assert second_has_seen.wait(30)

    def look(done, total):
        seen.append((done, total))
        second_has_seen.set()

    monkeypatch.setattr(sample, "draw_phantom", draw)
    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(sample.ensure_sample, tmp_path, hold)
        assert first_is_drawing.wait(30)
        other = pool.submit(sample.ensure_sample, tmp_path, look)
        assert one.result() == other.result() == tmp_path / f"sample-v{sample.SAMPLE_VERSION}"
    assert len(drawn) == 10
    assert seen[0][1] == 10
    assert 1 <= seen[0][0] <= 10
    assert shown(tmp_path) == [one.result().name]


def test_who_waits_can_be_stopped(tmp_path, small):
    def stop(done, total):
        raise KeyboardInterrupt

    lock = files.Lock(tmp_path / ".lock")
    assert lock.acquire()
    with pytest.raises(KeyboardInterrupt):
        sample.ensure_sample(tmp_path, progress=stop)
    lock.release()
    assert sample.ensure_sample(tmp_path).is_dir()


def test_progress_rises_to_the_total_in_the_calling_thread(tmp_path, small):
    calls = []
    sample.ensure_sample(tmp_path, progress=lambda *call: calls.append((*call, threading.get_ident())))
    assert calls == [(done, 10, threading.get_ident()) for done in range(1, 11)]


def test_a_folder_that_cannot_be_written_is_the_users_to_mend(tmp_path, small):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder", encoding="utf-8")
    with pytest.raises(DataError, match=r"cannot be written to .*file: .* set PARITY_HOME to a folder that can be"):
        sample.ensure_sample(blocked)
