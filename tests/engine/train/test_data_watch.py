"""A run never trains on another dataset than its manifest says, neither later on nor after a resume."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core import files
from core.config import make_config
from core.data.dataset import open_dataset
from core.engine.reporter import Reporter
from core.engine.train.data_watch import keep_manifest
from core.engine.train.training import train
from core.errors import DataError, ImageChanged
from core.store.runs import Run, RunStore

pytestmark = pytest.mark.usefixtures("thin")

MakeFolder = Callable[..., Path]

TINY = {
    "data.image_size": 32, "data.batch_size": 8, "training.epochs": 3, "training.early_stopping": 0,
    "data.augmentation": "none", "model.dense_units": 4,
}  # fmt: skip


def new_run(folder: Path, **settings: Any) -> Run:
    return RunStore().create(make_config(str(folder), {**TINY, **settings}))


def exchange(folder: Path) -> str:
    """Puts another image in the place of one, under its times; returns what the first one was."""
    path, other = folder / "train" / "a" / "000.png", folder / "train" / "b" / "001.png"
    info, kept = path.stat(), path.with_name(".kept")
    shutil.copy2(path, kept)
    shutil.copy(other, path)
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))
    return str(kept)


def told(run: Run) -> list[str]:
    return [event.message for event in run.events() if event.event == "data changed"]


def keep(run: Run) -> None:
    config = run.config()
    keep_manifest(Reporter(run), open_dataset(config.dataset, config.data))


def test_a_run_goes_on_with_what_it_has_begun_with_or_not_at_all(image_folder: MakeFolder) -> None:
    folder = image_folder(train=(6, 6), val=(3, 3))
    run = new_run(folder)
    keep(run)
    written = (run.path / "manifest.json").stat().st_mtime_ns
    run.add_event("epoch", epoch=1)
    keep(run)
    assert (run.path / "manifest.json").stat().st_mtime_ns == written, "it is not written again"
    kept = exchange(folder)
    with pytest.raises(
        DataError, match=r"since run .* began: 1 image with different content \(train/a/000\.png\)\. Put it"
    ):
        keep(run)
    assert (run.path / "manifest.json").stat().st_mtime_ns == written
    assert len(told(run)) == 1
    Path(kept).replace(folder / "train" / "a" / "000.png")
    keep(run)
    (folder / "val" / "b" / "002.png").unlink()
    with pytest.raises(DataError, match=r"began: 1 image missing \(val/b/002\.png\)\. Put it back"):
        keep(run)


def test_before_the_first_epoch_it_begins_with_what_there_is_and_says_so(image_folder: MakeFolder) -> None:
    folder = image_folder(train=(6, 6), val=(3, 3))
    run = new_run(folder)
    keep(run)
    exchange(folder)
    keep(run)
    assert told(run) == [
        "The dataset has changed before the first epoch: 1 image with different content (train/a/000.png)."
    ]
    config = run.config()
    assert files.read_json(run.path / "manifest.json")["train"] == files.finite(
        open_dataset(config.dataset, config.data).manifest()["train"]
    )


class Exchanging(Reporter):
    """Exchanges an image as soon as the first epoch is done."""

    folder: Path

    def event(self, name: str, **facts: Any) -> None:
        super().event(name, **facts)
        if name == "epoch" and facts["epoch"] == 1:
            exchange(self.folder)


def test_an_image_exchanged_while_it_is_read_ends_the_run_with_its_name(image_folder: MakeFolder) -> None:
    folder = image_folder(train=(8, 8), val=(3, 3))
    run = new_run(folder, **{"training.mode": "end_to_end", "training.literal": True})
    reporter = Exchanging(run)
    reporter.folder = folder
    with pytest.raises(ImageChanged, match=r"^train/a/000\.png has changed since this began"):
        train(reporter)
    assert len(told(run)) == 1
    assert len(run.epochs()) == 1, "the epoch that was finished is kept"


def test_an_image_exchanged_after_it_was_read_is_said_at_the_end(image_folder: MakeFolder) -> None:
    folder = image_folder(train=(8, 8), val=(3, 3))
    run = new_run(folder)
    reporter = Exchanging(run)
    reporter.folder = folder
    assert train(reporter, with_reference=False) == "finished"
    claim = "The dataset changed during training: 1 image with different content (train/a/000.png)."
    assert told(run) == [f"{claim} The run was trained on the images in its manifest."]
    found = files.read_json(run.path / "findings.json")["findings"][-1]
    assert (found["id"], found["severity"], found["claim"]) == ("data-set-changed", "warning", claim)
