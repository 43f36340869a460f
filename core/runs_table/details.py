"""What the table of runs shows beyond a summary: settings, duration, size, findings, figures of the saved model.

Reading it takes some milliseconds a run, so it is kept as the summaries are (see `core/store/index.py`), and whoever
draws a page may say how long it may take: what was not reached is there at a later look.
"""

import json
import os
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.config import RunConfig, default_settings
from core.course.caveats import caveats, known_findings
from core.errors import RunError
from core.store.evaluated import read_gaps
from core.store.kept_index import Stamp
from core.store.parked import parked
from core.store.recall import Recall
from core.store.recent import MOST, Recent
from core.store.runs import Run

FORMAT = 2
"""Part of the file's name: to be raised when details change their meaning."""

_SOURCES = ("", "config.json", "status.json", "events.jsonl")
_TOGETHER = 50
"""So many are kept at a time: what is done need not be done again by whoever breaks this off."""


@dataclass(frozen=True)
class Details:
    """One run.

    Attributes:
        changed: dict or None. Its settings that differ from the defaults; None where they cannot be read.
        seconds: float or None. Running time.
        size: int. Bytes of all files in its folder.
        errors: int. Findings of that severity, like `warnings`.
        saved_accuracy: float or None. Of the model that was saved, like `saved_auc`.
        test_accuracy: float or None. The same on the test images.
        caveats: sequence of str. What is known against the validation figures, a few words each.
    """

    changed: dict[str, Any] | None
    seconds: float | None
    size: int
    errors: int
    warnings: int
    saved_accuracy: float | None = None
    saved_auc: float | None = None
    test_accuracy: float | None = None
    caveats: Sequence[str] = ()


def details(runs: Sequence[Run], seconds: float | None = None) -> list[Details | None]:
    """What is known of each run, in the order given; only what has changed is read again.

    Args:
        runs: sequence of Run.
        seconds: float. How long reading may take; a run that was not reached is None. Defaults to as long as needed.
    """
    at = {run.path: run for run in runs}
    recall = Recall(
        kind=_kind(),
        sources=_SOURCES,
        of_record=lambda record: Details(**record),
        read=lambda path: read_details(at[path]),
        together=_TOGETHER,
    )
    found = recall.of(list(at), _memory(), float("inf") if seconds is None else seconds)
    return [found.get(run.path) for run in runs]


def read_details(run: Run) -> Details:
    """Reads a run's folder."""
    try:
        config: RunConfig | None = run.config()
    except RunError:
        config = None
    evaluation = run.evaluation()
    saved, test = (evaluation.val, evaluation.test) if evaluation else (None, None)
    found = known_findings(run)
    severities = Counter(finding.severity for finding in found)
    return Details(
        changed=None if config is None else config.changed_settings(),
        seconds=run.read_status().seconds.get("total"),
        size=folder_size(run.path),
        errors=severities["error"],
        warnings=severities["warning"],
        saved_accuracy=saved.accuracy if saved else None,
        saved_auc=saved.auc if saved else None,
        test_accuracy=test.accuracy if test else None,
        caveats=[*caveats(found), *read_gaps(run).caveats()],
    )


def folder_size(folder: Path) -> int:
    """Bytes of all files in a folder and below; what vanishes meanwhile counts nothing."""
    total, todo = 0, [str(folder)]
    while todo:
        try:
            with os.scandir(todo.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        todo.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_size
        except OSError:
            continue
    return total


def forget() -> None:
    """Drops what this process knows, as if it had just been started."""
    _memory().clear()


def _kind() -> str:
    """Name of the file: what is kept holds only for the defaults of this very program."""
    defaults = zlib.crc32(json.dumps(default_settings(), sort_keys=True).encode())
    return f"details-{FORMAT}-{defaults:08x}"


def _memory() -> Recent[Path, tuple[Stamp, Details]]:
    """What this process knows."""
    known: Recent[Path, tuple[Stamp, Details]] = parked("run_details", known=lambda: Recent(2 * MOST)).known
    return known
