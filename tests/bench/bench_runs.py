"""How lists, table and pages bear many runs: ten thousand of a hundred epochs in lists, a thousand in the table.

    python tests/bench/bench_runs.py [lists | table | reruns] [RUNS] [EPOCHS]

Makes the folders below the system's folder for temporary files (400 MB for the lists), measures, and removes them.
"""

import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench.figures import Figure, middle, seconds, table
from tests.bench.many_runs import epoch_record, home_with_runs

ROOT = Path(__file__).resolve().parents[2]

LIST_SECONDS, TICK_MS, RERUN_MS = 1.5, 20.0, 150.0
TABLE_SECONDS, FILTER_SECONDS, COMPARE_SECONDS = 1.5, 0.3, 1.0
TIMES = 7


def measure() -> list[Figure]:
    """All three; about four minutes."""
    return [*measure_lists(), *measure_table(), *measure_reruns()]


def measure_lists(count: int = 10_000, epochs: int = 100) -> list[Figure]:
    """Lists of runs, and the fragment of the Live page."""
    with home_with_runs(count, epochs):
        return [*_lists(count, epochs), *_ticks(count, epochs)]


def measure_table(count: int = 1000, epochs: int = 200) -> list[Figure]:
    """The Runs page: table, a filter, ten runs over each other."""
    with home_with_runs(count, epochs, whole=True):
        return _table(f"{count} runs of {epochs} epochs")


def measure_reruns(count: int = 50, epochs: int = 30) -> list[Figure]:
    """Whole pages, as after a click."""
    with home_with_runs(count, epochs):
        return _reruns(count)


Took = tuple[float, float]
"""Seconds by the clock, and of the processor, which other programs hardly disturb."""


def _page(page: str, **address: str) -> Callable[..., Took]:
    """A page by Streamlit's own test runner: its script, what it sends and its reading, without the browser's drawing.

    Returns:
        What runs it once more, with other values in its address.
    """
    from streamlit import config
    from streamlit.testing.v1 import AppTest

    config.set_option("server.address", "127.0.0.1")
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=300)
    if page != "app.py":
        at.switch_page(page)

    def run(**changed: str) -> Took:
        for name, value in {**address, **changed}.items():
            at.query_params[name] = value
        began = time.process_time()
        took = seconds(at.run), time.process_time() - began
        assert not at.exception, at.exception
        return took

    return run


def _runs(**address: str) -> Callable[..., Took]:
    return _page("pages/runs.py", **address)


def _lists(count: int, epochs: int) -> list[Figure]:
    from core.store import index as registry
    from core.store.kept_index import index_file
    from core.store.runs import RunStore

    def read(most: int | None = None) -> None:
        registry.summaries(RunStore().list()[:most])

    runs = f"{count} runs of {epochs} epochs"
    index = index_file(RunStore().root, registry.KIND)

    def in_a_new_process() -> float:
        registry.forget()
        return seconds(read)

    rows = [_row("run list, first look at the newest 200, no index", [seconds(lambda: read(200))], "s", LIST_SECONDS)]
    rows.append(_row("run list, index made anew from the folders", [seconds(read)], "s", None, runs))
    new, again = [in_a_new_process() for _ in range(TIMES)], [seconds(read) for _ in range(TIMES)]
    rows.append(_row("run list, a new process with the index", new, "s", LIST_SECONDS, runs))
    rows.append(_row("run list, again in the same process", again, "s", LIST_SECONDS, runs))
    rows.append(_row("size of the index", [index.stat().st_size / 2**20], "MB", None, runs))
    named = [seconds(partial(RunStore().get, f"run {count // 3 + k}")) for k in range(TIMES)]
    rows.append(_row("a run found by its name", named, "s", LIST_SECONDS, runs))
    return rows


def _ticks(count: int, epochs: int) -> list[Figure]:
    """The fragment of the Live page, once for a run that has ended and once each time an epoch was finished."""
    from core import files
    from core.store.runs import RunStore, Status

    runs = f"{count} runs of {epochs} epochs"
    run = RunStore().list()[0]
    ended = _tick_ms(run, active=False, each=lambda k: None)
    worker = files.Lock(run.path / "lock")  # held: a worker lives
    worker.acquire()
    created, now = run.read_status().created, time.monotonic()
    run.write_status(
        Status(
            "running", phase="training", epochs=2 * epochs, created=created, queued=now, heartbeat=now, pid=os.getpid()
        )
    )
    grown = _tick_ms(run, active=True, each=lambda k: run.add_event(**epoch_record(epochs + k, epochs)))
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
        poll._tick(Run(Path(path)), "running" if active else "ended")
        st.session_state["ms"] = 1000 * (time.perf_counter() - began)

    at = AppTest.from_function(script, kwargs={"path": str(run.path), "active": active}, default_timeout=60)
    found = []
    for k in range(times + 2):  # the first two fill the caches
        each(k + 1)
        at.run()
        assert not at.exception, at.exception
        found.append(at.session_state["ms"])
    return found[2:]


def _table(runs: str) -> list[Figure]:
    from core.runs_table import details
    from core.store import index

    rows = [_median("table of runs, never looked at before", [_runs()()], None, runs)]
    while not all(row.is_read for row in _rows()):
        pass
    index.forget()
    details.forget()
    rows.append(_median("table of runs, a new process", [_runs()()], TABLE_SECONDS, runs))
    rows.append(_median("table of runs, opened again", [_runs()() for _ in range(TIMES)], TABLE_SECONDS, runs))
    opened = _runs()
    opened()
    filtered = [opened(q=f"run {k + 1}", filter="val_auc>0.5") for k in range(TIMES)]
    rows.append(_median("a filter of the table", filtered, FILTER_SECONDS, runs))
    ids = ",".join(row.id for row in _rows()[:10])
    rows.append(_median("ten runs over each other, first look", [_runs(compare=ids)()], COMPARE_SECONDS, runs))
    again = [_runs(compare=ids, smooth="0.5")() for _ in range(TIMES)]
    rows.append(_median("ten runs over each other, smoothed", again, COMPARE_SECONDS, runs))
    return rows


def _rows() -> list[Any]:
    from core.runs_table.rows import table_rows

    return table_rows()


def _reruns(count: int) -> list[Figure]:
    rows = []
    for page in ("app.py", "pages/live.py", "pages/diagnose.py", "pages/predict.py", "pages/train.py"):
        run = _page(page)
        times = [1000 * run()[0] for _ in range(12)]
        rows.append(_row(f"rerun of {page}", times[2:], "ms", RERUN_MS, f"{count} finished runs"))
    return rows


def _median(name: str, values: list[Took], limit: float | None, note: str) -> Figure:
    clock, processor = ([*parts] for parts in zip(*values, strict=True))
    return _row(name, clock, "s", limit, f"{note}; {median(processor):.2f} s of the processor")


def _row(name: str, values: list[float], unit: str, limit: float | None, note: str = "") -> Figure:
    return middle(name, values, "" if limit is None else f"<= {limit:g}", unit, note)


def main() -> int:
    """Prints the figures; 1 when one misses its target."""
    parts = {"lists": measure_lists, "table": measure_table, "reruns": measure_reruns}
    figures = parts[sys.argv[1]](*map(int, sys.argv[2:4])) if sys.argv[1:] else measure()
    print(table(figures))
    return int(any(figure.met is False for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
