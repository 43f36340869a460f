"""Reviews of a data set's labels on disk: one folder a review, a job with a worker, like a run.

reviews/<id>/config.json   {"review": data set, "key"}
             result.json   what the worker found, file by file
             status.json  worker.log  stop  lock     as in a run
"""

import contextlib
import hashlib
import os
import secrets
import shutil
import time
from pathlib import Path
from typing import Any

from core import files, launch, paths
from core.data.dataset import SAMPLE, Dataset
from core.errors import DataError, RunError
from core.runs import RESUMABLE, Run, RunStore, Status

VERSION = 1
"""Raised when the same pictures and labels would get another result."""

MAX_PICTURES = 50_000
"""More would need more memory for their features than a usual machine has (5 kB each), and hours."""

KEPT = 12
"""Reviews kept on disk; the oldest finished ones go first."""


class Review(Run):
    """One review folder.

    Args:
        path: Path. The folder; it exists.
    """

    def reference(self) -> str:
        """The data set, a folder or `sample`.

        Raises:
            RunError: the file is absent or damaged.
        """
        reference = self._settings().get("review")
        if not isinstance(reference, str):
            raise RunError(f"review {self.id} cannot be read: its config.json is damaged")
        return reference

    def title(self) -> str:
        """What to call it."""
        return f"review of {self._settings().get('review', self.id)}"

    def key(self) -> str:
        """What its result depends on; see `review_key`."""
        return str(self._settings().get("key", ""))

    def result(self) -> dict[str, Any] | None:
        """What result.json says, or None before there is one.

        Returns:
            `{"method", "pictures", "issues", "explained": [x, y], "files": [{"file", "label", "suggested", "score",
            "issue", "neighbours", "x", "y"}]}`, the most suspicious first; `score` is 0 (suspicious) to 1,
            `neighbours` the number of the 10 most similar pictures that have the label, `x` and `y` the place on the
            map.
        """
        record = files.read_json(self.path / "result.json")
        return record if isinstance(record, dict) and isinstance(record.get("files"), list) else None

    def write_result(self, record: dict[str, Any]) -> None:
        """Replaces result.json."""
        files.write_json(self.path / "result.json", record)

    def _settings(self) -> dict[str, Any]:
        record = files.read_json(self.path / "config.json")
        return record if isinstance(record, dict) else {}


class ReviewStore:
    """All reviews below one folder.

    Args:
        root: Path. Defaults to the folder the environment says.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or paths.home() / "reviews"

    def find(self, dataset: Dataset) -> Review | None:
        """The newest review of exactly these pictures and labels; None where there is none."""
        key = review_key(dataset)
        return next((review for review in self.list() if review.key() == key), None)

    def latest(self, dataset: Dataset) -> Review | None:
        """The newest finished review of this folder, whatever its pictures and labels were then."""
        prefix = _folder_key(dataset)
        done = (r for r in self.list() if r.key().startswith(prefix) and r.read_status().status == "finished")
        return next(done, None)

    def create(self, reference: str, dataset: Dataset, owner: str = "") -> Review:
        """Makes the folder of a new review, queued; old finished ones make room.

        Args:
            reference: str. The data set as it was named; made absolute.
            dataset: Dataset. What it is now.
            owner: str. Who starts it. Defaults to nobody in particular.

        Raises:
            DataError: there are too many pictures, or too few.
            RunError: the folder cannot be written.
        """
        number = len(dataset.index.files)
        if number > MAX_PICTURES:
            raise DataError(f"There are {number:,} pictures; labels of up to {MAX_PICTURES:,} are reviewed.")
        if number < 10 or len({file.label for file in dataset.index.files}) < 2:
            raise DataError("A review of the labels needs at least 10 pictures of two classes.")
        now = time.time()
        stamp = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now))}-{int(now * 1000) % 1000:03}"
        review = Review(self.root / f"{stamp}-{secrets.token_hex(3)}")
        place = SAMPLE if reference == SAMPLE else str(Path(reference).expanduser().resolve())
        try:
            review.path.mkdir(parents=True)
            files.write_json(review.path / "config.json", {"review": place, "key": review_key(dataset)})
            if owner:
                files.write_json(review.path / "owner.json", owner)
            review.write_status(Status.in_queue(now))
        except OSError as error:
            raise RunError(f"no review can be made in {self.root}: {error.strerror}") from error
        self._make_room()
        return review

    def list(self) -> list[Review]:
        """All reviews, the newest first."""
        return [Review(run.path) for run in RunStore(self.root).list()]

    def _make_room(self) -> None:
        for review in self.list()[KEPT:]:
            if not review.status().is_active:
                shutil.rmtree(review.path, ignore_errors=True)


def is_review(path: Path) -> bool:
    """Whether a job's folder is that of a review."""
    record = files.read_json(path / "config.json")
    return isinstance(record, dict) and "review" in record


def review_key(dataset: Dataset) -> str:
    """What a result depends on: the folder, and place, content and label of every picture; its split does not matter.

    Args:
        dataset: Dataset. With its corrections.
    """
    digest = hashlib.sha256(f"{VERSION}\n".encode())
    for file in sorted(dataset.index.files, key=lambda f: f.path):
        digest.update(os.fsencode(f"{file.path}\0{file.sha256}\0{file.label}\n"))
    return f"{_folder_key(dataset)}-{digest.hexdigest()[:40]}"


def start_review(review: Review, parent_pipe: bool) -> None:
    """Starts the worker of a queued review; see `launch.start`."""
    launch.start(review, parent_pipe=parent_pipe)


def stop_review(review: Review) -> None:
    """Asks the worker to stop.

    Raises:
        RunError: it is not at work.
    """
    status = launch.poll(review)
    if not status.is_active:
        raise RunError(f"review {review.id} is not at work: it is {status.status}")
    review.request_stop()


def restart_review(review: Review, parent_pipe: bool) -> None:
    """Starts a review that has ended early once more; features that it has computed are kept.

    Raises:
        RunError: it is at work or has finished.
    """
    if launch.poll(review).status not in RESUMABLE:
        raise RunError(f"review {review.id} is at work or has finished; only one that has ended early is started again")
    with contextlib.suppress(OSError):
        (review.path / "result.json").unlink(missing_ok=True)
    launch.resume(review, parent_pipe=parent_pipe)


def _folder_key(dataset: Dataset) -> str:
    return hashlib.sha256(os.fsencode(dataset.root)).hexdigest()[:16]
