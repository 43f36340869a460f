"""What can go wrong around a training, done to a real worker: a right status within 10 s, a sentence, and Resume."""

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import files
from core.config import make_config
from core.engine.train.checkpoint import CheckpointFolder
from core.errors import RunError
from core.store.runs import Run, RunStore, Status
from core.workers import launch, local

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("thin_workers"),
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="these faults are made by means of Linux"),
]

EPOCHS = 30
SETTINGS: dict[str, Any] = {
    "data.image_size": 32, "data.batch_size": 4, "training.epochs": EPOCHS, "training.early_stopping": 0,
    "model.dropout": 0.3, "data.augmentation": "none",
}  # fmt: skip
LISTS: dict[str, Any] = {
    "training.mode": "fine_tune", "training.epochs": 5, "training.finetune_epochs": 4, "training.optimizer": "sgd",
    "training.momentum": 0.9, "training.nesterov": True, "training.schedule": "cosine", "model.dropout": 0,
    "training.finetune_learning_rate": 1e-3, "training.label_smoothing": 0.1,
    "model.head": "max, dense 8 relu l2=0.01, batch_norm, dropout 0.3",
    "data.augmentation": "flip, crop 0.8, rotation 20, brightness 0.2", "data.augmentation_draws": 3,
}  # fmt: skip
"""Two phases, each with its own schedule and momentum, on images that are drawn anew."""

WITHIN = 10.0
"""Seconds until a fault must be known."""


def wait(run: Run, condition: Callable[[Status], bool], seconds: float = 90) -> Status:
    deadline = time.monotonic() + seconds
    while not condition(status := launch.poll(run)):
        assert time.monotonic() < deadline, f"{status} after {seconds} s\n{(run.path / 'worker.log').read_text()}"
        time.sleep(0.02)
    return status


def start(folder: Path, epochs: int = EPOCHS, *, learnt: int = 0, batch: int = 4, **others: Any) -> Run:
    """A run with a living worker that has finished at least `learnt` epochs."""
    settings = {**SETTINGS, "training.epochs": epochs, "data.batch_size": batch, **others}
    run = RunStore().create(make_config(str(folder), settings))
    launch.start(run, parent_pipe=False)
    if learnt:
        wait(run, lambda status: len(run.epochs()) >= learnt or not status.is_active)
    return run


def ended(run: Run, seconds: float = WITHIN) -> Status:
    return wait(run, lambda status: not status.is_active, seconds)


def weights(run: Run) -> list[Any]:
    stored = CheckpointFolder(run.path / "resume").load()
    assert stored
    return stored.arrays


@pytest.fixture(autouse=True)
def no_worker_is_left() -> Iterator[None]:
    yield
    for process in local.jobs().processes.values():
        process.kill()
        process.wait(30)


@pytest.fixture
def folder(image_folder: Any) -> Path:
    path: Path = image_folder(train=(12, 12), val=(4, 4), size=32)
    return path


@pytest.fixture
def small_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A disk of 60 MB that holds the home; its worker takes the spare space of the machine's own disk as free."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=60m", "tmpfs", str(disk)]
    if os.geteuid() or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs root")
    monkeypatch.setenv("PARITY_HOME", str(disk / "home"))
    # The cache wants a spare GB, which so small a disk has not: it lies elsewhere.
    (tmp_path / "cache").mkdir()
    (disk / "home").mkdir()
    (disk / "home" / "cache").symlink_to(tmp_path / "cache")
    yield disk
    for process in local.jobs().processes.values():
        process.kill()
        process.wait(30)
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_after_kills_in_the_middle_the_weights_are_those_of_an_unbroken_run(folder: Path) -> None:
    unbroken = start(folder, **LISTS)
    assert ended(unbroken, 120).status == "finished"
    killed = start(folder, learnt=3, **LISTS)
    for more in (6, 7):  # the second kill is in the second phase
        pid = launch.poll(killed).pid
        assert pid
        os.kill(pid, signal.SIGKILL)
        status = ended(killed)
        assert status.status == "interrupted"
        assert "Resume continues after the last finished epoch." in status.message
        launch.resume(killed, parent_pipe=False)
        wait(killed, lambda status, more=more: len(killed.epochs()) >= more or not status.is_active)  # type: ignore[misc]
    assert ended(killed, 120).status == "finished"
    assert [record.epoch for record in killed.epochs()] == list(range(1, 10))
    for mine, other in zip(weights(killed), weights(unbroken), strict=True):
        np.testing.assert_array_equal(mine, other)
    assert killed.history() == unbroken.history()
    assert len({record.learning_rate for record in killed.epochs()}) > 7, "the rate falls from epoch to epoch"


def test_a_worker_that_hangs_is_said_to_and_stop_ends_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "SILENT_SECONDS", 3.0)
    monkeypatch.setattr(launch, "QUIET_SECONDS", 3.0)
    run = start(folder, epochs=1000, learnt=1)
    pid = launch.poll(run).pid
    assert pid
    os.kill(pid, signal.SIGSTOP)
    status = wait(run, lambda status: "No news" in status.message, WITHIN)
    assert status.status == "running"
    assert status.message.startswith("No news from the training for ")
    launch.stop(run)
    status = ended(run)
    assert status.status == "interrupted"
    assert status.message == ("The worker did not stop and was killed. Resume continues after the last finished epoch.")
    assert len(run.epochs()) >= 1


def test_a_worker_of_another_process_can_be_ended_at_once_but_a_strangers_process_never(folder: Path) -> None:
    run = start(folder, epochs=1000, learnt=1)
    mine = local.jobs().processes.pop(run.id)  # as another server sees it: without a handle
    try:
        status = launch.poll(run)
        stranger = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        reused = Status(status="running", pid=stranger.pid, birth=status.birth, heartbeat=time.monotonic())
        other = RunStore().create(run.config())
        other.write_status(reused)
        held = files.Lock(other.path / "lock")
        assert held.acquire()
        with pytest.raises(
            RunError, match="cannot be reached from this machine; stop it on the machine where it was started"
        ):
            launch.end_now(other)
        held.release()
        assert stranger.poll() is None
        stranger.communicate(b"\n")
        launch.end_now(run)
        assert ended(run).status == "interrupted"
    finally:
        assert mine.wait(10) == -9


def test_a_worker_that_gets_no_more_memory_says_so(folder: Path) -> None:
    run = start(folder, epochs=1000, learnt=5)
    pid = launch.poll(run).pid
    assert pid
    resource.prlimit(pid, resource.RLIMIT_AS, (2**20, 2**20))
    status = ended(run, 30)
    assert status.status in ("failed", "interrupted")
    assert "smaller" in status.message
    assert "memory" in status.message


def test_on_a_full_disk_it_fails_in_a_sentence_keeps_the_last_epoch_and_goes_on_later(
    folder: Path, small_disk: Path
) -> None:
    run = start(folder, epochs=1000, learnt=2)
    filler = small_disk / "filler"
    with filler.open("wb") as file:
        free = shutil.disk_usage(small_disk).free
        while free:
            try:
                file.write(b"\0" * min(free, 2**16))
                file.flush()
            except OSError:
                break
            free = shutil.disk_usage(small_disk).free
    status = ended(run)
    assert status.status == "failed", status
    assert "disk is" in status.message
    assert "full" in status.message
    stored = CheckpointFolder(run.path / "resume").load()
    assert stored
    assert stored.progress.epoch >= 1
    for line in (run.path / "events.jsonl").read_bytes().splitlines():
        assert line.endswith(b"}")
    filler.unlink()
    seen = len(run.epochs())
    launch.resume(run, parent_pipe=False)
    wait(run, lambda status: len(run.epochs()) > seen + 1 or not status.is_active)
    launch.stop(run)
    assert ended(run, 30).status == "stopped"
    assert [record.epoch for record in run.epochs()] == list(range(1, len(run.epochs()) + 1))
    assert run.has_model()


@pytest.mark.parametrize("left", [0, 20_480])
def test_a_disk_that_is_full_before_the_worker_begins_is_said(folder: Path, small_disk: Path, left: int) -> None:
    run = RunStore().create(make_config(str(folder), SETTINGS))
    with (small_disk / "filler").open("wb") as filler:
        filler.write(b"\0" * (shutil.disk_usage(small_disk).free - left))
    launch.start(run, parent_pipe=False)
    status = ended(run)
    words = "The run's folder could not be written: the disk is full" if left == 0 else "The disk is full; free some"
    assert (status.status, status.message[: len(words)]) == ("failed", words)
    assert launch.poll(run).message == status.message, "it is so at the next look too"
    (small_disk / "filler").unlink()
    assert launch.poll(run).message == run.read_status().message == status.message


def test_a_folder_that_becomes_read_only_ends_the_run_and_says_so(image_folder: Any) -> None:
    folder = image_folder(train=(150, 150), val=(4, 4), size=32)  # epochs take far longer than writing what was learned
    run = start(folder, epochs=1000, learnt=2, batch=1)  # by then all files that stay open have been opened
    path = str(run.path)
    mounted = os.geteuid() == 0 and not subprocess.run(["mount", "--bind", path, path], check=False).returncode
    if not mounted:
        pytest.skip("mounting needs root")
    pid = launch.poll(run).pid
    assert pid
    try:
        for _ in range(3000):  # refused as long as a file in it is open for writing
            os.kill(pid, signal.SIGSTOP)
            done = subprocess.run(["mount", "-o", "remount,bind,ro", path], capture_output=True, check=False).returncode
            os.kill(pid, signal.SIGCONT)
            if not done:
                break
            time.sleep(0.01)
        assert not done, "a file of the run stays open for writing"
        status = ended(run)
        assert status.status in ("failed", "interrupted")
        assert "written" in status.message
        assert "read-only" in status.message.lower()
        with pytest.raises(RunError, match="Read-only file system"):
            launch.resume(run, parent_pipe=False)
    finally:
        subprocess.run(["umount", "-l", path], check=True)
    assert launch.poll(run).status in ("failed", "interrupted")
    launch.resume(run, parent_pipe=False)
    seen = len(run.epochs())
    wait(run, lambda status: len(run.epochs()) > seen or not status.is_active)
    launch.stop(run)
    assert ended(run, 120).status == "stopped"


_RESUME = """
import sys
from pathlib import Path
from core.errors import RunError
from core.store.runs import Run
print("ready", flush=True)
sys.stdin.readline()
try:
    Run(Path(sys.argv[1])).requeue()
    print("won")
except RunError as error:
    print(error)
"""


def test_of_many_who_resume_at_once_one_wins_and_the_others_are_told(folder: Path) -> None:
    run = RunStore().create(make_config(str(folder), SETTINGS))
    run.write_status(Status(status="stopped"))
    command, pipe = [sys.executable, "-c", _RESUME, str(run.path)], subprocess.PIPE
    others = [subprocess.Popen(command, cwd=launch.ROOT, stdin=pipe, stdout=pipe, text=True) for _ in range(4)]
    for other in others:
        assert other.stdout
        assert other.stdout.readline() == "ready\n"
    for other in others:  # all are there and wait for one line
        assert other.stdin
        other.stdin.write("\n")
        other.stdin.flush()
    told = sorted(other.communicate(timeout=30)[0].strip() for other in others)
    refusal = f"run {run.id} is still running; only a stopped, failed or interrupted run can be resumed"
    assert told == sorted(["won", *[refusal] * 3])


def test_a_run_of_a_newer_version_is_shown_and_left_as_it_is(folder: Path) -> None:
    run = RunStore().create(make_config(str(folder), SETTINGS))
    record = files.read_json(run.path / "config.json")
    files.write_json(run.path / "config.json", {**record, "format": 99})
    for status in ("running", "stopped", "pausing"):
        files.write_json(run.path / "status.json", {"status": status, "pid": 1, "colour": "new"})
        before = {path.name: path.read_bytes() for path in run.path.iterdir()}
        shown = launch.poll(run)
        assert shown.status == (status if status != "pausing" else "failed")
        for action in (launch.stop, launch.end_now, lambda run: launch.resume(run, parent_pipe=False)):
            with pytest.raises(RunError, match="was made by a newer version of Parity; use that version to change it"):
                action(run)
        launch.start(run, parent_pipe=False)  # a worker that is started by hand refuses it, too
        local.jobs().processes[run.id].wait(30)
        assert {p.name: p.read_bytes() for p in run.path.iterdir() if p.name not in ("worker.log", "lock")} == before
        local.jobs().processes.clear()
        (run.path / "worker.log").unlink()
        (run.path / "lock").unlink(missing_ok=True)
    assert RunStore().list()[0].id == run.id
    with pytest.raises(RunError, match="this version of Parity reads up to"):
        run.config()


def test_a_run_whose_checkpoint_is_gone_says_so_instead_of_starting_afresh(folder: Path) -> None:
    run = start(folder, epochs=1000, learnt=3)
    launch.stop(run)
    assert ended(run, 30).status == "stopped"
    shutil.rmtree(run.path / "resume")
    launch.resume(run, parent_pipe=False)
    status = ended(run, 60)
    assert (status.status, status.fault) == ("failed", "user")
    assert "but its checkpoint (the folder resume) is gone, so it cannot go on; start a new run" in status.message


def test_a_clock_that_jumps_a_day_changes_no_status(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = RunStore().create(make_config(str(folder), SETTINGS))
    now = time.time()
    for jump in (86_400, -86_400):
        monkeypatch.setattr(time, "time", lambda jump=jump: now + jump)
        assert launch.poll(run).status == "queued"
        assert run.read_status().silence == 0
        held = files.Lock(run.path / "lock")
        assert held.acquire()
        running = Status(status="running", pid=1, heartbeat=time.monotonic())
        run.write_status(running)
        assert launch.poll(run) == running
        held.release()
        run.write_status(Status.in_queue(now))
