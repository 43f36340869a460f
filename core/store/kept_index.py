"""Index: what was read of many folders, kept in one SQLite file of the cache folder, each with the stamp of its files.

That file may be damaged, locked or deleted at any moment: then the folders are read again, which costs time and
nothing else.
"""

import contextlib
import dataclasses
import json
import os
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

from core import paths

_FEW = 500
"""So many are asked for one by one; for more the whole table is read."""

_BUSY_SECONDS = 2.0
_SCHEMA = "CREATE TABLE IF NOT EXISTS summaries (id TEXT PRIMARY KEY, stamp TEXT, record TEXT, sum INTEGER)"

Stamp = tuple[tuple[int, int, int], ...]

T = TypeVar("T")


def index_file(runs_folder: Path, kind: str) -> Path:
    """Where what is known of the runs in a folder is kept.

    Args:
        runs_folder: Path.
        kind: str. What is kept, with its version.
    """
    where = zlib.crc32(os.fsencode(runs_folder.resolve()))
    return paths.cache_folder() / f"{kind}-{where:08x}.sqlite"


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
                file.execute("PRAGMA synchronous = OFF")  # a power cut may damage it: it is made again
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


def _sum(*texts: str) -> int:
    """Tells a row that a fault of the disk has changed."""
    return zlib.crc32("\n".join(map(str, texts)).encode(errors="replace"))


def stamp_of(folder: Path, names: Sequence[str]) -> Stamp:
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
