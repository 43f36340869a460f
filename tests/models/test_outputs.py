"""The validation loss of a run is what Keras' `evaluate` gives: smoothed labels, L2, answers that are 0 or 1."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from core.config import TrainConfig
from core.models.build import build_layers
from core.models.loss_plan import LossPlan, plan_loss
from core.models.outputs import answer_of, penalty_of
from core.notation.head import read_head
from core.stats.metrics import cross_entropy, focal_objective, objective

WIDTH, COUNT, BATCH = 6, 50, 16


def by_keras(head: keras.Model, features: np.ndarray, labels: np.ndarray, smoothing: float) -> float:
    """The loss of `evaluate` with plain cross-entropy."""
    kind = "BinaryCrossentropy" if head.output_shape[-1] == 1 else "CategoricalCrossentropy"
    return evaluated(head, features, labels, LossPlan(kind, {"label_smoothing": smoothing}))


def evaluated(head: keras.Model, features: np.ndarray, labels: np.ndarray, loss: LossPlan) -> float:
    """The loss of `evaluate` on the compiled head, in batches of which the last is smaller."""
    binary = head.output_shape[-1] == 1
    head.compile("sgd", loss=getattr(keras.losses, loss.name)(**loss.options), jit_compile=False)
    targets = labels.astype(np.float32)[:, None] if binary else np.eye(head.output_shape[-1], dtype=np.float32)[labels]
    return float(head.evaluate(features, targets, batch_size=BATCH, verbose=0))


def answered(head: keras.Model, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Output and logits as a run has them: in one graph, whose arithmetic may be fused."""
    graph = tf.function(lambda rows: answer_of(head, rows), jit_compile=False)
    output, logits = graph(tf.constant(features))
    return output.numpy(), logits.numpy()


@pytest.mark.parametrize("classes", [2, 3])
def test_the_objective_is_what_keras_evaluates(classes: int) -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, classes, COUNT)
    for layers, smoothing, scale in (
        ("none", 0.0, 1),
        ("none", 0.2, 1),
        ("dense 5 relu l2=0.01, batch_norm, dropout 0.5, output l2=0.1", 0.1, 1),
        ("none", 0.0, 100),  # saturated: probabilities of exactly 0 and 1
        ("none", 0.1, 100),
    ):
        head = build_layers(WIDTH, classes, read_head(layers)[0], seed=3)
        features = (scale * rng.normal(size=(COUNT, WIDTH))).astype(np.float32)
        output, logits = answered(head, features)
        assert output == pytest.approx(head.predict(features, verbose=0), abs=1e-6)
        mine = objective(labels, logits, smoothing, penalty_of(head))
        assert mine == pytest.approx(by_keras(head, features, labels, smoothing), rel=1e-5), (layers, smoothing, scale)
        plain = cross_entropy(labels, np.hstack([1 - output, output]) if classes == 2 else output)
        if smoothing or "l2" in layers or scale > 1:
            assert abs(mine - plain) > 1e-3, "the log loss of the labels is another figure"
        else:
            assert mine == pytest.approx(plain, rel=1e-5)


@pytest.mark.parametrize("classes", [2, 3])
def test_the_objective_of_a_focal_loss_is_what_keras_evaluates(classes: int) -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, classes, COUNT)
    for layers, gamma, alpha, smoothing, scale in (
        ("none", 2.0, 0.0, 0.0, 1),
        ("dense 5 relu l2=0.01, dropout 0.5, output l2=0.1", 0.5, 0.3, 0.1, 1),
        ("none", 2.0, 0.25, 0.0, 100),  # saturated
    ):
        training = TrainConfig(focal_gamma=gamma, focal_alpha=alpha, label_smoothing=smoothing)
        head = build_layers(WIDTH, classes, read_head(layers)[0], seed=3)
        features = (scale * rng.normal(size=(COUNT, WIDTH))).astype(np.float32)
        _, logits = answered(head, features)
        mine = focal_objective(labels, logits, gamma, alpha, smoothing, penalty_of(head))
        assert mine == pytest.approx(evaluated(head, features, labels, plan_loss(training, classes)), rel=1e-5)
        assert mine != pytest.approx(objective(labels, logits, smoothing, penalty_of(head)), rel=1e-2)


@pytest.mark.parametrize("classes", [2, 3])
def test_the_plan_of_a_loss_is_keras_own_class(classes: int) -> None:
    plain, focal = plan_loss(TrainConfig(), classes), plan_loss(TrainConfig(focal_gamma=2, focal_alpha=0.25), classes)
    one = np.array([[0.0], [1.0]], np.float32) if classes == 2 else np.eye(3, dtype=np.float32)[:2]
    said = (
        np.array([[0.2], [0.7]], np.float32)
        if classes == 2
        else np.array([[0.5, 0.3, 0.2], [0.6, 0.3, 0.1]], np.float32)
    )
    if classes == 2:
        theirs = keras.losses.BinaryFocalCrossentropy(apply_class_balancing=True, alpha=0.25, gamma=2)
    else:
        theirs = keras.losses.CategoricalFocalCrossentropy(alpha=0.25, gamma=2)
    mine = getattr(keras.losses, focal.name)(**focal.options)
    assert float(mine(one, said)) == float(theirs(one, said))
    assert (
        plain.source == f"keras.losses.{'Binary' if classes == 2 else 'Categorical'}Crossentropy(label_smoothing=0.0)"
    )
    assert eval(focal.source, {"keras": keras})(one, said) == mine(one, said)


def test_a_saturated_answer_still_says_how_sure_it_was() -> None:
    wrong, right = np.array([[40.0], [-90.0]], np.float32), np.array([[-40.0], [90.0]], np.float32)
    labels = np.array([0, 1])
    assert objective(labels, wrong) == pytest.approx(65)
    assert objective(labels, right) == pytest.approx(0, abs=1e-12)
    three = np.array([[0.0, 200.0, -200.0]], np.float32)
    assert objective(np.array([2]), three) == pytest.approx(400)
    assert np.isnan(objective(np.array([1]), np.array([[np.nan]], np.float32)))
