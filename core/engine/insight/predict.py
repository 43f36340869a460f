"""Predicts with a run's saved model: probabilities, class activation maps, nearest training images."""

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from core.engine.features.features import forward_function
from core.engine.insight.explain import Explainer, scaled
from core.insight.answer import Probabilities, class_probabilities
from core.errors import RunError
from core.insight import reference
from core.insight.answer import Insight, Reply
from core.store.runs import Run

Pixels = NDArray[np.uint8]

NEAREST = 6
"""Nearest training images told for each image."""

HEAT_CLASSES = 5
"""Classes with a map for each image, the most probable first."""


class LoadedModel:
    """The model of a run in memory.

    Args:
        run: Run.

    Raises:
        RunError: model.keras is absent or damaged.
    """

    def __init__(self, run: Run) -> None:
        self._network = open_network(run)
        self._forward = forward_function(self._network)
        self._classes = run.classes()
        self._reference = reference.read(run)
        self._explainer: Explainer | None = None
        try:
            self._explainer = Explainer(self._network)
        except ValueError:  # a model from elsewhere that has no place to look at
            self._reference = None

    def __call__(self, pixels: Pixels) -> NDArray[np.floating[Any]]:
        """From uint8 pixels of shape `(n, size, size, 3)`, RGB, to probabilities of shape `(n, classes)`."""
        return class_probabilities(self._forward(pixels).numpy())

    def answer(self, pixels: Pixels, *, heat: bool = False) -> Reply:
        """Probabilities, with the nearest training images where the run remembers them.

        Args:
            pixels: uint8 array of shape `(n, size, size, 3)`, RGB.
            heat: bool. Whether to say where the network looks, too. Defaults to no.
        """
        if self._explainer is None:
            return Reply(self(pixels))
        maps, probabilities = self._explainer.forward(pixels)
        near = self._near(maps.mean(axis=(1, 2)))
        if heat:
            shown = self._heat(self._explainer, maps, probabilities)
            near = [
                Insight(one.neighbours, one.distance, one.unlike, heat, self._explainer.method)
                for one, heat in zip(near, shown, strict=True)
            ]
        return Reply(probabilities, near)

    def _near(self, features: NDArray[np.float32]) -> list[Insight]:
        known = self._reference
        if known is None or known.width != features.shape[1]:
            return [Insight()] * len(features)
        return [
            Insight(neighbours, float(distance), known.ood_limit.is_unlike(float(distance)))
            for neighbours, distance in zip(known.nearest(features, NEAREST), known.distance(features), strict=True)
        ]

    def _heat(
        self, explainer: Explainer, maps: NDArray[np.float32], probabilities: Probabilities
    ) -> list[dict[str, list[list[float]]]]:
        """For each image its maps by class name."""
        order = np.argsort(-probabilities, axis=1, kind="stable")[:, :HEAT_CLASSES]
        shown: list[dict[str, list[list[float]]]] = [{} for _ in maps]
        for chosen in order.T:
            for k, (one, heat) in enumerate(zip(chosen, scaled(explainer.heat(maps, chosen)), strict=True)):
                shown[k][self._classes[one]] = heat.round(4).tolist()
        return shown


def load_model(run: Run) -> LoadedModel:
    """Loads model.keras of a run.

    Raises:
        RunError: the file is absent or damaged.
    """
    return LoadedModel(run)


def open_network(run: Run) -> keras.Model:
    """The Keras model in a run's folder.

    Raises:
        RunError: the file is absent or damaged.
    """
    try:
        return keras.saving.load_model(run.path / "model.keras", compile=False, safe_mode=True)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"the model of run {run.id} cannot be loaded: its model.keras is absent or damaged") from error
