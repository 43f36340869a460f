"""JobFolder: a folder with a worker, on disk; what runs and all other jobs have in common, and nothing else.

<kind>/<id>/config.json    what was asked for
            status.json    replaced whole: where it is, and one sentence for the person
            events.jsonl   appended: one object a line
            owner.json     who started it, where that matters
            job.json       the job of a cluster that works on it, where one does; see core/workers/ray_jobs.py
            worker.log  stop  ended  lock
"""

import builtins
import contextlib
import dataclasses
import re
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from core import files, paths
from core.config import FORMAT
from core.errors import RunError
from core.store import records
from core.store.atomic_folders import making, require_room
from core.store.json_values import Damaged, parsed
from core.store.status import RESUMABLE, STATUSES, WAS_ENDED, Status

if TYPE_CHECKING:
    from core.store.run_records import Event

_NEWER = "Made by a newer version of Parity; this one leaves it as it is."

_STATUS_KEYS = frozenset(f.name for f in dataclasses.fields(Status))

_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9]{3}-[0-9a-f]{6}")
_START_SECONDS = 60.0
"""What is queued and whose worker has not shown up after this long never got one."""

_REASON_LENGTH = 500

QUIET_SECONDS = 10.0
"""A worker refreshes its status every two seconds; one that is silent for this long hangs or is held up."""


class JobFolder:
    """The folder of a run or of any other job.

    Args:
        path: Path. The folder; it exists.
    """

    noun = "job"
    """What sentences call it."""

    takes_slot = True
    """Whether its worker trains, and so takes a place on a cluster's machine."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.id = path.name

    def title(self) -> str:
        """What to call it."""
        return self.id

    def owner(self) -> str:
        """Who started it; empty where nobody in particular did, as on the command line."""
        name = records.read(self.path / "owner.json", records.OWNER)
        return name or ""

    def read_status(self) -> Status:
        """The status as written, without asking whether the worker still lives."""
        record = records.read(self.path / "status.json", records.STATUS)
        if record is None:
            return self._unread_status()
        return Status(**{key: value for key, value in record.items() if key in _STATUS_KEYS})

    def _unread_status(self) -> Status:
        """What is said of a run whose status.json cannot be read; its id still tells when it was made."""
        made = records.made_at(self.id)
        if self.is_from_newer_version():
            return Status(status="failed", message=_NEWER, fault="program", created=made)
        why = records.complaint(self.path / "status.json", records.STATUS) or "status.json is absent"
        message = f"{self.noun.capitalize()} {self.id} is damaged: {why}. {self.way_out()}"
        return Status(status="damaged", message=message, fault="program", created=made)

    def way_out(self) -> str:
        """What to do about one that is damaged, in a sentence."""
        return "Begin another one; this one is in nobody's way."

    def is_from_newer_version(self) -> bool:
        """Whether a newer version of the program has made it: it may be looked at as far as it goes, never changed."""
        try:
            record = parsed(records.text_of(self.path / "config.json"))
        except (OSError, Damaged):
            return False
        version = record.get("format", FORMAT) if isinstance(record, dict) else FORMAT
        return isinstance(version, int) and version > FORMAT

    def refuse_newer(self) -> None:
        """Raises RunError for what a newer version of the program has made."""
        if self.is_from_newer_version():
            raise RunError(
                f"{self.noun} {self.id} was made by a newer version of Parity; use that version to change it"
            )

    def write_status(self, status: Status) -> None:
        """Replaces status.json."""
        files.write_json(self.path / "status.json", dataclasses.asdict(status))

    def status(self) -> Status:
        """The status, settled: one whose worker has died without a word becomes `interrupted`.

        The worker holds `lock` as long as it lives. Whoever gets the lock may settle, and reads the status again
        first: the worker may have finished between the two looks.
        """
        status = self.read_status()
        if not status.is_active or self.is_from_newer_version() or self.is_on_cluster():
            return status  # of a cluster's worker no lock of this machine can tell; `launch.poll` asks the cluster
        if status.pid is None and 0 <= time.monotonic() - status.queued < _START_SECONDS:
            return status
        lock = files.Lock(self.path / "lock")
        try:
            if not lock.acquire():
                return status
            status = self.read_status()
            if status.is_active:
                message = WAS_ENDED if self.was_ended() else STATUSES["interrupted"]
                status = dataclasses.replace(status, status="interrupted", ended=time.time(), message=message)
                self.write_status(status)
        except OSError as error:
            # Its worker is gone all the same; the next look with room on the disk writes it down.
            message = f"Its process is gone, and its folder cannot be written: {error.strerror}."
            return dataclasses.replace(status, status="interrupted", message=message)
        finally:
            lock.release()
        return status

    def requeue(self) -> None:
        """Puts what has ended early back in the queue; of two who try at once one succeeds.

        Raises:
            RunError: it is active, it has finished, a newer version has made it, or the disk is full.
        """
        self.refuse_newer()
        lock = files.Lock(self.path / "lock")
        try:
            require_room(self.path, self.noun)
            held = lock.acquire()
            status = self.read_status()
            # It could not write that it has ended.
            gone = held and status.is_active and status.pid is not None and not self.is_on_cluster()
            if not held or not (gone or status.status in RESUMABLE):
                state = "is still at work" if status.is_active or not held else "has finished"
                raise RunError(
                    f"{self.noun} {self.id} {state}; only a stopped, failed or interrupted {self.noun} can be resumed"
                )
            for name in ("stop", "ended"):
                (self.path / name).unlink(missing_ok=True)
            self.write_status(Status.in_queue(status.created, status.seconds))
        except OSError as error:
            raise RunError(
                f"{self.noun} {self.id} cannot be resumed: its folder cannot be written: {error.strerror}"
            ) from error
        finally:
            lock.release()

    def add_event(self, event: str, **facts: Any) -> None:
        """Appends one line to events.jsonl."""
        files.append_line(self.path / "events.jsonl", {"event": event, "time": time.time(), **facts})

    def events(self) -> "list[Event]":
        """All events that are whole and are such as a worker writes."""
        return files.read_lines(self.path / "events.jsonl", records.event_of)

    def is_on_cluster(self) -> bool:
        """Whether its worker is a cluster's job, and not a process of the machine that started it."""
        return (self.path / "job.json").exists()

    def cluster_job(self) -> dict[str, Any]:
        """Which job of which cluster works on it; empty where none does."""
        record: dict[str, Any] | None = records.read(self.path / "job.json", records.CLUSTER_JOB)
        return record or {}

    def join_cluster(self, record: dict[str, Any]) -> None:
        """Notes the job that works on it from now on; the worker of any other ends.

        Raises:
            RunError: its folder cannot be written.
        """
        try:
            files.write_json(self.path / "job.json", record)
        except OSError as error:
            raise RunError(f"the worker of {self.noun} {self.id} cannot be started: {error.strerror}") from error

    def leave_cluster(self) -> None:
        """Notes that no job of a cluster works on it any more."""
        with contextlib.suppress(OSError):
            (self.path / "job.json").unlink(missing_ok=True)

    def request_stop(self, reason: str = "") -> None:
        """Asks the worker to stop after the batch it is at.

        Args:
            reason: str. What its status shall say then. Defaults to its own words.
        """
        (self.path / "stop").touch()
        if reason:
            with contextlib.suppress(OSError):  # no room for the reason: it stops all the same
                (self.path / "stop").write_text(reason, encoding="utf-8")

    def stop_reason(self) -> str:
        """Why it was asked to stop; empty where that was a person's wish."""
        try:
            return (self.path / "stop").read_text(encoding="utf-8")[:_REASON_LENGTH].strip()
        except (OSError, UnicodeDecodeError):
            return ""

    def stop_requested(self) -> bool:
        """Whether somebody asked for a stop."""
        return (self.path / "stop").exists()

    def note_ended(self) -> None:
        """Notes, before its worker is ended, that this program does it: whoever finds it gone says so."""
        with contextlib.suppress(OSError):  # no room for the note: it is ended all the same
            (self.path / "ended").touch()

    def forget_ended(self) -> None:
        """Takes that note back: its worker could not be reached."""
        with contextlib.suppress(OSError):
            (self.path / "ended").unlink(missing_ok=True)

    def was_ended(self) -> bool:
        """Whether this program has ended its worker, or was about to."""
        return (self.path / "ended").exists()


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
