"""Quota of a browser session on a public server: uploads, questions, downloads."""

import os
import shutil
import threading
import time
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from streamlit import config
from streamlit.runtime import Runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core import paths
from core.access.limits import policy
from core.errors import DataError


@dataclass
class _Spent:
    """What a session has brought in so far."""

    files: int = 0
    size: int = 0
    left: float | None = None
    """When its browser was first found to be gone; None while it is there."""


_lock = threading.Lock()
_spent: defaultdict[str, _Spent] = defaultdict(_Spent)
_asked: defaultdict[str, deque[tuple[float, int]]] = defaultdict(deque)

_MINUTE = 60.0
_GONE_SECONDS = 10 * _MINUTE
"""What a session has sent is counted until it is gone for so long: Streamlit lets it come back for two minutes."""

_LIMIT = "server.maxUploadSize"


def lower_server_limit() -> None:
    """Has the server itself refuse files that are too large here: it takes a file into memory before a page sees it.

    Only ever lowers the limit. The server reads it at every upload, so it holds from the first page of a process on.
    """
    most = -(-policy().upload_bytes // 2**20)  # the option is in MB of 2**20 bytes
    if config.get_option(_LIMIT) > most:
        config.set_option(_LIMIT, most)


def admit_files(sizes: Sequence[int]) -> None:
    """Lets files of these sizes (bytes) in and counts them, or refuses all of them before any is stored.

    Raises:
        DataError: a file is too large, the session has brought too much, or the disk has no room.
    """
    limits, session = policy(), _session()
    largest, total = max(sizes, default=0), sum(sizes)
    if largest > limits.upload_bytes:
        raise DataError(
            f"a file has {_megabytes(largest)}; the limit here is {_megabytes(limits.upload_bytes)} at most"
        )
    _check_disk(total)
    with _lock:
        _forget_gone(time.monotonic())
        spent = _spent[session]
        if spent.files + len(sizes) > limits.session_files:
            raise DataError(
                f"with these {len(sizes):,} files you would have uploaded {spent.files + len(sizes):,}; the limit is "
                f"{limits.session_files:,} per session"
            )
        if spent.size + total > limits.session_bytes:
            raise DataError(
                f"with these files you would have uploaded {_megabytes(spent.size + total)}; the limit is "
                f"{_megabytes(limits.session_bytes)} per session"
            )
        spent.files, spent.size = spent.files + len(sizes), spent.size + total


def admit_download(size: int) -> None:
    """Lets something of that size (bytes) be fetched, or says that there is no room for it.

    Raises:
        DataError: the disk has no room.
    """
    _check_free(size)


def admit_questions(count: int) -> None:
    """Lets a session ask about so many images, or says when it may go on.

    Raises:
        DataError: it has asked about too many in the last minute.
    """
    most, now = policy().predictions, time.monotonic()
    if not most:
        return
    with _lock:
        _forget_minute(now)
        asked = _asked[_session()]
        before = sum(number for _, number in asked)
        if before + count > most:
            wait = _MINUTE - (now - asked[0][0]) if asked else _MINUTE
            advice = f"try again in {wait:.0f} s" if count <= most else f"send {most} at a time"
            raise DataError(f"the limit is {most} images per minute, and you sent {before + count}; {advice}")
        asked.append((now, count))


def _forget_minute(now: float) -> None:
    """Drops what was asked more than a minute ago, by anybody: nothing else is kept of a session."""
    for session, asked in list(_asked.items()):
        while asked and asked[0][0] < now - _MINUTE:
            asked.popleft()
        if not asked:
            del _asked[session]


def _forget_gone(now: float) -> None:
    """Drops the count of sessions that cannot come back; one that can is never forgotten, however many others come."""
    for session, spent in list(_spent.items()):
        if _is_there(session):
            spent.left = None
        elif spent.left is None:
            spent.left = now
        elif now - spent.left > _GONE_SECONDS:
            del _spent[session]


def _is_there(session: str) -> bool:
    """Whether a browser is connected by this session; without a server (a test) all are."""
    return not session or not Runtime.exists() or Runtime.instance().is_active_session(session)


def _check_disk(size: int) -> None:
    limits = policy()
    _check_free(size)
    if limits.disk_bytes and (held := _size_of(paths.uploads_folder())) + size > limits.disk_bytes:
        raise DataError(
            f"uploads hold {_megabytes(held)} of the {_megabytes(limits.disk_bytes)} they may; ask the operator of "
            "this app to free some space"
        )


def _check_free(size: int) -> None:
    limits, home = policy(), paths.home()
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"uploads are not possible: {home} cannot be written: {error.strerror}") from error
    free = shutil.disk_usage(home).free
    if free - size < limits.spare_bytes:
        raise DataError(
            f"the disk has {_megabytes(free)} free, of which {_megabytes(limits.spare_bytes)} are reserved for "
            "training; no upload is possible until space is freed"
        )


def _size_of(folder: Path) -> int:
    return sum((Path(root) / name).lstat().st_size for root, _, names in os.walk(folder) for name in names)


def _session() -> str:
    context = get_script_run_ctx(suppress_warning=True)
    return context.session_id if context else ""


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB" if size >= 10**6 else f"{size / 1e6:.2f} MB"
