"""Viewers who come and go for a long time: the server must not grow.

    python tests/load/soak.py [MINUTES=30] [VIEWERS=25]

Every 20 seconds some leave and others come. Printed: the slope of the server's memory after the first fifth, open
files at the beginning and the end, and child processes that nobody has waited for.
"""

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT)]

from tests.browser.app_server import Server  # noqa: E402
from tests.load.client import Viewer, memory_mb  # noqa: E402
from tests.load.clone import cloned, python_of  # noqa: E402


def slope(points: list[tuple[float, float]]) -> float:
    """Least squares: MB a minute of (minutes, MB)."""
    count = len(points)
    mean_x, mean_y = sum(x for x, _ in points) / count, sum(y for _, y in points) / count
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0


def handles(pid: int) -> int:
    """Open files of a process."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def zombies(pid: int) -> int:
    """Children of a process that have ended and were not waited for."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return sum(") Z " in Path(f"/proc/{child}/stat").read_text(encoding="utf-8") for child in children)


async def soak(server: Server, run: str, minutes: float, count: int, every: float = 20.0) -> dict[str, float]:
    """The figures of one soak."""
    pid, port = server.process.pid, int(server.url.rpartition(":")[2])
    points, started, first = [], time.monotonic(), 0
    while (passed := time.monotonic() - started) < 60 * minutes:
        await asyncio.gather(*(Viewer(port, "live", f"run={run}").watch(every) for _ in range(count)))
        # Streamlit keeps a session that has gone, and three open files of it, for two minutes.
        first = first or (handles(pid) if passed >= 30 * minutes else 0)
        points.append((passed / 60, memory_mb(pid)))
    late = [point for point in points if point[0] >= minutes / 5] or points
    return {
        "rounds": len(points), "MB at first": points[0][1], "MB at last": points[-1][1], "MB a minute": slope(late),
        "files more in the second half": handles(pid) - first, "zombies": zombies(pid),
    }  # fmt: skip


def main() -> None:
    """Prints the figures, one a line."""
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 30.0
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 25
    with tempfile.TemporaryDirectory() as folder, cloned(Path(folder)) as root:
        home = root / ".parity"
        os.environ["PARITY_HOME"] = str(home)
        from core.store import examples
        from core.store.runs import RunStore

        examples.install()
        server = Server(home, python_of(root), root=root)
        try:
            for name, value in asyncio.run(soak(server, RunStore().list()[0].id, minutes, count)).items():
                print(f"{name}: {value:.2f}")
        finally:
            server.close()


if __name__ == "__main__":
    main()
