"""One compiled head for trainings that differ in their settings: what one leaves behind must not reach the next."""

from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from core.config import make_config
from core.engine.jobs.head_fit import Head
from core.models.build import head_for

pytestmark = pytest.mark.slow

CONFIG = make_config("sample", {"training.optimizer": "sgd", "training.learning_rate": 0.1, "model.dense_units": 0})


def new_head() -> Head:
    context: Any = SimpleNamespace(
        config=CONFIG,
        base=keras.Sequential([keras.Input((2, 2, 3)), keras.layers.Flatten()]),
        head=head_for(CONFIG, 4, 2),
        dataset=SimpleNamespace(classes=["a", "b"], split=SimpleNamespace(train=range(8))),
    )
    return Head(context)


def trained(head: Head, images: int, *, weighted: bool) -> list[Any]:
    """The weights after one epoch on that many images."""
    head.renew(CONFIG, 2)
    random = np.random.default_rng(images)
    features, targets = random.normal(size=(images, 4)), np.arange(images)[:, None] % 2
    weights = tf.constant(random.uniform(0.1, 3, images), tf.float32) if weighted else None
    order, bounds = tf.constant(np.arange(images)), tf.constant([0, images // 2, images])
    head.epoch(tf.constant(features, tf.float32), tf.constant(targets, tf.float32), weights, order, bounds)
    return [value.numpy() for value in head.head.variables]


def test_a_head_is_trained_with_and_without_weights_in_any_order_and_for_any_number_of_images() -> None:
    shared = new_head()
    for images, weighted in ((8, False), (8, True), (6, True), (6, False), (8, False)):
        again, alone = (trained(head, images, weighted=weighted) for head in (shared, new_head()))
        for mine, its in zip(again, alone, strict=True):
            np.testing.assert_array_equal(mine, its, f"{images} images, weighted: {weighted}")
