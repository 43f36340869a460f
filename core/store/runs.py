"""Runs on disk: one folder a run, one file a fact; the only protocol between pages, command line and worker.

runs/<id>/config.json       written before the start; later only its name may change
          status.json       replaced whole: where the run is, and one sentence for the person
          events.jsonl      appended: one object a line, for instance a finished epoch
          manifest.json     the images it trains on, with their hashes and split
          evaluation.json   what the finished model does on the validation images
          predictions.csv   its probabilities, image by image
          model.keras       raw pixels in, probabilities out
          recorder.json     only where the training ran elsewhere, in somebody's own code
          reference.npz     features of training images, for those nearest to a new one
          resume/           the checkpoint of the last finished epoch
          owner.json        who started it, where that matters
          job.json          the job of a cluster that works on it, where one does; see core/workers/ray_jobs.py
          worker.log  stop  ended  lock
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core import files
from core.config import RunConfig, read_config
from core.errors import ConfigError, RunError
from core.store import records, run_titles
from core.store.folder import QUIET_SECONDS, JobFolder
from core.store.folder_store import FolderStore, is_id, new_id
from core.store.json_values import Damaged
from core.store.status import ACTIVE, RESUMABLE, STATUSES, Status

if TYPE_CHECKING:
    from core.store.run_records import EpochRecord, Evaluation, Event, FindingRecord, Manifest, PartFigures, Recorded
    from core.store.trace_record import Trace

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


class Run(JobFolder):
    """One run folder.

    Args:
        path: Path. The folder; it exists.
    """

    noun, kept = "run", "the last finished epoch is kept"

    @property
    def goes_on(self) -> str:
        """See `JobFolder.goes_on`."""
        return "Resume continues after the last finished epoch."

    def config(self) -> RunConfig:
        """The run's configuration.

        Raises:
            RunError: the file is absent, damaged or made by a newer version.
        """
        try:
            return read_config(records.text_of(self.path / "config.json"))
        except (OSError, Damaged, ConfigError) as error:
            raise self.unreadable(error) from error

    def configs(self) -> Sequence[RunConfig]:
        """See `JobFolder.configs`."""
        return (self.config(),)

    def title(self) -> str:
        """What to call the run: its name, else what it is; see `core.store.run_titles`."""
        return run_titles.title_of(self.path)

    def way_out(self) -> str:
        """What to do about one that is damaged, in a sentence."""
        return "Resume it, or delete it."

    def epochs(self) -> "list[EpochRecord]":
        """One record an epoch, in order; after a resume the later record of an epoch replaces the earlier."""
        return epochs_of(self.events())

    def history(self) -> dict[str, list[float | None]]:
        """Metrics by name, one value an epoch: loss, accuracy, auc and the same with `val_`."""
        epochs = self.epochs()
        return {name: [record.figure(name) for record in epochs] for name in METRICS}

    def evaluation(self) -> "Evaluation | None":
        """What evaluation.json says, or None before there is one, or where it is damaged."""
        return records.read(self.path / "evaluation.json", records.EVALUATION)

    def figures(self, part: str) -> "PartFigures | None":
        """What the saved model does on the images of `val` or `test`; None before it was evaluated on them."""
        record = self.evaluation()
        return record.part(part) if record else None

    def manifest(self) -> "Manifest | None":
        """What manifest.json says, or None before there is one, or where it is damaged."""
        return records.read(self.path / "manifest.json", records.MANIFEST)

    def data(self) -> "Manifest":
        """What manifest.json says; an empty one before there is one, or where it is damaged."""
        from core.store.run_records import Manifest

        return self.manifest() or Manifest()

    def classes(self) -> list[str]:
        """Names of its classes, in the order of the answers; empty before there is a manifest."""
        return list(self.data().classes)

    def trace(self) -> "Trace | None":
        """What trace.json says, or None before there is one, or where it is damaged."""
        return records.read(self.path / "trace.json", records.TRACE)

    def findings(self) -> "list[FindingRecord]":
        """What findings.json says; empty before there is one, or where it is damaged."""
        record = records.read(self.path / "findings.json", records.FINDINGS)
        return record.findings if record else []

    def recorded(self) -> "Recorded | None":
        """What recorder.json says of a training that ran elsewhere, in somebody's own code; None for all others."""
        return records.read(self.path / "recorder.json", records.RECORDED)

    def require_own(self, what: str) -> None:
        """Raises RunError for a run that was recorded elsewhere; `what` is what cannot be done with it."""
        if (self.path / "recorder.json").exists():
            raise RunError(
                f"{self.named()} was recorded by another program, and only some of its settings are known, so "
                f"{what}; "
                "compare it with other runs instead"
            )

    def has_model(self) -> bool:
        """Whether there is a model to predict with."""
        return (self.path / "model.keras").is_file()


def epochs_of(events: "Sequence[Event]") -> "list[EpochRecord]":
    """The epochs among the events; see `Run.epochs`."""
    from core.store.run_records import EpochRecord

    by_epoch = {event.epoch: event for event in events if isinstance(event, EpochRecord)}
    return [by_epoch[number] for number in sorted(by_epoch)]


METRICS = ("loss", "accuracy", "auc", "val_loss", "val_accuracy", "val_auc")
"""Names of what is measured every epoch."""


class RunStore(FolderStore[Run]):
    """All runs below one folder; see `FolderStore`."""

    kind, folder = Run, "runs"

    def create(self, config: RunConfig, owner: str = "", fill: Callable[[Run], None] | None = None) -> Run:
        """Makes the folder of a new run, queued, with its configuration inside.

        Args:
            config: RunConfig.
            owner: str. Who starts it, where that matters: a team, a public app. Defaults to nobody in particular.
            fill: callable. Writes what else belongs into it before anybody sees it. Defaults to nothing.

        Raises:
            RunError: the folder cannot be written, or the disk is full.
        """
        return self._make(config.to_dict(), owner, fill)

    def adopt(self, folder: Path, run_id: str) -> Run:
        """Makes a prepared folder a run under the id it has had elsewhere.

        Args:
            folder: Path. On the same disk; it is moved.
            run_id: str.

        Raises:
            RunError: it is not a run id, or there is such a run already.
        """
        path = self.free_path(run_id)
        folder.rename(path)  # onto a folder that somebody has just made it fails: no run is ever replaced
        files.sync_folder(self.root)
        return Run(path)

    def free_path(self, run_id: str) -> Path:
        """Where a run of that id would lie.

        Raises:
            RunError: it is not a run id, or there is such a run already.
        """
        if not is_id(run_id):
            raise RunError(f'"{run_id[:40]}" is not a run id')
        if (self.root / run_id).exists():
            raise RunError(f"run {run_id} exists already; nothing was changed")
        return self.root / run_id

    def get(self, run_id: str) -> Run:
        """The run of that id; a unique beginning or end of it, or the name of one run, will do.

        Raises:
            RunError: there is none, or more than one.
        """
        if exact := self.by_id(run_id):
            return exact
        runs = self.list() if 0 < len(run_id) <= _LONGEST else []
        called = run_titles.titles(self.root, float("inf")) if runs else {}
        # A name is meant as a whole; only what is nobody's name can be a part of an id.
        found = [run for run in runs if called.get(run.id) == run_id] or [run for run in runs if _is_part(run, run_id)]
        if len(found) == 1:
            return found[0]
        if found:
            raise RunError(
                f'"{run_id}" could be {len(found)} runs: {", ".join(run.id for run in found[:5])}; give the full id'
            )
        raise RunError(f'there is no run "{run_id[:100]}"; `python -m core runs` lists them')


_LONGEST = 300
"""Nothing longer is the name of a run, or what it is called without one."""


def _is_part(run: Run, text: str) -> bool:
    return run.id.startswith(text) or run.id.endswith(text)
