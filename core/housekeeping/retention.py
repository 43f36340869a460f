"""Retention and other housekeeping tasks: removes old images, abandoned uploads and trash, ends trainings over time.

Light functions, each of which may be called at any moment, by several servers of one home at once, and again after it
has failed. `core/housekeeping/clock.py` calls them; TASKS says how often.
"""

import contextlib
import shutil
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from core import paths
from core.access.limits import policy
from core.access.modes import PUBLIC, mode
from core.data.feature_cache import feature_cache
from core.housekeeping import trash
from core.jobs import time_limits
from core.start import kinds
from core.store import atomic_folders as making
from core.workers import local, predict_client, process_info, warm

LOOKED_AT_SECONDS = 3600.0
"""Images to be predicted that nobody has looked at for so long are removed."""

ABANDONED_SECONDS = making.ABANDONED_SECONDS
"""What nothing has been written to for so long was left by a process that was killed."""


@dataclass(frozen=True)
class Task:
    """Something to be done again and again.

    Attributes:
        act: callable. Does it; may raise UserError or OSError, and is then called again at its next time.
        seconds: float. From one time to the next.
    """

    act: Callable[[], None]
    seconds: float


def forget_images() -> None:
    """Removes images to be predicted whose session has gone, or has not looked at them for an hour."""
    for folder in _entries(paths.home() / "sessions"):
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime > LOOKED_AT_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


def forget_broken_off() -> None:
    """Removes what uploads, imports, exports and other makings have left whose process was killed."""
    home = paths.home()
    for folder in (*home.glob("uploads/*.partial"), *_entries(home / "quarantine"), *home.glob("cache/exports/.*")):
        _remove_abandoned(folder)
    for folder in (*paths.collections_folder().glob(".partial-*"), *paths.samples_folder().glob(".partial-*")):
        _remove_abandoned(folder)
    for folder in kinds.folders():
        making.sweep_abandoned(folder)
    feature_cache().sweep()


def notice_ended() -> None:
    """Settles the runs whose worker has ended, and lets the system forget every process that has."""
    local.notice_ended()
    warm.notice_ended()
    predict_client.notice_ended()
    process_info.reap()


def limit_trainings() -> None:
    """On a public server: stops what has waited or trained for too long."""
    if mode() == PUBLIC:
        time_limits.enforce(policy(), kinds.visitors_stores())


TASKS = (
    Task(notice_ended, 5.0),
    Task(limit_trainings, 10.0),
    Task(forget_images, 60.0),
    Task(forget_broken_off, 600.0),
    Task(trash.empty_old, 600.0),
)


def _entries(folder: Path) -> Iterable[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return ()


def _remove_abandoned(path: Path) -> None:
    with contextlib.suppress(OSError):
        newest = max(one.lstat().st_mtime for one in [path, *path.rglob("*")])
        if time.time() - newest > ABANDONED_SECONDS:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()
