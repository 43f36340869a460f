"""Runs on disk: one folder a run, one file a fact; the only protocol between pages, command line and worker.

runs/<id>/config.json       written before the start, never again
          status.json       replaced whole: where the run is, and one sentence for the person
          events.jsonl      appended: one object a line, for instance a finished epoch
          manifest.json     the images it trains on, with their hashes and split
          evaluation.json   what the finished model does on the validation images
          predictions.csv   its probabilities, image by image
          model.keras       raw pixels in, probabilities out
          reference.npz     features of training images, for those nearest to a new one
          resume/           the checkpoint of the last finished epoch
          owner.json        who started it, where that matters
          job.json          the job of a cluster that works on it, where one does; see core/workers/ray_jobs.py
          worker.log  stop  ended  lock
"""

import contextlib
import dataclasses
import json
import re
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core import files, paths
from core.config import FORMAT, RunConfig, read_config
from core.errors import ConfigError, RunError
from core.store import records
from core.store.atomic_folders import making, require_room
from core.store.status import ACTIVE, RESUMABLE, STATUSES, WAS_ENDED, Status

__all__ = [
    "ACTIVE",
    "METRICS",
    "QUIET_SECONDS",
    "RESUMABLE",
    "STATUSES",
    "Run",
    "RunStore",
    "Status",
    "epochs_of",
    "new_id",
]

_NEWER = "Made by a newer version of Parity; this one leaves it as it is."

_STATUS_KEYS = frozenset(f.name for f in dataclasses.fields(Status))

_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9]{3}-[0-9a-f]{6}")
_START_SECONDS = 60.0
"""A queued run whose worker has not shown up after this long never got one."""

_REASON_LENGTH = 500

QUIET_SECONDS = 10.0
"""A worker refreshes its status every two seconds; one that is silent for this long hangs or is held up."""


class Run:
    """One run folder.

    Args:
        path: Path. The folder; it exists.
    """

    noun = "run"
    """What sentences call it."""

    takes_slot = True
    """Whether its worker trains, and so takes a place on a machine."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.id = path.name

    def config(self) -> RunConfig:
        """The run's configuration.

        Raises:
            RunError: the file is absent, damaged or made by a newer version.
        """
        try:
            return read_config(records.text_of(self.path / "config.json"))
        except (OSError, records.Damaged, ConfigError) as error:
            raise RunError(f"run {self.id} cannot be read: {error}") from error

    def owner(self) -> str:
        """Who started it; empty where nobody in particular did, as on the command line."""
        name: str | None = records.read(self.path / "owner.json", records.OWNER)
        return name or ""

    def title(self) -> str:
        """What to call the run: its name, else its id."""
        try:
            return self.config().name or self.id
        except RunError:
            return self.id

    def is_titled(self, text: str) -> bool:
        """Whether that is its title; quicker than reading the configuration, for a search through all runs."""
        try:
            content = records.text_of(self.path / "config.json").encode()
        except (OSError, records.Damaged):
            return text == self.id
        words = (text.encode(errors="replace"), json.dumps(text)[1:-1].encode())
        return (text == self.id or any(word in content for word in words)) and self.title() == text

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
        return f"Delete removes it, as does `python -m core delete {self.id}`."

    def is_from_newer_version(self) -> bool:
        """Whether a newer version of the program has made it: it may be looked at as far as it goes, never changed."""
        try:
            record = records.parsed(records.text_of(self.path / "config.json"))
        except (OSError, records.Damaged):
            return False
        version = record.get("format", FORMAT) if isinstance(record, dict) else FORMAT
        return isinstance(version, int) and version > FORMAT

    def refuse_newer(self) -> None:
        """Raises RunError for a run that a newer version of the program has made."""
        if self.is_from_newer_version():
            raise RunError(f"run {self.id} was made by a newer version of Parity; use that version to change it")

    def write_status(self, status: Status) -> None:
        """Replaces status.json."""
        files.write_json(self.path / "status.json", dataclasses.asdict(status))

    def status(self) -> Status:
        """The status, settled: a run whose worker has died without a word becomes `interrupted`.

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
        """Puts a run that has ended early back in the queue; of two who try at once one succeeds.

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
                raise RunError(f"run {self.id} {state}; only a stopped, failed or interrupted run can be resumed")
            for name in ("stop", "ended"):
                (self.path / name).unlink(missing_ok=True)
            self.write_status(Status.in_queue(status.created, status.seconds))
        except OSError as error:
            raise RunError(
                f"run {self.id} cannot be resumed: its folder cannot be written: {error.strerror}"
            ) from error
        finally:
            lock.release()

    def add_event(self, event: str, **facts: Any) -> None:
        """Appends one line to events.jsonl."""
        files.append_line(self.path / "events.jsonl", {"event": event, "time": time.time(), **facts})

    def events(self) -> list[dict[str, Any]]:
        """All events that are whole and are such as a run writes."""
        return files.read_lines(self.path / "events.jsonl", records.event_of)

    def epochs(self) -> list[dict[str, Any]]:
        """One record an epoch, in order; after a resume the later record of an epoch replaces the earlier."""
        return epochs_of(self.events())

    def history(self) -> dict[str, list[float | None]]:
        """Metrics by name, one value an epoch: loss, accuracy, auc and the same with `val_`."""
        return {name: [record.get(name) for record in self.epochs()] for name in METRICS}

    def evaluation(self) -> dict[str, Any] | None:
        """What evaluation.json says, or None before there is one, or where it is damaged."""
        record: dict[str, Any] | None = records.read(self.path / "evaluation.json", records.EVALUATION)
        return record

    def manifest(self) -> dict[str, Any] | None:
        """What manifest.json says, or None before there is one, or where it is damaged."""
        record: dict[str, Any] | None = records.read(self.path / "manifest.json", records.MANIFEST)
        return record

    def trace(self) -> dict[str, Any] | None:
        """What trace.json says, or None before there is one, or where it is damaged."""
        record: dict[str, Any] | None = records.read(self.path / "trace.json", records.TRACE)
        return record

    def findings(self) -> list[dict[str, Any]]:
        """What findings.json says; empty before there is one, or where it is damaged."""
        record: dict[str, Any] = records.read(self.path / "findings.json", records.FINDINGS) or {}
        found: list[dict[str, Any]] = record.get("findings", [])
        return found

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
            raise RunError(f"the worker of run {self.id} cannot be started: {error.strerror}") from error

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

    def has_model(self) -> bool:
        """Whether there is a model to predict with."""
        return (self.path / "model.keras").is_file()


def epochs_of(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The epochs among the events; see `Run.epochs`."""
    by_epoch: dict[int, dict[str, Any]] = {}
    for event in events:
        if event.get("event") == "epoch" and "epoch" in event:
            by_epoch[event["epoch"]] = event
    return [by_epoch[number] for number in sorted(by_epoch)]


METRICS = ("loss", "accuracy", "auc", "val_loss", "val_accuracy", "val_auc")
"""Names of what is measured every epoch."""


class RunStore:
    """All runs below one folder.

    Args:
        root: Path. Defaults to the folder the environment says.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or paths.runs_folder()

    def create(self, config: RunConfig, owner: str = "", fill: Callable[[Run], None] | None = None) -> Run:
        """Makes the folder of a new run, queued, with its configuration inside.

        Args:
            config: RunConfig.
            owner: str. Who starts it, where that matters: a team, a public app. Defaults to nobody in particular.
            fill: callable. Writes what else belongs into it before anybody sees it. Defaults to nothing.

        Raises:
            RunError: the folder cannot be written, or the disk is full.
        """
        now = time.time()
        place = self.root / new_id(now)
        with making(place, Run.noun) as path:
            files.write_json(path / "config.json", config.to_dict())
            if owner:
                files.write_json(path / "owner.json", owner)
            Run(path).write_status(Status.in_queue(now))
            if fill:
                fill(Run(path))
        return Run(place)

    def adopt(self, folder: Path, run_id: str) -> Run:
        """Makes a prepared folder a run under the id it has had elsewhere.

        Args:
            folder: Path. On the same disk; it is moved.
            run_id: str.

        Raises:
            RunError: it is no id of a run, or there is such a run already.
        """
        path = self.free_path(run_id)
        folder.rename(path)  # onto a folder that somebody has just made it fails: no run is ever replaced
        files.sync_folder(self.root)
        return Run(path)

    def free_path(self, run_id: str) -> Path:
        """Where a run of that id would lie.

        Raises:
            RunError: it is no id of a run, or there is such a run already.
        """
        if not _ID.fullmatch(run_id):
            raise RunError(f'"{run_id[:40]}" is no id of a run')
        if (self.root / run_id).exists():
            raise RunError(f"run {run_id} is here already; nothing was changed")
        return self.root / run_id

    def by_id(self, run_id: str) -> Run | None:
        """The run of exactly that id; None when there is none (any more)."""
        known = _ID.fullmatch(run_id) and (self.root / run_id).is_dir()
        return Run(self.root / run_id) if known else None

    def get(self, run_id: str) -> Run:
        """The run of that id; a unique beginning or end of it, or the name of one run, will do.

        Raises:
            RunError: there is none, or more than one.
        """
        if exact := self.by_id(run_id):
            return exact
        found = [run for run in self.list() if run_id and _is_called(run, run_id)]
        # A name is meant as a whole; only what is nobody's name can be a part of an id.
        found = [run for run in found if run.title() == run_id] or found
        if len(found) == 1:
            return found[0]
        if found:
            raise RunError(
                f'"{run_id}" could be {len(found)} runs: {", ".join(run.id for run in found[:5])}; give the whole id'
            )
        raise RunError(f'there is no run "{run_id[:100]}"; `python -m core runs` lists them')

    def list(self) -> list[Run]:
        """All runs, the newest first; the folder is gone through again only after a run came or went."""
        try:
            changed = self.root.stat().st_mtime_ns
            kept, runs = _listed.get(self.root, (0, []))
            if kept != changed:
                names = sorted((path.name for path in self.root.iterdir()), reverse=True)
                runs = [Run(self.root / name) for name in names if _ID.fullmatch(name)]
                # Two changes within one tick of the file system's clock look alike: one that is fresh is not kept.
                _listed[self.root] = (changed if time.time_ns() - changed > _TICK_NS else 0), runs
        except OSError:
            return []
        return list(runs)


def new_id(now: float) -> str:
    """An id for a folder made at that time, in seconds since 1970; ids sort by time, and no two are alike."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(now))
    return f"{stamp}-{int(now * 1000) % 1000:03}-{secrets.token_hex(3)}"


_listed: dict[Path, tuple[int, list[Run]]] = {}
"""Folder -> its time of change when it was gone through, and the runs in it."""

_TICK_NS = 10**9


def _is_called(run: Run, text: str) -> bool:
    return run.id.startswith(text) or run.id.endswith(text) or run.is_titled(text)
