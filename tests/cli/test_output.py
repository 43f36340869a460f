"""What a command prints of a job that has ended."""

import json

import pytest

from core.cli.output import print_answer
from core.store.status import Status

Captured = pytest.CaptureFixture[str]


def printed(capsys: Captured, status: Status, *, as_json: bool = False, resumes: bool = True) -> tuple[int, str, str]:
    code = print_answer(status, {"best": 1}, lambda: ["the answer"], as_json=as_json, resumes=resumes)
    return code, *capsys.readouterr()


def test_what_was_stopped_or_cut_off_says_how_to_go_on(capsys: Captured) -> None:
    stopped, cut_off = Status("stopped", "Stopped."), Status("interrupted", "The worker was killed.")
    assert printed(capsys, stopped) == (0, "the answer\nThe same command resumes.\n", "")
    assert printed(capsys, cut_off) == (3, "", "The worker was killed.\nThe same command resumes.\n")


def test_what_has_ended_or_is_not_resumed_so_does_not(capsys: Captured) -> None:
    assert printed(capsys, Status("finished", "Completed.")) == (0, "the answer\n", "")
    assert printed(capsys, Status("stopped", "Stopped."), resumes=False) == (0, "the answer\n", "")
    assert printed(capsys, Status("failed", "No images.", fault="user")) == (1, "", "No images.\n")
    code, out, _ = printed(capsys, Status("stopped", "Stopped."), as_json=True)
    assert (code, json.loads(out)) == (0, {"best": 1, "status": "stopped", "message": "Stopped."})
