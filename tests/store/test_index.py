"""The lists' summaries: equal to what the folders say, whatever happens to the file that keeps them."""

import json
import shutil
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from core.config import make_config
from core.store import index as registry
from core.store import kept_index
from core.store.index import KIND, POINTS, read_status, summaries, summarise
from core.store.kept_index import Index, index_file
from core.store.runs import Run, RunStore, Status


@pytest.fixture(autouse=True)
def new_process() -> None:
    registry.forget()


def make(name: str, status: str = "finished", values: tuple[float, ...] = (0.5, 0.9, 0.8), **settings: Any) -> Run:
    run = RunStore().create(make_config("/data/x", settings, name=name))
    run.write_status(Status(status=status, message="so", created=5.0, queued=time.monotonic()))
    for epoch, value in enumerate(values, 1):
        run.add_event("epoch", epoch=epoch, val_accuracy=value, val_auc=value / 2, val_loss=1 - value)
    return run


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ids of the runs whose folders are read, in order."""
    found: list[str] = []

    def noted(run: Run) -> registry.Summary:
        found.append(run.id)
        return summarise(run)

    monkeypatch.setattr(registry, "summarise", noted)
    return found


def index() -> Path:
    return index_file(RunStore().root, KIND)


def test_a_summary_says_what_the_folder_says() -> None:
    about: Any = pytest.approx  # stands for a number inside the record
    run = make("mine", **dict[str, Any]({"training.mode": "end_to_end"}))
    (summary,) = summaries([run])
    assert summary == registry.Summary(
        run=run.id, name="mine", dataset="/data/x", mode="end_to_end", backbone="EfficientNetLite0", status="finished",
        message="so", created=5.0, epochs=3, best=0.9, val_accuracy=0.8, val_auc=0.4,
        val_loss=(0.5, about(0.1), about(0.2)),
    )  # fmt: skip
    assert not summary.is_active


def test_only_what_has_changed_is_read_again(reads: list[str]) -> None:
    a, b = make("a"), make("b")
    first = summaries([a, b])
    assert summaries([b, a]) == first[::-1]
    assert reads == [a.id, b.id]
    b.add_event("epoch", epoch=4, val_accuracy=1.0)
    assert [summary.best for summary in summaries([a, b])] == [0.9, 1.0]
    b.write_status(Status(status="failed"))
    assert [summary.status for summary in summaries([a, b])] == ["finished", "failed"]
    assert reads == [a.id, b.id, b.id, b.id]


def test_another_process_reads_the_index_and_not_the_folders(reads: list[str]) -> None:
    runs = [make(f"{k}") for k in range(5)]
    first = summaries(runs)
    registry.forget()
    assert summaries(runs) == first
    assert len(reads) == 5


def test_a_run_at_work_is_not_kept_for_others(reads: list[str]) -> None:
    run = make("now", "running")
    summaries([run])
    registry.forget()
    assert summaries([run])[0].is_active
    assert reads == [run.id] * 2


def test_a_status_replaced_by_one_of_equal_length_and_time_is_noticed() -> None:
    import os

    run = make("a", "finished")
    before = (run.path / "status.json").stat()
    assert read_status(run).message == "so"
    run.write_status(Status(status="finished", message="no", created=5.0, queued=run.read_status().queued))
    os.utime(run.path / "status.json", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert read_status(run).message == "no"


@pytest.mark.parametrize("damage", [b"", b"nonsense" * 1000, None], ids=["empty", "no database", "deleted"])
def test_a_lost_index_costs_time_and_nothing_else(damage: bytes | None, reads: list[str]) -> None:
    runs = [make(f"{k}") for k in range(3)]
    first = summaries(runs)
    index().unlink()
    if damage is not None:
        index().write_bytes(damage)
    for _ in range(2):  # the second time out of the index that was made anew
        registry.forget()
        assert summaries(runs) == first
    assert len(reads) in (6, 9)  # a damaged file is removed by the first look and made anew by the second
    registry.forget()
    summaries(runs)
    assert len(reads) in (6, 9)


def test_a_damaged_row_is_not_believed(reads: list[str]) -> None:
    run = make("a")
    (first,) = summaries([run])
    with sqlite3.connect(index()) as file:
        (record,) = file.execute("SELECT record FROM summaries").fetchone()
        wrong = json.dumps({**json.loads(record), "best": 0.99})
        file.execute("UPDATE summaries SET record = ?", [wrong])
    file.close()
    registry.forget()
    assert summaries([run]) == [first]
    assert len(reads) == 2


def test_a_cache_folder_that_cannot_be_written_changes_nothing(home: Path) -> None:
    run = make("a")
    home.mkdir(exist_ok=True)
    (home / "cache").write_text("in the way", encoding="utf-8")
    assert summaries([run])[0].best == 0.9


def test_a_locked_index_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_index, "_BUSY_SECONDS", 0.05)
    run = make("a")
    summaries([run])
    registry.forget()
    holder = sqlite3.connect(index(), isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        assert summaries([run])[0].best == 0.9
    finally:
        holder.close()


def test_many_at_once_agree() -> None:
    runs = [make(f"{k}") for k in range(20)]
    found: list[Any] = []

    def read_all() -> None:
        for _ in range(5):
            registry.forget()
            found.append(summaries(runs))

    threads = [threading.Thread(target=read_all) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 20
    assert all(one == found[0] for one in found)


def test_more_runs_than_are_asked_for_one_by_one(monkeypatch: pytest.MonkeyPatch, reads: list[str]) -> None:
    monkeypatch.setattr(registry, "_FEW", 4)
    runs = [make(f"{k}", values=(0.5,)) for k in range(9)]
    first = summaries(runs)
    registry.forget()
    assert summaries(runs) == first
    assert len(reads) == 9
    assert Index(index(), dict).load(["nobody"]) == {}


def test_a_long_history_is_thinned_to_its_last_epoch() -> None:
    run = make("long", values=tuple(k / 1000 for k in range(1000)))
    (summary,) = summaries([run])
    assert len(summary.val_loss) == POINTS
    assert (summary.val_loss[0], summary.val_loss[-1]) == (1.0, 1 - 0.999)
    assert (summary.epochs, summary.best) == (1000, 0.999)


def test_the_list_of_runs_follows_what_comes_and_goes() -> None:
    a = make("a")
    assert [run.id for run in RunStore().list()] == [a.id]
    b = make("b")
    assert {run.id for run in RunStore().list()} == {a.id, b.id}
    shutil.rmtree(a.path)
    assert [run.id for run in RunStore().list()] == [b.id]
    RunStore().list().clear()
    assert [run.id for run in RunStore().list()] == [b.id], "a caller's list is its own"
