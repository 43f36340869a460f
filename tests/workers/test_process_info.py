"""Processes are told apart by their birth, so that a number given anew is never signalled."""

import os
import subprocess
import sys

import pytest

from core.workers import process_info

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells a process's birth")


def test_a_living_process_has_one_birth_and_a_dead_one_none() -> None:
    assert process_info.birth(os.getpid()) == process_info.birth(os.getpid()) != ""
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert process_info.birth(other.pid) not in ("", process_info.birth(os.getpid()))
    other.communicate(b"\n")
    assert process_info.birth(other.pid) == ""


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


def test_a_signal_goes_only_to_the_process_that_was_meant() -> None:
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert not process_info.send(other.pid, "another birth", "SIGKILL")
    assert not process_info.send(other.pid, "", "SIGKILL")
    assert not process_info.send(None, process_info.birth(other.pid), "SIGKILL")
    assert other.poll() is None
    assert process_info.send(other.pid, process_info.birth(other.pid), "SIGKILL")
    assert other.wait(10) == -9
    other.communicate()
