"""What a model that is loaded says of images, whichever runtime it is in: probabilities, nearest images, heat maps."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.insight import reference
from core.insight.answer import Insight, Probabilities, Reply
from core.store.runs import Run

Pixels = NDArray[np.uint8]
Maps = NDArray[np.float32]

NEAREST = 6
"""Nearest training images told for each image."""

HEAT_CLASSES = 5
"""Classes with a map for each image, the most probable first."""


class Located(Protocol):
    """A model that can be asked where it looks."""

    @property
    def method(self) -> str:
        """`cam` or `grad-cam`."""

    def forward(self, pixels: Pixels) -> tuple[Maps, Probabilities]:
        """Feature maps of shape `(n, height, width, channels)` and probabilities of shape `(n, classes)`."""

    def heat(self, maps: Maps, classes: NDArray[np.integer[Any]]) -> Maps:
        """How much each place speaks for a class, shape `(n, height, width)`; one class for each image."""


class Answering:
    """Answers of a run's model.

    Args:
        run: Run.
        model: Located.
        runtime: str. What computes it, with its version.
    """

    def __init__(self, run: Run, model: Located, runtime: str) -> None:
        self._model, self._runtime, self._classes = model, runtime, run.classes()
        self._reference = reference.read(run)

    def answer(self, pixels: Pixels, *, heat: bool = False) -> Reply:
        """Probabilities, with the nearest training images where the run remembers them.

        Args:
            pixels: uint8 array of shape `(n, size, size, 3)`, RGB.
            heat: bool. Whether to say where the network looks, too. Defaults to no.
        """
        maps, probabilities = self._model.forward(pixels)
        near = self._near(maps.mean(axis=(1, 2)))
        if heat:
            shown = self._heat(maps, probabilities)
            near = [
                Insight(one.neighbours, one.distance, one.unlike, heat, self._model.method)
                for one, heat in zip(near, shown, strict=True)
            ]
        return Reply(probabilities, near, self._runtime)

    def _near(self, features: NDArray[np.float32]) -> list[Insight]:
        known = self._reference
        if known is None or known.width != features.shape[1]:
            return [Insight()] * len(features)
        return [
            Insight(neighbours, float(distance), known.ood_limit.is_unlike(float(distance)))
            for neighbours, distance in zip(known.nearest(features, NEAREST), known.distance(features), strict=True)
        ]

    def _heat(self, maps: Maps, probabilities: Probabilities) -> list[dict[str, list[list[float]]]]:
        """For each image its maps by class name."""
        order = np.argsort(-probabilities, axis=1, kind="stable")[:, :HEAT_CLASSES]
        shown: list[dict[str, list[list[float]]]] = [{} for _ in maps]
        for chosen in order.T:
            for k, (one, heat) in enumerate(zip(chosen, scaled(self._model.heat(maps, chosen)), strict=True)):
                shown[k][self._classes[one]] = heat.round(4).tolist()
        return shown


def scaled(heat: Maps) -> Maps:
    """Each map with its largest value at 1, for display; a map of zeros stays."""
    largest = heat.max(axis=(1, 2), keepdims=True)
    return np.asarray(heat / np.where(largest > 0, largest, 1), np.float32)
