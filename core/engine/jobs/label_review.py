"""Label review job: features, likely label errors, and the map of all images of a dataset."""

import hashlib
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from core import files as disk
from core import paths
from core.config import make_config
from core.cross_validation.answers import mean_answers
from core.cross_validation.store import CrossValidationStore
from core.data.dataset import Dataset, prepare, scan_dataset
from core.data.dataset_index import ImageFile
from core.data.split import AUTO, join_files
from core.engine.insight.label_issues import find_label_issues, positions
from core.engine.insight.projection import SECONDS_AN_IMAGE, drawn_contents, neighbourhoods, plane
from core.engine.reporter import Reporter
from core.engine.train.context import StopRequested, make_training_context
from core.errors import RunError
from core.label_review.doubt import why_undecided
from core.label_review.store import Review
from core.store.job_records import ReviewedFile, ReviewResult

Floats = NDArray[np.float32]

_FORMAT = 1


def review(reporter: Reporter[Review]) -> tuple[str, str]:
    """Reviews to the end or to a stop.

    Args:
        reporter: Reporter. Of a review whose worker has just got its turn.

    Returns:
        The final status, `finished` or `stopped`, and a sentence for the person.

    Raises:
        UserError: the dataset has gone, or the weights of the built-in network have.
    """
    job = reporter.run
    reporter.phase("data", "Scanning the dataset.", status="running", started=time.time())
    config = make_config(job.reference(), {})
    dataset = prepare(scan_dataset(config.dataset, reporter.progress), config.data)
    files = list(dataset.index.files)
    try:
        features = _features(dataset, files, reporter)
    except StopRequested:
        return "stopped", "Stopped before the labels were reviewed; the features computed so far are lost."
    if reporter.stop_requested():
        return "stopped", "Stopped before the labels were reviewed; the features are kept."
    map_positions = _map_positions(dataset, files, features, reporter)
    reporter.phase("evaluating", "Searching for likely label errors.")
    record = judge(dataset, files, features, map_positions, job.answers_of())
    job.write_result(record)
    if undecided := why_undecided(record):
        return "finished", undecided
    verb = "label looks" if record.issues == 1 else "labels look"
    return "finished", f"{record.issues:,} of {record.pictures:,} {verb} wrong."


def judge(
    dataset: Dataset,
    files: list[ImageFile],
    features: Floats,
    map_positions: Mapping[str, Floats],
    cross_validation: str = "",
) -> ReviewResult:
    """The result of a review; see `Review.result`.

    Args:
        dataset: Dataset.
        files: list of ImageFile. Its images.
        features: float32 `(len(files), width)`.
        map_positions: mapping from SHA-256. Places on the map by neighbourhoods, of some or all of them.
        cross_validation: str. Id of the cross-validation whose answers judge the labels. Defaults to none: those of a
            simple head do.

    Raises:
        RunError: the cross-validation has no answers for these images.
    """
    labels = dataset.labels(files)
    groups = positions(files, join_files(files, AUTO))
    answers = _answers(cross_validation, dataset, files) if cross_validation else None
    found = find_label_issues(features, labels, groups, len(dataset.classes), answers)
    overview, explained = plane(features)
    order = np.lexsort((found.neighbours, found.score))
    rows: list[ReviewedFile] = [
        {
            "file": files[k].path,
            "label": files[k].label,
            "suggested": dataset.classes[int(found.suggested[k])],
            "score": round(float(found.score[k]), 4),
            "issue": bool(found.issue[k]),
            "neighbours": int(found.neighbours[k]),
            "x": round(float(overview[k, 0]), 3),
            "y": round(float(overview[k, 1]), 3),
            "tsne": _rounded(map_positions.get(files[k].sha256)),
        }
        for k in order
    ]
    return ReviewResult(
        method=found.method,
        pictures=len(files),
        issues=int(found.issue.sum()),
        explained=[round(share, 4) for share in explained],
        files=rows,
        **({"cross_validation": cross_validation} if cross_validation else {}),
    )


def _answers(job_id: str, dataset: Dataset, files: Sequence[ImageFile]) -> NDArray[np.float64]:
    """What the heads of a cross-validation have said of these images, averaged over the repeats."""
    job = CrossValidationStore().by_id(job_id)
    found = mean_answers(job, dataset.classes) if job else {}
    if not found:
        raise RunError(f"there is no cross-validation {job_id} with answers for the classes of this dataset")
    unknown = np.full(len(dataset.classes), np.nan)
    return np.array([found.get((file.path, file.sha256), unknown) for file in files])


def _map_positions(
    dataset: Dataset, files: Sequence[ImageFile], features: Floats, reporter: Reporter[Review]
) -> dict[str, Floats]:
    """Places on the map by neighbourhoods, by content: kept, so that it does not move when an image is left out."""
    wanted = drawn_contents([file.sha256 for file in files])
    store = RowStore(dataset.root, "places")
    if any(sha not in store.rows for sha in wanted):
        seconds = SECONDS_AN_IMAGE * len(wanted)
        about = f"some {max(10, 10 * round(seconds / 10))} seconds" if seconds > 5 else "a few seconds"
        reporter.phase("evaluating", f"Arranging {len(wanted):,} images with t-SNE: {about}.")
        row_of = {file.sha256: features[k] for k, file in enumerate(files)}
        made = neighbourhoods(np.stack([row_of[sha] for sha in wanted]))
        store.rows = {} if made is None else dict(zip(wanted, made, strict=True))
        store.save()
    return {sha: store.rows[sha] for sha in wanted if sha in store.rows}


def _rounded(position: Floats | None) -> list[float] | None:
    return None if position is None else [round(float(value), 3) for value in position]


def _features(dataset: Dataset, files: Sequence[ImageFile], reporter: Reporter[Review]) -> Floats:
    """Features of the built-in network, by the content of the files: a changed label or split costs nothing."""
    store = RowStore(dataset.root)
    missing = tuple(file for file in files if file.sha256 not in store.rows)
    if missing:
        context = make_training_context(make_config(str(dataset.root), {}), dataset, reporter)
        # At first part by part, as a recommended training asks for them: one finds what the other has computed.
        split = dataset.split
        for part in [missing] if store.rows else [split.train, split.val, split.test]:
            if part:
                made = context.features(context.images(part, augmented=False), 0, "Computing features of the images.")
                store.add(part, np.asarray(made))
        store.save()
    return store.of(files)


class RowStore:
    """Rows of numbers of a dataset's images by SHA-256, in one file; whatever is wrong with it, they are made again.

    Args:
        root: Path. The dataset's folder.
        what: str. What the numbers are. Defaults to `"features"`.
    """

    def __init__(self, root: Path, what: str = "features") -> None:
        name = hashlib.sha256(os.fsencode(root)).hexdigest()[:32]
        ending = "" if what == "features" else f"-{what}"
        self._path = paths.cache_folder() / "reviews" / f"{name}{ending}.npz"
        self.rows: dict[str, Floats] = {}
        try:
            with self._path.open("rb") as file, np.load(file, allow_pickle=False) as record:
                if int(record["format"]) == _FORMAT:
                    self.rows = dict(zip(record["sha256"].tolist(), record["features"], strict=True))
        except (OSError, ValueError, TypeError, KeyError, EOFError, BadZipFile):
            self.rows = {}

    def add(self, files: Sequence[ImageFile], rows: Floats) -> None:
        """Takes in the rows of files."""
        self.rows.update({file.sha256: row for file, row in zip(files, rows, strict=True)})

    def of(self, files: Sequence[ImageFile]) -> Floats:
        """The rows of files, float32 `(n, width)`."""
        return np.stack([self.rows[file.sha256] for file in files])

    def save(self) -> None:
        """Replaces the file; of images that were left out the rows stay, as they may come back."""
        if not self.rows:
            return
        names = list(self.rows)
        with disk.replacing(self._path) as file:
            np.savez(file, format=_FORMAT, sha256=np.array(names), features=np.stack([self.rows[sha] for sha in names]))
