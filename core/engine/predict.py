"""A run's saved model as a function from pixels to probabilities."""

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from core.engine.features import forward_function
from core.engine.work import spread
from core.errors import RunError
from core.prediction import Model
from core.runs import Run


def load_model(run: Run) -> Model:
    """Loads model.keras of a run.

    Returns:
        Callable from uint8 pixels of shape `(n, size, size, 3)`, RGB, to probabilities of shape `(n, classes)`.

    Raises:
        RunError: the file is absent or damaged.
    """
    path = run.path / "model.keras"
    try:
        network = keras.saving.load_model(path, compile=False, safe_mode=True)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"the model of run {run.id} cannot be loaded: its model.keras is absent or damaged") from error
    forward = forward_function(network)

    def model(pixels: NDArray[np.uint8]) -> NDArray[np.floating[Any]]:
        return spread(forward(pixels).numpy())

    return model
