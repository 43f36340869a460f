"""Where things lie, as the environment says."""

from collections.abc import Callable
from pathlib import Path

import pytest

from core import paths


def test_everything_lies_below_the_home(home: Path) -> None:
    assert paths.home() == home
    found = [paths.runs_folder(), paths.cache_folder(), paths.uploads_folder(), paths.samples_folder()]
    assert [function.relative_to(home).as_posix() for function in found] == ["runs", "cache", "uploads", "sample"]
    assert not home.exists()


@pytest.mark.parametrize("value", [None, ""])
def test_without_a_setting_the_home_is_beside_the_work(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, value: str | None
) -> None:
    monkeypatch.chdir(tmp_path)
    if value is None:
        monkeypatch.delenv("PARITY_HOME")
    else:
        monkeypatch.setenv("PARITY_HOME", value)
    assert paths.home() == tmp_path.resolve() / ".parity"


@pytest.mark.parametrize(("name", "function"), [("PARITY_HOME", paths.home), ("PARITY_DATA", paths.data_root)])
def test_a_tilde_is_the_persons_folder_and_a_relative_path_becomes_absolute(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, function: Callable[[], Path | None]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for value in ("~/x", "x", "y/../x"):
        monkeypatch.setenv(name, value)
        assert function() == tmp_path.resolve() / "x"


def test_without_a_data_root_no_folder_of_the_server_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    assert paths.data_root() is None
    monkeypatch.setenv("PARITY_DATA", "")
    assert paths.data_root() is None


@pytest.mark.parametrize(("value", "runs"), [("1", 1), ("4", 4), ("", 1)])
def test_as_many_runs_train_at_once_as_the_setting_says(monkeypatch: pytest.MonkeyPatch, value: str, runs: int) -> None:
    monkeypatch.setenv("PARITY_PARALLEL_RUNS", value)
    assert paths.parallel_runs() == runs


def test_without_a_setting_one_run_trains_at_a_time() -> None:
    assert paths.parallel_runs() == 1
