"""Prediction and Insight: a model's answer on one image, nearest images, distance, heat map."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Probabilities = NDArray[np.float32]
"""Of shape `(n, classes)`."""

CAM, GRAD_CAM = "cam", "grad-cam"

METHODS = {
    CAM: "Class activation map: the exact contribution of each position of the last feature map to the score of "
    "this class; negative contributions are not shown.",
    GRAD_CAM: "Grad-CAM: a gradient-based estimate of the contribution of each position of the last feature map to "
    "the score of this class; negative contributions are not shown.",
}
"""What each method is, in one sentence for the person."""


@dataclass(frozen=True)
class Neighbour:
    """A training image near an image in feature space.

    Attributes:
        file: str. Relative to the dataset's root.
        label: str. Its class.
        distance: float. Cosine distance of the features, 0 (the same direction) to 2.
    """

    file: str
    label: str
    distance: float


@dataclass(frozen=True)
class Insight:
    """What is known about an answer besides its probabilities; what could not be had is empty or None.

    Attributes:
        neighbours: tuple of Neighbour. The nearest training images, the nearest first.
        distance: float or None. Cosine distance to the k-th nearest training image.
        unlike: bool or None. Whether it lies further off than nearly all validation images do.
        heat: dict. Class to a map of `h` rows of `w` numbers, 0 to 1: where the image supports that class. All
            zeros where no place does. Only the most probable classes.
        method: str. How the maps were made: `cam`, `grad-cam`, or empty without maps.
    """

    neighbours: tuple[Neighbour, ...] = ()
    distance: float | None = None
    unlike: bool | None = None
    heat: dict[str, list[list[float]]] = field(default_factory=dict)
    method: str = ""

    def to_record(self) -> dict[str, Any]:
        """As plain values, for a pipe."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> "Insight":
        """From what `to_record` gave."""
        return cls(**{**record, "neighbours": tuple(Neighbour(**item) for item in record["neighbours"])})


@dataclass(frozen=True)
class Reply:
    """A model's answer to a batch of images.

    Attributes:
        probabilities: float array of shape `(n, classes)`.
        insights: sequence of Insight, one an image, or empty.
        runtime: str. What has computed it, with its version; empty where that is not known.
    """

    probabilities: NDArray[np.floating[Any]]
    insights: Sequence[Insight] = ()
    runtime: str = ""


@dataclass(frozen=True)
class Prediction:
    """The answer for one image.

    Attributes:
        file: str. The image's name.
        label: str. The most probable class; empty when the image could not be read.
        probability: float. Probability of that class, 0 to 1.
        probabilities: dict. Every class with its probability.
        error: str. Why the image could not be read; else empty.
        insight: Insight. What else is known about the answer.
        runtime: str. What has computed it; see `Reply`.
    """

    file: str
    label: str = ""
    probability: float = 0.0
    probabilities: dict[str, float] = field(default_factory=dict)
    error: str = ""
    insight: Insight = field(default_factory=Insight)
    runtime: str = ""


def class_probabilities(outputs: NDArray[Any]) -> Probabilities:
    """One probability a class: a single sigmoid output becomes the pair (1 - p, p)."""
    outputs = np.asarray(outputs, dtype=np.float32)
    return np.concatenate([1 - outputs, outputs], axis=1) if outputs.shape[1] == 1 else outputs
