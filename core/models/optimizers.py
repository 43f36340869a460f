"""The optimizers of the setting `training.optimizer`: names in Keras, and the rates that Keras takes by itself."""

from typing import NamedTuple


class Optimizer(NamedTuple):
    """One optimizer.

    Attributes:
        title: str. Its class in `keras.optimizers`.
        rate: float. The learning rate that Keras takes where none is given.
    """

    title: str
    rate: float


OPTIMIZERS = {
    "adam": Optimizer("Adam", 0.001),
    "adamw": Optimizer("AdamW", 0.001),
    "sgd": Optimizer("SGD", 0.01),
    "rmsprop": Optimizer("RMSprop", 0.001),
}
"""By the value of the setting."""
