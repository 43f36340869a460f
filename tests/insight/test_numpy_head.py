"""A head in numpy against the same head in Keras: its answers and the slopes of its scores."""

import numpy as np
import pytest

from core.engine.insight.keep_converted import head_steps
from core.insight.numpy_head import NumpyHead
from core.models.build import build_layers
from core.notation.head import ACTIVATIONS, read_head

WIDTH = 6


@pytest.mark.slow
def test_every_layer_that_a_head_may_have_answers_as_in_keras_and_has_the_same_slopes() -> None:
    import tensorflow as tf

    heads = [f"dense 5 {name}, batch_norm, dropout 0.5, activation {name}" for name in ACTIVATIONS]
    rng = np.random.default_rng(0)
    features = rng.normal(0, 2, (7, WIDTH)).astype(np.float32)
    for text, classes in [(text, 3) for text in heads] + [("none", 2), ("none", 4), ("dense 4 relu", 2)]:
        model = build_layers(WIDTH, classes, read_head(text)[0], seed=1)
        for weight in model.weights:
            if weight.dtype == "float32":
                weight.assign(
                    rng.uniform(0.3, 1, weight.shape) if "variance" in weight.name else rng.normal(0, 1, weight.shape)
                )
        steps = head_steps(model)
        assert steps is not None, text
        head = NumpyHead(steps)
        expected = model(features, training=False).numpy()
        assert np.allclose(head(features), expected, atol=2e-6), text
        chosen = rng.integers(0, classes, len(features))
        given = tf.constant(features)
        with tf.GradientTape() as tape:
            tape.watch(given)
            x = given
            for layer in model.layers[:-1]:
                x = layer(x, training=False) if "dropout" in layer.name or "norm" in layer.name else layer(x)
            scores = x @ model.layers[-1].kernel + model.layers[-1].bias
            scores = tf.concat([-scores, scores], axis=1) if classes == 2 else scores
            one = tf.gather(scores, chosen, axis=1, batch_dims=1)
        slopes = tape.gradient(one, given).numpy()
        assert np.allclose(head.slopes(features, chosen), slopes, atol=1e-5 * max(1, np.abs(slopes).max())), text
        assert head.is_linear == (text == "none")
