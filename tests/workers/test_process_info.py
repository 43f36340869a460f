"""Processes are told apart by their birth, so that a number given anew is never signalled; ended on every system."""

import dataclasses
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from core import files
from core.config import RunConfig
from core.store.runs import RunStore
from core.workers import launch, process_info

only_on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells a process's birth")


@only_on_linux
def test_a_living_process_has_one_birth_and_a_dead_one_none() -> None:
    assert process_info.birth(os.getpid()) == process_info.birth(os.getpid()) != ""
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert process_info.birth(other.pid) not in ("", process_info.birth(os.getpid()))
    other.communicate(b"\n")
    assert process_info.birth(other.pid) == ""


@only_on_linux
def test_a_name_full_of_brackets_does_not_confuse_it() -> None:
    program = "import ctypes; ctypes.CDLL(None).prctl(15, b'a) (b 1 2 3', 0, 0, 0); print(flush=True); input()"
    other = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert other.stdout
    other.stdout.readline()
    born = process_info.birth(other.pid)
    assert born.rpartition("/")[2].isdecimal()
    assert process_info.send(other.pid, born, "SIGKILL")
    assert other.wait(10) == -9
    other.communicate()


@only_on_linux
def test_a_signal_goes_only_to_the_process_that_was_meant() -> None:
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert not process_info.send(other.pid, "another birth", "SIGKILL")
    assert not process_info.send(other.pid, "", "SIGKILL")
    assert not process_info.send(None, process_info.birth(other.pid), "SIGKILL")
    assert other.poll() is None
    assert process_info.send(other.pid, process_info.birth(other.pid), "SIGKILL")
    assert other.wait(10) == -9
    other.communicate()


@pytest.fixture(params=["darwin", "win32"])
def elsewhere(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another system than Linux, as far as this module asks: psutil tells, by the interface it has everywhere."""
    monkeypatch.setattr(process_info, "sys", SimpleNamespace(platform=request.param))


@only_on_linux
def test_on_linux_runs_note_what_they_always_have() -> None:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    clock = int(process_info.birth(os.getpid()).removeprefix(f"{boot}/"))
    since_boot = psutil.Process().create_time() - psutil.boot_time()
    assert abs(clock / os.sysconf("SC_CLK_TCK") - since_boot) < 2  # psutil knows the boot to a second


def test_elsewhere_a_living_process_has_one_birth_and_a_dead_one_none(elsewhere: None) -> None:
    born = process_info.birth(os.getpid())
    assert born == process_info.birth(os.getpid()) == f"created/{psutil.Process().create_time():.2f}"
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert process_info.birth(other.pid) not in ("", born)
    other.communicate(b"\n")
    assert [process_info.birth(pid) for pid in (other.pid, -1, 2**40)] == ["", "", ""]


@pytest.mark.parametrize(
    "error", [psutil.NoSuchProcess(7), psutil.AccessDenied(7), psutil.ZombieProcess(7), OSError(5, "I/O")]
)
def test_elsewhere_what_psutil_may_not_see_is_left_alone(
    elsewhere: None, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr(psutil, "Process", refuse)
    assert process_info.birth(7) == "" and process_info.own_memory() is None
    assert not process_info.send(7, "created/1700000000.00", "SIGTERM")


def test_elsewhere_an_id_that_was_given_anew_is_never_signalled(
    elsewhere: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[int, int]] = []
    created = [1_700_000_000.1234567]
    monkeypatch.setattr(psutil, "Process", lambda pid: SimpleNamespace(create_time=lambda: created[0]))
    monkeypatch.setattr(os, "kill", lambda pid, number: sent.append((pid, number)))
    born = process_info.birth(4321)
    assert born == "created/1700000000.12"
    created[0] += 3e-7  # the last bits, as another way to the same figure may give them
    assert process_info.send(4321, born, "SIGTERM") and sent == [(4321, signal.SIGTERM)]
    created[0] += 0.5
    assert not process_info.send(4321, born, "SIGTERM")
    boot_and_ticks = "2f0f9c1a-0000-0000-0000-000000000000/12345"  # noted on Linux, in a home that was carried over
    assert not process_info.send(4321, boot_and_ticks, "SIGTERM")
    assert len(sent) == 1


@only_on_linux
def test_elsewhere_stop_ends_a_worker_that_an_earlier_server_has_started(elsewhere: None, tmp_path: Path) -> None:
    run = RunStore(tmp_path).create(RunConfig())
    lock = files.Lock(run.path / "lock")  # the worker's: the run is at work
    assert lock.acquire()
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    noted: dict[str, Any] = {"status": "running", "pid": other.pid, "birth": process_info.birth(other.pid)}
    run.write_status(dataclasses.replace(run.read_status(), **noted))
    launch.end_now(run)
    assert other.wait(10) == -9
    other.communicate()
    lock.release()


@only_on_linux
def test_memory_is_this_process_s_alone_on_every_system(monkeypatch: pytest.MonkeyPatch) -> None:
    status = Path("/proc/self/status").read_text()
    anonymous = int(status.partition("RssAnon:")[2].split()[0]) / 1024
    assert process_info.own_memory() == pytest.approx(anonymous, abs=8)
    monkeypatch.setattr(process_info, "on_linux", lambda: False)
    before = process_info.own_memory()
    ballast = b"1" * (64 * 2**20)
    after = process_info.own_memory()
    assert before is not None and after is not None and after - before == pytest.approx(64, abs=8)
    assert after == pytest.approx(psutil.Process().memory_full_info().uss / 2**20, abs=8)
    del ballast
    figures = SimpleNamespace(memory_full_info=lambda: SimpleNamespace(rss=9e9, uss=700 * 2**20))
    monkeypatch.setattr(psutil, "Process", lambda: figures)
    assert process_info.own_memory() == 700.0


def test_where_there_is_no_sigkill_a_process_is_ended_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (process_info.signal_number("SIGKILL"), process_info.was_killed(-9), process_info.was_killed(1)) == (
        9,
        True,
        False,
    )
    assert process_info.detached() == {"start_new_session": True}
    monkeypatch.delattr(signal, "SIGKILL")
    monkeypatch.setattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 512, raising=False)
    assert (process_info.signal_number("SIGKILL"), process_info.was_killed(1)) == (signal.SIGTERM, True)
    assert process_info.detached() == {"creationflags": 512}


def test_what_windows_lacks_is_asked_for_in_one_place() -> None:
    lacking = r"signal\.(SIG(KILL|HUP|STOP|CONT|QUIT|ALRM|USR\d)|alarm|setitimer)\b"
    lacking += r"|os\.(killpg|fork|setsid|getuid|geteuid|getpgid|nice|sched_\w+)\b|start_new_session|preexec_fn"
    root = Path(__file__).resolve().parents[2]
    sources = [root / "app.py", *root.glob("core/**/*.py"), *root.glob("pages/**/*.py")]
    found = {path.name for path in sources if re.search(lacking, path.read_text(encoding="utf-8"))}
    assert found == {Path(process_info.__file__).name}
