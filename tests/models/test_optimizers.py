"""The table of optimizers says what Keras has and does."""

import keras
import pytest

from core.config import setting
from core.models.optimizers import OPTIMIZERS


def test_every_choice_has_the_class_and_the_rate_that_keras_has() -> None:
    assert set(setting("training.optimizer").metadata["choices"]) == set(OPTIMIZERS)
    for row in OPTIMIZERS.values():
        assert float(getattr(keras.optimizers, row.title)().learning_rate) == pytest.approx(row.rate, rel=1e-6)
