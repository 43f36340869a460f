"""Promises of time are kept by one thread of the server, whether a page is open or not; with a clock of the test."""

import os
import subprocess
import sys
import threading
import time
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import core.housekeeping.clock
from core.access.limits import POLICIES
from core.access.modes import PUBLIC
from core.config import make_config
from core.errors import UserError
from core.housekeeping import retention, trash
from core.jobs import time_limits
from core.lr_search.store import LrSearchStore
from core.store.runs import Run, RunStore, Status
from core.store.status import NOTHING_TRAINED
from core.workers import launch, local, predict_client, process_info, warm

START = core.housekeeping.clock.start
"""As it is: conftest lets it stand still."""

HOUR, DAY = 3600.0, 86400.0


class Beats:
    """A clock of all tasks that a test moves on: both the steady time and the time of day."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock, self.now, self.day = core.housekeeping.clock.Clock(retention.TASKS), time.monotonic(), time.time()
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        monkeypatch.setattr(time, "time", lambda: self.day)

    def after(self, seconds: float) -> None:
        self.now, self.day = self.now + seconds, self.day + seconds
        self.clock.beat(self.now)


@pytest.fixture
def beats(monkeypatch: pytest.MonkeyPatch) -> Beats:
    return Beats(monkeypatch)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def test_images_to_predict_go_an_hour_after_the_last_look(home: Path, beats: Beats) -> None:
    folder = home / "sessions" / "abc"
    folder.mkdir(parents=True)
    (folder / "00000").write_bytes(b"x")
    beats.after(HOUR - 60)
    assert names(folder) == ["00000"]
    os.utime(folder, (beats.day, beats.day))  # somebody looks
    beats.after(HOUR - 60)
    assert names(folder) == ["00000"]
    beats.after(120)
    assert names(home / "sessions") == []


def test_deleted_runs_go_after_thirty_days_also_one_that_has_lost_its_mark(home: Path, beats: Beats) -> None:
    for number in range(2):
        run = RunStore().create(make_config("sample", {}))
        run.write_status(Status(status="finished"))
        trash.delete(run)
        if number:
            (home / "trash" / run.id / "deleted.json").unlink()
    beats.after(30 * DAY - HOUR)
    assert len(names(home / "trash")) == 2
    beats.after(2 * HOUR)
    assert names(home / "trash") == []


LEFT = (
    "uploads/0.partial", "collections/.partial-1", "sample/.partial-2", "quarantine/3",
    "cache/exports/.4", "runs/.5.part", "bisects/.6.part", "rates/.7.part", "sweeps/.8.part", "reviews/.9.part",
)  # fmt: skip


def test_what_killed_processes_have_left_goes_after_an_hour(home: Path, beats: Beats) -> None:
    for name in LEFT:
        (home / name).mkdir(parents=True)
    for name in ("quarantine/model.keras", "cache/features/a.partial", "uploads/whole", "collections/x.npz.partial"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_bytes(b"x")
    beats.after(HOUR - 60)
    assert all((home / name).is_dir() for name in LEFT)
    beats.after(700)
    assert not any((home / name).exists() for name in LEFT)
    left = sorted(str(path.relative_to(home)) for path in home.rglob("*") if path.is_file())
    assert left == ["collections/x.npz.partial", "uploads/whole"], "a download is gone on with, whenever that is"


def test_a_task_that_fails_is_said_once_and_done_again_and_the_others_are_done(
    capsys: pytest.CaptureFixture[str],
) -> None:
    done: list[str] = []

    def fails() -> None:
        done.append("fails")
        raise OSError(30, "Read-only file system") if len(done) < 3 else UserError("no")

    clock = core.housekeeping.clock.Clock([retention.Task(fails, 10), retention.Task(lambda: done.append("works"), 25)])
    for now in range(0, 51, 5):
        clock.beat(float(now))
    assert (done.count("fails"), done.count("works")) == (6, 3)
    assert capsys.readouterr().err == "fails: [Errno 30] Read-only file system\nfails: no\n"


@pytest.fixture
def parked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """What a server keeps, empty; and tasks that only count."""
    module = types.ModuleType("_parity_clock")
    monkeypatch.setitem(sys.modules, "_parity_clock", module)
    monkeypatch.setattr(core.housekeeping.clock, "BEAT_SECONDS", 0.01)
    yield module


def test_there_is_one_thread_however_many_pages_ask_for_it(parked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    beats: list[int] = []
    monkeypatch.setattr(retention, "TASKS", (retention.Task(lambda: beats.append(threading.get_ident()), 0.0),))
    pages = [threading.Thread(target=START) for _ in range(8)]
    for page in pages:
        page.start()
    for page in pages:
        page.join()
    deadline = time.monotonic() + 20
    while len(beats) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(set(beats)) == 1, "it goes on without any page, and there is one of it"
    assert parked.thread.daemon


def children_without_end() -> list[int]:
    """Children of this process that have ended and of which it has not taken notice."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text(errors="replace").rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state == "Z" and int(parent) == os.getpid():
            found.append(int(stat.parent.name))
    return found


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc tells")
def test_no_child_that_has_ended_is_left_unnoticed(beats: Beats, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_parity_jobs", "_parity_warm", "_parity_service", "_parity_let_go"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    real = subprocess.Popen
    started: list[Any] = []

    def ends_at_once(command: list[str], **options: Any) -> Any:
        started.append(real([sys.executable, "-S", "-c", "pass"], **options))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", ends_at_once)
    monkeypatch.delenv("PARITY_WARM_WORKER")
    before = set(children_without_end())
    run, search = RunStore().create(make_config("sample", {})), LrSearchStore().create(make_config("sample", {}))
    for job in (run, search):
        launch.start(job, parent_pipe=False)
    warm.keep_ready({})
    assert warm.hand_over(Path("/x"), {"other": "environment"}) is None
    warm.keep_ready({})
    predict_client._service()._running()
    deadline = 1000
    while len(set(children_without_end()) - before) < 5 and (deadline := deadline - 1):
        threading.Event().wait(0.02)
    assert len(started) == 5
    assert len(set(children_without_end()) - before) == 5, "nobody has looked"
    beats.after(10)
    assert set(children_without_end()) - before == set()
    assert [job.read_status().status for job in (run, search)] == ["interrupted"] * 2, (
        "and what they worked on is settled"
    )
    assert not local.jobs().processes and not process_info._let_go()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Public mode; what was stopped or ended, and no worker is looked for."""
    said: list[tuple[str, str]] = []
    monkeypatch.setenv("PARITY_MODE", "public")
    monkeypatch.setitem(sys.modules, "_parity_time_limits", types.ModuleType("x"))
    monkeypatch.setattr(launch, "poll", lambda run: run.read_status())

    def stop(run, reason):
        run.request_stop(reason)
        said.append((run.id, reason))

    monkeypatch.setattr(launch, "stop", stop)
    monkeypatch.setattr(launch, "end_now", lambda run: said.append((run.id, "ended")))
    return said


def begun(owner: str, status: str, queued: float, store: Any = RunStore) -> Run:
    run: Run = store().create(make_config("sample", {}), owner=owner)
    run.write_status(Status(status=status, queued=queued, heartbeat=queued, pid=None if status == "queued" else 1))
    return run


def test_a_visitors_training_is_stopped_in_time_and_one_that_waits_too_long_leaves(
    beats: Beats, asked: list[tuple[str, str]]
) -> None:
    limits = POLICIES[PUBLIC]
    training, searching = begun("v", "running", beats.now), begun("v", "running", beats.now, LrSearchStore)
    begun("", "running", beats.now)  # the operator's own
    waiting = begun("v", "queued", beats.now)
    beats.after(5)
    beats.after(limits.training_seconds - 10)
    assert asked == []
    beats.after(20)
    words = "Stopped after 15 minutes, the limit of this server; the model so far is kept."
    assert asked == [(training.id, words), (searching.id, words)]
    assert training.stop_reason() == words
    for run in (training, searching):
        run.write_status(Status(status="stopped"))
    beats.after(limits.waiting_seconds - limits.training_seconds)
    assert asked[2:] == [(waiting.id, "Removed after waiting 30 minutes, the limit of this server.")]


def test_one_that_does_not_stop_is_ended(beats: Beats, asked: list[tuple[str, str]]) -> None:
    hangs = begun("v", "running", beats.now)
    beats.after(0)
    beats.after(POLICIES[PUBLIC].training_seconds + 1)
    beats.after(time_limits.PATIENCE_SECONDS - 10)
    assert [what for _, what in asked if what == "ended"] == []
    beats.after(20)
    assert asked[-1] == (hangs.id, "ended")


def test_a_resumed_training_waits_and_trains_anew(beats: Beats, asked: list[tuple[str, str]]) -> None:
    limits = POLICIES[PUBLIC]
    run = begun("v", "running", beats.now)
    beats.after(0)
    beats.after(limits.training_seconds - 100)
    run.write_status(Status(status="queued", queued=beats.now))
    beats.after(20)
    run.write_status(Status(status="running", queued=beats.now, pid=1))
    beats.after(20)
    beats.after(limits.training_seconds - 100)
    assert asked == []


@pytest.mark.parametrize("mode", ["local", "team"])
def test_elsewhere_nothing_is_limited(
    beats: Beats, asked: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setenv("PARITY_MODE", mode)
    begun("v", "running", beats.now)
    begun("v", "queued", beats.now)
    beats.after(0)
    beats.after(DAY)
    assert asked == []
    assert time_limits.words(POLICIES[mode]) == ""


def test_a_worker_says_why_it_was_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    from core import worker
    from core.engine.reporter import Reporter

    for reason, said in (
        ("Removed after waiting 30 minutes.", "Removed after waiting 30 minutes."),
        ("", NOTHING_TRAINED),
    ):
        run = RunStore().create(make_config("sample", {}))
        run.request_stop(reason)
        assert worker._work(Reporter(run), run.path / ".ballast", on_cluster=True) == 0
        assert (run.read_status().status, run.read_status().message) == ("stopped", said)
