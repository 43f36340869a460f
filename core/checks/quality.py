"""Checks of image quality: blurry, dark, light, blank, odd in size or shape, duplicates; each with its limit.

Nothing is removed by itself: an image can be odd and right. Where most images of a dataset have a property, it is
normal for the dataset, and this is reported.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log2
from typing import Any, NamedTuple

import numpy as np

from core.checks.duplicates import near_groups
from core.data.dataset_index import DatasetIndex, ImageFile, by_content
from core.data.thumbnails import MAX_COMPARED
from core.progress import Progress

MAX_BLUR = 0.7
MAX_HIGHLIGHT_OF_DARK = 0.32
MIN_SHADOW_OF_LIGHT = 0.95
MIN_ENTROPY = 3.0
MAX_ASPECT = 2.5
FENCE = 3.0
MIN_SIZE_FACTOR = 1.5

USUAL = 0.5
"""Share of the images from which on a kind is how the dataset is."""


@dataclass(frozen=True)
class Kind:
    """One criterion that every image is tested by.

    Attributes:
        id: Its name in JSON.
        title: What a page calls it.
        limit: From which value on, and what the value is.
        meaning: Why it may matter.
    """

    id: str
    title: str
    limit: str
    meaning: str


KINDS = (
    Kind(
        "blurry",
        "Blurry",
        f"blur effect above {MAX_BLUR:g}: blurring it once more (9 pixels, at 128 a side) takes away less than "
        f"{100 * (1 - MAX_BLUR):.0f} % of the differences between neighbours",
        "Out of focus, moved, or enlarged from a small image.",
    ),
    Kind(
        "dark",
        "Dark",
        f"99th percentile of luma below {MAX_HIGHLIGHT_OF_DARK:g} of white",
        "Underexposed or nearly black: hardly any detail is visible.",
    ),
    Kind(
        "light",
        "Overexposed",
        f"5th percentile of luma above {MIN_SHADOW_OF_LIGHT:g} of white",
        "Overexposed or nearly white: hardly any detail is visible.",
    ),
    Kind(
        "low_information",
        "Low information",
        f"entropy of the grey levels below {MIN_ENTROPY:g} of 8 bits",
        "Blank, nearly uniform, or a placeholder instead of an image.",
    ),
    Kind(
        "odd_size",
        "Unusual size",
        f"side (root of the area) beyond the quartiles by more than {FENCE:g} times their distance on a scale of "
        f"octaves (Tukey's outer fence), and at least {MIN_SIZE_FACTOR:g} times larger or smaller than the median",
        "Perhaps from another source: after resizing it is sharper or softer than the others, which a model can learn.",
    ),
    Kind(
        "odd_aspect_ratio",
        "Unusual aspect ratio",
        f"longer side above {MAX_ASPECT:g} times the shorter",
        "Training stretches every image to a square unless data.fit says otherwise; one this long is distorted beyond "
        "what augmentation covers.",
    ),
    Kind(
        "exact_duplicates",
        "Exact duplicates",
        "the same bytes (SHA-256)",
        "Counts more than once in training; in more than one split it makes validation metrics too good.",
    ),
    Kind(
        "near_duplicates",
        "Near-duplicates",
        "at most 5 % of 1,024 difference bits differ and small versions correlate above 0.99, or the details agree "
        "once they are turned, mirrored, cut and laid on each other",
        "Re-encoded, rescaled, rotated, flipped, cropped or brightened; as harmful as an exact duplicate.",
    ),
)


class Odd(NamedTuple):
    """An image that one question singles out, with the value that does."""

    file: ImageFile
    value: float


@dataclass(frozen=True)
class Quality:
    """The answers for a dataset.

    Attributes:
        images: Number of readable images.
        odd: For each question about single images the images it singles out, the worst first.
        groups: For the two questions about duplicates the groups of files.
        is_compared: Whether near-duplicates were looked for; not where the dataset is too large.
    """

    images: int
    odd: dict[str, tuple[Odd, ...]]
    groups: dict[str, tuple[tuple[ImageFile, ...], ...]]
    is_compared: bool

    def count(self, kind: str) -> int:
        """Images that a question singles out."""
        return len(self.odd[kind]) if kind in self.odd else sum(map(len, self.groups[kind]))

    def is_usual(self, kind: str) -> bool:
        """Whether most images are so: then it is how the dataset is, and no reason to look at single ones."""
        return self.count(kind) > USUAL * self.images

    def to_dict(self) -> dict[str, Any]:
        """As JSON types: `{kind: {"count", "limit", "usual", "files": [{"file", "value"}] or "groups": [[file]]}}`."""
        record: dict[str, Any] = {}
        for kind in KINDS:
            record[kind.id] = {"count": self.count(kind.id), "limit": kind.limit, "usual": self.is_usual(kind.id)}
            if kind.id in self.odd:
                record[kind.id]["files"] = [{"file": odd.file.path, "value": odd.value} for odd in self.odd[kind.id]]
            else:
                record[kind.id]["groups"] = [[file.path for file in group] for group in self.groups[kind.id]]
        record["near_duplicates"]["compared"] = self.is_compared
        return record


def assess(index: DatasetIndex, progress: Progress | None = None) -> Quality:
    """Asks every image all questions; needs no decoding beyond what the scan has done.

    Args:
        index: DatasetIndex. What the scan found, with its measures.
        progress: callable of (done, total) images, where small versions are missing. Defaults to none.

    Raises:
        UnreadableImage: a file has gone or changed since the scan.
    """
    files = [file for file in index.files if file.sha256 in index.measures]
    measures = {file.path: index.measures[file.sha256] for file in files}
    compared = len(files) <= MAX_COMPARED
    near = near_groups(index.root, files, progress) if compared else []
    return Quality(
        images=len(index.files),
        odd={
            "blurry": _worst(files, lambda f: measures[f.path].blur, above=MAX_BLUR),
            "dark": _worst(files, lambda f: measures[f.path].highlight, below=MAX_HIGHLIGHT_OF_DARK),
            "light": _worst(files, lambda f: measures[f.path].shadow, above=MIN_SHADOW_OF_LIGHT),
            "low_information": _worst(files, lambda f: measures[f.path].entropy, below=MIN_ENTROPY),
            "odd_size": _odd_sizes(files),
            "odd_aspect_ratio": _worst(files, _aspect, above=MAX_ASPECT),
        },
        groups={"exact_duplicates": tuple(_copies(files)), "near_duplicates": tuple(near)},
        is_compared=compared,
    )


def _worst(
    files: Sequence[ImageFile],
    value: Callable[[ImageFile], float],
    *,
    above: float | None = None,
    below: float | None = None,
) -> tuple[Odd, ...]:
    """Files beyond a limit, the farthest first."""
    if above is not None:
        return tuple(sorted((Odd(f, v) for f in files if (v := value(f)) > above), key=lambda odd: -odd.value))
    return tuple(sorted((Odd(f, v) for f in files if below is not None and (v := value(f)) < below), key=_value))


def _value(odd: Odd) -> float:
    return odd.value


def _aspect(file: ImageFile) -> float:
    return round(max(file.width, file.height) / min(file.width, file.height), 4)


def _odd_sizes(files: Sequence[ImageFile]) -> tuple[Odd, ...]:
    """Files of unusual size, the most unusual first; the value is the root of the area in pixels."""
    if not files:
        return ()
    octaves = np.array([log2(file.width * file.height) / 2 for file in files])
    first, middle, third = np.percentile(octaves, [25, 50, 75])
    reach = max(FENCE * (third - first), 0.0)
    beyond = (octaves < first - reach) | (octaves > third + reach)
    beyond &= np.abs(octaves - middle) >= log2(MIN_SIZE_FACTOR)
    order = sorted(np.flatnonzero(beyond).tolist(), key=lambda k: -abs(octaves[k] - middle))
    return tuple(Odd(files[k], round(float(2 ** octaves[k]), 1)) for k in order)


def _copies(files: Sequence[ImageFile]) -> list[tuple[ImageFile, ...]]:
    """Groups of identical files."""
    return [tuple(group) for group in by_content(files).values() if len(group) > 1]
