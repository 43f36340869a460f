"""Training metrics of mixed labels: Keras' own on whole labels, by hand on mixtures."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from core.models.mixed_labels import ForMixedLabels


def value(metric: Any, targets: Any, said: Any) -> float:
    """Of two batches, in a graph, as `fit` asks."""
    update = tf.function(metric.update_state)
    for part in (slice(0, 2), slice(2, None)):
        update(tf.constant(targets[part]), tf.constant(said[part]))
    return float(metric.result())


@pytest.mark.parametrize("classes", [2, 3])
def test_of_whole_labels_they_are_keras_own(classes: int) -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, classes, 20)
    said = rng.dirichlet(np.ones(classes), 20).astype(np.float32)
    targets = labels.astype(np.float32)[:, None] if classes == 2 else np.eye(classes, dtype=np.float32)[labels]
    said = said[:, 1:] if classes == 2 else said
    accuracy = keras.metrics.BinaryAccuracy if classes == 2 else keras.metrics.CategoricalAccuracy
    makers: list[Any] = [lambda: accuracy(name="accuracy"), lambda: keras.metrics.AUC(multi_label=classes > 2)]
    for make in makers:
        mixed = ForMixedLabels(make())
        assert mixed.name == make().name or mixed.name.startswith("auc")
        assert value(mixed, targets, said) == value(make(), targets, said)


def test_a_mixed_label_counts_as_its_larger_share() -> None:
    targets = np.array([[0.7], [0.2], [0.6], [0.1]], np.float32)
    said = np.array([[0.9], [0.4], [0.2], [0.3]], np.float32)
    mixed = ForMixedLabels(keras.metrics.BinaryAccuracy(name="accuracy"))
    assert value(mixed, targets, said) == 0.75
    assert value(keras.metrics.BinaryAccuracy(), targets, said) == 0, "no label is 0 or 1"
    area = ForMixedLabels(keras.metrics.AUC(name="auc"))
    assert value(area, targets, said) == pytest.approx(0.5, abs=0.01), "0.9 above both, 0.2 below both"
    mixed.reset_state()
    assert float(mixed.result()) == 0
    three = np.array([[0.6, 0.4, 0.0], [0.1, 0.2, 0.7], [0.3, 0.7, 0.0]], np.float32)
    said = np.array([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8], [0.6, 0.3, 0.1]], np.float32)
    assert value(ForMixedLabels(keras.metrics.CategoricalAccuracy()), three, said) == pytest.approx(2 / 3)
