"""A short load in every test run: bounds generous enough for a busy machine, tight enough to notice a mistake.

The server runs as a user's does: in a folder with its own `.venv` and `.parity` inside.
"""

import asyncio
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processor time and memory are read from /proc"),
]

from core import files  # noqa: E402
from core.store import examples  # noqa: E402
from core.store.runs import Run, RunStore  # noqa: E402
from tests.browser.app_server import Server  # noqa: E402
from tests.load.client import Viewer, cpu_seconds  # noqa: E402
from tests.load.clone import WORKERS_OWN, cloned, python_of, watchers  # noqa: E402
from tests.load.soak import handles, soak, zombies  # noqa: E402
from tests.load.uploads import measure  # noqa: E402
from tests.visit import visit  # noqa: E402


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with cloned(tmp_path_factory.mktemp("clone"), without=WORKERS_OWN) as folder:
        yield folder


@pytest.fixture(autouse=True)
def home(home: Path, tree: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """In the program's folder, where it is when nobody says otherwise."""
    folder = tree / ".parity"
    monkeypatch.setenv("PARITY_HOME", str(folder))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def server(tree: Path, home: Path, drawn_sample: Path) -> Iterator[Server]:
    """With the sample drawn: the first page that shows images of it would draw it, for seconds."""
    shutil.copytree(drawn_sample, home / "sample")
    examples.install()
    made = Server(home, python_of(tree), root=tree)
    yield made
    made.close()


@pytest.fixture
def running(home: Path) -> Iterator[Run]:
    """A run that looks as if a worker were at it: its lock is held by this process."""
    run = next(run for run in RunStore().list() if run.has_model())
    lock = files.Lock(run.path / "lock")
    assert lock.acquire()
    run.write_status(run.read_status().__class__(status="running", phase="training", epoch=9, epochs=99, batches=5))
    yield run
    lock.release()


def test_the_server_has_none_of_its_files_watched(server: Server) -> None:
    assert visit(server.url).of("exception") == []
    assert watchers(server.process.pid) == 0


def test_viewers_of_a_running_training_get_every_tick_cheaply(server: Server, running: Run) -> None:
    port, pid = int(server.url.rpartition(":")[2]), server.process.pid

    async def watch(count: int, seconds: float) -> tuple[list[Viewer], float]:
        """The viewers, and what the server had used when each of them had the page."""
        viewers = [Viewer(port, "live", f"run={running.id}") for _ in range(count)]
        watching = asyncio.gather(*(viewer.watch(seconds) for viewer in viewers))
        while any(viewer.first is None for viewer in viewers) and not watching.done():
            await asyncio.sleep(0.02)
        used = cpu_seconds(pid)
        await watching
        return viewers, used

    visit(server.url, "live")  # its imports are done, however long they take
    asyncio.run(watch(1, 4))
    before = cpu_seconds(pid)
    viewers, opened = asyncio.run(watch(8, 14))
    after = cpu_seconds(pid)
    asked, ticks = sum(viewer.asked for viewer in viewers), [tick for viewer in viewers for tick in viewer.ticks]
    assert [error for viewer in viewers for error in viewer.errors] == []
    assert asked >= 8 * 4
    assert len(ticks) >= asked - 8  # the last one of each may be on its way
    # Compared with what it takes to open the page, on any machine: a quarter was measured, all of it if all is redrawn.
    assert (after - opened) / asked < 0.5 * (opened - before) / 8


def test_uploads_at_once_arrive_and_the_server_stays_healthy(server: Server) -> None:
    found = asyncio.run(measure(4, 10, server))
    assert found["answers 204 or 200"] == 4
    assert found["MB more at the peak"] < 2 * 40 + 100


def test_viewers_who_come_and_go_leave_nothing(server: Server) -> None:
    pid = server.process.pid
    run = RunStore().list()[0]
    found = asyncio.run(soak(server, run.id, 0.1, 4, every=3.0))
    assert found["zombies"] == zombies(pid) == 0
    assert found["MB at last"] - found["MB at first"] < 40
    assert handles(pid) < 400
