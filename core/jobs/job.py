"""Job and JobStore: base of bisects, sweeps, label reviews and learning-rate searches on disk.

A job is a folder with a worker, like a run, and stands beside the runs, never among them:

<kind>/<id>/config.json   what was asked for
            result.json   what was found
            status.json  worker.log  stop  lock  owner.json     as in a run
"""

import contextlib
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from core import files
from core.config import RunConfig
from core.errors import ConfigError, RunError
from core.setting import is_printable
from core.store import records
from core.store.atomic_folders import unmake
from core.store.folder import JobFolder
from core.store.folder_store import FolderStore
from core.store.status import RESUMABLE, Status
from core.workers import launch

if TYPE_CHECKING:
    from core.store.job_records import Trials
    from core.store.record_types import Record

BUDGET_MINUTES = 30.0
"""What a job that trains many runs may take unless the person says otherwise."""

_LONGEST_NAME = 100


def rounded_minutes(minutes: float) -> str:
    """A budget as sentences tell it: what was spent is added to it on a resume, so it has many digits."""
    return f"{round(minutes, 1) if minutes >= 1 else minutes:g}"


class Job(JobFolder):
    """One job's folder.

    Args:
        path: Path. The folder; it exists.
    """

    at_end = "has finished"
    """What one has done that cannot go on, as in "the review has finished"."""

    def before_resume(self, more_minutes: float | None = None) -> None:
        """See `JobFolder.before_resume`."""
        resumable(self)

    def settings(self) -> dict[str, Any]:
        """What config.json says; empty where it is absent or damaged."""
        return settings_of(self.path)

    def write_settings(self, record: dict[str, Any]) -> None:
        """Replaces config.json."""
        files.write_json(self.path / "config.json", record)

    def write_result(self, record: "Mapping[str, object] | Record") -> None:
        """Replaces result.json."""
        files.write_json(self.path / "result.json", record if isinstance(record, Mapping) else record.to_dict())


class ConfiguredJob(Job):
    """A job about one training: its config.json holds the settings of that as `config`."""

    def config(self) -> RunConfig:
        """The settings of the training.

        Raises:
            RunError: the file is absent or damaged.
        """
        try:
            return RunConfig.from_dict(self.settings()["config"])
        except KeyError as error:
            raise self.unreadable(ConfigError("its config.json is damaged")) from error
        except ConfigError as error:
            raise self.unreadable(error) from error

    def configs(self) -> Sequence[RunConfig]:
        """See `JobFolder.configs`."""
        return (self.config(),)


class BudgetedJob(Job):
    """A job that trains runs, its trials, as long as its budget lasts."""

    kept = "completed trials are kept"
    takes_slot = False  # on a cluster its trials are jobs of their own, and it only waits for them

    def title(self) -> str:
        """Its name; its id where nobody has given it one."""
        return self.name() or self.id

    def name(self) -> str:
        """What a person has called it; empty where nobody has."""
        name = self.settings().get("name", "")
        return name[:_LONGEST_NAME] if isinstance(name, str) and is_printable(name) else ""

    def budget_minutes(self) -> float:
        """What it may take in all, waiting for its turn not counted."""
        return float(self.settings().get("budget_minutes", BUDGET_MINUTES))

    def spent_minutes(self) -> float:
        """What it has taken."""
        spent = records.read(self.path / "result.json", records.SPENT) or {}
        return float(spent.get("cost", {}).get("spent_minutes", 0.0))

    def ends(self) -> list[str]:
        """Ids of the runs that it is about and has not trained; none unless its kind says otherwise."""
        return []

    def trained_ids(self) -> list[str]:
        """Ids of the runs that its trials have trained, also where the rest of its result is damaged."""
        return [run for trial in self._of_its_runs().get("arms", []) if (run := trial.get("run"))]

    def _of_its_runs(self) -> "Trials":
        return records.read(self.path / "result.json", records.TRIALS) or {}

    def before_resume(self, more_minutes: float | None = None) -> None:
        """See `JobFolder.before_resume`; trials that have finished are not trained again."""
        status = resumable(self)
        if more_minutes is not None:
            check_budget(more_minutes)
        self.write_budget(self.renewed_budget(status) if more_minutes is None else self.spent_minutes() + more_minutes)

    def renewed_budget(self, status: Status) -> float:
        """What it may take in all when it goes on and nobody says how much more: its whole budget once more.

        Args:
            status: Status. How it has ended.
        """
        return self.spent_minutes() + self.budget_minutes()

    def write_budget(self, minutes: float) -> None:
        """Replaces the budget in config.json."""
        self.write_settings({**self.settings(), "budget_minutes": minutes})


def rename_job(job: BudgetedJob, name: str) -> str:
    """Gives a bisect or sweep a name; all else in its config.json stays.

    Args:
        job: BudgetedJob.
        name: str. As `RunConfig.name`; blanks around it are dropped. Empty: an automatic name.

    Returns:
        Its name now.

    Raises:
        RunError: the name is not allowed, config.json cannot be read, or it cannot be written.
    """
    name, settings = " ".join(name.split()), job.settings()
    job.refuse_newer()
    if not settings:
        raise RunError(f"{job.noun} {job.id} keeps its name: its config.json cannot be read")
    try:
        RunConfig(name=name)
        job.write_settings({**settings, "name": name})
    except ConfigError as error:
        raise RunError(f"{job.noun} {job.id} keeps its name: {error}") from error
    except OSError as error:
        raise RunError(f"{job.noun} {job.id} cannot be renamed: {error.strerror}") from error
    return name


J = TypeVar("J", bound=Job)


class JobStore(FolderStore[J]):
    """All jobs of one kind below one folder; see `FolderStore`."""

    def _forget_old(self, kept: int) -> None:
        """Only so many are kept; of the others those that have ended go."""
        for job in self.list()[kept:]:
            if not job.status().is_active:
                with contextlib.suppress(OSError):  # the next one tries again
                    unmake(job.path)


def settings_of(path: Path) -> dict[str, Any]:
    """What config.json of a folder says; empty where it is absent or damaged."""
    record: dict[str, Any] | None = records.read(path / "config.json", records.JOB_SETTINGS)
    return record or {}


def resumable(job: Job) -> Status:
    """The status of a job that has ended early and can go on.

    Raises:
        RunError: it is running, or has finished.
    """
    status = launch.poll(job)
    if status.status not in RESUMABLE:
        state = "is still running" if status.is_active else job.at_end
        raise RunError(f"{job.noun} {job.id} {state}; only one that ended early can be resumed")
    return status


def check_budget(minutes: float) -> None:
    """Raises ConfigError for a budget that is no positive number of minutes."""
    if not (math.isfinite(minutes) and minutes > 0):
        raise ConfigError(f"the budget is {minutes} minutes; give a number above 0")
