"""Colours of runs: a run keeps its own on every page, after a reload and in reports, and runs shown together differ.

A run gets a number when it is drawn in colour for the first time. The numbers are kept in `colours.json` of the home.
"""

import contextlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from core import files, paths
from core.store import records
from core.store.parked import parked
from core.store.recent import Recent

SERIES = ("#0072B2", "#C47F00", "#00A36C", "#D966A8", "#D0421E", "#329BD8", "#8250C4", "#7F7F7F")
"""Colours of series: at least 3 to 1 against the white and the dark page; of all hues tried, those that stay furthest
apart for people who see red or green less (simulated after Machado, Oliveira and Fernandes, 2009)."""

DASHES: tuple[tuple[int, ...], ...] = ((), (8, 3), (3, 3))
"""Lengths of dashes and gaps: colour is never all that tells two lines apart."""

MARKS = ("circle", "square", "triangle-up", "diamond", "cross")
"""Shapes of dots, as Vega-Lite calls them. Numbers of colours, dashes and marks have no common factor."""

MOST_TOGETHER = 100
"""Runs in one figure, and so numbers that there are: more lines cannot be told apart, however they are drawn."""

MOST_KEPT = 5000
"""Runs whose number is kept; of more those that were coloured first get another one when they are drawn again."""

_FILE = "colours.json"


@dataclass(frozen=True)
class Look:
    """How a run is drawn.

    Attributes:
        colour: str. As `#rrggbb`; the ninth run has that of the first, and other dashes.
        dash: tuple of int. One of `DASHES`.
        mark: str. One of `MARKS`.
    """

    colour: str
    dash: tuple[int, ...] = ()
    mark: str = MARKS[0]


def look_of(number: int) -> Look:
    """The look of a number."""
    return Look(SERIES[number % len(SERIES)], DASHES[number % len(DASHES)], MARKS[number % len(MARKS)])


def run_looks(ids: Sequence[str]) -> dict[str, Look]:
    """How each of these runs is drawn; no two of the first `len(SERIES) * len(DASHES)` look alike.

    Where two have the same number, as they were never shown together, the second gets another one, and keeps that.

    Args:
        ids: sequence of str. Runs that are shown together, at most `MOST_TOGETHER`.
    """
    kept = _kept()
    found = _numbers(list(dict.fromkeys(ids))[:MOST_TOGETHER], kept)
    if any(kept.get(run_id) != number for run_id, number in found.items()):
        _keep(kept | found)
    return {run_id: look_of(number) for run_id, number in found.items()}


def _numbers(ids: Iterable[str], kept: dict[str, int]) -> dict[str, int]:
    """A number for each run, no two alike: the one that it has, else one of a colour that is free here."""
    found: dict[str, int] = {}
    taken: set[int] = set()
    later = []
    for run_id in ids:
        number = kept.get(run_id, -1)
        if number < 0 or number in taken:
            later.append(run_id)
        else:
            found[run_id] = number
            taken.add(number)
    used = Counter(kept.values())
    for run_id in later:
        hues = Counter(number % len(SERIES) for number in taken)
        free = (number for number in range(MOST_TOGETHER) if number not in taken)
        found[run_id] = min(free, key=lambda k: (hues[k % len(SERIES)], k // len(SERIES), used[k], k))
        taken.add(found[run_id])
        used[found[run_id]] += 1
    return found


def _kept() -> dict[str, int]:
    """Numbers by id; those of this process where the home cannot be written."""
    path = paths.home() / _FILE
    try:
        info = path.stat()
    except OSError:
        return dict(_unwritten())
    return {**_read(path, (info.st_mtime_ns, info.st_size, info.st_ino)), **_unwritten()}


@lru_cache(maxsize=4)
def _read(path: Path, stamp: tuple[int, int, int]) -> dict[str, int]:  # the stamp says whether what is kept still holds
    return records.read(path, records.RUN_COLOURS) or {}


def _keep(numbers: dict[str, int]) -> None:
    """Two that write at once are no harm: the run that was lost gets a number when it is drawn next."""
    numbers = dict(list(numbers.items())[-MOST_KEPT:])
    with contextlib.suppress(OSError):
        files.write_json(paths.home() / _FILE, numbers)
        return
    for run_id, number in numbers.items():
        _unwritten()[run_id] = number


def _unwritten() -> Recent[str, int]:
    known: Recent[str, int] = parked("run_colours", known=lambda: Recent(MOST_KEPT)).known
    return known
