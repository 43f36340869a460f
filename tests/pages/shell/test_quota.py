"""What one visit may send and ask for, refused before anything is stored."""

import dataclasses
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from streamlit import config
from streamlit.runtime import Runtime
from streamlit.testing.v1 import AppTest

from core import paths
from core.access.limits import POLICIES, policy
from core.errors import AccessError, DataError
from pages.shared.predict import session_images
from pages.shared.shell import quota, uploads

MB = 10**6


@pytest.mark.parametrize(("before", "after"), [(500, 10), (10, 10), (5, 5)])
def test_a_public_server_is_told_what_is_too_large_and_never_to_take_more(
    monkeypatch: pytest.MonkeyPatch, before: int, after: int
) -> None:
    monkeypatch.setenv("PARITY_MODE", "public")
    config.set_option("server.maxUploadSize", before)
    AppTest.from_file("../../../app.py", default_timeout=30).run()
    assert config.get_option("server.maxUploadSize") == after
    assert after * 2**20 >= min(before * 2**20, policy().upload_bytes)  # what a page takes, the server takes


@pytest.mark.parametrize("mode", ["local", "team"])
def test_elsewhere_the_server_keeps_its_limit(monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    monkeypatch.setenv("PARITY_MODE", mode)
    config.set_option("server.maxUploadSize", 500)
    AppTest.from_file("../../../app.py", default_timeout=30).run()
    assert config.get_option("server.maxUploadSize") == 500


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch):
    """A function that sets the limits of the mode."""

    def put(**changes: Any) -> None:
        changed = dataclasses.replace(POLICIES["local"], spare_bytes=0, **changes)
        monkeypatch.setitem(POLICIES, "local", changed)

    return put


def test_one_file_is_limited_and_named_in_megabytes(limits) -> None:
    limits(upload_bytes=2 * MB)
    quota.admit_files([2 * MB])
    with pytest.raises(DataError, match="a file has 3 MB; the limit here is 2 MB at most"):
        quota.admit_files([3 * MB])


def test_a_visits_files_are_counted_together_and_a_refused_upload_costs_nothing(limits) -> None:
    limits(session_files=4, session_bytes=10 * MB)
    quota.admit_files([MB, MB])
    with pytest.raises(DataError, match="you would have uploaded 5; the limit is 4 per session"):
        quota.admit_files([MB, MB, MB])
    with pytest.raises(DataError, match="you would have uploaded 11 MB; the limit is 10 MB per session"):
        quota.admit_files([9 * MB])
    quota.admit_files([8 * MB])


def test_questions_are_counted_by_the_minute(limits, monkeypatch: pytest.MonkeyPatch) -> None:
    limits(predictions=20)
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    quota.admit_questions(15)
    now[0] += 40
    with pytest.raises(DataError, match="images per minute, and you sent 25; try again in 20 s"):
        quota.admit_questions(10)
    with pytest.raises(DataError, match="send 20 at a time"):
        quota.admit_questions(30)
    now[0] += 21
    quota.admit_questions(20)


def test_the_spare_room_of_the_disk_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(100, 0, 2_100 * MB))
    quota.admit_files([100 * MB])
    with pytest.raises(DataError, match="the disk has 2,100 MB free, of which 2,000 MB are reserved for training"):
        quota.admit_files([101 * MB])


def test_all_uploads_together_are_limited(limits) -> None:
    limits(disk_bytes=3 * MB)
    paths.uploads_folder().mkdir(parents=True)
    (paths.uploads_folder() / "x").write_bytes(bytes(2 * MB))
    quota.admit_files([MB])
    with pytest.raises(DataError, match="uploads hold 2 MB of the 3 MB they may"):
        quota.admit_files([MB + 1])


def test_images_of_a_session_that_has_gone_are_removed(home: Path) -> None:
    for name, age in (("old", 3700), ("new", 10)):
        folder = home / "sessions" / name
        folder.mkdir(parents=True)
        (folder / "00000").write_bytes(b"x")
        os.utime(folder, (time.time() - age,) * 2)
    session_images.forget_old()
    assert [path.name for path in (home / "sessions").iterdir()] == ["new"]
    assert session_images.kept_image("../../etc", "passwd") is None
    assert session_images.kept_image("new", "00000") == home / "sessions" / "new" / "00000"


def test_an_upload_broken_off_by_a_crash_is_swept_and_one_under_way_is_not(home: Path) -> None:
    for name, age in (("dead.partial", 3700), ("busy.partial", 3700), ("whole", 3700)):
        folder = home / "uploads" / name
        folder.mkdir(parents=True)
        (folder / "file").write_bytes(b"x")
        if name != "busy.partial":
            os.utime(folder / "file", (time.time() - age,) * 2)
        os.utime(folder, (time.time() - age,) * 2)
    uploads.remove_broken_uploads()
    assert sorted(path.name for path in (home / "uploads").iterdir()) == ["busy.partial", "whole"]


def test_a_public_visitor_uploads_no_data_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARITY_MODE", "public")
    for take in (uploads.take_zips, uploads.take_folder):
        with pytest.raises(AccessError, match="does not allow you to upload a dataset"):
            take([], lambda done, total: None)


class Browsers:
    """Streamlit's sessions: `here` are connected, and `me` is whose page it is."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.here, self.me, self.now = {"me"}, "me", 1000.0
        monkeypatch.setattr(Runtime, "exists", lambda: True)
        monkeypatch.setattr(Runtime, "instance", lambda: self)
        monkeypatch.setattr(quota, "_session", lambda: self.me)
        monkeypatch.setattr(quota, "time", self)

    def is_active_session(self, session: str) -> bool:
        return session in self.here

    def monotonic(self) -> float:
        return self.now

    def visit(self, session: str, seconds: float) -> None:
        """Another session comes after so many seconds, sends a file, asks about an image, and leaves."""
        self.now += seconds
        self.me, self.here = session, self.here | {session}
        quota.admit_files([1])
        quota.admit_questions(1)
        self.me, self.here = "me", self.here - {session}


def test_visits_that_are_over_are_forgotten_and_one_that_is_not_never_is(
    limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits(session_files=3, session_bytes=10 * MB, predictions=5)
    browsers = Browsers(monkeypatch)
    quota.admit_files([1, 1, 1])
    most = [0, 0]
    for number in range(300):
        browsers.visit(f"visit-{number}", 30)
        most = [max(most[0], len(quota._spent)), max(most[1], len(quota._asked))]
    assert most[0] <= 3 + 600 / 30 and most[1] <= 4  # ten minutes of visits, and one minute of questions
    with pytest.raises(DataError, match="you would have uploaded 4; the limit is 3 per session"):
        quota.admit_files([1])


def test_a_session_that_comes_back_finds_what_it_has_sent(limits, monkeypatch: pytest.MonkeyPatch) -> None:
    limits(session_files=3, session_bytes=10 * MB)
    browsers = Browsers(monkeypatch)
    quota.admit_files([1, 1, 1])
    for away in (590, 590):  # gone for less than ten minutes at a time, which is not added up
        browsers.here.discard("me")
        browsers.visit("first", 1)
        browsers.visit("second", away)
        browsers.here.add("me")
        with pytest.raises(DataError, match="the limit is 3 per session"):
            quota.admit_files([1])


def test_questions_are_limited_for_a_minute_whoever_else_asks(limits, monkeypatch: pytest.MonkeyPatch) -> None:
    limits(session_files=9, session_bytes=10 * MB, predictions=5)
    browsers = Browsers(monkeypatch)
    quota.admit_questions(5)
    for number in range(50):
        browsers.visit(f"visit-{number}", 1)
    with pytest.raises(DataError, match="try again in 10 s"):
        quota.admit_questions(1)
    browsers.now += 11
    quota.admit_questions(5)
