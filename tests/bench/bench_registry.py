"""How the lists of runs bear ten thousand of them, each with the events of a thousand epochs.

    python tests/bench/bench_registry.py [RUNS] [EPOCHS]

Makes the folders below the system's folder for temporary files (3 GB for the defaults), measures, and removes them.
"""

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench.figures import Figure, table

ROOT = Path(__file__).resolve().parents[2]

LIST_SECONDS, TICK_MS, RERUN_MS = 1.5, 20.0, 150.0
FEW_RUNS = 50

_STARTED = 1_700_000_000


def make_runs(home: Path, count: int, epochs: int) -> None:
    """Finished runs with files of their own, as the engine leaves them."""
    from core.config import make_config

    events = "".join(json.dumps(_epoch(number, epochs)) + "\n" for number in range(1, epochs + 1))
    for k in range(count):
        created = _STARTED + 60 * k
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(created))
        folder = home / "runs" / f"{stamp}-{k % 1000:03}-{k:06x}"
        folder.mkdir(parents=True)
        config = make_config("sample", {"training.epochs": epochs}, name=f"run {k}")
        status = {"status": "finished", "message": "Ran to its end.", "created": created, "epoch": epochs,
                  "epochs": epochs, "seconds": {"total": 60.0}}  # fmt: skip
        (folder / "config.json").write_text(json.dumps(config.to_dict()), encoding="utf-8")
        (folder / "status.json").write_text(json.dumps(status), encoding="utf-8")
        (folder / "events.jsonl").write_text(events, encoding="utf-8")


def _epoch(number: int, epochs: int) -> dict[str, Any]:
    far = number / epochs
    values = {"loss": 0.7 - far / 2, "accuracy": 0.5 + far / 3, "auc": 0.5 + far / 2.1}
    held_out = {f"val_{name}": value + 0.01 for name, value in values.items()}
    return {"event": "epoch", "time": 1.8e9 + number, "epoch": number, "phase": "training", "seconds": 0.0851234567,
            **values, **held_out}  # fmt: skip


def measure(count: int = 10_000, epochs: int = 1000) -> list[Figure]:
    """Makes the runs, measures, removes them."""
    before = os.environ.get("PARITY_HOME")
    folder = Path(tempfile.mkdtemp(prefix="parity-registry-"))
    try:
        os.environ["PARITY_HOME"] = str(folder / "many")
        make_runs(folder / "many", count, epochs)
        rows = [*_lists(count, epochs), *_ticks(count, epochs)]
        os.environ["PARITY_HOME"] = str(folder / "few")
        make_runs(folder / "few", FEW_RUNS, 30)
        return rows + _reruns()
    finally:
        shutil.rmtree(folder)
        if before is None:
            del os.environ["PARITY_HOME"]
        else:
            os.environ["PARITY_HOME"] = before


def _lists(count: int, epochs: int) -> list[Figure]:
    from core.store import index as registry
    from core.store.runs import RunStore

    def read(most: int | None = None) -> None:
        registry.summaries(RunStore().list()[:most])

    runs = f"{count} runs of {epochs} epochs"
    index = registry.index_file(RunStore().root)
    rows = [_row("run list, first look at the newest 200, no index", _seconds(lambda: read(200)), "s", LIST_SECONDS)]
    rows.append(_row("run list, index made anew from the folders", _seconds(read), "s", None, runs))
    registry.forget()
    rows.append(_row("run list, a new process with the index", _seconds(read), "s", LIST_SECONDS, runs))
    rows.append(_row("run list, again in the same process", _seconds(read), "s", LIST_SECONDS, runs))
    rows.append(_row("size of the index", index.stat().st_size / 2**20, "MB", None, runs))
    name = f"run {count // 3}"
    rows.append(_row("a run found by its name", _seconds(lambda: RunStore().get(name)), "s", LIST_SECONDS, runs))
    return rows


def _ticks(count: int, epochs: int) -> list[Figure]:
    """The fragment of the Live page, once for a run that has ended and once each time an epoch was finished."""
    from core import files
    from core.store.runs import RunStore, Status

    runs = f"{count} runs of {epochs} epochs, median of 20"
    run = RunStore().list()[0]
    ended = median(_tick_ms(run, active=False, each=lambda k: None))
    worker = files.Lock(run.path / "lock")  # held: a worker lives
    worker.acquire()
    created, now = run.read_status().created, time.monotonic()
    run.write_status(
        Status(
            "running", phase="training", epochs=2 * epochs, created=created, queued=now, heartbeat=now, pid=os.getpid()
        )
    )
    grown = median(_tick_ms(run, active=True, each=lambda k: run.add_event(**_epoch(epochs + k, epochs))))
    worker.release()
    return [
        _row("Live tick, nothing new", ended, "ms", TICK_MS, runs),
        _row("Live tick right after an epoch", grown, "ms", TICK_MS, f"{runs}; 1 viewer, all curves drawn anew"),
    ]


def _tick_ms(run: Any, *, active: bool, each: Callable[[int], Any], times: int = 20) -> list[float]:
    from streamlit.testing.v1 import AppTest

    from pages.shared.run import facts as run_facts

    run_facts.SHARED_SECONDS = 0.0  # every tick looks at the files, as the first viewer's of each second does

    def script(path: str, active: bool) -> None:
        import time
        from pathlib import Path

        import streamlit as st

        from core.store.runs import Run
        from pages.shared.run import poll

        began = time.perf_counter()
        poll._tick(Run(Path(path)), active)
        st.session_state["ms"] = 1000 * (time.perf_counter() - began)

    at = AppTest.from_function(script, kwargs={"path": str(run.path), "active": active}, default_timeout=60)
    found = []
    for k in range(times + 2):  # the first two fill the caches
        each(k + 1)
        at.run()
        assert not at.exception, at.exception
        found.append(at.session_state["ms"])
    return found[2:]


def _reruns() -> list[Figure]:
    """Whole pages, as after a click, by Streamlit's own test runner."""
    from streamlit import config
    from streamlit.testing.v1 import AppTest

    config.set_option("server.address", "127.0.0.1")
    rows = []
    for page in ("app.py", "pages/live.py", "pages/diagnose.py", "pages/predict.py", "pages/train.py"):
        at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=300)
        if page != "app.py":
            at.switch_page(page)
        times = []
        for _ in range(12):
            times.append(1000 * _seconds(at.run))
            assert not at.exception, at.exception
        note = f"{FEW_RUNS} finished runs, median of 10"
        rows.append(_row(f"rerun of {page}", median(times[2:]), "ms", RERUN_MS, note))
    return rows


def _seconds(action: Callable[[], Any]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def _row(name: str, value: float, unit: str, limit: float | None, note: str = "") -> Figure:
    return Figure(name, round(value, 3), "" if limit is None else f"<= {limit:g}", unit, note)


def main() -> int:
    """Prints the figures; 1 when one misses its target."""
    figures = measure(*map(int, sys.argv[1:3]))
    print(table(figures))
    return int(any(figure.met is False for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
