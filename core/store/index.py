"""Index of run summaries in SQLite, so that ten thousand runs need not be read again for a list.

The folders are the truth. A summary is made from a run's files and holds as long as they look the same (time of
change, size, and the file's own number, which every replacement changes). Summaries are kept in this process and, for
runs that have ended, in one SQLite file of the cache folder, which every process of the home shares. That file may be
damaged, locked or deleted at any moment: then the runs are read again, which costs time and nothing else.
"""

import contextlib
import dataclasses
import json
import os
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from core import paths
from core.errors import RunError
from core.store import notes
from core.store.folder import JobFolder
from core.store.notes import NOTE_FILE, Note
from core.store.parked import parked
from core.store.recent import MOST, Recent
from core.store.runs import ACTIVE, Run, Status

FORMAT = 2
"""Part of the file's name: to be raised when summaries change their meaning."""

POINTS = 40
"""Most points of the small curve in a list; a longer history is thinned evenly, its last epoch kept."""

_SOURCES = ("config.json", "status.json", "events.jsonl")
_FEW = 500
"""So many summaries are asked for one by one; for more the whole table is read."""

_BUSY_SECONDS = 2.0
_KEPT = 2 * MOST
"""Runs whose summary, status and note this process knows; deleted ones fall out; of more the file on the disk tells."""

_SCHEMA = "CREATE TABLE IF NOT EXISTS summaries (id TEXT PRIMARY KEY, stamp TEXT, record TEXT, sum INTEGER)"

Stamp = tuple[tuple[int, int, int], ...]

T = TypeVar("T")


@dataclass(frozen=True)
class Summary:
    """One run in a list.

    Attributes:
        run: str. Its id.
        status: str. As written; whoever shows an active one asks `launch.poll`.
        mode: str. `training.mode`; empty where the settings cannot be read, like `dataset` and `backbone`.
        epochs: int. Finished epochs.
        best: float or None. Highest validation accuracy of any epoch.
        val_accuracy: float or None. The last epoch's, like `val_auc`.
        val_loss: tuple of float. At most `POINTS` values of the epochs, the last one among them.
    """

    run: str
    name: str
    dataset: str
    mode: str
    backbone: str
    status: str
    message: str
    created: float
    epochs: int
    best: float | None
    val_accuracy: float | None
    val_auc: float | None
    val_loss: tuple[float, ...]

    @property
    def is_active(self) -> bool:
        """Whether a worker is at it, or should be."""
        return self.status in ACTIVE


def summaries(runs: Sequence[Run]) -> list[Summary]:
    """One summary a run, in the order given; only what has changed is read again."""
    return [summary for summary in summaries_within(runs, float("inf")) if summary is not None]


def summaries_within(runs: Sequence[Run], seconds: float) -> list[Summary | None]:
    """As `summaries`, for whoever cannot wait: a run that was not reached in so many seconds is None."""
    known, found = _memory().summaries, {}
    stamps = {run.path: stamp_of(run.path) for run in runs}
    unknown = []
    for run in runs:
        stamp, summary = known.get(run.path, (None, None))
        if summary is not None and stamp == stamps[run.path]:
            found[run.path] = summary
        else:
            unknown.append(run)
    end = time.monotonic() + seconds
    for folder in {run.path.parent for run in unknown}:
        here = [run for run in unknown if run.path.parent == folder]
        found |= _from_index(folder, here, stamps, end)
    return [found.get(run.path) for run in runs]


def read_status(run: JobFolder) -> Status:
    """The status as written, like `Run.read_status`; read again only when its file has changed."""
    known, stamp = _memory().statuses, stamp_of(run.path, ("status.json",))
    before, status = known.get(run.path, (None, None))
    if status is None or before != stamp:
        known[run.path] = stamp, (status := run.read_status())
    return status  # type: ignore[no-any-return]


def read_note(run: Run) -> Note:
    """What is written about a run, like `notes.read_note`; read again only when its file has changed."""
    known, stamp = _memory().notes, stamp_of(run.path, (NOTE_FILE,))
    before, note = known.get(run.path, (None, None))
    if note is None or before != stamp:
        known[run.path] = stamp, (note := notes.read_note(run))
    return note  # type: ignore[no-any-return]


def index_file(runs_folder: Path, kind: str = f"runs-{FORMAT}") -> Path:
    """Where what is known of the runs in a folder is kept.

    Args:
        runs_folder: Path.
        kind: str. What is kept, with its version. Defaults to the summaries.
    """
    where = zlib.crc32(os.fsencode(runs_folder.resolve()))
    return paths.cache_folder() / f"{kind}-{where:08x}.sqlite"


def forget() -> None:
    """Drops what this process knows, as if it had just been started."""
    _memory().summaries.clear()
    _memory().statuses.clear()
    _memory().notes.clear()


def _from_index(folder: Path, runs: Sequence[Run], stamps: dict[Path, Stamp], end: float) -> dict[Path, Summary]:
    """Summaries from the shared file where they hold, else from the run's folder, and then kept there."""
    index, found = Index(index_file(folder), _summary), {}
    kept = index.load([run.id for run in runs])
    fresh: dict[str, tuple[str, Summary]] = {}
    for run in runs:
        stamp = json.dumps(stamps[run.path])
        before, summary = kept.get(run.id, ("", None))
        if summary is None or before != stamp:
            if time.monotonic() > end:
                continue
            summary = summarise(run)
            if not summary.is_active:
                fresh[run.id] = stamp, summary
            if len(fresh) == _FEW:  # what is done need not be done again by whoever breaks this off
                index.save(fresh)
                fresh = {}
        found[run.path] = summary
        _memory().summaries[run.path] = stamps[run.path], summary
    if fresh:
        index.save(fresh)
    return found


def summarise(run: Run) -> Summary:
    """Reads a run's folder."""
    status, epochs = run.read_status(), run.epochs()
    try:
        config = run.config()
    except RunError:
        config = None  # damaged, or of a newer version: the list shows it all the same
    accuracies = [epoch.val_accuracy for epoch in epochs if epoch.val_accuracy is not None]
    last = epochs[-1] if epochs else None
    return Summary(
        run=run.id,
        name=config.name if config else "",
        dataset=config.dataset if config else "",
        mode=config.training.mode if config else "",
        backbone=config.model.backbone if config else "",
        status=status.status,
        message=status.message,
        created=status.created,
        epochs=len(epochs),
        best=max(accuracies, default=None),
        val_accuracy=last.val_accuracy if last else None,
        val_auc=last.val_auc if last else None,
        val_loss=_thinned([epoch.val_loss for epoch in epochs if epoch.val_loss is not None]),
    )


class Index(Generic[T]):
    """The shared file. Nothing in here raises: what cannot be read is unknown, what cannot be written is not kept.

    Args:
        path: Path. Made when it is absent.
        read: callable. Makes what is kept, a dataclass, of its JSON object.
    """

    def __init__(self, path: Path, read: Callable[[dict[str, Any]], T]) -> None:
        self.path, self._read = path, read

    def load(self, ids: Sequence[str]) -> dict[str, tuple[str, T]]:
        """Stamp and what is kept of those runs that are in it and whole, by id."""
        query, values = "SELECT id, stamp, record, sum FROM summaries", []
        if len(ids) <= _FEW:
            query, values = f"{query} WHERE id IN ({', '.join('?' * len(ids))})", list(ids)
        found = {}
        for name, stamp, record, total in self._run(query, [values]):
            if total == _sum(name, stamp, record):
                found[name] = stamp, self._read(json.loads(record))
        return found

    def save(self, fresh: Mapping[str, tuple[str, T]]) -> None:
        """Keeps what is known of runs, replacing what was kept of the same ones."""
        rows = []
        for name, (stamp, known) in fresh.items():
            record = json.dumps(dataclasses.asdict(known))  # type: ignore[call-overload]
            rows.append([name, stamp, record, _sum(name, stamp, record)])
        self._run("INSERT OR REPLACE INTO summaries VALUES (?, ?, ?, ?)", rows)

    def _run(self, query: str, rows: Iterable[list[Any]]) -> list[tuple[Any, ...]]:
        """Runs one statement for each row of values, in one transaction; gives what it selects."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.closing(sqlite3.connect(self.path, timeout=_BUSY_SECONDS)) as file, file:
                file.execute("PRAGMA synchronous = OFF")  # a power cut may damage it: it is made anew
                file.execute(_SCHEMA)
                return [found for values in rows for found in file.execute(query, values)]
        except sqlite3.OperationalError:
            return []  # locked for too long, no room, not to be written: for the next time
        except (sqlite3.DatabaseError, OverflowError):
            self._remove()
        except OSError:
            pass
        return []

    def _remove(self) -> None:
        """A damaged file goes, with its journal, which belongs to no other file."""
        for path in (self.path, self.path.with_name(f"{self.path.name}-journal")):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)


def _summary(record: dict[str, Any]) -> Summary:
    return Summary(**{**record, "val_loss": tuple(record["val_loss"])})


def _sum(*texts: str) -> int:
    """Tells a row that a fault of the disk has changed."""
    return zlib.crc32("\n".join(map(str, texts)).encode(errors="replace"))


def _thinned(values: Sequence[float]) -> tuple[float, ...]:
    if len(values) <= POINTS:
        return tuple(values)
    last = len(values) - 1
    return tuple(values[round(k * last / (POINTS - 1))] for k in range(POINTS))


def stamp_of(folder: Path, names: Sequence[str] = _SOURCES) -> Stamp:
    """What tells one content of a run's files from another; an empty name stands for the folder itself.

    The folder changes with every file in it that is made, replaced or removed, but not with one that is appended to.
    """
    found = []
    for name in names:
        try:
            info = os.stat(f"{folder}/{name}")  # noqa: PTH116 (three for each of ten thousand runs)
        except OSError:
            found.append((0, 0, 0))
        else:
            found.append((info.st_mtime_ns, info.st_size, info.st_ino))
    return tuple(found)


def _memory() -> Any:
    """What this process knows."""
    return parked(
        "registry", statuses=lambda: Recent(_KEPT), summaries=lambda: Recent(_KEPT), notes=lambda: Recent(_KEPT)
    )
