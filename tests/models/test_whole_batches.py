"""Features of a frozen network are the same bits alone, in training steps, and whatever the images beside them."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from core.models.whole_batches import filled_up, in_whole_batches

pytestmark = pytest.mark.slow


def residual() -> keras.Model:
    """Two branches that are normalised by statistics of their own and added: a chain of additions."""
    keras.utils.set_random_seed(1)
    inputs = keras.Input((16, 16, 3))
    first = keras.layers.Conv2D(8, 3, padding="same")(inputs)
    branches = []
    for size in (1, 3):
        normalise = keras.layers.BatchNormalization()
        branches.append(normalise(keras.layers.Conv2D(16, size, padding="same")(first)))
        rng = np.random.default_rng(size)
        normalise.set_weights([rng.uniform(0.5, 2, weight.shape) for weight in normalise.weights])
    joined = keras.layers.Activation("relu")(keras.layers.Add()(branches))
    model = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(joined))
    model.trainable = False
    return model


def test_a_residual_network_gives_the_same_bits_in_a_loop_over_whole_batches() -> None:
    """Where all shapes are known beforehand, TensorFlow puts the additions in another order."""
    base = residual()

    def forward(images: Any) -> Any:
        return base(tf.cast(images, tf.float32), training=False)

    given = [tf.TensorSpec((None, 16, 16, 3), tf.uint8)]
    alone = tf.function(lambda part: filled_up(forward, part), input_signature=given, jit_compile=False)
    loop = tf.function(
        lambda part: in_whole_batches(forward, part, 16, tf.float32), input_signature=given, jit_compile=False
    )
    images = np.random.default_rng(1).integers(0, 256, (21, 16, 16, 3), dtype=np.uint8)
    expected = np.concatenate([alone(images[:16]).numpy(), alone(images[16:]).numpy()])
    np.testing.assert_array_equal(loop(images).numpy(), expected)
    np.testing.assert_array_equal(loop(images[:5]).numpy(), expected[:5])
