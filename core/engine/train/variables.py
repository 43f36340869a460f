"""Values of variables: the learning rate of a model, copies of weights, and putting them back."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np


def rate_of(model: keras.Model) -> float:
    """The learning rate of a compiled model's next step, as the shortest decimal that names its value."""
    return float(str(np.float32(model.optimizer.learning_rate.numpy())))


def arrays(variables: Sequence[Any]) -> list[Any]:
    """Copies of variables as numpy arrays."""
    return [variable.numpy() for variable in variables]


def assign(variables: Sequence[Any], values: Sequence[Any]) -> None:
    """Puts arrays back into the variables they were copied from."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
