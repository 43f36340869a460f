"""One end of a bisect: a run's settings, as its trials are trained, and its images."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.config import RunConfig

if TYPE_CHECKING:
    from core.store.run_records import Manifest

DATASET = "dataset"
"""Stands for the dataset among the keys of settings."""

SPLIT = ("data.validation_split", "data.group_pattern", "data.seed")
"""Settings that decide which images are held out, if the folder does not."""


@dataclass(frozen=True)
class End:
    """One end of a bisect.

    Attributes:
        config: RunConfig. As its trials are trained: frozen runs on cached features.
        manifest: Manifest. The images it was trained on, as the run keeps them.
    """

    config: RunConfig
    manifest: "Manifest"

    @property
    def values(self) -> dict[str, Any]:
        """Its settings and its dataset by key."""
        return {DATASET: self.config.dataset, **self.config.settings()}

    def count(self, part: str) -> int:
        """Images in `train` or `val`."""
        return len(self.manifest.part(part))

    @property
    def split_on_disk(self) -> bool:
        """Whether the folder itself says what is for training."""
        return any(file.get("split") for file in self.manifest.train)


def images_of(end: End) -> list[tuple[str, str, str]]:
    """Part, class and content of each image, in order."""
    listed = [(part, file) for part in ("train", "val") for file in end.manifest.part(part)]
    return [(part, file["label"], file.get("sha256", "")) for part, file in listed]
