"""Index of run summaries in SQLite, so that ten thousand runs need not be read again for a list.

The folders are the truth. A summary is made from a run's files and holds as long as they look the same (time of
change, size, and the file's own number, which every replacement changes). Summaries are kept in this process and, for
runs that have ended, in one SQLite file of the cache folder, which every process of the home shares. That file may be
damaged, locked or deleted at any moment: then the runs are read again, which costs time and nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import RunError
from core.store import notes
from core.store.folder import JobFolder
from core.store.kept_index import stamp_of
from core.store.notes import NOTE_FILE, Note
from core.store.parked import parked
from core.store.recall import Recall
from core.store.recent import MOST, Recent
from core.store.runs import ACTIVE, Run, Status

FORMAT = 2
"""Part of the file's name: to be raised when summaries change their meaning."""

KIND = f"runs-{FORMAT}"
"""Name of the shared file, with its version."""

POINTS = 40
"""Most points of the small curve in a list; a longer history is thinned evenly, its last epoch kept."""

_SOURCES = ("config.json", "status.json", "events.jsonl")
_FEW = 500
"""So many are kept at a time: what is done need not be done again by whoever breaks this off."""

_KEPT = 2 * MOST
"""Runs whose summary, status and note this process knows; deleted ones fall out; of more the file on the disk tells."""


@dataclass(frozen=True)
class Summary:
    """One run in a list.

    Attributes:
        run: str. Its id.
        status: str. As written; whoever shows an active one asks `launch.poll`.
        mode: str. `training.mode`; empty where the settings cannot be read, like `dataset` and `backbone`.
        epochs: int. Finished epochs.
        best: float or None. Best validation accuracy of any epoch.
        val_accuracy: float or None. The last epoch's, like `val_auc`.
        val_loss: tuple of float. At most `POINTS` values of the epochs, the last one among them.
    """

    run: str
    name: str
    dataset: str
    mode: str
    backbone: str
    status: str
    message: str
    created: float
    epochs: int
    best: float | None
    val_accuracy: float | None
    val_auc: float | None
    val_loss: tuple[float, ...]

    @property
    def is_active(self) -> bool:
        """Whether a worker is at it, or should be."""
        return self.status in ACTIVE


def summaries(runs: Sequence[Run]) -> list[Summary]:
    """One summary a run, in the order given; only what has changed is read again."""
    return [summary for summary in summaries_within(runs, float("inf")) if summary is not None]


def summaries_within(runs: Sequence[Run], seconds: float) -> list[Summary | None]:
    """As `summaries`, for whoever cannot wait: a run that was not reached in so many seconds is None."""
    at = {run.path: run for run in runs}
    recall = Recall(
        kind=KIND,
        sources=_SOURCES,
        of_record=_summary,
        read=lambda path: summarise(at[path]),
        lasts=lambda summary: not summary.is_active,
        together=_FEW,
    )
    found = recall.of(list(at), _memory().summaries, seconds)
    return [found.get(run.path) for run in runs]


def read_status(run: JobFolder) -> Status:
    """The status as written, like `Run.read_status`; read again only when its file has changed."""
    known, stamp = _memory().statuses, stamp_of(run.path, ("status.json",))
    before, status = known.get(run.path, (None, None))
    if status is None or before != stamp:
        known[run.path] = stamp, (status := run.read_status())
    return status  # type: ignore[no-any-return]


def read_note(run: Run) -> Note:
    """What is written about a run, like `notes.read_note`; read again only when its file has changed."""
    known, stamp = _memory().notes, stamp_of(run.path, (NOTE_FILE,))
    before, note = known.get(run.path, (None, None))
    if note is None or before != stamp:
        known[run.path] = stamp, (note := notes.read_note(run))
    return note  # type: ignore[no-any-return]


def forget() -> None:
    """Drops what this process knows, as if it had just been started."""
    _memory().summaries.clear()
    _memory().statuses.clear()
    _memory().notes.clear()


def summarise(run: Run) -> Summary:
    """Reads a run's folder."""
    status, epochs = run.read_status(), run.epochs()
    try:
        config = run.config()
    except RunError:
        config = None  # damaged, or of a newer version: the list shows it all the same
    accuracies = [epoch.val_accuracy for epoch in epochs if epoch.val_accuracy is not None]
    last = epochs[-1] if epochs else None
    return Summary(
        run=run.id,
        name=config.name if config else "",
        dataset=config.dataset if config else "",
        mode=config.training.mode if config else "",
        backbone=config.model.backbone if config else "",
        status=status.status,
        message=status.message,
        created=status.created,
        epochs=len(epochs),
        best=max(accuracies, default=None),
        val_accuracy=last.val_accuracy if last else None,
        val_auc=last.val_auc if last else None,
        val_loss=_thinned([epoch.val_loss for epoch in epochs if epoch.val_loss is not None]),
    )


def _summary(record: dict[str, Any]) -> Summary:
    return Summary(**{**record, "val_loss": tuple(record["val_loss"])})


def _thinned(values: Sequence[float]) -> tuple[float, ...]:
    if len(values) <= POINTS:
        return tuple(values)
    last = len(values) - 1
    return tuple(values[round(k * last / (POINTS - 1))] for k in range(POINTS))


def _memory() -> Any:
    """What this process knows."""
    return parked(
        "registry", statuses=lambda: Recent(_KEPT), summaries=lambda: Recent(_KEPT), notes=lambda: Recent(_KEPT)
    )
