"""Checkpoints: written while the next epoch trains, and when damaged never taken for a fresh start."""

import shutil
import threading
from pathlib import Path

import numpy as np
import pytest

from core import files
from core.engine.train.checkpoint import BackgroundSaves, Checkpoint, CheckpointFolder, Progress
from core.errors import RunError, UserError


def checkpoint(epoch: int) -> Checkpoint:
    return Checkpoint(Progress(epoch=epoch), [np.full(10, epoch)])


def test_the_last_checkpoint_is_on_the_disk_when_the_saves_are_closed(tmp_path: Path) -> None:
    saves = BackgroundSaves(CheckpointFolder(tmp_path))
    for epoch in range(1, 6):
        saves.begin(checkpoint(epoch))
    saves.close()
    stored = CheckpointFolder(tmp_path).load()
    assert stored is not None and stored.progress.epoch == 5
    assert (stored.arrays[0] == 5).all()
    assert len(list(tmp_path.glob("*.npz"))) == 2, "it and the one before"


def test_the_next_waits_for_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, release, saved = CheckpointFolder(tmp_path), threading.Event(), list[int]()

    def slow(one: Checkpoint) -> None:
        release.wait(10)
        saved.append(one.progress.epoch)

    monkeypatch.setattr(folder, "save", slow)
    saves = BackgroundSaves(folder)
    saves.begin(checkpoint(1))
    assert saved == [], "the training does not wait for it"
    threading.Timer(0.1, release.set).start()
    saves.begin(checkpoint(2))
    assert saved[:1] == [1]
    saves.close()
    assert saved == [1, 2]


def test_a_save_that_failed_is_heard_of_at_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = CheckpointFolder(tmp_path)

    def full(one: Checkpoint) -> None:
        raise UserError(f"the disk is nearly full at {one.progress.epoch}")

    monkeypatch.setattr(folder, "save", full)
    saves = BackgroundSaves(folder)
    saves.begin(checkpoint(1))
    with pytest.raises(UserError, match=r"^the disk is nearly full at 1$"):
        saves.wait()
    saves.wait()  # it was told once
    saves.begin(checkpoint(2))
    with pytest.raises(UserError, match=r"^the disk is nearly full at 2$"):
        saves.close()


def damage(path: Path, how: str) -> None:
    content = path.read_bytes()
    if how == "gone":
        path.unlink()
    elif how == "flipped":
        middle = len(content) // 2
        path.write_bytes(
            content[:middle] + bytes(255 - b for b in content[middle : middle + 64]) + content[middle + 64 :]
        )
    else:
        path.write_bytes(content[: len(content) * int(how) // 100])


@pytest.mark.parametrize("how", ["gone", "flipped", "0", "1", "50", "99"])
def test_a_damaged_checkpoint_gives_way_to_the_one_before(tmp_path: Path, how: str) -> None:
    checkpoints = CheckpointFolder(tmp_path)
    for epoch in (1, 2):
        checkpoints.save(Checkpoint(Progress(epoch=epoch), [np.full(100, epoch)]))
    damage(tmp_path / files.read_json(tmp_path / "state.json")[0]["arrays"], how)
    found = CheckpointFolder(tmp_path)
    stored = found.load()
    assert stored
    assert (stored.progress.epoch, found.fell_back) == (1, True)
    for path in tmp_path.glob("*.npz"):
        damage(path, "0")
    with pytest.raises(RunError, match="damaged, so it cannot go on; start a new run"):
        CheckpointFolder(tmp_path).load()


@pytest.mark.parametrize(
    "state", ["{}", "[]", "[{", '"x"', "[1]", '[{"arrays": 3}]', '[{"arrays": "../x", "best": ""}]', ""]
)
def test_a_record_of_checkpoints_that_says_nothing_is_never_a_fresh_start(tmp_path: Path, state: str) -> None:
    CheckpointFolder(tmp_path).save(Checkpoint(Progress(epoch=1), [np.ones(3)]))
    (tmp_path / "state.json").write_text(state, encoding="utf-8")
    with pytest.raises(RunError, match="damaged, so it cannot go on; start a new run"):
        CheckpointFolder(tmp_path).load()


def test_a_nearly_full_disk_is_refused_before_the_checkpoint_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoints = CheckpointFolder(tmp_path)
    checkpoints.save(Checkpoint(Progress(epoch=1), [np.ones(1000)]))
    before = sorted(path.name for path in tmp_path.iterdir())
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**9, 10**9 - 5000, 5000))
    with pytest.raises(UserError, match=r"the disk is nearly full: 5\.00 kB are free.*its last epoch is kept"):
        checkpoints.save(Checkpoint(Progress(epoch=2), [np.full(1000, 2)]))
    assert sorted(path.name for path in tmp_path.iterdir()) == before
