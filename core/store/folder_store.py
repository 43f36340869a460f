"""FolderStore: all runs, or all jobs of one kind, below one folder; ids, listing, making."""

import builtins
import re
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar

from core import files, paths
from core.store.atomic_folders import making
from core.store.folder import JobFolder
from core.store.status import Status

_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9]{3}-[0-9a-f]{6}")
F = TypeVar("F", bound=JobFolder)


class FolderStore(Generic[F]):
    """All folders of one kind below one folder.

    Args:
        root: Path. Defaults to `folder` in the home.
    """

    kind: type[F]
    """What lies in it."""

    folder: str
    """Name of its folder in the home."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or paths.home() / self.folder

    def by_id(self, job_id: str) -> F | None:
        """The one of exactly that id; None when there is none (any more)."""
        known = is_id(job_id) and (self.root / job_id).is_dir()
        return self.kind(self.root / job_id) if known else None

    def list(self) -> builtins.list[F]:
        """All of them, the newest first; the folder is gone through again only after one came or went."""
        place = (self.root, self.kind)
        try:
            changed = self.root.stat().st_mtime_ns
            kept, found = _listed.get(place, (0, []))
            if kept != changed:
                names = sorted((path.name for path in self.root.iterdir()), reverse=True)
                found = [self.kind(self.root / name) for name in names if is_id(name)]
                # Two changes within one tick of the file system's clock look alike: one that is fresh is not kept.
                _listed[place] = (changed if time.time_ns() - changed > _TICK_NS else 0), found
        except OSError:
            return []
        return [*found]

    def _make(self, settings: dict[str, Any], owner: str = "", fill: Callable[[F], object] | None = None) -> F:
        """Makes the folder of a new one, queued.

        Args:
            settings: dict. For config.json.
            owner: str. Who starts it. Defaults to nobody in particular.
            fill: callable. Writes what else belongs into it before anybody sees it. Defaults to nothing.

        Raises:
            RunError: the folder cannot be written, or the disk is full.
        """
        now = time.time()
        place = self.root / new_id(now)
        with making(place, self.kind.noun) as path:
            made = self.kind(path)
            files.write_json(path / "config.json", settings)
            if owner:
                files.write_json(path / "owner.json", owner)
            made.write_status(Status.in_queue(now))
            if fill:
                fill(made)
        return self.kind(place)


def is_id(text: str) -> bool:
    """Whether a text could be the id of a run or job."""
    return _ID.fullmatch(text) is not None


def new_id(now: float) -> str:
    """An id for a folder made at that time, in seconds since 1970; ids sort by time, and no two are alike."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(now))
    return f"{stamp}-{int(now * 1000) % 1000:03}-{secrets.token_hex(3)}"


_listed: dict[tuple[Path, type[JobFolder]], tuple[int, list[Any]]] = {}
"""Folder and kind -> the folder's time of change when it was gone through, and what was in it."""

_TICK_NS = 10**9
