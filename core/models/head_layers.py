"""Keras layers of a head, made as core/models/head_plan.py plans them."""

import keras

from core.models.head_plan import PlannedLayer, plan_layers
from core.notation.head import Head


def head_layers(head: Head, classes: int, seed: int) -> list[keras.layers.Layer]:
    """The layers of a head up to and with the output, new ones at each call; see `plan_layers`."""
    return [_made(planned) for planned in plan_layers(head, classes, seed)]


def _made(planned: PlannedLayer) -> keras.layers.Layer:
    arguments = dict(planned.arguments)
    if "kernel_regularizer" in arguments:
        arguments["kernel_regularizer"] = keras.regularizers.L2(arguments["kernel_regularizer"])
    if planned.seed is not None:
        arguments["kernel_initializer"] = keras.initializers.GlorotUniform(seed=planned.seed)
    return getattr(keras.layers, planned.keras_name)(**arguments, dtype="float32", name=planned.name)
