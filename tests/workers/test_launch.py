"""Starting, stopping, resuming and polling: the worker here is a tiny program in place of the real one."""

import dataclasses
import gc
import os
import signal
import subprocess
import sys
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core import files
from core.config import make_config
from core.errors import RunError
from core.store.runs import Run, RunStore, Status
from core.workers import launch, local

Started = list[tuple[list[str], dict[str, Any], "subprocess.Popen[bytes]"]]


@pytest.fixture
def run() -> Run:
    return RunStore().create(make_config("sample", {}))


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Started]]:
    """A function that puts a program in the worker's place; it returns the list of what is started from then on."""
    monkeypatch.setitem(sys.modules, "_parity_jobs", types.ModuleType("_parity_jobs"))
    started: Started = []
    real = subprocess.Popen

    def put(program: str) -> Started:
        def start(command: list[str], **options: Any) -> "subprocess.Popen[bytes]":
            process = real([sys.executable, "-S", "-c", program, *command[4:]], **options)
            started.append((command, options, process))
            return process

        monkeypatch.setattr(subprocess, "Popen", start)
        return started

    yield put
    for _, _, process in started:
        process.kill()
        process.wait()
        if process.stdin:
            process.stdin.close()


def ended(run: Run, seconds: float = 10) -> Status:
    """The status once it is final."""
    deadline = time.monotonic() + seconds
    while (status := launch.poll(run)).is_active and time.monotonic() < deadline:
        time.sleep(0.02)
    return status


def test_a_worker_is_started_as_a_process_of_its_own(run: Run, worker: Callable[[str], Started]) -> None:
    started = worker("print('hello from the worker')")
    launch.start(run, parent_pipe=False)
    command, options, process = started[0]
    assert command == [sys.executable, "-u", "-m", "core.worker", str(run.path)]
    assert options["cwd"] == launch.ROOT
    assert options["stdin"] == subprocess.DEVNULL
    assert options["start_new_session"]
    assert process.wait() == 0
    assert (run.path / "worker.log").read_text(encoding="utf-8") == "hello from the worker\n"


def test_with_a_pipe_the_worker_learns_that_its_parent_is_gone(run: Run, worker: Callable[[str], Started]) -> None:
    started = worker("import sys; sys.stdin.read(); raise SystemExit(5)")
    launch.start(run, parent_pipe=True)
    command, _, process = started[0]
    assert command[-1] == "--parent-pipe"
    gc.collect()
    assert process.poll() is None
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait() == 5


def test_the_log_is_continued_by_the_next_worker(run: Run, worker: Callable[[str], Started]) -> None:
    started = worker("print('x')")
    for _ in range(2):
        launch.start(run, parent_pipe=False)
        started[-1][2].wait()
    assert (run.path / "worker.log").read_text(encoding="utf-8") == "x\nx\n"


def test_the_worker_gets_our_environment_with_an_absolute_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PARITY_HOME", "here")
    monkeypatch.setenv("PARITY_WEIGHTS", "/weights")
    environment = launch.worker_environment()
    assert environment["PARITY_HOME"] == str(tmp_path.resolve() / "here")
    assert environment["PARITY_WEIGHTS"] == "/weights"
    assert environment["PATH"] == os.environ["PATH"]


def test_a_worker_that_cannot_start_is_one_sentence(run: Run) -> None:
    (run.path / "worker.log").mkdir()
    with pytest.raises(RunError) as error:
        launch.start(run, parent_pipe=False)
    assert str(error.value) == f"the worker of run {run.id} cannot be started: Is a directory"


def test_a_killed_worker_probably_ran_out_of_memory(run: Run, worker: Callable[[str], Started]) -> None:
    worker("import os; os.kill(os.getpid(), 9)")
    launch.start(run, parent_pipe=False)
    status = ended(run)
    assert status.status == "interrupted"
    assert status.message == (
        "The worker was killed by the system, probably out of memory. Try a smaller batch or image size. "
        "Resume continues after the last finished epoch."
    )
    assert run.read_status() == status


@pytest.mark.parametrize(
    ("program", "status", "words"),
    [
        ("raise SystemExit(4)", "interrupted",
         "The worker ended unexpectedly (exit code 4); the end of worker.log may say why. Resume continues"),
        ("import os; os.abort()", "interrupted",
         "The worker crashed (SIGABRT), which often means out of memory. Try a smaller batch or image size."),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "interrupted", "The worker crashed (SIGSEGV)"),
        ("raise SystemExit(137)", "interrupted", "The worker was killed by the system, probably out of memory."),
        ("raise SystemExit(74)", "failed",
         "The run's folder could not be written: the disk is full, or it is read-only. Resume continues"),
    ],
)  # fmt: skip
def test_how_a_worker_died_without_a_word_is_told_by_its_exit_code(
    run: Run, worker: Callable[[str], Started], program: str, status: str, words: str
) -> None:
    worker(program)
    launch.start(run, parent_pipe=False)
    found = ended(run)
    assert found.status == status
    assert found.message.startswith(words)
    assert found.message.endswith("Resume continues after the last finished epoch.")
    assert found.ended == pytest.approx(time.time(), abs=10)


def test_what_the_worker_said_last_is_kept(run: Run, worker: Callable[[str], Started]) -> None:
    started = worker("")
    launch.start(run, parent_pipe=False)
    finished = dataclasses.replace(run.read_status(), status="finished", message="Completed.")
    run.write_status(finished)
    started[0][2].wait()
    assert launch.poll(run) == finished


def test_a_worker_can_be_ended_now_where_there_is_no_sigkill(
    run: Run, worker: Callable[[str], Started], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows, where a process that is ended says 1."""
    worker("import signal, sys, time; signal.signal(15, lambda *_: sys.exit(1)); print(flush=True); time.sleep(60)")
    launch.start(run, parent_pipe=False)
    deadline = time.monotonic() + 10
    while not (run.path / "worker.log").read_bytes() and time.monotonic() < deadline:
        time.sleep(0.01)
    with monkeypatch.context() as windows:
        windows.delattr(signal, "SIGKILL")
        launch.end_now(run)
        status = ended(run)
    assert status.status == "interrupted"
    assert status.message.startswith("The worker did not stop and was killed. Resume continues after")


def test_whoever_finds_a_worker_gone_that_was_ended_says_so(run: Run, worker: Callable[[str], Started]) -> None:
    """Its lock is free before its exit code is known, and another process never knows the code."""
    started = worker("import time; time.sleep(60)")
    launch.start(run, parent_pipe=False)
    process = started[0][2]
    running = Status(status="running", pid=process.pid, heartbeat=time.monotonic())
    run.write_status(running)
    assert launch.poll(run) == running, "it lives, although nobody holds its lock"
    launch.end_now(run)
    said = "The worker did not stop and was killed. Resume continues after the last finished epoch."
    assert run.status().message == said, "what another process says"
    run.write_status(running)
    process.wait()
    assert (launch.poll(run).status, run.read_status().message) == ("interrupted", said), "what this one says"
    run.requeue()
    run.write_status(running)
    assert run.status().message == "Its process has ended. Resume continues after the last finished epoch."


def test_a_second_kill_that_comes_too_late_does_not_take_back_who_ended_the_worker(
    run: Run, worker: Callable[[str], Started], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at its exit code and the second signal the worker may end by the first."""
    worker("import time; time.sleep(60)")
    launch.start(run, parent_pipe=False)
    with monkeypatch.context() as late:
        late.setattr(local, "poll", lambda job: Status(status="running"))
        launch.end_now(run)
        late.setattr(local, "terminate", lambda job, status, *, kill: False)
        with pytest.raises(RunError, match="cannot be reached"):
            launch.end_now(run)
    assert (
        ended(run).message == "The worker did not stop and was killed. Resume continues after the last finished epoch."
    )


def test_a_run_that_another_process_has_taken_over_is_not_called_dead(
    run: Run, worker: Callable[[str], Started]
) -> None:
    """Our worker ended, nobody looked, and somebody else resumed the run: the exit code is old news."""
    started = worker("raise SystemExit(4)")
    launch.start(run, parent_pipe=False)
    started[0][2].wait()
    running = Status(status="running", pid=started[0][2].pid + 1, heartbeat=time.monotonic())
    run.write_status(running)
    other = files.Lock(run.path / "lock")
    assert other.acquire()
    polled = [launch.poll(run), launch.poll(run)]
    other.release()
    assert polled == [running, running]


def test_a_run_of_another_process_is_polled_by_its_lock(run: Run) -> None:
    run.write_status(Status(status="running", pid=1))
    assert launch.poll(run).status == "interrupted"


def test_an_active_run_is_asked_to_stop(run: Run) -> None:
    launch.stop(run)
    assert run.stop_requested()


@pytest.mark.parametrize("status", ["finished", "stopped", "failed", "interrupted"])
def test_a_run_that_has_ended_cannot_be_stopped(run: Run, status: str) -> None:
    run.write_status(Status(status=status))
    with pytest.raises(RunError) as error:
        launch.stop(run)
    assert str(error.value) == f"run {run.id} is not running: it is {status}"
    assert not run.stop_requested()


@pytest.mark.parametrize(("status", "state"), [("queued", "is still running"), ("finished", "has finished")])
def test_only_a_run_that_ended_early_can_be_resumed(run: Run, status: str, state: str) -> None:
    run.write_status(Status(status=status, queued=time.monotonic()))
    with pytest.raises(RunError) as error:
        launch.resume(run, parent_pipe=False)
    assert str(error.value) == (f"run {run.id} {state}; only a stopped, failed or interrupted run can be resumed")


@pytest.mark.parametrize("status", ["stopped", "failed", "interrupted"])
def test_a_run_that_ended_early_goes_back_into_the_queue(
    run: Run, worker: Callable[[str], Started], status: str
) -> None:
    started = worker("import time; time.sleep(60)")
    run.write_status(
        Status(status=status, created=5.0, queued=5.0, epoch=3, fault="user", ended=9.0, seconds={"total": 4.0})
    )
    run.request_stop()
    launch.resume(run, parent_pipe=False)
    after = launch.poll(run)
    assert (after.status, after.message, after.fault, after.ended) == ("queued", "Waiting for its turn.", "", None)
    assert (after.created, after.seconds) == (5.0, {"total": 4.0})
    assert after.queued == pytest.approx(time.monotonic(), abs=10)
    assert not run.stop_requested()
    assert len(started) == 1


def test_a_run_is_not_resumed_before_its_last_worker_has_ended(
    run: Run, worker: Callable[[str], Started], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "_EXIT_SECONDS", 0.05)
    started = worker("import sys; sys.stdin.read()")
    launch.start(run, parent_pipe=True)
    run.write_status(Status(status="stopped"))
    for _ in range(2):
        with pytest.raises(RunError, match=rf"^the last worker of run {run.id} has not ended yet; try again in a mo"):
            launch.resume(run, parent_pipe=False)
    pipe = started[0][2].stdin
    assert pipe is not None
    pipe.close()
    started[0][2].wait()
    launch.resume(run, parent_pipe=False)
    assert len(started) == 2
