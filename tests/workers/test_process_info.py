"""Processes are told apart by their birth, so that a number given anew is never signalled; ended on every system."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from core.workers import process_info

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
