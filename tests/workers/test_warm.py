"""A worker that is ready before its run: handed over once, to the run it fits, and never in the way."""

import subprocess
import sys
import time
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.config import make_config
from core.store.runs import RunStore
from core.workers import launch, warm
from tests.loaded_process import MARK

READER = "import sys; print(sys.stdin.readline().strip(), file=open(sys.argv[1], 'w'), flush=True); sys.stdin.read()"


@pytest.fixture(autouse=True)
def program(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Nothing waits at first, and whatever was started is ended; a program put in here takes the worker's place."""
    monkeypatch.setenv("PARITY_WARM_WORKER", "1")
    monkeypatch.setitem(sys.modules, "_parity_warm", types.ModuleType("_parity_warm"))
    monkeypatch.setitem(sys.modules, "_parity_jobs", types.ModuleType("_parity_jobs"))
    real, started, instead = subprocess.Popen, list[Any](), list[Any]()

    def start(command: list[str], **options: Any) -> Any:
        started.append(real([sys.executable, *instead] if instead else command, **options))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", start)
    yield instead
    for process in started:
        process.kill()
        process.wait()
        process.stdin.close()


@pytest.fixture
def reader(tmp_path: Path, program: list[Any]) -> Path:
    """Puts a program in the worker's place that writes down which run it was handed."""
    program += ["-S", "-c", READER, tmp_path / "heard"]
    return tmp_path / "heard"


def wait_for(path: Path) -> str:
    deadline = time.monotonic() + 10
    while not (path.exists() and path.read_text(encoding="utf-8")) and time.monotonic() < deadline:
        time.sleep(0.02)
    return path.read_text(encoding="utf-8").strip()


def test_one_worker_waits_and_is_handed_one_run(reader: Path) -> None:
    environment = launch.worker_environment()
    warm.keep_ready(environment)
    waiting = warm._waiting().process
    warm.keep_ready(environment)
    assert warm._waiting().process is waiting, "one is enough"
    folder = Path("/somewhere/Läufe mit Leerzeichen/1")
    assert warm.hand_over(folder, environment) is waiting
    assert wait_for(reader) == str(folder)
    assert warm.hand_over(folder, environment) is None, "it has a run already"


def test_a_worker_that_was_started_with_other_settings_is_let_go(reader: Path) -> None:
    warm.keep_ready(launch.worker_environment())
    process = warm._waiting().process
    assert warm.hand_over(Path("/a/run"), {"PARITY_HOME": "/elsewhere"}) is None
    assert process.wait(10) == 0


def test_a_worker_that_has_ended_is_not_handed_anything(reader: Path) -> None:
    warm.keep_ready(launch.worker_environment())
    process = warm._waiting().process
    process.kill()
    process.wait()
    assert warm.hand_over(Path("/a/run"), launch.worker_environment()) is None


@pytest.mark.parametrize("setting", [("PARITY_WARM_WORKER", "0"), ("PARITY_MODE", "public")])
def test_none_waits_where_none_is_wanted(setting: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(*setting)
    warm.keep_ready(launch.worker_environment())
    assert warm._waiting().process is None


def test_an_edited_program_is_noticed() -> None:
    newest = max(path.stat().st_mtime for path in (launch.ROOT / "core").rglob("*.py"))
    assert not warm.has_aged(newest + 1)
    assert warm.has_aged(newest - 1)


AGED = f"""{MARK}
import sys
from core import worker
from core.workers import warm
warm.has_aged = lambda born: True
sys.exit(worker.main(["--warm", "--parent-pipe"]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("aged", [False, True])
def test_a_run_is_trained_by_the_process_that_waited(image_folder: Any, aged: bool, program: list[Any]) -> None:
    """Also when the program was updated meanwhile: then the process begins anew before it trains."""
    folder = image_folder(train=(6, 6), val=(3, 3))
    run = RunStore().create(make_config(str(folder), {"data.image_size": 32, "training.epochs": 1}))
    program += ["-c", AGED] if aged else []
    launch.get_ready()
    waiting = warm._waiting().process
    launch.start(run, parent_pipe=True)
    deadline = time.monotonic() + 120
    while (status := launch.poll(run)).is_active and time.monotonic() < deadline:
        time.sleep(0.1)
    assert (status.status, status.pid) == ("finished", waiting.pid), status.message
    assert run.has_model()
