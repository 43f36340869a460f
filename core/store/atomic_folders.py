"""Folders that come and go whole: made beside their place and moved there, moved aside before they are emptied.

Whoever lists runs or jobs meanwhile never meets one that is half there.
"""

import contextlib
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from core import files, sizes
from core.errors import RunError

ROOM_BYTES = 10 * 10**6
"""Less room than this, and not even a small run's records and model fit; a worker could not so much as say so."""

ABANDONED_SECONDS = 3600.0
"""What nothing has been written to for so long is left of a process that was killed."""

_MARK = ".part"


@contextlib.contextmanager
def making(place: Path, noun: str) -> Iterator[Path]:
    """Yields a new folder of the name that `place` has; it is moved there when the block ends without an error.

    Args:
        place: Path. Not there yet.
        noun: str. What is made, for messages.

    Raises:
        RunError: the folder cannot be written, or the disk has no room for it.
    """
    beside = place.with_name(f".{place.name}{_MARK}")
    folder = beside / place.name  # its last part is the id, which what is written into it may ask for
    try:
        folder.mkdir(parents=True)
        require_room(beside, noun)
        yield folder
        folder.rename(place)
        files.sync_folder(place.parent)
    except OSError as error:
        raise RunError(f"cannot create a {noun} in {place.parent}: {files.why_not_written(error)}") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def unmake(place: Path) -> None:
    """Removes a folder; nobody sees it half gone.

    Raises:
        OSError: it cannot be moved, or not all of it could be removed.
    """
    beside = place.with_name(f".{place.name}{_MARK}")
    place.rename(beside)
    shutil.rmtree(beside)


def require_room(folder: Path, noun: str) -> None:
    """Refuses what a full disk would end without a word.

    Args:
        folder: Path. On the disk in question; it exists.
        noun: str. What is to be made or gone on with, for the message.

    Raises:
        RunError: there is less room than `ROOM_BYTES`.
    """
    free = shutil.disk_usage(folder).free
    if free < ROOM_BYTES:
        raise RunError(
            f"the disk is full: {sizes.in_words(free)} are free, a {noun} needs {sizes.in_words(ROOM_BYTES)} or more "
            "for its records; free some space first"
        )


def sweep_abandoned(root: Path) -> None:
    """Removes what `making` and `unmake` have left below a folder when their process was killed."""
    for beside in root.glob(f".*{_MARK}"):
        with contextlib.suppress(OSError):
            if time.time() - beside.stat().st_mtime > ABANDONED_SECONDS:
                shutil.rmtree(beside)
