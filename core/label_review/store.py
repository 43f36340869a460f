"""ReviewStore: label review jobs on disk, each with a folder below `reviews`.

config.json   {"review": dataset, "key"}, and "answers": the cross-validation whose answers judge the labels
result.json   what the worker found, file by file
"""

import contextlib
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from core.config import RunConfig
from core.data.dataset import SAMPLE, Dataset
from core.errors import DataError, RunError
from core.jobs.job import Job, JobStore
from core.progress import Progress
from core.store import records
from core.workers import launch

if TYPE_CHECKING:
    from core.store.job_records import ReviewResult


VERSION = 2
"""Raised when the same images and labels would get another result."""

MAX_IMAGES = 50_000
"""More would need more memory for their features than a usual machine has (5 kB each), and hours."""

KEPT = 12
"""Reviews kept on disk; the oldest finished ones go first."""


class Review(Job):
    """One review.

    Args:
        path: Path. The folder; it exists.
    """

    noun = "review"

    def reference(self) -> str:
        """The dataset, a folder or `sample`.

        Raises:
            RunError: the file is absent or damaged.
        """
        reference = self.settings().get("review")
        if not isinstance(reference, str):
            raise RunError(f"review {self.id} cannot be read: its config.json is damaged")
        return reference

    def title(self) -> str:
        """What to call it."""
        return f"review of {self.settings().get('review', self.id)}"

    def key(self) -> str:
        """What its result depends on; see `review_key`."""
        return str(self.settings().get("key", ""))

    def answers_of(self) -> str:
        """Id of the cross-validation whose answers judge the labels; empty where a simple head does."""
        return str(self.settings().get("answers", ""))

    def before_resume(self, more_minutes: float | None = None) -> None:
        """See `JobFolder.before_resume`; features that it has computed are kept."""
        super().before_resume(more_minutes)
        with contextlib.suppress(OSError):
            (self.path / "result.json").unlink(missing_ok=True)

    def result(self) -> "ReviewResult | None":
        """What result.json says, or None before there is one, or where it is damaged.

        Its files are the most suspicious first; `score` is 0 (suspicious) to 1, `neighbours` the number of the 10 most
        similar images that have the label, `x` and `y` the place on the map by PCA, `tsne` that on the map by
        neighbourhoods, `[x, y]`, or None for what that leaves out.
        """
        return records.read(self.path / "result.json", records.REVIEW)


class ReviewStore(JobStore[Review]):
    """All reviews; see `JobStore`."""

    kind, folder = Review, "reviews"

    def find(self, dataset: Dataset) -> Review | None:
        """The newest review of exactly these images and labels; None where there is none."""
        key = review_key(dataset)
        return next((review for review in self.list() if review.key() == key), None)

    def latest(self, dataset: Dataset) -> Review | None:
        """The newest finished review of this folder, whatever its images and labels were then."""
        prefix = _folder_key(dataset)
        done = (r for r in self.list() if r.key().startswith(prefix) and r.read_status().status == "finished")
        return next(done, None)

    def create(self, reference: str, dataset: Dataset, owner: str = "", answers: str = "") -> Review:
        """Makes the folder of a new review, queued; old finished ones make room.

        Args:
            reference: str. The dataset as it was named; made absolute.
            dataset: Dataset. What it is now.
            owner: str. Who starts it. Defaults to nobody in particular.
            answers: str. See `Review.answers_of`. Defaults to none.

        Raises:
            DataError: there are too many images, or too few.
            RunError: the folder cannot be written.
        """
        number = len(dataset.index.files)
        if number > MAX_IMAGES:
            raise DataError(f"There are {number:,} images; labels of up to {MAX_IMAGES:,} are reviewed.")
        if number < 10 or len({file.label for file in dataset.index.files}) < 2:
            raise DataError("A review of the labels needs at least 10 images of two classes.")
        location = SAMPLE if reference == SAMPLE else str(Path(reference).expanduser().resolve())
        settings = {"review": location, "key": review_key(dataset)}
        review = self._make({**settings, "answers": answers} if answers else settings, owner)
        self._forget_old(KEPT)
        return review


@dataclass(frozen=True)
class ReviewSpec:
    """A review of the current labels of a dataset; see `ReviewStore.create`."""

    reference: str
    dataset: Dataset
    answers: str = ""
    """Id of the cross-validation whose out-of-fold answers judge the labels; empty for those of a simple head."""

    def admit(self, progress: Progress | None = None) -> Self:
        """See `Spec.admit`; the dataset was looked through by whoever asks."""
        return self

    def configs(self) -> Sequence[RunConfig]:
        """See `Spec.configs`; it trains nothing but a small classifier on features."""
        return ()

    def known(self) -> Review | None:
        """See `Spec.known`."""
        found = ReviewStore().find(self.dataset)
        same = found is not None and found.answers_of() == self.answers
        return launch.at_work(found) if same else None

    def make(self, owner: str) -> Review:
        """See `Spec.make`."""
        return ReviewStore().create(self.reference, self.dataset, owner, self.answers)


def review_key(dataset: Dataset) -> str:
    """What a result depends on: the folder, and place, content and label of every image; its split does not matter.

    Args:
        dataset: Dataset. With its corrections.
    """
    digest = hashlib.sha256(f"{VERSION}\n".encode())
    for file in sorted(dataset.index.files, key=lambda f: f.path):
        digest.update(os.fsencode(f"{file.path}\0{file.sha256}\0{file.label}\n"))
    return f"{_folder_key(dataset)}-{digest.hexdigest()[:40]}"


def _folder_key(dataset: Dataset) -> str:
    return hashlib.sha256(os.fsencode(dataset.root)).hexdigest()[:16]
