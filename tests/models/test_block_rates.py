"""A learning rate for each block, against the obvious way to compute the step."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from core.models.block_rates import rate_factors, with_rate_factors
from tests.loaded_process import MARK

RATE, FACTOR = 0.1, 0.5
PARTS = [0.25, 0.25, 0.5, 0.5, 1.0, 1.0]
"""Of kernel and bias of the layers `low`, `mid_1` and `head` of `network`; `mid_2` has none."""


def network() -> keras.Model:
    base = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(4, name="low"), keras.layers.Dense(4, name="mid_1"),
         keras.layers.Activation("tanh", name="mid_2")],
        name="base",
    )  # fmt: skip
    given = keras.Input((3,))
    return keras.Model(given, keras.layers.Dense(1, name="head")(base(given)))


def parts_of(model: keras.Model) -> list[float]:
    """Three blocks: `low`, `mid`, and an uppermost one without weights, below which the rates fall."""
    layers = [*model.get_layer("base").layers]
    return rate_factors(model.trainable_variables, layers, ["mid_1", "mid_2"], FACTOR)


X, Y = np.random.default_rng(1).normal(size=(2, 8, 3)).astype(np.float32)


def fitted(model: keras.Model, optimizer: Any) -> list[Any]:
    """Weights after one step on all samples."""
    model.compile(optimizer, "mse", jit_compile=False)
    optimizer.build(model.trainable_variables)
    model.fit(X, Y[:, :1], batch_size=8, verbose=0)
    return [v.numpy() for v in model.trainable_variables]


def step(model: keras.Model, optimizer: Any) -> tuple[list[Any], list[Any], list[Any]]:
    """Weights before one step, their gradients, and weights after it."""
    variables = model.trainable_variables
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(X) - Y[:, :1]) ** 2)
    before, gradients = [v.numpy() for v in variables], [g.numpy() for g in tape.gradient(loss, variables)]
    return before, gradients, fitted(model, optimizer)


def test_each_block_has_its_part_of_the_rate_of_the_block_above() -> None:
    model = network()
    assert parts_of(model) == PARTS
    model.get_layer("base").get_layer("low").trainable = False
    assert parts_of(model) == PARTS[2:], "what is frozen has no place in the list"


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "RMSprop"])
def test_a_step_is_the_optimizers_own_at_each_variables_rate(name: str) -> None:
    plain = getattr(keras.optimizers, name)
    keras.utils.set_random_seed(3)
    model = network()
    before, gradients, after = step(model, with_rate_factors(plain, PARTS)(learning_rate=RATE))
    for k, part in enumerate(PARTS):
        expected = keras.Variable(before[k])  # the obvious way: an optimizer of its own for every variable
        alone = plain(learning_rate=RATE * part)
        alone.build([expected])
        alone.apply([keras.ops.convert_to_tensor(gradients[k])])
        np.testing.assert_allclose(after[k], expected.numpy(), rtol=1e-5, atol=1e-7)
        assert np.abs(after[k] - before[k]).max() > 0


def test_a_step_of_gradient_descent_is_factor_times_rate_times_gradient() -> None:
    model = network()
    before, gradients, after = step(model, with_rate_factors(keras.optimizers.SGD, PARTS)(learning_rate=RATE))
    for old, gradient, new, part in zip(before, gradients, after, PARTS, strict=True):
        np.testing.assert_allclose(new - old, -part * RATE * gradient, rtol=1e-4, atol=1e-7)


def test_the_first_step_of_adam_is_as_long_as_the_blocks_rate() -> None:
    before, gradients, after = step(network(), with_rate_factors(keras.optimizers.Adam, PARTS)(learning_rate=RATE))
    for old, gradient, new, part in zip(before, gradients, after, PARTS, strict=True):
        moved = np.abs(gradient) > 1e-4
        np.testing.assert_allclose(np.abs(new - old)[moved], part * RATE, rtol=1e-2)


def test_weight_decay_goes_with_the_blocks_rate() -> None:
    """Without gradients nothing is left of AdamW but the decay."""
    values = [np.ones(2, np.float32) for _ in PARTS]
    variables = [keras.Variable(value) for value in values]
    optimizer = with_rate_factors(keras.optimizers.AdamW, PARTS)(learning_rate=RATE, weight_decay=0.1)
    optimizer.build(variables)
    optimizer.apply([tf.zeros(2) for _ in PARTS])
    for variable, part in zip(variables, PARTS, strict=True):
        np.testing.assert_allclose(variable.numpy(), 1 - 0.1 * RATE * part, rtol=1e-6)


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "RMSprop"])
def test_equal_rates_are_the_plain_optimizer_to_the_last_bit(name: str) -> None:
    plain, results = getattr(keras.optimizers, name), []
    for kind in (plain, with_rate_factors(plain, [1.0] * 6)):
        keras.utils.set_random_seed(3)
        results.append(step(network(), kind(learning_rate=RATE))[2])
    for one, other in zip(*results, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_rate_that_is_assigned_later_reaches_every_block() -> None:
    variables = [keras.Variable(np.ones(1, np.float32)) for _ in range(2)]
    optimizer = with_rate_factors(keras.optimizers.SGD, [1.0, 0.5])(learning_rate=RATE)
    optimizer.build(variables)
    apply = tf.function(lambda: optimizer.apply([tf.ones(1), tf.ones(1)]))
    apply()
    optimizer.learning_rate.assign(RATE / 2)
    apply()
    assert [float(v.numpy()[0]) for v in variables] == pytest.approx([1 - 1.5 * RATE, 1 - 0.75 * RATE])


PROGRAM = (
    MARK
    + """
import json, sys
import keras, numpy as np, tensorflow as tf
sys.path.insert(0, sys.argv[1])
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from core.models.block_rates import with_rate_factors
from tests.models.test_block_rates import PARTS, RATE, fitted, network

def trained():
    keras.utils.set_random_seed(3)
    return fitted(network(), with_rate_factors(keras.optimizers.AdamW, PARTS)(learning_rate=RATE))

alone = trained()
strategy = tf.distribute.MirroredStrategy([device.name for device in tf.config.list_logical_devices("CPU")])
with strategy.scope():
    together = trained()
gaps = [float(abs(a - b).max()) for a, b in zip(alone, together)]
print(json.dumps({"devices": strategy.num_replicas_in_sync, "gap": max(gaps)}))
"""
)


@pytest.mark.slow
def test_two_devices_that_share_a_batch_make_the_same_step() -> None:
    """Slow because logical devices need a process of their own."""
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(root)], cwd=root, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["devices"] == 2
    assert told["gap"] < 1e-5
