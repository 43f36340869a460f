"""Files that a crash leaves whole: atomic replacement, appended lines, and locks that die with their holder."""

import contextlib
import errno
import json
import os
import secrets
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Generic, TypeVar

T = TypeVar("T")

MOST_OF_LINES = 200_000_000
"""Bytes of a file of lines that are read; an epoch has 600."""


@contextlib.contextmanager
def replacing(path: Path, mode: str = "wb") -> Iterator[IO[Any]]:
    """Opens a file that takes the place of `path` when the block ends without an error, and vanishes otherwise.

    The temporary file lies in the same folder (another may be another disk), is flushed to the disk before the
    replacement, and the folder after it: a reader, or a machine that loses power, meets the old file or the new one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with beside.open(mode, encoding=None if "b" in mode else "utf-8") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    sync_folder(path.parent)


def why_not_written(error: OSError) -> str:
    """Why a folder of the home cannot be written, and what to do about it; the end of a sentence."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    todo = "free some space there" if full else "set PARITY_HOME to a folder that can be written"
    return f"{error.strerror or error}; {todo}"


def is_writable(folder: Path) -> bool:
    """Whether something can be made in a folder, or where it is not there yet, in the nearest one above it."""
    there = next((one for one in (folder, *folder.parents) if one.exists()), folder)
    return os.access(there, os.W_OK | os.X_OK)


def remove_leftovers(folder: Path) -> None:
    """Removes what writers that were killed have left in a folder and below; nobody else may be writing there."""
    for pattern in (".*.tmp", ".*.tmp.keras"):
        for left in folder.rglob(pattern):
            left.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Makes a rename in `folder` survive a power cut; does nothing where folders cannot be opened (Windows)."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_json(path: Path, record: Any) -> None:
    """Replaces `path` by `record` as JSON; not-a-number becomes null, as JSON has no word for it.

    In ASCII: a path that is no valid text survives only escaped.
    """
    with replacing(path, "w") as file:
        file.write(json.dumps(finite(record), allow_nan=False))  # several times as fast as `json.dump`


def open_regular(path: Path) -> IO[bytes]:
    """Opens a file for reading; a pipe without a writer, which would be waited for without end, or a device is refused.

    Raises:
        OSError: it cannot be opened, or is no regular file.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    kind = os.fstat(handle).st_mode
    if not stat.S_ISREG(kind):
        os.close(handle)
        raise OSError(errno.EISDIR if stat.S_ISDIR(kind) else errno.EINVAL, "Not a regular file")
    return os.fdopen(handle, "rb")


def json_values(text: str | bytes) -> int:
    """How many values a JSON text has at most, told without parsing it: a list of two bytes takes 60 once it is one."""
    if isinstance(text, str):
        return sum(text.count(mark) for mark in ",[{")
    return sum(text.count(mark) for mark in (b",", b"[", b"{"))


def read_json(path: Path) -> Any:
    """What `write_json` wrote, or None when the file is absent or damaged."""
    try:
        with open_regular(path) as file:
            return json.loads(file.read().decode())
    except (OSError, ValueError, RecursionError):
        return None


def append_line(path: Path, record: Mapping[str, object]) -> None:
    """Adds one JSON line in one write, so that two writers never mix inside a line.

    A line that a crash has torn is ended first: this one would be lost with it.
    """
    line = json.dumps(finite(record), allow_nan=False).encode() + b"\n"
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        if os.lseek(handle, 0, os.SEEK_END):
            os.lseek(handle, -1, os.SEEK_END)
            line = line if os.read(handle, 1) == b"\n" else b"\n" + line
        end = os.fstat(handle).st_size
        try:
            rest = memoryview(line)
            while rest:  # a nearly full disk takes a part of it first
                rest = rest[os.write(handle, rest) :]
        except OSError:
            os.ftruncate(handle, end)  # half a line helps nobody
            raise
    finally:
        os.close(handle)


def read_lines(path: Path, reader: Callable[[bytes], T | None]) -> list[T]:
    """The records of a file of lines; a last line without its newline and damaged lines are left out.

    Args:
        path: Path. May not exist.
        reader: callable. Makes a record of a line, or None where it is damaged.
    """
    try:
        with open_regular(path) as file:
            content = file.read(MOST_OF_LINES)
    except OSError:
        return []
    complete = content[: content.rfind(b"\n") + 1]
    return [record for line in complete.split(b"\n") if (record := reader(line)) is not None]


class Tail(Generic[T]):
    """A file of lines that somebody else appends to: each look reads what has come since the last.

    Args:
        path: Path. May not exist yet.
        reader: callable. See `read_lines`.
    """

    def __init__(self, path: Path, reader: Callable[[bytes], T | None]) -> None:
        self.path, self._reader = path, reader
        self._file, self._end, self._records = 0, 0, list[T]()
        self._lock = threading.Lock()

    def read(self) -> list[T]:
        """All the records so far, as `read_lines` gives them; from the start where the file was replaced or cut."""
        with self._lock:
            try:
                with open_regular(self.path) as file:
                    self._take(file, os.fstat(file.fileno()))
            except OSError:
                self._file, self._end, self._records = 0, 0, []
            return list(self._records)

    def _take(self, file: IO[bytes], info: os.stat_result) -> None:
        if info.st_ino != self._file or info.st_size < self._end:
            self._file, self._end, self._records = info.st_ino, 0, []
        file.seek(self._end)
        content = file.read(max(0, MOST_OF_LINES - self._end))
        complete = content[: content.rfind(b"\n") + 1]
        self._end += len(complete)
        self._records += [record for line in complete.split(b"\n") if (record := self._reader(line)) is not None]


class Lock:
    """A lock file that the system releases when its holder dies, however it dies.

    Args:
        path: Path. Made when it is absent; never deleted, or two holders could have one each.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[bytes] | None = None

    def acquire(self, timeout: float = 0.0) -> bool:
        """Tries for `timeout` seconds (0: once); returns whether the lock is held now."""
        file = self._open()
        deadline = time.monotonic() + timeout
        while not _try_lock(file):
            if time.monotonic() >= deadline:
                file.close()
                return False
            time.sleep(0.02)
        self._file = file
        return True

    def _open(self) -> IO[bytes]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            return self.path.open("ab")
        except OSError:
            if not self.path.is_file():
                raise
            return self.path.open("rb")  # on a disk that is read-only now it can still be told who holds it

    def release(self) -> None:
        """Lets go; harmless when it is not held."""
        if self._file:
            self._file.close()
            self._file = None


if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: IO[bytes]) -> bool:
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def finite(value: Any) -> Any:
    """A copy of nested plain values in which not-a-number and infinity are None: JSON has no word for them."""
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value
