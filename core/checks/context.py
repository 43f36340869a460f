"""Context of the preflight checks: configuration, dataset, and what follows from the two, each computed once."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count

import numpy as np
from numpy.typing import NDArray

from core.checks.copies import Copy, Search, search
from core.checks.duplicates import Pair, near_pairs
from core.checks.finding import Finding
from core.checks.gray_histogram import GrayHistogram, training_histogram
from core.checks.sample import Sample, measured_sample
from core.config import RunConfig
from core.data.dataset import Dataset
from core.data.dataset_index import DatasetIndex, ImageFile, by_content
from core.data.forms import forms
from core.data.order import Indices, balanced_batches, epoch_batches
from core.data.part_names import shown
from core.data.rendering import Rendering
from core.data.thumbnails import MAX_COMPARED, Thumbnails, thumbnails
from core.models.backbone import Backbone
from core.models.catalogue import find, pixel_kind
from core.progress import Progress
from core.stats.percent import rough

NAMED = 20
"""File names listed as evidence."""


@dataclass(frozen=True)
class Context:
    """One run before it starts.

    Attributes:
        config: RunConfig.
        dataset: Dataset.
        progress: callable of (done, total) images decoded. Defaults to none.
    """

    config: RunConfig
    dataset: Dataset
    progress: Progress | None = None

    @property
    def index(self) -> DatasetIndex:
        """What the scan found."""
        return self.dataset.index

    @property
    def train(self) -> tuple[ImageFile, ...]:
        """Files to train on."""
        return self.dataset.split.train

    @property
    def val(self) -> tuple[ImageFile, ...]:
        """Files to validate on."""
        return self.dataset.split.val

    @cached_property
    def parts(self) -> dict[str, tuple[ImageFile, ...]]:
        """Files by what they serve, parts without files left out."""
        split = self.dataset.split
        return {name: part for name in ("train", "val", "test") if (part := getattr(split, name))}

    @cached_property
    def part_of(self) -> dict[str, str]:
        """Which part a file's path belongs to."""
        return {file.path: name for name, part in self.parts.items() for file in part}

    @cached_property
    def by_content(self) -> dict[str, list[ImageFile]]:
        """Files of all parts, those of the same bytes together, by their hash."""
        return by_content(file for part in self.parts.values() for file in part)

    @cached_property
    def labels(self) -> NDArray[np.int64]:
        """Labels of the training images, in the order on disk."""
        return self.dataset.labels(self.train)

    @cached_property
    def train_counts(self) -> Counter[str]:
        """Training images by class."""
        return Counter(file.label for file in self.train)

    @cached_property
    def val_counts(self) -> Counter[str]:
        """Validation images by class."""
        return Counter(file.label for file in self.val)

    @cached_property
    def batches(self) -> list[Indices]:
        """The batches of the first epoch, as positions among the training files."""
        data, seed = self.config.data, self.config.training.seed
        batches = epoch_batches(
            len(self.train), data.batch_size, data.shuffle, seed=seed, epoch=0, drop_remainder=data.drop_remainder
        )
        return balanced_batches(batches, self.labels, seed=seed, epoch=0) if data.sampling == "balanced" else batches

    @cached_property
    def gray_histogram(self) -> GrayHistogram | None:
        """Grey levels of a few training images as the network's preprocessing gets them; None without any.

        Raises:
            UnreadableImage: a file has gone or changed since the scan.
        """
        data = self.config.data
        if not self.train:
            return None
        return training_histogram(
            self.dataset, size=data.image_size, augmentation=data.augmentation, seed=data.seed, rendering=self.rendering
        )

    @cached_property
    def rendering(self) -> Rendering:
        """How the images become squares.

        Raises:
            UnreadableImage: a file has gone or changed since the scan.
        """
        return self.dataset.rendering(self.config.data)

    @cached_property
    def preprocessing(self) -> str:
        """How pixels are scaled, a key of `core.data.preprocessing.PREPROCESSING`."""
        return pixel_kind(self.backbone, self.config.data.preprocessing)

    @cached_property
    def backbone(self) -> Backbone:
        """The backbone's row of the catalogue."""
        return find(self.config.model.backbone)

    @property
    def is_comparable(self) -> bool:
        """Whether the images are few enough to decode and compare them all before a training."""
        return 0 < len(self.part_of) <= MAX_COMPARED

    @cached_property
    def thumbnails(self) -> Thumbnails:
        """Small grey versions of all images, by the SHA-256 of the file."""
        return thumbnails(self.dataset.root, [f for part in self.parts.values() for f in part], self.progress)

    @cached_property
    def forms(self) -> NDArray[np.uint8]:
        """Small grey versions of all images, uint8 `(n, 64, 64)`, part by part.

        Raises:
            UnreadableImage: a file has gone or changed since the scan.
        """
        return forms(self.dataset.root, [f for part in self.parts.values() for f in part], self.progress)

    @cached_property
    def near_pairs(self) -> list[Pair]:
        """Pairs of images that look alike without being the same file: one of training with one of another part, one
        of validation with one of the test images."""
        val, test = self.parts.get("val", ()), self.parts.get("test", ())
        found = near_pairs(self.thumbnails, self.train, [*val, *test])
        return found + near_pairs(self.thumbnails, val, test) if test else found

    @cached_property
    def altered_copies(self) -> list[Copy]:
        """Pairs of images, in whatever parts, of which one is an altered copy of the other."""
        return list(self._search.copies)

    @property
    def gave_up(self) -> bool:
        """Whether altered copies could not be searched for, as random pairs of these images agree as copies do."""
        return not self.altered_copies and self._search.gave_up

    @cached_property
    def _search(self) -> Search:
        return search(self.dataset.root, [f for part in self.parts.values() for f in part], self.progress)

    @cached_property
    def sample(self) -> Sample | None:
        """A sample of the training and validation images with their traits; None where there are too many to compare.

        Raises:
            UnreadableImage: a file has gone or changed since the scan.
        """
        return self._sampled("validation") if self.is_comparable else None

    @cached_property
    def test_sample(self) -> Sample | None:
        """The same of the training and test images; None also where none is for testing.

        Raises:
            UnreadableImage: a file has gone or changed since the scan.
        """
        return self._sampled("test") if self.is_comparable and "test" in self.parts else None

    def _sampled(self, other: str) -> Sample | None:
        copies = [(copy.first, copy.second) for copy in self.altered_copies]
        return measured_sample(self.dataset, self.config.data.group_pattern, copies, self.progress, other)


Check = Callable[[Context], Finding | None]


def paths_of(files: Iterable[ImageFile]) -> list[str]:
    """The first paths, as evidence."""
    return [file.path for file in files][:NAMED]


def of_each_first(named_files: Sequence[tuple[ImageFile, str]]) -> list[tuple[ImageFile, str]]:
    """Files with the names of their groups, one of each group first: what is shown of them is not one group alone."""
    seen: dict[str, Iterator[int]] = defaultdict(count)
    turns = [next(seen[name]) for _, name in named_files]
    return [named_files[k] for k in sorted(range(len(named_files)), key=turns.__getitem__)]


def percent(part: float, whole: float = 1.0) -> str:
    """A share as a person reads it, `73 %`; with a decimal below ten."""
    return rough(part / whole if whole else 0.0)


def named(names: Iterable[str], most: int = 5) -> str:
    """Names in a sentence, the first few of many."""
    return shown(names, most)


def rounded(figures: dict[str, float]) -> dict[str, float]:
    """Figures as evidence, rounded for reading."""
    return {name: round(value, 4) for name, value in figures.items()}
