"""FeatureCheckStore: checks of a dataset with features of the backbone, each a job with a folder below `checks`.

config.json   {"config": the run's settings, "key": of images, labels, parts and settings}
result.json   {"findings", "not_run": id to the reason, "images"}
"""

import hashlib
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.config import RunConfig
from core.data.dataset import Dataset
from core.errors import DataError
from core.jobs.job import ConfiguredJob, JobStore
from core.jobs.spec import ConfigSpec
from core.store import records
from core.workers import launch

if TYPE_CHECKING:
    from core.store.job_records import FeatureCheckResult

VERSION = 1
"""Raised when the same images and settings would get another result."""

MAX_IMAGES = 50_000
"""As many as a review of labels takes: more would need more memory than a usual machine has, and hours."""

KEPT = 20
_DECIDING = ("data.image_size", "data.fit", "data.window", "data.window_low", "data.window_high",
             "data.preprocessing", "data.group_pattern", "data.seed", "model.backbone", "model.weights",
             "training.precision")  # fmt: skip


class FeatureCheck(ConfiguredJob):
    """One check.

    Args:
        path: Path. The folder; it exists.
    """

    noun = "check"

    def key(self) -> str:
        """What its result depends on; see `check_key`."""
        return str(self.settings().get("key", ""))

    def result(self) -> "FeatureCheckResult | None":
        """What result.json says, or None before there is one, or where it is damaged."""
        return records.read(self.path / "result.json", records.FEATURE_CHECK)


class FeatureCheckStore(JobStore[FeatureCheck]):
    """All checks with features; see `JobStore`."""

    kind, folder = FeatureCheck, "checks"

    def find(self, config: RunConfig, dataset: Dataset) -> FeatureCheck | None:
        """The newest check of exactly these images, parts and settings; None where there is none."""
        key = check_key(config, dataset)
        return next((check for check in self.list() if check.key() == key), None)

    def create(self, config: RunConfig, dataset: Dataset | None, owner: str = "") -> FeatureCheck:
        """Makes the folder of a new check, queued; the oldest that have ended go.

        Args:
            config: RunConfig.
            dataset: Dataset. None for the sample set that is not drawn yet; its worker draws it and writes the key.
            owner: str. Who starts it. Defaults to nobody in particular.

        Raises:
            DataError: there are too many images.
            RunError: the folder cannot be written.
        """
        count = len(dataset.split.train) + len(dataset.split.val) if dataset else 0
        if count > MAX_IMAGES:
            raise DataError(f"there are {count:,} images; up to {MAX_IMAGES:,} are checked with features")
        check = self._make({"config": config.to_dict(), "key": check_key(config, dataset) if dataset else ""}, owner)
        self._forget_old(KEPT)
        return check


@dataclass(frozen=True)
class FeatureCheckSpec(ConfigSpec):
    """A check of the dataset of a training with features of its backbone."""

    def known(self) -> FeatureCheck | None:  # type: ignore[override]  # two of the same settings are one here
        """See `Spec.known`."""
        found = FeatureCheckStore().find(self.config, self.dataset) if self.dataset else None
        return launch.at_work(found)

    def make(self, owner: str) -> FeatureCheck:
        """See `Spec.make`."""
        return FeatureCheckStore().create(self.config, self.dataset, owner)


def check_key(config: RunConfig, dataset: Dataset) -> str:
    """What a result depends on: folder, place, content, label and part of every image, and what makes features."""
    settings = config.settings()
    digest = hashlib.sha256(json.dumps([VERSION, [settings[key] for key in _DECIDING]]).encode())
    digest.update(os.fsencode(dataset.root))
    for part in ("train", "val"):
        for file in getattr(dataset.split, part):
            digest.update(os.fsencode(f"{part}\0{file.path}\0{file.sha256}\0{file.label}\n"))
    return digest.hexdigest()[:40]
