"""A run's saved model in TensorFlow, loaded to be asked: probabilities, heat maps, nearest training images."""

import contextlib

import tensorflow as tf

from core.engine.features.features import forward_function
from core.engine.insight.answering import Answering, Pixels
from core.engine.insight.explain import Explainer
from core.engine.saved_network import open_network
from core.insight.answer import Probabilities, Reply, class_probabilities
from core.sections.runtimes import TENSORFLOW, TITLES
from core.store.runs import Run

RUNTIME = f"{TITLES[TENSORFLOW]} {tf.__version__}"


class LoadedModel:
    """The model of a run in memory.

    Args:
        run: Run.

    Attributes:
        network: keras.Model. As it is in the run's folder.

    Raises:
        RunError: model.keras is absent or damaged.
    """

    def __init__(self, run: Run) -> None:
        self.network = open_network(run)
        self._forward = forward_function(self.network)
        self._answering: Answering | None = None
        with contextlib.suppress(ValueError):  # a model from elsewhere that has no place to look at
            self._answering = Answering(run, Explainer(self.network), RUNTIME)

    def __call__(self, pixels: Pixels) -> Probabilities:
        """From uint8 pixels of shape `(n, size, size, 3)`, RGB, to probabilities of shape `(n, classes)`."""
        return class_probabilities(self._forward(pixels).numpy())

    def answer(self, pixels: Pixels, *, heat: bool = False) -> Reply:
        """Probabilities, with what else is known; see `Answering.answer`."""
        if self._answering is None:
            return Reply(self(pixels), runtime=RUNTIME)
        return self._answering.answer(pixels, heat=heat)


def load_model(run: Run) -> LoadedModel:
    """Loads model.keras of a run.

    Raises:
        RunError: the file is absent or damaged.
    """
    return LoadedModel(run)
