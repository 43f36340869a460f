"""Many viewers of one running training: what arrives, how late, what it costs the server and the training.

    python tests/load/viewers.py [VIEWERS=50] [SECONDS=40] [OPTIONS of the server, as --server.fileWatcherType auto]

A server of its own and a real training on this machine; the training's pace is measured alone first, then
watched. Its 1,000 epochs last about two minutes, so longer loads outlast it.
"""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT)]

from tests.browser.app_server import Server  # noqa: E402
from tests.load.client import Viewer, cpu_seconds, memory_mb, share  # noqa: E402
from tests.load.clone import cloned, python_of, watchers  # noqa: E402

ARRIVING = 6.0
"""Seconds in which the viewers open their pages, before the figures are taken."""


START = """
import json, sys
from core.workers import launch
from core.config import make_config
from core.store.runs import RunStore
run = RunStore().create(make_config("sample", json.loads(sys.argv[1])))
launch.start(run, parent_pipe=False)
print(run.id)
"""


def start_training(settings: dict[str, Any], root: Path) -> Any:
    """A long training on the sample, with a worker at it that lies where the server does."""
    from core.store.runs import RunStore
    from core.workers import launch

    whole = json.dumps({"training.epochs": 1000, "training.early_stopping": 0, **settings})
    said = subprocess.run(
        [python_of(root), "-c", START, whole], cwd=root, stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    run = RunStore().get(said.strip())
    while len(run.epochs()) < 3:
        assert launch.poll(run).is_active, run.status()
        time.sleep(0.2)
    return run


async def watch(viewers: list[Viewer], seconds: float) -> None:
    """All of them at once, coming in over the first seconds."""

    async def later(number: int, viewer: Viewer) -> None:
        await asyncio.sleep(2 * number / len(viewers))
        await viewer.watch(seconds)

    await asyncio.gather(*(later(number, viewer) for number, viewer in enumerate(viewers)))


def batches(run: Any) -> float:
    """Batches that the training has done so far."""
    status = run.read_status()
    return (status.epoch - 1) * max(1, status.batches) + status.batch


def pace(run: Any, work: Any) -> float:
    """Batches a second while something goes on."""
    before, started = batches(run), time.monotonic()
    work()
    return (batches(run) - before) / (time.monotonic() - started)


def measure(
    count: int,
    seconds: float,
    root: Path,
    settings: dict[str, Any] | None = None,
    options: Sequence[str] = (),
) -> dict[str, float]:
    """The figures of one load.

    Args:
        count: Viewers.
        seconds: How long they look.
        root: What `cloned` has made.
        settings: Of the training, beside the usual ones.
        options: Of the server.
    """
    from core.errors import RunError
    from core.workers import launch

    home = root / ".parity"
    os.environ["PARITY_HOME"] = str(home)
    server = Server(home, python_of(root), options, root=root)
    port = int(server.url.rpartition(":")[2])
    run = start_training(settings or {}, root)
    try:
        asyncio.run(watch([Viewer(port, "live", f"run={run.id}")], 4))  # imports and caches are warm
        alone = pace(run, lambda: time.sleep(min(seconds, 15)))
        viewers = [Viewer(port, "live", f"run={run.id}") for _ in range(count)]
        memory, pid = memory_mb(server.process.pid), server.process.pid
        everybody = threading.Thread(target=lambda: asyncio.run(watch(viewers, seconds + ARRIVING)))
        everybody.start()
        time.sleep(ARRIVING)  # their first pages cost more than a tick, and come once
        spent, started = cpu_seconds(pid), time.monotonic()
        watched = pace(run, lambda: time.sleep(seconds - 1))
        spent, taken = cpu_seconds(pid) - spent, time.monotonic() - started
        everybody.join()
        ticks = [tick for viewer in viewers for tick in viewer.ticks]
        return {
            "viewers": count,
            "ticks asked": sum(viewer.asked for viewer in viewers),
            "ticks arrived": len(ticks),
            "p50 ms": 1000 * share(ticks, 0.5),
            "p95 ms": 1000 * share(ticks, 0.95),
            "p99 ms": 1000 * share(ticks, 0.99),
            "slowest first page s": max((v.first or seconds) for v in viewers),
            "server % of a core": 100 * spent / taken,
            "server MB more": memory_mb(pid) - memory,
            "training of alone": watched / alone if alone else float("nan"),
            "watchers of files": watchers(pid),
            "errors": sum(len(viewer.errors) for viewer in viewers),
            "KB a tick": sum(v.received for v in viewers) / 1024 / max(1, len(ticks)),
        }
    finally:
        server.close()
        with contextlib.suppress(RunError):  # a load longer than the training
            launch.stop(run)
        while launch.poll(run).is_active:
            time.sleep(0.1)


def main() -> None:
    """Prints the figures, one a line."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 40.0
    with tempfile.TemporaryDirectory() as folder, cloned(Path(folder)) as root:
        for name, value in measure(count, seconds, root, options=sys.argv[3:]).items():
            print(f"{name}: {value:.2f}")


if __name__ == "__main__":
    main()
