"""Worker process of a run or of any other kind of job (core/start/kinds.py): `python -m core.worker DIR`.

It waits for its turn, works, and leaves the job in a final status with one sentence for the person. TensorFlow is
imported once the turn has come: a waiting worker weighs a few MB. With `--warm` it comes first (core/workers/warm.py).
"""

import argparse
import contextlib
import gc
import importlib
import os
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable
from errno import ENOMEM, ENOSPC, EROFS
from pathlib import Path

from core import files
from core.engine.reporter import Reporter
from core.environment import environment
from core.errors import UserError
from core.jobs.queue import wait_for_slot
from core.start import kinds
from core.store.folder import JobFolder
from core.store.status import NOTHING_TRAINED, STATUSES
from core.workers import process_info, warm
from core.workers.launch import CANNOT_WRITE

_RESERVE_BYTES = 64 * 1024

_REPLACED_SECONDS, _MISSES = 2.0, 5
"""How often a cluster's worker makes sure that the run is still its own, and how often it may find no answer."""


def main(arguments: list[str] | None = None) -> int:
    """Runs the worker; returns its exit code: 0 done or stopped, 1 the user's mistake, 3 a failure inside."""
    parser = argparse.ArgumentParser(prog="python -m core.worker", description="Works on one run, or on another job.")
    parser.add_argument("run", type=Path, nargs="?", help="the folder of the run or job")
    parser.add_argument("--parent-pipe", action="store_true", help="end, interrupted, when standard input closes")
    parser.add_argument("--warm", action="store_true", help="load TensorFlow, then read the folder from standard input")
    parser.add_argument("--job", default="", help="the job of a cluster that this is: it asks for no lock and no turn")
    options = parser.parse_args(arguments)
    if (options.run is None) != options.warm:
        parser.error("give the folder of a run, or --warm")
    folder = _wait_warm() if options.warm else options.run
    if folder is None:
        return 0
    try:
        job = kinds.open_job(folder.resolve())
    except UserError as error:
        _log(str(error))
        return 1
    return _serve_job(job, options.job) if options.job else _run(job, parent_pipe=options.parent_pipe)


def _wait_warm() -> Path | None:
    """Loads TensorFlow, then waits for a run's folder; None when standard input ends before one comes."""
    born = time.time()
    import core.engine.train.training  # noqa: F401

    idle = threading.Timer(warm.IDLE_SECONDS, os._exit, args=(0,))
    idle.daemon = True
    idle.start()
    line = b""
    while not line.endswith(b"\n"):
        part = os.read(0, 4096)
        if not part:
            return None
        line += part
    idle.cancel()
    return _take_over(Path(os.fsdecode(line[:-1])), born)


def _take_over(folder: Path, born: float) -> Path:
    """From now on this process is that run's worker and writes to its log."""
    with (folder / "worker.log").open("ab") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    if warm.has_aged(born):
        os.execv(sys.executable, [sys.executable, "-u", "-m", "core.worker", str(folder), "--parent-pipe"])  # noqa: S606
    return folder


def _run(run: JobFolder, *, parent_pipe: bool) -> int:
    """Takes the run's lock and works."""
    lock = files.Lock(run.path / "lock")
    try:
        if not lock.acquire(timeout=5):
            _log(f"{run.noun} {run.id} has a worker already")
            return 1
        return _serve(run, parent_pipe=parent_pipe)
    except OSError as error:
        _log(f"{run.noun} {run.id} cannot be written: {error}")
        return CANNOT_WRITE
    finally:
        lock.release()


def _serve_job(run: JobFolder, job: str) -> int:
    """What a worker on a cluster does: the cluster has given it its turn, and `job.json` says the run is its own."""
    try:
        if run.cluster_job().get("job") != job:
            _log(f"{run.noun} {run.id} is no longer the work of {job}")
            return 1
        threading.Thread(target=_end_when_replaced, args=(run, job), name="still-ours", daemon=True).start()
        return _serve(run, on_cluster=True)
    except OSError as error:
        _log(f"{run.noun} {run.id} cannot be written: {error}")
        return CANNOT_WRITE


def _log(text: str) -> None:
    """Says something in the log, which may be on a full disk: that must not keep it from the run's status."""
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr, flush=True)


def _end_when_replaced(run: JobFolder, job: str) -> None:
    """A machine that was taken for lost may come back; whoever has the run by then must not meet its worker."""
    misses = 0
    while misses < _MISSES:
        time.sleep(_REPLACED_SECONDS)
        record = run.cluster_job()
        if record.get("job", job) != job:
            break
        misses = 0 if record else misses + 1  # a file server that is being restarted shows nothing for a while
    os._exit(1)


def _serve(run: JobFolder, *, parent_pipe: bool = False, on_cluster: bool = False) -> int:
    """What a worker does once the run is its own; returns its exit code."""
    reporter = Reporter(run)
    if not reporter.status.is_active or run.is_from_newer_version():
        _log(f"{run.noun} {run.id} is {reporter.status.status}; it was not put in the queue")
        return 1
    files.remove_leftovers(run.path)
    try:
        reserve_file = _write_reserve_file(run.path)
    except OSError as error:
        reporter.finish("failed", _sentence(reporter.run, error), fault="program")
        return CANNOT_WRITE
    host = socket.gethostname() if on_cluster else ""
    reporter.set_status(pid=os.getpid(), birth=process_info.birth(os.getpid()), host=host)
    _watch(reporter, parent_pipe=parent_pipe)
    try:
        return _work(reporter, reserve_file, on_cluster=on_cluster)
    finally:
        reporter.close()
        reserve_file.unlink(missing_ok=True)


def _write_reserve_file(folder: Path) -> Path:
    """A file to throw off when the disk is full, so that there is room for the last word."""
    reserve_file = folder / ".ballast"
    try:
        reserve_file.write_bytes(b"\0" * _RESERVE_BYTES)
    except OSError:
        reserve_file.unlink(missing_ok=True)  # the part of it that there was room for is what the last word needs
        raise
    return reserve_file


def _watch(reporter: Reporter[JobFolder], *, parent_pipe: bool) -> None:
    """What may end the worker from outside: a signal, or the end of the server that started it."""
    reporter.start_heartbeat()
    for name in ("SIGTERM", "SIGINT"):
        signal.signal(getattr(signal, name), lambda *_: reporter.request_stop())
    with contextlib.suppress(OSError):
        # The system, when short of memory, should end this process rather than the pages. (Linux only.)
        Path("/proc/self/oom_score_adj").write_text("900", encoding="ascii")
    if parent_pipe:
        threading.Thread(target=_end_with_parent, args=(reporter,), name="parent-pipe", daemon=True).start()


def _end_with_parent(reporter: Reporter[JobFolder]) -> None:
    while os.read(0, 1024):
        pass
    reporter.die("interrupted", f"The server that ran this ended. {reporter.run.goes_on}")


def _work(reporter: Reporter[JobFolder], reserve_file: Path, *, on_cluster: bool) -> int:
    try:
        environment()  # a value that makes no sense is said before anything is done
        with _wait_for_slot(reporter, on_cluster=on_cluster) as came:
            status, message = _call_entry(reporter, on_cluster=on_cluster) if came else ("stopped", NOTHING_TRAINED)
        reason = reporter.run.stop_reason() if status == "stopped" else ""
        reporter.finish(status, reason or message)
    except UserError as error:
        reserve_file.unlink(missing_ok=True)
        reporter.finish("failed", str(error), fault="user")
        return 1
    except Exception as error:  # noqa: BLE001 (the one broad except of the program: a run never ends without a word)
        reserve_file.unlink(missing_ok=True)
        _log(traceback.format_exc())
        reporter.finish("failed", _sentence(reporter.run, error), fault="program")
        return 3
    return 0


def _wait_for_slot(reporter: Reporter[JobFolder], *, on_cluster: bool) -> contextlib.AbstractContextManager[bool]:
    """Waits for a slot on this machine, where it takes one; on a cluster Ray has waited for it."""
    if on_cluster or not reporter.run.trains:
        return contextlib.nullcontext(not reporter.stop_requested())
    return wait_for_slot(reporter.run, reporter.stop_requested, kinds.queued_stores())


def _call_entry(reporter: Reporter[JobFolder], *, on_cluster: bool) -> tuple[str, str]:
    """Final status and the sentence that goes with it."""
    if reporter.run.trains:
        reporter.set_status(status="starting", message=STATUSES["starting"])
    kind = kinds.kind_of(reporter.run)
    module, _, name = ((on_cluster and kind.on_cluster) or kind.entry).partition(":")
    work: Callable[[Reporter[JobFolder]], tuple[str, str]] = getattr(importlib.import_module(module), name)
    gc.freeze()  # libraries stay: garbage is collected before each trial, and looking through them takes 0.2 s
    return work(reporter)


def _sentence(job: JobFolder, error: Exception) -> str:
    """One sentence for a failure that was not foreseen; the traceback is in worker.log."""
    kind = type(error).__name__
    if kind in ("ResourceExhaustedError", "MemoryError") or getattr(error, "errno", None) == ENOMEM:
        return f"The {job.noun} ran out of memory; try a smaller data.batch_size or data.image_size."
    # HDF5 tells the system's error only in its text.
    if isinstance(error, OSError) and (error.errno == ENOSPC or "No space left" in str(error)):
        return f"The disk is full; free some space. {job.goes_on}"
    if isinstance(error, OSError) and error.errno == EROFS:
        return f"The {job.noun}'s folder can no longer be written: it is read-only now. {job.goes_on}"
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}."
    return f"Parity failed inside ({kind}); worker.log in the {job.noun}'s folder says more."


if __name__ == "__main__":
    sys.exit(main())
