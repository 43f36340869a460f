"""Deleting runs: into the trash and back, whole; what is at work stays; what is old goes for good."""

import time
from pathlib import Path
from typing import Any

import pytest

from core import files, paths
from core.config import make_config
from core.errors import RunError
from core.housekeeping import trash
from core.store.runs import Run, RunStore, Status
from core.sweep.store import SweepStore


@pytest.fixture
def run() -> Run:
    run = RunStore().create(make_config("sample", {}, name="mine"))
    run.write_status(Status(status="finished", created=1e9))
    (run.path / "resume").mkdir()
    (run.path / "resume" / "state.json").write_text("[]")
    return run


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.name != "lock"}


@pytest.mark.parametrize("name", ["mine", "id", "end"])
def test_a_deleted_run_comes_back_as_it_was(run: Run, name: str) -> None:
    before = content(run.path)
    trash.delete(run)
    assert RunStore().list() == []
    assert [(one.run.id, one.days_left) for one in trash.deleted_runs()] == [(run.id, 30)]
    back = trash.restore({"mine": "mine", "id": run.id, "end": run.id[-6:]}[name])
    assert back.id == run.id
    assert content(run.path) == before
    assert trash.deleted_runs() == []


@pytest.mark.parametrize("held", [True, False])
def test_a_run_at_work_is_refused(run: Run, held: bool) -> None:
    lock = files.Lock(run.path / "lock")
    if held:  # its worker has just come, and has not said so yet
        assert lock.acquire()
    else:
        run.write_status(Status.in_queue(1e9))
    with pytest.raises(RunError, match=f"run {run.id} is running; stop it first, then delete it"):
        trash.delete(run)
    lock.release()
    assert [one.id for one in RunStore().list()] == [run.id]


def test_a_run_of_a_newer_version_is_refused(run: Run) -> None:
    (run.path / "config.json").write_text('{"format": 99}')
    with pytest.raises(RunError, match="made by a newer version"):
        trash.delete(run)


def test_what_has_lain_there_for_thirty_days_goes_with_the_next_deletion(run: Run) -> None:
    old = RunStore().create(make_config("sample", {}))
    old.write_status(Status(status="stopped"))
    trash.delete(old)
    mark = trash.trash_folder() / old.id / "deleted.json"
    files.write_json(mark, {"time": time.time() - 29.9 * 86400})
    assert [one.days_left for one in trash.deleted_runs()] == [1]
    files.write_json(mark, {"time": time.time() - 30.1 * 86400})
    assert trash.deleted_runs() == []
    trash.delete(run)
    assert [path.name for path in trash.trash_folder().iterdir()] == [run.id]


def test_what_is_not_in_the_trash_cannot_be_restored(run: Run) -> None:
    with pytest.raises(RunError, match=r'there is no deleted run "mine"; `python -m core runs --deleted` lists'):
        trash.restore("mine")
    trash.delete(run)
    (paths.runs_folder() / run.id).mkdir(parents=True)
    with pytest.raises(RunError, match=f"run {run.id} exists already; nothing was restored"):
        trash.restore("mine")
    assert (trash.trash_folder() / run.id / "config.json").is_file()


def test_searches_that_refer_to_a_run_are_named(run: Run, home: Path) -> None:
    def make(name: str, **record: Any) -> None:
        files.write_json(home / "bisects" / f"20260101-000000-000-00000{name}" / "result.json", record)

    assert trash.uses(run) == ""
    make("1", runs=["x", "y"], arms=[{"run": run.id}])
    assert trash.uses(run) == "It was trained by a search or a sweep; their results are kept."
    make("2", runs=[run.id, "y"], arms=[])
    make("3", runs=["y", run.id], arms=[])
    assert trash.uses(run).startswith("2 searches on the Diagnose page used this run")


def test_a_deleted_sweep_comes_back_as_it_was_and_its_trials_are_left_alone(run: Run) -> None:
    sweep = SweepStore().create(make_config("sample", {}), [{"training.learning_rate": 0.1}], 5)
    sweep.write_result({**sweep.result(), "arms": [{"run": run.id}]})
    with pytest.raises(RunError, match=f"sweep {sweep.id} is running; stop it first, then delete it"):
        trash.delete(sweep)
    sweep.write_status(Status(status="finished", created=1e9))
    before = content(sweep.path)
    trash.delete(sweep)
    assert SweepStore().list() == []
    assert [one.id for one in RunStore().list()] == [run.id]
    assert [(one.run.id, one.days_left) for one in trash.deleted_jobs()] == [(sweep.id, 30)]
    assert trash.deleted_runs() == []
    assert content(trash.restore_job(sweep.id).path) == before
    with pytest.raises(RunError, match='there is no deleted bisect or sweep "x"'):
        trash.restore_job("x")
    trash.delete(sweep)
    files.write_json(trash.trash_folder() / "sweeps" / sweep.id / "deleted.json", {"time": 1.0})
    trash.empty_old()
    assert trash.deleted_jobs() == [] and not (trash.trash_folder() / "sweeps" / sweep.id).exists()
