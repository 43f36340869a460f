"""Reference features of a run's training images: nearest neighbours and the out-of-distribution limit.

`reference.npz` lies in the run's folder, so it outlives the feature cache. It holds pooled features (the mean of the
last feature map over its places, whatever the head is given) of at most 2,000 training images, of length 1 and in
half precision: 5 MB with 1,280 channels. The distance is the cosine distance, 1 minus the cosine of the angle: it does
not care how bright an image makes its features, and the distance to the k-th nearest neighbour is then a good measure
of what is foreign (Sun et al. 2022, "Out-of-distribution detection with deep nearest neighbours").
"""

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import files
from core.insight.answer import Neighbour
from core.store.runs import Run

FILE = "reference.npz"

MOST = 2000
"""Most training images that are kept, and most validation images that set the limit."""

NEIGHBOURS = 5
"""The distance to this nearest one tells how foreign an image is: one odd training image then excuses nothing."""

QUANTILE = 0.99
"""Share of the validation images that lie within the limit."""

FEWEST = 20
"""With fewer validation images no limit is set."""

_ENOUGH = 99
"""Validation images from which on a distance that 1 % of other images exceed is one of theirs: of m images that come in
random order the next one is the farthest in one case of m + 1."""

Features = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class OutOfDistributionLimit:
    """How far held-out images lie from the training images, and so from where on an image is foreign.

    Attributes:
        images: int. Training images that are kept.
        k: int. Which nearest training image is meant.
        distances: float array of shape `(validation images,)`. Cosine distance to the k-th nearest.
        augmented: bool. Whether the training images are kept as they were augmented, not as they are.
    """

    images: int
    k: int
    distances: Features
    augmented: bool = False

    @cached_property
    def limit(self) -> float | None:
        """Distance that 99 % of the validation images do not exceed; None where they are too few."""
        return limit_of(self.distances) if len(self.distances) >= FEWEST else None

    @cached_property
    def flagged_held_out(self) -> int:
        """Validation images out of distribution when the limit comes from the other half of them."""
        order = np.random.default_rng(0).permutation(self.distances)
        halves = order[0::2], order[1::2]
        return sum(int((part > limit_of(other)).sum()) for part, other in (halves, halves[::-1]))

    def is_unlike(self, distance: float) -> bool | None:
        """Whether an image at this distance is out of distribution; None without a limit."""
        return None if self.limit is None else distance > self.limit

    def to_record(self) -> dict[str, Any]:
        """As plain values: the number of images, the limit, and what was measured on the validation images."""
        return {
            "pictures": self.images,
            "k": self.k,
            "limit": self.limit,
            "augmented": self.augmented,
            "validation": len(self.distances),
            "beyond": 0 if self.limit is None else int((self.distances > self.limit).sum()),
            "flagged_held_out": None if self.limit is None else self.flagged_held_out,
        }

    def describe(self) -> str:
        """How the limit came about and what was measured, in plain words."""
        count = len(self.distances)
        kept = ", as they were augmented" if self.augmented else ""
        if self.limit is None:
            return f"{count} validation images are too few to decide which images are out of distribution."
        beyond = int((self.distances > self.limit).sum())
        few = (
            f" Of {count} images that is the largest distance, which {100 / (count + 1):.0f} % of other images of the "
            "same kind exceed."
            if count < _ENOUGH
            else ""
        )
        return (
            f"Measured by the cosine distance of features to the {ordinal(self.k)} nearest of {self.images:,} "
            f"training images{kept}. The limit, {self.limit:.3f}, is the 99th "
            f"percentile of the {count:,} validation images: {beyond} of them lie beyond it. With the limit from one "
            f"half of them, {self.flagged_held_out} ({100 * self.flagged_held_out / count:.1f} %) of the others did."
            f"{few}"
        )


class Reference:
    """Features of training images, to be searched for the nearest.

    Args:
        features: array of shape `(n, width)`, rows of length 1.
        named: sequence of `n` (file, class).
        ood_limit: OutOfDistributionLimit.
    """

    def __init__(self, features: Features, named: Sequence[tuple[str, str]], ood_limit: OutOfDistributionLimit) -> None:
        self._features, self._named = np.asarray(features, np.float32), named
        self.ood_limit = ood_limit

    @property
    def width(self) -> int:
        """Length of a feature vector."""
        return int(self._features.shape[1])

    def nearest(self, features: Features, count: int) -> list[tuple[Neighbour, ...]]:
        """The nearest training images of each row.

        Args:
            features: array of shape `(m, width)`, of any length.
            count: int. How many for each.
        """
        distances = cosine_distances(unit(features), self._features)
        order = np.argsort(distances, axis=1, kind="stable")[:, :count]
        return [tuple(self._neighbour(j, float(distances[i, j])) for j in row.tolist()) for i, row in enumerate(order)]

    def _neighbour(self, position: int, distance: float) -> Neighbour:
        file, label = self._named[position]
        return Neighbour(file, label, distance)

    def distance(self, features: Features) -> NDArray[np.float32]:
        """Cosine distance of each row to its k-th nearest training image, shape `(m,)`."""
        return kth_distance(unit(features), self._features, self.ood_limit.k)


def measure(features: Features, validation: Features, *, augmented: bool = False) -> OutOfDistributionLimit:
    """How far the validation images lie from the training images.

    Args:
        features: array of shape `(n, width)`. Of the training images.
        validation: array of shape `(m, width)`.
        augmented: bool. Whether the training images were augmented. Defaults to no.
    """
    k = min(NEIGHBOURS, len(features))
    distances = kth_distance(unit(validation), half_precision(features), k)
    return OutOfDistributionLimit(len(features), k, distances, augmented)


def write(run: Run, features: Features, positions: NDArray[np.integer[Any]], ood_limit: OutOfDistributionLimit) -> None:
    """Keeps a reference in the run's folder.

    Args:
        run: Run.
        features: array of shape `(n, width)`.
        positions: integer array of shape `(n,)`. Which training images of the manifest these are.
        ood_limit: OutOfDistributionLimit.
    """
    with files.replacing(run.path / FILE) as file:
        np.savez(
            file,
            features=unit(features).astype(np.float16),
            positions=positions.astype(np.int32),
            validation=ood_limit.distances.astype(np.float32),
            k=ood_limit.k,
            augmented=ood_limit.augmented,
        )


def read(run: Run) -> Reference | None:
    """The reference of a run; None where there is none, or it does not fit the run's list of images."""
    ood_limit, manifest = read_ood_limit(run), run.manifest()
    if ood_limit is None or manifest is None:
        return None
    try:
        # Opened here: numpy leaves a damaged file open.
        with (run.path / FILE).open("rb") as file, np.load(file, allow_pickle=False) as kept:
            features, positions = kept["features"], kept["positions"]
        listed = manifest.train
        named = [(listed[k]["path"], listed[k]["label"]) for k in positions.tolist()]
    except (*_DAMAGED, IndexError, TypeError):
        return None
    return Reference(features, named, ood_limit) if len(features) == len(named) else None


def read_ood_limit(run: Run) -> OutOfDistributionLimit | None:
    """The small part of a reference: what a page needs to say how a limit came about."""
    try:
        with (run.path / FILE).open("rb") as file, np.load(file, allow_pickle=False) as kept:
            return OutOfDistributionLimit(
                len(kept["positions"]), int(kept["k"]), kept["validation"].astype(np.float32), bool(kept["augmented"])
            )
    except _DAMAGED:
        return None


def choose(labels: NDArray[np.integer[Any]], most: int = MOST, seed: int = 0) -> NDArray[np.int64]:
    """Which images to keep, in order: all, or a random choice that takes as evenly from each class as there are.

    Args:
        labels: integer array of shape `(n,)`.
        most: int. How many at most. Defaults to 2,000.
        seed: int. Defaults to 0.
    """
    order = np.random.default_rng(seed).permutation(len(labels))
    rank = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        of_class = order[labels[order] == label]
        rank[of_class] = np.arange(len(of_class))
    chosen = order[np.argsort(rank[order], kind="stable")][:most]
    return np.sort(chosen)


def unit(features: Features) -> NDArray[np.float32]:
    """Rows of length 1; a row of zeros stays."""
    rows = np.asarray(features, np.float32)
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.float32(1e-12)))


def half_precision(features: Features) -> NDArray[np.float32]:
    """Features as they come back from the file."""
    return unit(features).astype(np.float16).astype(np.float32)


def cosine_distances(rows: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """1 minus the cosine for all pairs, shape `(rows, others)`; both have rows of length 1."""
    return np.asarray(np.maximum(1 - rows @ others.T, np.float32(0)))


def kth_distance(rows: NDArray[np.float32], others: NDArray[np.float32], k: int) -> NDArray[np.float32]:
    """Cosine distance of each row to the k-th nearest of the others."""
    distances = cosine_distances(rows, others)
    nearest: NDArray[np.float32] = np.partition(distances, k - 1, axis=1)[:, k - 1]
    return nearest


def limit_of(distances: Features) -> float:
    """Their 99th percentile, a distance that occurs."""
    return float(np.quantile(distances, QUANTILE, method="higher"))


def ordinal(number: int) -> str:
    """`5th`, for small numbers."""
    return f"{number}{({1: 'st', 2: 'nd', 3: 'rd'}).get(number, 'th')}"


def reference_path(run: Run) -> Path:
    """Where the reference of a run lies."""
    return run.path / FILE


_DAMAGED = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)
