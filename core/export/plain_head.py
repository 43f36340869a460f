"""The head in plain Keras for exported scripts, and how it is compiled; see core/export/plain_script.py."""

from typing import Any

import keras

from core.export.plain_settings import BINARY, HEAD, LOSS, MIXED
from core.models.mixed_labels import ForMixedLabels


def build_head(features: int) -> keras.Model:
    """Build the classifier on the features; each layer has a seed of its own, so nothing else can disturb it."""
    return keras.Sequential([keras.Input((features,), name="features"), *HEAD], name="head")


def compile_model(model: keras.Model, learning_rate: Any, optimizer: Any, options: dict[str, Any]) -> None:
    """Compile without XLA, which would draw other dropout masks, and with all variables at once.

    Variables that come with the first step have TensorFlow trace it twice.
    """
    if BINARY:
        measured: list[Any] = [keras.metrics.BinaryAccuracy(name="accuracy"), keras.metrics.AUC(name="auc")]
    else:
        labels = int(model.output_shape[-1])
        measured = [
            keras.metrics.CategoricalAccuracy("accuracy"),
            keras.metrics.AUC(name="auc", multi_label=True, num_labels=labels),
        ]
    if MIXED:
        measured = [ForMixedLabels(metric) for metric in measured]
    model.compile(optimizer(learning_rate=learning_rate, **options), loss=LOSS, metrics=measured, jit_compile=False)
    model.optimizer.build(model.trainable_variables)
