"""Feature cache: bottleneck features of a frozen backbone as arrays on disk, with size limit and eviction.

A cache entry is one array of shape `(images, width)` for one draw of the augmentation. Its name is the hash of
all that decides its numbers, so a changed file, weight or setting can never meet stale features. A note may lie beside
it, `<key>.json`: what else was learned of the images while they were decoded; it goes with the array. So does a list
of its rows, `<key>.<family>.rows`: of which file each is, for other arrays made in the same way of some of these files.
"""

import contextlib
import mmap
import os
import secrets
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import files, paths
from core.environment import environment
from core.errors import UserError
from core.sizes import in_words

Features = NDArray[np.floating[Any]]
"""float32, or float16 where the run says so."""

SPARE_BYTES = 2**30
"""Disk left free for checkpoints, models and everybody else."""


class NoRoom(UserError):
    """The disk is too full for an array."""


def feature_cache() -> "FeatureCache":
    """The cache of this home."""
    return FeatureCache(paths.cache_folder() / "features")


class FeatureCache:
    """Arrays of features on disk, by key; the least recently used go first when the limit is reached.

    Args:
        folder: Path. Made when something is to be kept in it.
        limit_bytes: int. Most the cache may hold. Defaults to `PARITY_CACHE_GB` (in GB of 2**30 bytes), else 20 GB.
    """

    def __init__(self, folder: Path, limit_bytes: int | None = None) -> None:
        self.folder = folder
        self.limit_bytes = _limit_from_environment() if limit_bytes is None else limit_bytes

    def open(self, key: str) -> Features | None:
        """The array of that key, memory-mapped, read-only; None when it is not there or damaged."""
        path = self._path(key)
        try:
            features: Features = np.load(path, mmap_mode="r")
        except (OSError, ValueError, EOFError):
            return None
        with contextlib.suppress(OSError):  # on a disk that is read-only it can be used all the same
            os.utime(path)
        return features

    def __contains__(self, key: str) -> bool:
        return self._path(key).exists()

    def note(self, key: str) -> Any:
        """What `keep_note` kept beside an array that is there; else None."""
        return files.read_json(self._path(key).with_suffix(".json")) if key in self else None

    def keep_note(self, key: str, record: Any) -> None:
        """Keeps a record beside the array of that key; does nothing where there is none."""
        if key in self:
            with contextlib.suppress(OSError):  # it only saves time
                files.write_json(self._path(key).with_suffix(".json"), record)

    def keep_rows(self, key: str, family: str, hashes: Sequence[str]) -> None:
        """Keeps beside the array of that key of which file each row is; does nothing where there is none.

        Args:
            key: str.
            family: str. The same for all arrays in which a file's row has the same numbers.
            hashes: sequence of str. SHA-256 of each row's file, hexadecimal.
        """
        if key in self:
            path = self.folder / f"{key}.{family}.rows"
            with contextlib.suppress(OSError), files.replacing(path) as out:  # it only saves time
                out.write(bytes.fromhex("".join(hashes)))

    def family(self, family: str) -> Iterator[tuple[list[str], Features]]:
        """The arrays of a family, the last used first, each with the SHA-256 of its rows' files."""
        keys = [path.name.split(".")[0] for path in self.folder.glob(f"*.{family}.rows")]
        used = {key: self._path(key).stat().st_mtime for key in keys if key in self}
        for key in sorted(used, key=lambda key: -used[key]):
            with contextlib.suppress(OSError, ValueError, EOFError):
                listed = (self.folder / f"{key}.{family}.rows").read_bytes().hex()
                hashes, features = [listed[k : k + 64] for k in range(0, len(listed), 64)], self.open(key)
                if features is not None and len(features) == len(hashes):
                    yield hashes, features

    def build(
        self, key: str, shape: tuple[int, int], fill: Callable[[Features], None], dtype: str = "float32"
    ) -> Features:
        """Makes the array of that key: `fill` writes it into a memory map, and it gets its name when it is whole.

        Args:
            key: str.
            shape: tuple. Images, and length of a feature vector.
            fill: callable of the array to be filled.
            dtype: str. `float32`, or `float16` for half the room. Defaults to `"float32"`.

        Raises:
            NoRoom: the disk is too full.
            UserError: the folder cannot be written.
        """
        self.make_room(shape[0] * shape[1] * np.dtype(dtype).itemsize)
        path, partial = self._path(key), self.folder / f"{key}.{secrets.token_hex(4)}.partial"
        try:
            target = np.lib.format.open_memmap(partial, mode="w+", dtype=dtype, shape=shape)
            _reserve(partial)
            fill(target)
            target.flush()
            del target
            with partial.open("rb+") as file:
                os.fsync(file.fileno())  # a power cut after the rename must not leave zeros under a valid name
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
        return np.load(path, mmap_mode="r")  # type: ignore[no-any-return]

    def make_room(self, size: int) -> None:
        """Removes the least recently used entries until `size` bytes fit under the limit and on the disk.

        Raises:
            NoRoom: the disk is too full even so.
            UserError: the folder cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"cannot store features in {self.folder}: {error.strerror}") from error
        entries = self._entries()
        held = sum(size for _, size, _ in entries)
        while entries and (held + size > self.limit_bytes or self._free() < size + SPARE_BYTES):
            _, freed, oldest = entries.pop(0)
            _remove(oldest)
            held -= freed
        self.sweep()
        missing = size + SPARE_BYTES - self._free()
        if missing > 0:
            # Without pooling there are 16 to 81 numbers where there is one with it.
            smaller = ", or set model.pooling to average for much smaller features" if missing < 0.9 * size else ""
            raise NoRoom(
                f"the features need {in_words(size)}, and {in_words(SPARE_BYTES)} of the disk is reserved for models "
                f"and checkpoints, but only {in_words(self._free())} are free in {self.folder}: {in_words(missing)} "
                f"are missing; free some space{smaller}"
            )

    def held(self) -> tuple[int, int]:
        """How many arrays it holds, and their bytes."""
        entries = self._entries()
        return len(entries), sum(size for _, size, _ in entries)

    def empty(self) -> int:
        """Removes every array; returns the bytes. A run that reads one at the moment keeps what it has mapped.

        Raises:
            UserError: the folder cannot be written.
        """
        entries = self._entries()
        for *_, path in entries:
            try:
                _remove(path)
            except OSError as error:
                if sys.platform != "win32" or not isinstance(error, PermissionError):  # there: a run is reading it
                    raise UserError(f"features in {self.folder} cannot be removed: {error.strerror}") from error
        return sum(size for _, size, path in entries if not path.exists())

    def _entries(self) -> list[tuple[float, int, Path]]:
        """Time of last use, bytes and place of every array, the least recently used first."""
        found = []
        for path in self.folder.glob("*.npy"):
            with contextlib.suppress(FileNotFoundError):  # another worker has just removed it
                facts = path.stat()
                found.append((facts.st_mtime, facts.st_size, path))
        return sorted(found)

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.npy"

    def _free(self) -> int:
        return shutil.disk_usage(self.folder).free

    def sweep(self) -> None:
        """Removes unfinished arrays that workers which were killed have left behind."""
        for partial in self.folder.glob("*.partial"):
            with contextlib.suppress(OSError):  # another worker has just finished or removed it
                if time.time() - partial.stat().st_mtime > 3600:
                    partial.unlink(missing_ok=True)


def read_ahead(features: Features, rows: NDArray[np.integer]) -> None:
    """Asks the system to read rows of a memory-mapped array that will be wanted soon; it returns at once.

    Features larger than memory are read in random order: a page fault at a time, that took four times as long.

    Args:
        features: As from `FeatureCache.open`; of any other array nothing is asked.
        rows: integer array.
    """
    memory: Any = features.base
    if not isinstance(features, np.memmap) or not hasattr(memory, "madvise"):
        return
    length, offset = features.strides[0], getattr(features, "offset", 0)
    first = offset % mmap.ALLOCATIONGRANULARITY  # where the array begins in the map
    for row in rows.tolist():
        begin = (first + row * length) // mmap.PAGESIZE * mmap.PAGESIZE
        memory.madvise(mmap.MADV_WILLNEED, begin, min(length + mmap.PAGESIZE, len(memory) - begin))


def _remove(path: Path) -> None:
    """Removes an array and what lies beside it."""
    for beside in (path.with_suffix(".json"), *path.parent.glob(f"{path.stem}.*.rows")):
        beside.unlink(missing_ok=True)
    path.unlink(missing_ok=True)


def _reserve(path: Path) -> None:
    """Takes the file's room on the disk now: a map whose page finds none later ends the process by a signal."""
    with path.open("rb+") as file, contextlib.suppress(AttributeError):  # the call is not there on Windows and macOS
        os.posix_fallocate(file.fileno(), 0, os.fstat(file.fileno()).st_size)


def _limit_from_environment() -> int:
    return int(environment().cache_gb * 2**30)
