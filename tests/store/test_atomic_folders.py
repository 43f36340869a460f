"""Runs and jobs come and go whole: whoever lists them meanwhile never meets half of one."""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core import files
from core.bisect.store import BisectStore
from core.config import make_config
from core.errors import RunError
from core.jobs.job import JobStore
from core.label_review.store import ReviewStore
from core.lr_search.store import LrSearchStore
from core.store import atomic_folders as making
from core.store.folder import JobFolder
from core.store.runs import Run, RunStore
from core.sweep.store import SweepStore

CONFIG = make_config("sample", {}, name="x")


def made_run() -> Run:
    return RunStore().create(CONFIG, owner="ada")


def made_job(store: type[JobStore]) -> Callable[[], Run]:
    return lambda: store()._make({"kind": "x"}, "ada", lambda job: job.write_result({"id": job.id}))


KINDS = [
    pytest.param(RunStore, made_run, id="run"),
    *(
        pytest.param(kind, made_job(kind), id=kind.folder)
        for kind in (BisectStore, SweepStore, LrSearchStore, ReviewStore)
    ),
]


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What a list shows of every run or job, (id, status), whenever a file of one has been written."""
    seen: list[tuple[str, str]] = []
    real = files.write_json

    def write(path: Path, record: object) -> None:
        real(path, record)
        folder = path.parent.parent
        root = folder.parent if folder.name.startswith(".") else folder
        seen.extend((run.id, run.read_status().message) for run in RunStore(root).list())

    monkeypatch.setattr(files, "write_json", write)
    return seen


@pytest.mark.parametrize(("store", "make"), KINDS)
def test_one_that_is_being_made_is_not_seen(store, make, looked: list[tuple[str, str]]) -> None:
    run = make()
    assert looked == []
    assert [other.id for other in store().list()] == [run.id]
    assert (run.read_status().status, run.owner()) == ("queued", "ada")
    assert files.read_json(run.path / "result.json") in (None, {"id": run.id})
    assert [path.name for path in run.path.parent.iterdir()] == [run.id]


@pytest.mark.parametrize(("store", "make"), KINDS)
def test_one_that_cannot_be_made_whole_leaves_nothing(store, make, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(self: JobFolder, status: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(JobFolder, "write_status", no_room)
    with pytest.raises(
        RunError, match=r"cannot create a [a-z]+ in .*: No space left on device; free some space there$"
    ):
        make()
    assert list(store().root.iterdir()) == []


@pytest.mark.parametrize(("store", "make"), KINDS)
def test_a_full_disk_is_told_before_anything_is_begun(store, make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**9, 10**9 - 20480, 20480))
    with pytest.raises(RunError, match=r"^the disk is full: 20\.5 kB are free, a \w+ needs 10\.0 MB or more"):
        make()
    assert list(store().root.iterdir()) == []


def test_an_old_search_goes_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    searches = [LrSearchStore().create(CONFIG) for _ in range(3)]
    for search in searches:
        files.write_json(search.path / "status.json", {"status": "finished"})
    shown: list[str] = []
    real = shutil.rmtree

    def remove(path: Path, **options: Any) -> None:
        shown.extend(search.read_status().status for search in LrSearchStore().list())
        real(path, **options)

    monkeypatch.setattr(shutil, "rmtree", remove)
    LrSearchStore()._forget_old(1)
    assert shown and set(shown) == {"finished"}
    assert [search.id for search in LrSearchStore().list()] == [max(search.id for search in searches)]


def test_what_a_killed_process_has_left_is_swept_after_an_hour(tmp_path: Path) -> None:
    left, fresh = tmp_path / ".a.part", tmp_path / ".b.part"
    for folder in (left, fresh):
        (folder / "x").mkdir(parents=True)
    old = time.time() - making.ABANDONED_SECONDS - 1
    os.utime(left, (old, old))
    making.sweep_abandoned(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".b.part"]
