"""One place a process for what is kept in mind, also where many ask for it first, or its module is loaded anew."""

import threading
import time
from pathlib import Path

from core.store.parked import parked


def slow_list() -> list[int]:
    time.sleep(0.05)
    return []


def test_many_who_are_first_get_the_same() -> None:
    found: list[list[int]] = []
    threads = [
        threading.Thread(target=lambda: found.append(parked("test_many", kept=slow_list).kept)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(one) for one in found}) == 1


def test_what_was_set_stays_and_what_is_new_is_added() -> None:
    parked("test_set", count=int).count = 3
    again = parked("test_set", count=int, names=list)
    assert (again.count, again.names) == (3, [])


def test_nothing_is_parked_elsewhere() -> None:
    root = Path(__file__).resolve().parents[2]
    found = [path.name for path in root.glob("core/**/*.py") if "sys.modules.setdefault" in path.read_text("utf-8")]
    assert found == ["parked.py"]
