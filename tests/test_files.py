"""Files that a crash leaves whole, and locks that die with their holder."""

import json
import math
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.files import Lock, Tail, append_line, finite, read_json, read_lines, replacing, write_json
from core.workers.launch import ROOT


def an_object(line: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def lines_of(path: Path) -> list[dict[str, Any]]:
    return read_lines(path, an_object)


def test_a_file_is_replaced_and_its_folder_made(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file.txt"
    with replacing(path, "w") as file:
        file.write("größer")
        assert not path.exists()
    assert path.read_text(encoding="utf-8") == "größer"
    assert [entry.name for entry in path.parent.iterdir()] == ["file.txt"]


def test_an_error_on_the_way_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError, match=r"^half-way$"), replacing(path) as file:
        file.write(b"new")
        raise RuntimeError("half-way")
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_value_that_has_no_json_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    write_json(path, {"epoch": 1})
    with pytest.raises(TypeError, match="not JSON serializable"):
        write_json(path, {"epoch": object()})
    assert read_json(path) == {"epoch": 1}
    assert [entry.name for entry in tmp_path.iterdir()] == ["status.json"]


def test_a_reader_never_meets_half_a_file(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    write_json(path, {"old": True})
    with replacing(path, "w") as file:
        file.write('{"old": fal')
        file.flush()
        assert read_json(path) == {"old": True}
        file.write("se}")
    assert read_json(path) == {"old": False}


def test_json_comes_back(tmp_path: Path) -> None:
    record = {"text": 'Ü "肺炎"\n', "numbers": [1, -2.5, None, True], "inner": {"": []}}
    write_json(tmp_path / "a.json", record)
    assert read_json(tmp_path / "a.json") == record


def test_a_name_that_is_no_valid_text_comes_back_from_json(tmp_path: Path) -> None:
    record = {"path": os.fsdecode(b"/data/b\xffad")}
    write_json(tmp_path / "a.json", record)
    append_line(tmp_path / "a.jsonl", record)
    assert read_json(tmp_path / "a.json") == record
    assert lines_of(tmp_path / "a.jsonl") == [record]


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b'{"a": 1}}', b"[" * 100_000, b"\0" * 4096])
def test_a_damaged_json_file_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.json").write_bytes(content)
    assert read_json(tmp_path / "a.json") is None


def test_an_absent_json_file_or_a_folder_is_none(tmp_path: Path) -> None:
    assert read_json(tmp_path / "absent.json") is None
    assert read_json(tmp_path) is None


def test_what_is_not_a_number_becomes_null(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"loss": math.nan, "more": [math.inf, (-math.inf, 1.5)]})
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == '{"loss": null, "more": [null, [null, 1.5]]}'


def test_finite_leaves_other_values_and_the_original_alone() -> None:
    record = {"a": [math.nan, 1, "nan", None, True]}
    assert finite(record) == {"a": [None, 1, "nan", None, True]}
    assert math.isnan(record["a"][0])  # type: ignore[arg-type]


def test_lines_come_back_in_order(tmp_path: Path) -> None:
    for epoch in (1, 2):
        append_line(tmp_path / "a.jsonl", {"epoch": epoch, "loss": math.nan, "text": "ü\n"})
    assert lines_of(tmp_path / "a.jsonl") == [{"epoch": e, "loss": None, "text": "ü\n"} for e in (1, 2)]
    assert (tmp_path / "a.jsonl").read_bytes().count(b"\n") == 2


def test_no_file_has_no_lines(tmp_path: Path) -> None:
    assert lines_of(tmp_path / "absent.jsonl") == []
    assert lines_of(tmp_path) == []


def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'{"epoch": 1}\n{"epoch": 2}')
    assert lines_of(tmp_path / "a.jsonl") == [{"epoch": 1}]


def test_what_is_written_after_a_torn_line_is_not_lost_with_it(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"epoch": 1}\n{"epo')
    append_line(path, {"epoch": 2})
    append_line(path, {"epoch": 3})
    assert lines_of(path) == [{"epoch": 1}, {"epoch": 2}, {"epoch": 3}]


def test_damaged_lines_are_left_out(tmp_path: Path) -> None:
    lines = [b'{"epoch": 1}', b"\xff\xfe", b"[1]", b"3", b"", b"null", b'{"a":' * 5000, b'{"epoch": 2}', b""]
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(lines))
    assert lines_of(tmp_path / "a.jsonl") == [{"epoch": 1}, {"epoch": 2}]


def test_a_line_of_a_megabyte_is_read(tmp_path: Path) -> None:
    record = {"text": "ä" * 2**20}
    append_line(tmp_path / "a.jsonl", record)
    append_line(tmp_path / "a.jsonl", {"after": 1})
    assert lines_of(tmp_path / "a.jsonl") == [record, {"after": 1}]


@given(
    st.binary(max_size=200) | st.lists(st.sampled_from([b'{"a":1}', b"\n", b"{", b"\xff", b"[]", b"1"])).map(b"".join)
)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_lies_in_a_file_of_lines_whole_objects_come_out(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "fuzz.jsonl"
    path.write_bytes(content)
    records = lines_of(path)
    assert all(isinstance(record, dict) for record in records)
    assert len(records) <= content.count(b"\n")
    append_line(path, {"last": 1})
    assert lines_of(path)[-1] == {"last": 1}


@given(st.lists(st.dictionaries(st.text(), st.none() | st.integers() | st.text() | st.booleans()), max_size=5))
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_lines_that_were_written_are_read(tmp_path: Path, records: list[dict[str, object]]) -> None:
    path = tmp_path / "written.jsonl"
    path.unlink(missing_ok=True)
    for record in records:
        append_line(path, record)
    assert lines_of(path) == records
    assert [json.loads(line) for line in path.read_bytes().splitlines()] == records if records else True


def test_a_second_holder_is_refused_until_the_first_lets_go(tmp_path: Path) -> None:
    first, second = Lock(tmp_path / "deep" / "lock"), Lock(tmp_path / "deep" / "lock")
    assert first.acquire()
    assert not second.acquire()
    assert not second.acquire(timeout=0.05)
    first.release()
    assert second.acquire()
    second.release()
    second.release()


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that holds the lock `tmp_path/lock` until it is ended."""
    program = (
        "import sys, pathlib; from core.files import Lock; "
        "lock = Lock(pathlib.Path(sys.argv[1])); print(lock.acquire(), flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "lock")],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == b"True"
        yield process
        process.kill()


def test_a_lock_is_free_when_its_holder_was_killed(tmp_path: Path, holder: subprocess.Popen[bytes]) -> None:
    lock = Lock(tmp_path / "lock")
    assert not lock.acquire()
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert lock.acquire(timeout=1)
    lock.release()


def test_a_tail_reads_what_has_come_since_the_last_look(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    tail = Tail(path, an_object)
    assert tail.read() == []
    for k in range(3):
        append_line(path, {"k": k})
        assert tail.read() == lines_of(path)
    with path.open("ab") as file:
        file.write(b'{"k": 3')
    assert [record["k"] for record in tail.read()] == [0, 1, 2]
    with path.open("ab") as file:
        file.write(b'0}\nno json\n{"k": 4}\n')
    assert tail.read() == lines_of(path)
    assert [record["k"] for record in tail.read()] == [0, 1, 2, 30, 4]
    path.write_bytes(b'{"k": 9}\n')
    assert tail.read() == [{"k": 9}], "it was cut: read from the start"
    with replacing(path) as file:
        file.write(b'{"k": 1}\n{"k": 2}\n')
    assert [record["k"] for record in tail.read()] == [1, 2], "it was replaced"
