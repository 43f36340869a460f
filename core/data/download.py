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
from core.files import Lock
from core.progress import Progress

TRIES = 4
"""A connection that breaks off is taken up again so often before the person is told."""

PAUSE_SECONDS = 1.0

_CHUNK = 2**18
_DISK = (EACCES, ENOSPC, EROFS)
_TIMEOUT = 30.0
"""Seconds without a byte after which the network counts as gone."""
_OTHER_SECONDS = 1800.0
"""How long another process that fetches the same file is waited for."""


class Unreachable(DataError):
    """Nothing, or not all, comes from the file's address; said apart, since some files can be had in another way."""


def download(url: str, target: Path, expected: str | None, progress: Progress | None = None) -> Path:
    """Fetches a file; it gets its name only when its hash is right.

    What has come of it lies beside, as `<name>.partial`, and is gone on with, now or at the next call.

    Args:
        url: Address of the file.
        target: Where it is to lie.
        expected: Its hash, hexadecimal: MD5 or, with 64 digits, SHA-256. None where nobody has published one: then what
            is as long as the server says is taken, and nothing is gone on with from an earlier call.
        progress: Called with (bytes so far, bytes in all). Defaults to none.

    Raises:
        Unreachable: no network, or the server refuses.
        DataError: no room, or what came is not the file.
    """
    lock = Lock(target.with_name(f".{target.name}.lock"))  # two that write one partial file would spoil it
    try:
        if not lock.acquire(timeout=_OTHER_SECONDS):
            raise DataError(f"{target} is being downloaded by another process; try again later.")
        try:
            return _download(url, target, expected, progress)
        finally:
            lock.release()
    except OSError as error:
        raise DataError(f"{target.parent} cannot be written: {error.strerror or error}.") from error


def _download(url: str, target: Path, expected: str | None, progress: Progress | None) -> Path:
    kind = "sha256" if len(expected or "") == 64 else "md5"
    if expected and target.is_file() and digest(target, kind) == expected:
        return target
    partial = target.with_name(f"{target.name}.partial")
    if not expected:
        partial.unlink(missing_ok=True)
    for attempt in range(TRIES):
        if _take(url, partial, progress, last=attempt == TRIES - 1):
            break
        time.sleep(PAUSE_SECONDS)
    else:
        raise _unreachable(url, "the connection failed every time")
    found = digest(partial, kind)
    if expected and found != expected:
        partial.unlink()
        raise DataError(
            f"{url} sent an unexpected file: its {kind.upper()} is {found}, expected {expected}. "
            "It was discarded; try again."
        )
    partial.replace(target)
    return target


def digest(path: Path, kind: str = "md5") -> str:
    """Hash of a file, as its publisher names it; MD5 helps against mistakes in transport, not against malice.

    Args:
        path: Path.
        kind: str. A name of `hashlib`. Defaults to `md5`.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(kind, usedforsecurity=False)).hexdigest()


def _take(url: str, partial: Path, progress: Progress | None, *, last: bool) -> bool:
    """One connection; returns whether the file is whole by the server's word.

    Raises:
        Unreachable: the server cannot be reached or refuses, and this was the last try.
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
            raise Unreachable(
                f"{url} cannot be downloaded: the server returned {error.code} {error.reason}."
            ) from error
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


def _unreachable(url: str, error: Exception | str) -> Unreachable:
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
    return Unreachable(
        f"{url} cannot be downloaded: {reason}. Try again later to resume the download; or download it on another "
        "machine and give it with --file."
    )
