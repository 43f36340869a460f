"""The process that trains one run: `python -m core.worker RUN_DIR [--parent-pipe]`.

It waits for its turn, trains, and leaves the run in a final status with one sentence for the person. TensorFlow is
imported once the turn has come: a waiting worker weighs a few MB.
"""

import argparse
import contextlib
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

from core import files, paths
from core.engine.reporter import Reporter
from core.errors import UserError
from core.runs import STATUSES, Run, RunStore

_POLL_SECONDS = 0.3


def main(arguments: list[str] | None = None) -> int:
    """Runs the worker; returns its exit code: 0 done or stopped, 1 the user's mistake, 3 a failure inside."""
    parser = argparse.ArgumentParser(prog="python -m core.worker", description="Trains one run.")
    parser.add_argument("run", type=Path, help="the run's folder")
    parser.add_argument("--parent-pipe", action="store_true", help="end, interrupted, when standard input closes")
    options = parser.parse_args(arguments)
    run = Run(options.run.resolve())
    lock = files.Lock(run.path / "lock")
    if not lock.acquire(timeout=5):
        print(f"run {run.id} has a worker already", file=sys.stderr)
        return 1
    reporter = Reporter(run)
    if not reporter.status.is_active:
        print(f"run {run.id} is {reporter.status.status}; it was not put in the queue", file=sys.stderr)
        return 1
    reporter.say(pid=os.getpid())
    _watch(reporter, parent_pipe=options.parent_pipe)
    try:
        return _work(reporter)
    finally:
        reporter.close()
        lock.release()


def _watch(reporter: Reporter, *, parent_pipe: bool) -> None:
    """What may end the worker from outside: a signal, or the end of the server that started it."""
    reporter.start_heartbeat()
    for name in ("SIGTERM", "SIGINT"):
        signal.signal(getattr(signal, name), lambda *_: reporter.request_stop())
    with contextlib.suppress(OSError):
        # The system, when short of memory, should end this process rather than the pages. (Linux only.)
        Path("/proc/self/oom_score_adj").write_text("900", encoding="ascii")
    if parent_pipe:
        threading.Thread(target=_end_with_parent, args=(reporter,), name="parent-pipe", daemon=True).start()


def _end_with_parent(reporter: Reporter) -> None:
    while os.read(0, 1024):
        pass
    reporter.die("interrupted", "The server that ran this ended; Resume continues after the last finished epoch.")


def _work(reporter: Reporter) -> int:
    try:
        with _turn(reporter) as came:
            status = _train(reporter) if came else "stopped"
        message = STATUSES[status] if came and reporter.run.has_model() else "Stopped before anything was learnt."
        reporter.finish(status, message)
    except UserError as error:
        reporter.finish("failed", str(error), fault="user")
        return 1
    except Exception as error:  # noqa: BLE001 (the one broad except of the program: a run never ends without a word)
        traceback.print_exc()
        reporter.finish("failed", _sentence(error), fault="program")
        return 3
    return 0


def _train(reporter: Reporter) -> str:
    reporter.say(status="starting", message=STATUSES["starting"])
    from core.engine.train import train

    return train(reporter)


@contextlib.contextmanager
def _turn(reporter: Reporter) -> Iterator[bool]:
    """Waits until one of the machine's training places is free and no older run waits; False when stopped before."""
    places = [files.Lock(paths.home() / f"training-{k}.lock") for k in range(paths.parallel_runs())]
    while not reporter.stop_requested():
        place = None if _someone_before(reporter) else next((place for place in places if place.acquire()), None)
        if place:
            try:
                yield True
            finally:
                place.release()
            return
        time.sleep(_POLL_SECONDS)
    yield False


def _someone_before(reporter: Reporter) -> bool:
    """Whether a run that was queued earlier still waits, with a worker that lives or is about to."""
    mine = (reporter.status.queued, reporter.run.id)
    store = RunStore(reporter.run.path.parent)
    return any(
        status.status == "queued" and (status.queued, run.id) < mine
        for run in store.list()
        if run.id != reporter.run.id and (status := run.status())
    )


def _sentence(error: Exception) -> str:
    """One sentence for a failure that was not foreseen; the traceback is in worker.log."""
    kind = type(error).__name__
    if kind in ("ResourceExhaustedError", "MemoryError"):
        return "The run ran out of memory; try a smaller data.batch_size or data.image_size."
    if isinstance(error, OSError) and error.errno == 28:
        return "The disk is full; free some space and resume the run. The last finished epoch is kept."
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}."
    return f"Parity failed inside ({kind}); worker.log in the run's folder says more."


if __name__ == "__main__":
    sys.exit(main())
