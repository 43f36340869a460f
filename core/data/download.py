"""Downloads a file over HTTP: resumes a broken download, retries, and keeps only a complete one."""

import hashlib
import time
import urllib.error
import urllib.request
from errno import EACCES, ENOSPC, EROFS
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any

from core.errors import DataError
from core.progress import Progress

TRIES = 4
"""A connection that breaks off is taken up again so often before the person is told."""

PAUSE_SECONDS = 1.0

_CHUNK = 2**18
_DISK = (EACCES, ENOSPC, EROFS)
_TIMEOUT = 30.0
"""Seconds without a byte after which the network counts as gone."""


def download(url: str, target: Path, md5: str, progress: Progress | None = None) -> Path:
    """Fetches a file; it gets its name only when its hash is right.

    What has come of it lies beside, as `<name>.partial`, and is gone on with, now or at the next call.

    Args:
        url: Address of the file.
        target: Where it is to lie.
        md5: Its hash, hexadecimal.
        progress: Called with (bytes so far, bytes in all). Defaults to none.

    Raises:
        DataError: no network, no room, or what came is not the file.
    """
    if target.is_file() and digest(target) == md5:
        return target
    partial = target.with_name(f"{target.name}.partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        for attempt in range(TRIES):
            if _take(url, partial, progress, last=attempt == TRIES - 1):
                break
            time.sleep(PAUSE_SECONDS)
        else:
            raise _unreachable(url, "the connection broke off every time")
        found = digest(partial)
        if found != md5:
            partial.unlink()
            raise DataError(
                f"{url} did not send the expected file: its MD5 is {found}, expected {md5}. Nothing was kept; try "
                "again."
            )
        partial.replace(target)
    except OSError as error:
        raise DataError(f"{target.parent} cannot be written: {error.strerror or error}.") from error
    return target


def digest(path: Path) -> str:
    """MD5 of a file: what the publishers of data sets name; against mistakes in transport, not against malice."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _take(url: str, partial: Path, progress: Progress | None, *, last: bool) -> bool:
    """One connection; returns whether the file is whole by the server's word.

    Raises:
        DataError: the server cannot be reached or refuses, and this was the last try.
    """
    held = partial.stat().st_size if partial.is_file() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={held}-"} if held else {})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310 (an address of ours)
            return _receive(answer, partial, held, progress)
    except urllib.error.HTTPError as error:
        if error.code == 416 and held:  # nothing is left to send, or another file lies there now: the hash will tell
            return True
        if last or error.code < 500:
            raise DataError(f"{url} cannot be fetched: the server answers {error.code} {error.reason}.") from error
    except (OSError, HTTPException) as error:  # no network, a reset, a timeout
        if getattr(error, "errno", None) in _DISK:
            raise
        if last:
            raise _unreachable(url, error) from error
    return False


def _receive(answer: Any, partial: Path, held: int, progress: Progress | None) -> bool:
    resumed = answer.status == 206 and str(answer.headers.get("Content-Range", "")).startswith(f"bytes {held}-")
    done = held if resumed else 0
    length = answer.headers.get("Content-Length")
    total = done + int(length) if str(length).isdecimal() else 0
    file: IO[bytes]
    with partial.open("ab" if resumed else "wb") as file:  # a server that knows no ranges sends it from the start
        while chunk := answer.read(_CHUNK):
            file.write(chunk)
            done += len(chunk)
            if progress is not None:
                progress(done, max(total, done))
    return done >= total


def _unreachable(url: str, error: Exception | str) -> DataError:
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
    return DataError(
        f"{url} cannot be fetched: {reason}. Try again later, which goes on where this broke off; or fetch it on "
        "another machine and give it with --file."
    )
