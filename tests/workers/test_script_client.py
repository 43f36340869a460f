"""The process that reads scripts: its limits, what is told when it meets them, and that nobody else waits."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from core.cli import import_script as command
from core.errors import DataError
from core.script.importing import import_script
from core.workers import script_child, script_client

SCRIPTS = Path(__file__).parent.parent / "script" / "scripts"
HEALTHY = (SCRIPTS / "healthy.txt").read_text(encoding="utf-8")
LEVELS = f"a0 = ({'0, ' * 10})\n" + "".join(f"a{k} = ({f'a{k - 1}, ' * 10})\n" for k in range(1, 17))
HURTFUL = (
    LEVELS + "width = height = a16\nmodel.fit(flow_from_directory('x', target_size=(width, height)), epochs=a16)\n"
)

needs_limits = pytest.mark.skipif(sys.platform == "win32", reason="Windows limits neither memory nor processor time")


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script_client, "MODULE", "tests.workers.stand_in")


def test_record_is_the_one_of_the_reader() -> None:
    assert script_client.read_script(HEALTHY.encode(), "s.py", "2.0.8") == json.loads(
        json.dumps(import_script(HEALTHY, "s.py", "2.0.8"))
    )


def test_refusal_is_the_sentence_of_the_reader() -> None:
    with pytest.raises(DataError, match=r"^s\.py, line 1: this is Python 2 "):
        script_client.read_script(b"print 'x'", "s.py")
    with pytest.raises(DataError, match="is not a version of Keras"):
        script_client.read_script(HEALTHY.encode(), "s.py", "x")


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        pytest.param("loop", "reading s.py took more than 2 s and was aborted; paste the part", marks=needs_limits),
        pytest.param("allocate", "reading s.py took more than 512 MB and was aborted; paste", marks=needs_limits),
        pytest.param("crash", "s.py could not be read: its process ended with code -11; paste", marks=needs_limits),
        ("write", "s.py could not be read: there are too many findings; paste"),
        ("fail", "s.py could not be read: IndexError: list index out of range; paste"),
    ],
)  # fmt: skip
def test_process_that_misbehaves_is_told_in_one_sentence(
    kind: str, sentence: str, stand_in: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script_child, "SECONDS", 2)
    begun = time.monotonic()
    with pytest.raises(DataError) as caught:
        script_client.read_script(kind.encode(), "s.py")
    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)
    assert time.monotonic() - begun < script_client.SECONDS


def test_process_that_only_waits_is_ended_by_the_clock(stand_in: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script_client, "SECONDS", 1.5)
    begun = time.monotonic()
    with pytest.raises(
        DataError, match=r"^reading s\.py took more than 5 s and was aborted; paste the part that trains"
    ):
        script_client.read_script(b"sleep", "s.py")
    assert time.monotonic() - begun < 8


def test_process_gets_no_secret_and_loads_nothing_heavy(stand_in: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARITY_ADMINS", "ada@lab.example")
    told = script_client.read_script(b"environment", "s.py")
    assert told["heavy"] == []
    assert "PARITY_ADMINS" not in told["names"]


def test_nested_tuples_are_answered_by_the_command(tmp_path: Path) -> None:
    path = tmp_path / "s.py"
    path.write_text(HURTFUL, encoding="utf-8")
    begun = time.monotonic()
    record = script_client.read_script(command.read_file(path), path.name)
    assert time.monotonic() - begun < 10
    told = {one["key"]: one["why"] for one in record["open"]}
    assert told["training.epochs"] == "line 19: the value of a16 is known only when the script runs"


def test_a_third_reader_waits_its_turn_and_is_told_when_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script_client, "SECONDS", 0.2)
    monkeypatch.setattr(script_client, "_turn", threading.BoundedSemaphore(1))
    script_client._turn.acquire()
    with pytest.raises(script_client.Busy, match="other scripts are being read; try again in a minute"):
        script_client.read_script(HEALTHY.encode(), "s.py")


@pytest.mark.parametrize(("size", "name"), [(1_200_001, "s.py"), (10_000_001, "n.ipynb")])
def test_file_that_is_too_large_starts_no_process(size: int, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", None)
    with pytest.raises(DataError, match="is too long; paste the part that trains, at most 300,000 characters"):
        script_client.read_script(b"#" * size, name)


def test_no_process_to_be_had_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", os.devnull)
    with pytest.raises(DataError, match="was not read: no process can be started"):
        script_client.read_script(HEALTHY.encode(), "s.py")
