"""What a finished training says of the images it is judged on: the figures of its saved model, and each answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.bisect.arm_values import Judged
from core.data.dataset_index import ImageFile
from core.data.split import group_names
from core.insight.stored import Stored, stored_predictions
from core.stats.reader_case import Reading, accuracy_reading, auc_reading
from core.store.runs import Run

if TYPE_CHECKING:
    from core.store.run_records import ImageRecord

PARTS = {"val": "validation", "test": "test"}
"""Parts of a dataset that a saved model is judged on, in words."""


@dataclass(frozen=True)
class Readings:
    """Each answer of a saved model, as the crossed analysis takes it.

    Attributes:
        accuracy: Reading.
        auc: Reading or None.
        images: int.
        grouped: bool. Whether some case has several images.
    """

    accuracy: Reading
    auc: Reading | None
    images: int
    grouped: bool


def judged(run: Run, part: str) -> Judged | None:
    """The figures of the saved model, as evaluation.json has them; None before it was evaluated.

    Args:
        run: Run.
        part: str. A key of `PARTS`.
    """
    found = run.figures(part)
    return Judged(found.accuracy, found.auc) if found else None


def common_part(a: Run, b: Run) -> str:
    """Which images two runs are judged on: those of the test part where both have one, as no training looks at them."""
    return "test" if all(judged(run, "test") for run in (a, b)) else "val"


def readings(run: Run, part: str, pattern: str, names: Mapping[str, str]) -> Readings | None:
    """Each answer of the saved model; None where there are no predictions.

    Args:
        run: Run.
        part: str. A key of `PARTS`.
        pattern: str. How file names tell what belongs together; see `group_names`.
        names: mapping. What to call an image instead of by the hash of its file.
    """
    stored = stored_predictions(run, part)
    if stored is None:
        return None
    cases = _cases(run, part, stored, pattern, names)
    said = stored.probabilities.argmax(axis=1)
    return Readings(
        accuracy_reading(cases, np.asarray(said == stored.labels)),
        auc_reading(cases, stored.labels, stored.probabilities),
        len(cases),
        len(set(cases)) < len(cases),
    )


def _cases(run: Run, part: str, stored: Stored, pattern: str, names: Mapping[str, str]) -> list[str]:
    """Of each image the group it belongs to, as the manifest or its name tells it, else the image itself."""
    listed = {item["path"]: item for item in run.data().part(part)}
    items = [listed.get(path) for path in stored.files]
    labels = [stored.classes[k] for k in stored.labels]
    files = [_file(path, label, item) for path, label, item in zip(stored.files, labels, items, strict=True)]
    hashes = [(item and item.get("sha256")) or path for path, item in zip(stored.files, items, strict=True)]
    return [
        f"group {label} {group}" if group else f"image {names.get(sha, sha)}"
        for label, group, sha in zip(stored.labels, group_names(files, pattern), hashes, strict=True)
    ]


def _file(path: str, label: str, item: "ImageRecord | None") -> ImageFile:
    """As much of a file as the name of its group takes."""
    split, group = (item.get("split", ""), item.get("group", "")) if item else ("", "")
    return ImageFile(path, label, split, "", 0, 0, 0, "", "", 1, group)
