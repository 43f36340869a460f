"""Conversion cache: networks converted for another runtime, a folder each, beside the feature cache.

A folder's name is the hash of all that decides what is in it, so a changed weight, network or version can never meet
a stale conversion. Folders come whole: they are written beside their place and moved there.
"""

import contextlib
import os
import secrets
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from core import files, paths
from core.environment import environment
from core.errors import UserError
from core.sizes import in_words

SHARE = 0.1
"""Most that all conversions may take, as a part of the feature cache's limit."""

_PART = ".part"
_ABANDONED_SECONDS = 3600.0


class ConversionCache:
    """Folders of converted networks by key; the least recently used go first when the limit is reached.

    Args:
        folder: Path. Defaults to that of this home; made when something is to be kept in it.
        limit_bytes: int. Most it may hold; the newest conversion stays in any case. Defaults to `SHARE` of
            `PARITY_CACHE_GB`.
    """

    def __init__(self, folder: Path | None = None, limit_bytes: int | None = None) -> None:
        self.folder = folder or paths.cache_folder() / "converted"
        self.limit_bytes = int(environment().cache_gb * 2**30 * SHARE) if limit_bytes is None else limit_bytes

    def open(self, key: str) -> Path | None:
        """The folder of that key; None when it is not there."""
        path = self.folder / key
        if not path.is_dir():
            return None
        with contextlib.suppress(OSError):  # on a disk that is read-only it can be used all the same
            os.utime(path)
        return path

    def make(self, key: str, write: Callable[[Path], None]) -> Path:
        """Makes the folder of that key: `write` fills it, and it gets its name when it is whole.

        Args:
            key: str.
            write: callable of the empty folder to be filled.

        Raises:
            UserError: the folder cannot be written, or the disk is full.
        """
        place, beside = self.folder / key, self.folder / f".{key}.{secrets.token_hex(4)}{_PART}"
        try:
            beside.mkdir(parents=True)
            write(beside)
            _to_disk(beside)
            self._make_room(_size(beside))
            self._place(beside, place)
        except OSError as error:
            raise UserError(f"cannot store a converted network in {self.folder}: {error.strerror or error}") from error
        finally:
            shutil.rmtree(beside, ignore_errors=True)
        return place

    def remove(self, key: str) -> None:
        """Removes the folder of that key, such as one that cannot be read."""
        shutil.rmtree(self.folder / key, ignore_errors=True)

    def held(self) -> tuple[int, int]:
        """How many conversions it holds, and their bytes."""
        entries = self._entries()
        return len(entries), sum(size for _, size, _ in entries)

    def empty(self) -> int:
        """Removes every conversion; returns the bytes. A run that uses one at the moment keeps what it has loaded."""
        entries = self._entries()
        for *_, path in entries:
            shutil.rmtree(path, ignore_errors=True)
        return sum(size for _, size, path in entries if not path.exists())

    def _make_room(self, needed: int) -> None:
        self._remove_abandoned()
        free = shutil.disk_usage(self.folder).free
        if free < needed:
            raise UserError(f"the disk is full: {in_words(free)} are free in {self.folder}; free some space")
        entries = self._entries()
        while entries and needed + sum(size for _, size, _ in entries) > self.limit_bytes:
            shutil.rmtree(entries.pop(0)[2], ignore_errors=True)

    def _place(self, beside: Path, place: Path) -> None:
        try:
            beside.rename(place)
        except OSError:
            if not place.is_dir():  # else another worker was quicker, and its conversion is as good
                raise
        files.sync_folder(self.folder)

    def _entries(self) -> list[tuple[float, int, Path]]:
        """Time of last use, bytes and place of every conversion, the least recently used first."""
        found = []
        for path in self.folder.glob("[!.]*"):
            with contextlib.suppress(OSError):  # another worker has just removed it
                found.append((path.stat().st_mtime, _size(path), path))
        return sorted(found)

    def _remove_abandoned(self) -> None:
        """Removes unfinished folders that workers which were killed have left behind."""
        for part in self.folder.glob(f".*{_PART}"):
            with contextlib.suppress(OSError):
                if time.time() - part.stat().st_mtime > _ABANDONED_SECONDS:
                    shutil.rmtree(part, ignore_errors=True)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def _to_disk(folder: Path) -> None:
    """A power cut after the rename must not leave zeros under a valid name."""
    for path in folder.iterdir():
        with path.open("rb+") as file:
            os.fsync(file.fileno())
