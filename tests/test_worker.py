"""Real workers: stopped, killed, orphaned, queued. Each run here is a process."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.config import make_config
from core.store.runs import Run, RunStore, Status
from core.workers import launch, local

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("thin_workers")]

SLOW: dict[str, Any] = {
    "data.image_size": 32,
    "data.batch_size": 4,
    "training.epochs": 500,
    "training.early_stopping": 0,
}


def wait(run: Run, condition: Callable[[Status], bool], seconds: float = 90) -> Status:
    deadline = time.monotonic() + seconds
    while not condition(status := launch.poll(run)):
        assert time.monotonic() < deadline, f"{status} after {seconds} s\n{(run.path / 'worker.log').read_text()}"
        time.sleep(0.1)
    return status


def start(folder: Path, **settings: Any) -> Run:
    run = RunStore().create(make_config(str(folder), {**SLOW, **settings}))
    launch.start(run, parent_pipe=False)
    return run


def has_epochs(run: Run) -> Callable[[Status], bool]:
    return lambda status: len(run.epochs()) >= 2 or not status.is_active


def is_gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody has waited for yet is a zombie, and has."""
    try:
        return ") Z " in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True


@pytest.fixture(autouse=True)
def no_worker_is_left() -> Iterator[None]:
    yield
    for process in local.jobs().processes.values():
        process.wait(30)


@pytest.fixture
def folder(image_folder: Any) -> Path:
    path: Path = image_folder(train=(12, 12), val=(4, 4), size=32)
    return path


def test_stop_keeps_the_model_so_far_and_resume_goes_on(folder: Path) -> None:
    run = start(folder)
    wait(run, has_epochs(run))
    launch.stop(run)
    status = wait(run, lambda s: not s.is_active, 30)
    assert (status.status, status.message) == ("stopped", "Stopped by user; the model so far is kept.")
    assert run.has_model()
    seen = len(run.epochs())
    launch.resume(run, parent_pipe=False)
    wait(run, lambda s: len(run.epochs()) > seen or not s.is_active)
    launch.stop(run)
    assert wait(run, lambda s: not s.is_active, 30).status == "stopped"
    assert [record.epoch for record in run.epochs()] == list(range(1, len(run.epochs()) + 1))


def test_a_killed_worker_is_seen_within_seconds_and_resume_goes_on(folder: Path) -> None:
    run = start(folder)
    wait(run, has_epochs(run))
    pid = launch.poll(run).pid
    assert pid
    os.kill(pid, signal.SIGKILL)
    status = wait(run, lambda s: not s.is_active, 10)
    assert status.status == "interrupted"
    assert status.message.startswith("The worker was killed by the system, probably out of memory.")
    seen = len(run.epochs())
    launch.resume(run, parent_pipe=False)
    wait(run, lambda s: len(run.epochs()) > seen or not s.is_active)
    launch.stop(run)
    assert wait(run, lambda s: not s.is_active, 30).status == "stopped"


def test_a_worker_ends_interrupted_when_the_server_that_started_it_dies(folder: Path, home: Path) -> None:
    run = RunStore().create(make_config(str(folder), SLOW))
    server = subprocess.Popen(
        [sys.executable, "-c", "import sys, time; from core.workers import launch; from core.store.runs import Run; "
         "from pathlib import Path; launch.start(Run(Path(sys.argv[1])), parent_pipe=True); time.sleep(600)",
         str(run.path)],
        cwd=launch.ROOT,
        env={**os.environ, "PARITY_HOME": str(home)},
    )  # fmt: skip
    wait(run, has_epochs(run))
    pid = run.read_status().pid
    server.kill()
    server.wait()
    status = wait(run, lambda s: not s.is_active, 10)
    assert status.status == "interrupted"
    assert "Resume continues" in status.message
    time.sleep(0.5)
    assert not pid or is_gone(pid), "no orphan is left"


def test_one_run_trains_at_a_time_and_a_waiting_one_can_be_stopped(folder: Path) -> None:
    first = start(folder)
    wait(first, has_epochs(first))
    second = start(folder)
    wait(second, lambda s: s.pid is not None)
    third = start(folder, **{"training.epochs": 1})
    wait(third, lambda s: s.pid is not None)
    time.sleep(1)
    assert [launch.poll(run).status for run in (first, second, third)] == ["running", "queued", "queued"]
    launch.stop(second)
    status = wait(second, lambda s: not s.is_active, 10)
    assert (status.status, status.message) == ("stopped", "Stopped before anything was trained.")
    launch.stop(first)
    wait(first, lambda s: not s.is_active, 30)
    assert wait(third, lambda s: not s.is_active).status == "finished"


def test_ctrl_c_in_the_command_line_stops_and_keeps_the_model(folder: Path, home: Path) -> None:
    settings = [word for key, value in SLOW.items() for word in ("--set", f"{key}={value}")]
    command = subprocess.Popen(
        [sys.executable, "-m", "core", "train", str(folder), *settings],
        cwd=launch.ROOT,
        env={**os.environ, "PARITY_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 90
    while not (runs := RunStore().list()) or len(runs[0].epochs()) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    command.send_signal(signal.SIGINT)
    output, errors = command.communicate(timeout=60)
    assert command.returncode == 0
    assert "stopped: Stopped by user; the model so far is kept." in output
    assert "Traceback" not in errors
    assert runs[0].has_model()


def test_a_users_mistake_inside_the_worker_becomes_one_sentence(folder: Path) -> None:
    for image in (folder / "train" / "b").iterdir():
        image.unlink()
    run = start(folder)
    status = wait(run, lambda s: not s.is_active)
    assert (status.status, status.fault) == ("failed", "user")
    assert '"b"' in status.message or "b" in status.message
    assert "Traceback" not in (run.path / "worker.log").read_text()
