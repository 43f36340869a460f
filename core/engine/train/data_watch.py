"""Whether a run's dataset is still what its manifest says: looked at before it goes on, and after it has trained."""

import time
from typing import Any

from core import files
from core.checks.finding import Finding
from core.config import RunConfig
from core.data.changes import data_changes
from core.data.dataset import Dataset, open_dataset
from core.engine.reporter import Reporter
from core.errors import DataError, UserError
from core.store import records
from core.store.run_records import Manifest
from core.store.runs import Run

DATA_CHANGED = "data changed"
"""Name of the event that says so."""


def keep_manifest(reporter: Reporter[Run], dataset: Dataset) -> None:
    """Writes what the run trains on, once: a run that goes on trains on what it has begun with, or not at all.

    Raises:
        DataError: it has finished an epoch on other images, labels or parts than there are now.
    """
    run = reporter.run
    manifest = kept_manifest(run.config(), dataset)
    before = run.manifest()
    changes = data_changes(before, manifest) if before else ""
    if changes and has_begun(reporter):
        message = (
            f"The dataset has changed since run {run.id} began: {changes}. Put it back as it was and resume, or start "
            "a new run with the same settings on what there is now."
        )
        reporter.event(DATA_CHANGED, message=message)
        raise DataError(message)
    if changes:  # nothing was learned yet, so it may as well begin with these
        reporter.event(DATA_CHANGED, message=f"The dataset has changed before the first epoch: {changes}.")
    if changes or not before:
        records.write(run.path / "manifest.json", manifest)


def kept_manifest(config: RunConfig, dataset: Dataset) -> Manifest:
    """The manifest of a dataset as a run keeps it: with the window that was measured for it, which answers need.

    Raises:
        UnreadableImage: an image has gone or changed since the scan.
    """
    record = dataset.manifest()
    if config.data.window == "percentile":
        window = dataset.rendering(config.data).window
        record["window"] = window if isinstance(window, str) else list(window)
    return Manifest.model_validate(record)


def has_begun(reporter: Reporter[Run]) -> bool:
    """Whether something was learned that a resume would go on with."""
    return bool(reporter.run.epochs()) or (reporter.run.path / "resume" / "state.json").exists()


def say_changes(reporter: Reporter[Run], config: RunConfig) -> None:
    """Says, in an event and a finding, what has changed in the dataset while the run trained.

    A training on cached features reads every image once, so it would not have met the change. A look at the size and
    times of every file tells; only what differs is read again.
    """
    try:
        now = Manifest.model_validate(
            open_dataset(config.dataset, config.data, layout=reporter.run.data().layout).manifest()
        )
        changes = data_changes(reporter.run.data(), now)
    except UserError as error:
        changes = str(error).rstrip(".")
    if not changes:
        return
    claim = f"The dataset changed during training: {changes}."
    reporter.event(DATA_CHANGED, message=f"{claim} The run was trained on the images in its manifest.")
    _add_finding(reporter, claim)


def _add_finding(reporter: Reporter[Run], claim: str) -> None:
    remedy = "Start a new run with the same settings to train on the dataset as it is now."
    finding = Finding("data-set-changed", "warning", claim, {"noticed": time.time()}, remedy)
    path = reporter.run.path / "findings.json"
    record: Any = files.read_json(path)
    listed = record.get("findings", []) if isinstance(record, dict) else []
    files.write_json(path, {"findings": [*listed, finding.to_dict()]})
