"""A home that cannot be written: what only reads works, what would write says so in one sentence."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit import config
from streamlit.testing.v1 import AppTest

from core.__main__ import main
from core.data.feature_cache import FeatureCache, feature_cache
from core.store import examples, run_colours
from core.store.runs import RunStore
from pages.shared import state
from pages.shared.widgets.text import plain

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a folder is made read-only by mounting it"),
    pytest.mark.usefixtures("streamlit_is_looked_through_once"),
]

PAGES = ("app.py", "pages/dataset.py", "pages/train.py", "pages/live.py", "pages/diagnose.py", "pages/predict.py")
WORDS = "Read-only file system" if os.geteuid() == 0 else "Permission denied"


@pytest.fixture
def read_only() -> Iterator[Callable[[Path], None]]:
    """A function that makes a folder read-only until the test ends; for root, whom no permission binds, by a mount."""
    done: list[Path] = []

    def lock(folder: Path) -> None:
        done.append(folder)
        if os.geteuid():
            subprocess.run(["chmod", "-R", "a-w", folder], check=True)
            return
        if subprocess.run(["mount", "--bind", folder, folder], capture_output=True, check=False).returncode:
            pytest.skip("mounting is not allowed here")
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)

    yield lock
    for folder in done:
        subprocess.run(["umount", "-l", folder] if not os.geteuid() else ["chmod", "-R", "u+w", folder], check=True)


@pytest.fixture(autouse=True)
def served_to_this_machine_alone() -> Iterator[None]:
    before = config.get_option("server.address")
    config.set_option("server.address", "127.0.0.1")
    yield
    config.set_option("server.address", before)


@pytest.fixture(autouse=True)
def colours_are_forgotten() -> Iterator[None]:
    """Where they cannot be written the process keeps them, and the runs of later tests would get others."""
    yield
    run_colours._unwritten().clear()


@pytest.fixture
def folder(image_folder: Any) -> Path:
    path: Path = image_folder(train=(6, 6), val=(3, 3))
    return path


@pytest.fixture
def full_home(home: Path, read_only: Callable[[Path], None]) -> Path:
    """A read-only home with finished runs, a search between two, and something in its cache."""
    examples.install()
    feature_cache().build("abc", (3, 3), lambda out: out.fill(1.0))
    read_only(home)
    return home


def test_a_cache_that_cannot_be_written_can_be_read(full_home: Path) -> None:
    assert feature_cache().held()[0] == 1
    features = feature_cache().open("abc")
    assert features is not None and np.all(features == 1.0)


def opened(folder: Path, page: str) -> AppTest:
    at = AppTest.from_file("../app.py", default_timeout=60)
    at.session_state[state.DATASET] = str(folder)
    at.session_state[state.SOURCE] = "Folder on this machine"
    return at.switch_page(page).run() if page != PAGES[0] else at.run()


@pytest.mark.parametrize("filled", [True, False])
def test_every_page_opens(
    home: Path, folder: Path, read_only: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch, filled: bool
) -> None:
    monkeypatch.setenv("PARITY_DATA", str(folder.parent))
    home.mkdir(exist_ok=True)
    if filled:
        examples.install()
    read_only(home)
    for page in PAGES[3:] if filled else PAGES:
        at = opened(folder, page)
        assert not at.exception, f"{page}: {at.exception[0].value}"
        assert at.title[0].value


def test_buttons_that_would_write_say_why_they_do_not(
    full_home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARITY_DATA", str(folder.parent))
    for page, labels in (("pages/train.py", ("Remove 0 MB",)), ("pages/live.py", ("Save", "Delete"))):
        at = opened(folder, page)
        for label in labels:
            next(button for button in at.button if button.label == label).click().run()
            assert not at.exception, f"{label}: {at.exception[0].value}"
            assert plain(WORDS) in at.error[0].value, label


def test_train_says_before_the_click_that_no_run_can_start(
    full_home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARITY_DATA", str(folder.parent))
    at = opened(folder, "pages/train.py")
    assert "No run can start" in at.error[0].value
    assert "Start training" not in [button.label for button in at.button]
    assert not any("Queue is empty" in caption.value for caption in at.caption)


def commands(folder: Path, tmp_path: Path) -> list[tuple[list[str], int]]:
    """Every command that might write into the home, with its exit code."""
    runs = [run.id for run in RunStore().list()]
    model = next(run.id for run in RunStore().list() if run.has_model())
    return [
        (["cache"], 0), (["cache", "--empty"], 1), (["scan", str(folder)], 0), (["check", str(folder)], 0),
        (["train", str(folder)], 1), (["runs"], 0), (["runs", "--deleted"], 0), (["stop", model], 1),
        (["resume", model], 1), (["delete", model], 1), (["note", model, "--text", "x"], 1), (["evaluate", model], 0),
        (["compare", runs[0], runs[1], "--no-probe"], 0), (["bisect", *examples.puzzle()[:2]], 1),
        (["labels", str(folder)], 1), (["find-rate", str(folder)], 1),
        (["sweep", str(folder), "--vary", "model.dropout=0,0.5"], 1), (["fetch", "pneumoniamnist"], 1),
        (["export", model, "--format", "zip", "--out", str(tmp_path / "x")], 0),
        (["import-model", str(full_model(tmp_path)), "--classes", "a,b"], 1),
        (["import-run", str(tmp_path / "x.zip")], 1),
    ]  # fmt: skip


def full_model(tmp_path: Path) -> Path:
    run = next(run for run in RunStore().list() if run.has_model())
    path = tmp_path / "m.keras"
    path.write_bytes((run.path / "model.keras").read_bytes())
    return path


def test_every_command_works_or_says_why_not(
    full_home: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for command, code in commands(folder, tmp_path):
        assert main(command) == code, (command, capsys.readouterr())
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        if code and command[0] not in ("stop",):
            assert WORDS in said.err or command[0] == "resume", (command, said.err)


def test_an_empty_cache_is_looked_at_without_being_made(home: Path) -> None:
    cache = FeatureCache(home / "cache" / "features")
    assert (cache.held(), cache.empty()) == ((0, 0), 0)
    assert not cache.folder.exists()
