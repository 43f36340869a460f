"""JobFolder: a folder with a worker, on disk; what runs and all other jobs have in common, and nothing else.

<kind>/<id>/config.json    what was asked for
            status.json    replaced whole: where it is, and one sentence for the person
            events.jsonl   appended: one object a line
            owner.json     who started it, where that matters
            job.json       the job of a cluster that works on it, where one does; see core/workers/ray_jobs.py
            worker.log  stop  ended  lock
"""

import contextlib
import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core import files
from core.config import FORMAT, RunConfig
from core.errors import RunError
from core.store import records
from core.store.atomic_folders import require_room
from core.store.json_values import Damaged, parsed
from core.store.status import RESUMABLE, STATUSES, WAS_ENDED, Status

if TYPE_CHECKING:
    from core.store.run_records import Event

_NEWER = "Made by a newer version of Parity; read-only in this version."

_STATUS_KEYS = frozenset(f.name for f in dataclasses.fields(Status))

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

    trains = True
    """Whether its worker loads TensorFlow, and so waits for one of the machine's places."""

    takes_slot = True
    """Whether its worker takes a place on a cluster's machine."""

    kept = ""
    """What is kept of one whose worker has died, such as "completed trials are kept"; empty where it starts again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.id = path.name

    @property
    def goes_on(self) -> str:
        """The sentence on what to do about one whose worker has died."""
        return f"Resume continues; {self.kept}." if self.kept else "Start it again."

    def title(self) -> str:
        """What to call it."""
        return self.id

    def named(self) -> str:
        """What a sentence calls it: the word and its title in quotation marks."""
        return f"{self.noun} “{self.title()}”"

    def unreadable(self, error: Exception) -> RunError:
        """What is said where its settings cannot be read: that it is gone, as of one that was deleted, or why."""
        if not self.path.is_dir():
            return RunError(f"{self.noun} {self.id} does not exist any more; choose another")
        why = f"config.json: {error.strerror}" if isinstance(error, OSError) and error.strerror else str(error)
        return RunError(f"{self.noun} {self.id} cannot be read: {why}")

    def configs(self) -> Sequence[RunConfig]:
        """Settings of the trainings that its worker goes on with; none where it has none of its own.

        Raises:
            RunError: they cannot be read.
        """
        return ()

    def before_resume(self, more_minutes: float | None = None) -> None:
        """Gets it ready to go on after it has ended early.

        Args:
            more_minutes: float. What it may take beyond what it has taken, where it has a budget. Defaults to what
                its kind says.

        Raises:
            RunError: it cannot go on.
            ConfigError: the budget is no positive number.
        """

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
        name = self.named()
        message = f"{name[:1].upper()}{name[1:]} is damaged: {why}. {self.way_out()}"
        return Status(status="damaged", message=message, fault="program", created=made)

    def way_out(self) -> str:
        """What to do about one that is damaged, in a sentence."""
        return "Start a new one; this one does no harm."

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
                message = f"{WAS_ENDED if self.was_ended() else STATUSES['interrupted']} {self.goes_on}"
                status = dataclasses.replace(status, status="interrupted", ended=time.time(), message=message)
                self.write_status(status)
        except OSError as error:
            # Its worker is gone all the same; the next look with room on the disk writes it down.
            message = f"Its process has ended, and its folder cannot be written: {error.strerror}."
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
                state = "is still running" if status.is_active or not held else "has finished"
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
            with files.open_regular(self.path / "stop") as file:
                return file.read(4 * _REASON_LENGTH).decode(errors="replace")[:_REASON_LENGTH].strip()
        except OSError:
            return ""

    def stop_requested(self) -> bool:
        """Whether somebody asked for a stop."""
        return (self.path / "stop").exists()

    def note_ended(self) -> bool:
        """Notes, before its worker is ended, that this program does it: whoever finds it gone says so.

        Returns:
            bool. Whether this call made the note; false where it stands already or there is no room for it.
        """
        try:
            (self.path / "ended").touch(exist_ok=False)
        except OSError:  # no room for the note: it is ended all the same
            return False
        return True

    def forget_ended(self) -> None:
        """Takes that note back: its worker could not be reached."""
        with contextlib.suppress(OSError):
            (self.path / "ended").unlink(missing_ok=True)

    def was_ended(self) -> bool:
        """Whether this program has ended its worker, or was about to."""
        return (self.path / "ended").exists()
