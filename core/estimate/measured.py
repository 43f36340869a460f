"""What work has taken on this machine, kept between runs in `costs.json` of the home, to predict the next.

A cost is a number of seconds for each unit of a kind of work: an image through a backbone, an image in an epoch. One
entry stands for each kind, backbone, image size and block on each machine; a newer measurement moves it half of the
way, so that one disturbed run neither rules nor is forgotten.
"""

import contextlib
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from core import files, paths
from core.store import records

PREPARE, FEATURES, HEAD, IMAGES, FINISH, DOWNLOAD = "prepare", "features", "head", "images", "finish", "download"
"""Kinds of work. A unit is one image; of `head` and `images` one image in one epoch, of `download` one byte."""

MOST_KEPT = 300
"""Entries that are kept; of more those go that were measured longest ago."""

_FILE = "costs.json"
_SHARE_OF_NEW = 0.5


@dataclass(frozen=True)
class Cost:
    """What a unit of a kind of work takes.

    Attributes:
        kind: str. One of those above.
        seconds: float. For one unit.
        network: str. Name of the backbone; empty where it does not matter.
        size: int. Side of the images in pixels; of `head` its weights, and of `prepare` and `finish` how many images
            there are, see `head_size` and `count_size` in core/estimate/duration.py.
        block: str. The lowest block that learns; empty for none. Of `features` the runtime, empty for TensorFlow.
        time: float. When it was measured, in seconds since 1970.
        machine: str. Where.
    """

    kind: str
    seconds: float
    network: str = ""
    size: int = 0
    block: str = ""
    time: float = 0.0
    machine: str = ""

    @property
    def key(self) -> tuple[str, str, str, int, str]:
        """What there is one entry for."""
        return self.machine, self.kind, self.network, self.size, self.block


def this_machine() -> str:
    """The name that the costs of this machine stand under: a home may lie where several machines reach it."""
    return f"{platform.node()[:100]}/{os.cpu_count() or 1}"


def costs() -> tuple[Cost, ...]:
    """What was measured on this machine, in no order; nothing where nothing was, or the file is damaged."""
    path = paths.home() / _FILE
    try:
        info = path.stat()
    except OSError:
        return ()
    machine = this_machine()
    return tuple(cost for cost in _read(path, (info.st_mtime_ns, info.st_size, info.st_ino)) if cost.machine == machine)


def keep(measured: Sequence[Cost]) -> None:
    """Adds measurements of this machine to the record; a home that cannot be written stays as it is.

    Two that write at once are no harm: what is lost is measured again.

    Args:
        measured: sequence of Cost. `time` and `machine` need not be filled in.
    """
    path, now, machine = paths.home() / _FILE, time.time(), this_machine()
    known = {cost.key: cost for cost in _read_now(path)}
    for cost in measured:
        if not 0 <= cost.seconds <= 1e6:
            continue
        new = Cost(cost.kind, cost.seconds, cost.network, cost.size, cost.block, now, machine)
        if before := known.get(new.key):
            mixed = before.seconds + _SHARE_OF_NEW * (new.seconds - before.seconds)
            new = Cost(new.kind, mixed, new.network, new.size, new.block, now, machine)
        known[new.key] = new
    kept = sorted(known.values(), key=lambda cost: cost.time)[-MOST_KEPT:]
    with contextlib.suppress(OSError):
        files.write_json(path, {"costs": [vars(cost) for cost in kept]})


@lru_cache(maxsize=4)
def _read(path: Path, stamp: tuple[int, int, int]) -> tuple[Cost, ...]:  # the stamp says whether it still holds
    return _read_now(path)


def _read_now(path: Path) -> tuple[Cost, ...]:
    record = records.read(path, records.COSTS)
    return tuple(
        Cost(one.kind, one.seconds, one.network, one.size, one.block, one.time, one.machine)
        for one in (record.costs if record else ())
    )
