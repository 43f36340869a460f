"""What the output layer of a head is given, beside what it puts out, and the penalties that training adds to a loss.

Keras takes the loss from the logits behind a sigmoid or softmax, in `evaluate` as in `fit`, so that an answer of
exactly 0 or 1 in float32 has a loss of its own; an exported script repeats it by these functions.
"""

from typing import Any

import keras


def output_and_logits(layer: keras.layers.Layer, given: Any) -> tuple[Any, Any]:
    """What a Dense layer puts out, and what its activation was given, both of shape `(n, units)`."""
    logits = keras.ops.add(keras.ops.matmul(given, layer.kernel), layer.bias)
    return layer.activation(logits), logits


def answer_of(head: keras.Model, features: Any) -> tuple[Any, Any]:
    """Output and logits of a head in inference mode."""
    x = features
    for layer in head.layers[:-1]:
        x = layer(x)  # dropout and batch normalisation do as in inference unless told that this is training
    return output_and_logits(head.layers[-1], x)


def penalty_of(model: keras.Model) -> float:
    """Sum of the penalties on weights that training adds to the loss, as they are now: L2, of what is trainable."""
    return float(sum(float(loss) for loss in model.losses))
