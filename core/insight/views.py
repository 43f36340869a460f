"""Test-time augmentation: the mean of the probabilities over an image and further views of it.

A view is an image changed as training images of the run were: mirrored where its augmentation has a flip, then changed
at random by the augmentation itself. A model that was never shown a mirrored image is not asked about one.
"""

import dataclasses
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypedDict

import numpy as np
from numpy.typing import NDArray

from core.data.augment import augment
from core.errors import ConfigError
from core.insight.answer import Reply
from core.notation.augmentation import AXES, STEPS_OF_PRESET, mirrored, steps_of
from core.store.runs import Run

Pixels = NDArray[np.uint8]

MOST = 32
"""Most views of an image, the image itself among them: an answer takes as many times as long."""

_MIRRORS = {"": (), "horizontal": ("horizontal",), "vertical": ("vertical",), "both": (*AXES, "both")}
_IN_WORDS = {
    "horizontal": "mirrored left to right",
    "vertical": "mirrored top to bottom",
    "both": "mirrored along both axes",
}


class Answer(Protocol):
    """A model that is loaded, or a process that has it."""

    def __call__(self, pixels: Pixels, *, heat: bool = False) -> Reply:
        """From pixels of shape `(n, size, size, 3)` to a reply; `heat` asks for heat maps, too."""


class ViewsRecord(TypedDict):
    """Views as JSON has them: how many, axes of the mirrored ones, how many at random, and how those are changed."""

    count: int
    mirrored: list[str]
    random: int
    augmentation: str


@dataclass(frozen=True)
class Views:
    """Views of an image; the first is the image itself.

    Attributes:
        mirrors: tuple of str. `horizontal`, `vertical`, `both`: axes along which it is mirrored, one view each.
        drawn: int. Views changed at random.
        augmentation: str. How they are changed, as `data.augmentation` has it.
        seed: int. The run's data seed, at least 0.
    """

    mirrors: tuple[str, ...] = ()
    drawn: int = 0
    augmentation: str = "none"
    seed: int = 0

    @property
    def count(self) -> int:
        """Views of each image, 1 to `MOST`."""
        return 1 + len(self.mirrors) + self.drawn

    def others(self, pixels: Pixels) -> Iterator[Pixels]:
        """All views but the first of some images, one view at a time.

        An image has the same views whatever its name and whichever images come with it.

        Args:
            pixels: uint8 array of shape `(n, size, size, 3)`, RGB.

        Yields:
            uint8 arrays of the same shape.
        """
        for axis in self.mirrors:
            rows, columns = (-1 if axis in (one, "both") else 1 for one in ("vertical", "horizontal"))
            yield np.ascontiguousarray(pixels[:, ::rows, ::columns])
        contents = [hashlib.sha256(image.tobytes()).hexdigest() for image in pixels] if self.drawn else []
        for draw in range(self.drawn):
            changed = (
                augment(image, self.augmentation, self.seed, draw, content)
                for image, content in zip(pixels, contents, strict=True)
            )
            yield np.stack(list(changed))

    def describe(self) -> str:
        """Which views there are, in words: `the image, mirrored left to right, ...`."""
        parts = ["the image", *(_IN_WORDS[axis] for axis in self.mirrors)]
        if self.drawn:
            steps = STEPS_OF_PRESET.get(self.augmentation, self.augmentation)
            parts.append(f"{self.drawn} changed at random as in training ({steps})")
        return ", ".join(parts)

    def to_record(self) -> ViewsRecord:
        """As JSON has it."""
        return {
            "count": self.count, "mirrored": list(self.mirrors), "random": self.drawn,
            "augmentation": self.augmentation,
        }  # fmt: skip


ALONE = Views()
"""The image alone."""


def most_views(run: Run) -> int:
    """How many views of an image a run's augmentation allows, 1 (the image alone) to `MOST`.

    Raises:
        RunError: its configuration cannot be read.
    """
    mirrors, more = _kinds(_augmentation(run))
    return MOST if more else 1 + len(mirrors)


def why_none(run: Run) -> str:
    """Why a run has no view besides the image itself; empty where it has."""
    if run.data().imported:
        return "an imported model does not tell how its training images were augmented"
    return "" if most_views(run) > 1 else "its training images were not augmented"


def views_of(run: Run, count: int) -> Views:
    """The views over which a run's answers are averaged: the image, its mirror images, then random changes.

    Args:
        run: Run.
        count: int. How many, the image itself among them; 1 is the image alone.

    Raises:
        ConfigError: the run's augmentation does not allow so many.
        RunError: its configuration cannot be read.
    """
    most = most_views(run)
    if count == 1:
        return ALONE
    if not 1 <= count <= MOST:
        raise ConfigError(f"{count} views of each image: give a number from 1 (the image alone) to {MOST}")
    if most == 1:
        raise ConfigError(f"run {run.id} has no views of an image besides the image itself: {why_none(run)}; give 1")
    data = run.config().data
    mirrors, _ = _kinds(data.augmentation)
    if count > most:
        known = Views(mirrors).describe()
        raise ConfigError(
            f"{count} views of each image: the augmentation of run {run.id} only flips, which gives {most} ({known}); "
            f"give {most} at most"
        )
    mirrors = mirrors[: count - 1]
    drawn = count - 1 - len(mirrors)
    return Views(mirrors, drawn, data.augmentation, data.seed)


def averaged(answer: Answer, views: Views, *, heat: bool = False) -> Callable[[Pixels], Reply]:
    """A function from pixels to a reply, whose probabilities are the mean over the views.

    Heat maps, nearest images and distances are those of the image itself. With one view it is `answer` as it stands.

    Args:
        answer: Answer. It is asked once for each view, with all images.
        views: Views.
        heat: bool. Whether to ask for heat maps. Defaults to no.
    """

    def mean(pixels: Pixels) -> Reply:
        first = answer(pixels, heat=heat)
        if views.count == 1:
            return first
        found = [first.probabilities, *(answer(view).probabilities for view in views.others(pixels))]
        return dataclasses.replace(first, probabilities=np.mean(found, axis=0, dtype=np.float64))

    return mean


def _augmentation(run: Run) -> str:
    return "none" if run.data().imported else run.config().data.augmentation


def _kinds(augmentation: str) -> tuple[tuple[str, ...], bool]:
    """The axes of mirror images, and whether there are steps other than flips."""
    return _MIRRORS[mirrored(augmentation)], any(step.kind != "flip" for step in steps_of(augmentation))
