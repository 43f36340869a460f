"""Checkpoints that are written while the next epoch trains: at most one is under way, and none fails unheard."""

import threading
from pathlib import Path

import numpy as np
import pytest

from core.engine.train.checkpoint import BackgroundSaves, Checkpoint, CheckpointFolder, Progress
from core.errors import UserError


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
