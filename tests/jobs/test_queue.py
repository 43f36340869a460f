"""Turns: runs and bisects wait in one queue for the machine's training places."""

import threading
import time

from core import files, paths
from core.config import make_config
from core.jobs.queue import wait_for_slot
from core.start import kinds
from core.store.runs import Run, RunStore, Status


def job(folder: str, queued: float) -> Run:
    run = RunStore(paths.home() / folder).create(make_config("sample", {}))
    run.write_status(Status(queued=queued, heartbeat=queued))
    return run


def never() -> bool:
    return False


def test_whoever_is_alone_gets_the_slot_and_gives_it_back() -> None:
    run = job("runs", time.monotonic())
    with wait_for_slot(run, never, kinds.stores()) as came:
        assert came
        assert not files.Lock(paths.home() / "training-0.lock").acquire()
    lock = files.Lock(paths.home() / "training-0.lock")
    assert lock.acquire()
    lock.release()


def test_a_run_waits_for_an_older_bisect_and_a_bisect_for_an_older_run() -> None:
    now = time.monotonic()
    for older, newer in (("runs", "bisects"), ("bisects", "runs")):
        first, second = job(older, now), job(newer, now + 1)
        order: list[str] = []

        def take(run: Run, order: list[str] = order) -> None:
            with wait_for_slot(run, never, kinds.stores()) as came:
                order.append(run.id if came else "stopped")
                run.write_status(Status(status="finished", queued=run.read_status().queued))

        waiting = threading.Thread(target=take, args=(second,))
        waiting.start()
        time.sleep(0.5)
        assert order == []
        take(first)
        waiting.join(10)
        assert order == [first.id, second.id]


def test_a_stop_ends_the_waiting() -> None:
    holder = files.Lock(paths.home() / "training-0.lock")
    assert holder.acquire()
    asked = time.monotonic() + 0.5
    with wait_for_slot(job("runs", time.monotonic()), lambda: time.monotonic() > asked, kinds.stores()) as came:
        assert not came
    holder.release()
