"""Precision and seed, which a script tells Keras, TensorFlow or the environment for all of its networks."""

from typing import Any

import pytest

from core.script.importing import import_script

SCRIPT = """import os, random, keras, numpy as np, tensorflow as tf
from keras import backend as K
HOW
train = keras.utils.image_dataset_from_directory("corals/train", image_size=(96, 96))
net = keras.applications.EfficientNetV2B0(include_top=False, pooling="avg")
net.trainable = False
model = keras.Sequential([net, keras.layers.Dense(1, activation="sigmoid", dtype="float32")])
optimizer = keras.optimizers.SGD(0.01)
model.compile(optimizer, "binary_crossentropy")
model.fit(train, epochs=3)
"""


def told(how: str, key: str) -> Any:
    """The setting; the kind and the nearest value of what is open about it."""
    record = import_script(SCRIPT.replace("HOW", how))
    found = [(one["kind"], one.get("nearest")) for one in record["open"] if one["key"] == key]
    stated = record["settings"].get(key)
    return found[0] if found else (None if stated is None else stated["value"])


@pytest.mark.parametrize(
    ("how", "want"),
    [
        ("keras.mixed_precision.set_global_policy('mixed_bfloat16')", "bfloat16"),
        ("keras.mixed_precision.set_global_policy(keras.mixed_precision.Policy('mixed_bfloat16'))", "bfloat16"),
        ("keras.config.set_dtype_policy(keras.DTypePolicy(name='mixed_bfloat16'))", "bfloat16"),
        ("policy = tf.keras.mixed_precision.experimental.Policy('mixed_float16')\n"
         "tf.keras.mixed_precision.experimental.set_policy(policy)", ("beyond", "bfloat16")),
        ("K.set_floatx('float16')", ("beyond", "bfloat16")),
        ("tf.keras.backend.set_floatx('float64')", ("beyond", "float32")),
        ("keras.config.set_floatx('bfloat16')", ("beyond", "bfloat16")),
        ("keras.config.set_floatx('float32')", "float32"),
        ("keras.config.set_dtype_policy(wanted)", ("asked", None)),
        ("tf.config.optimizer.set_experimental_options({'auto_mixed_precision': True})", ("beyond", "bfloat16")),
        ("tf.config.optimizer.set_experimental_options({'auto_mixed_precision': False})", None),
        ("tf.config.optimizer.set_experimental_options({'layout_optimizer': True})", None),
        ("os.environ['TF_ENABLE_AUTO_MIXED_PRECISION'] = '1'", ("beyond", "bfloat16")),
        ("os.environ['TF_ENABLE_AUTO_MIXED_PRECISION_GRAPH_REWRITE'] = '1'", ("beyond", "bfloat16")),
        ("os.environ.setdefault('TF_ENABLE_AUTO_MIXED_PRECISION', '1')", ("beyond", "bfloat16")),
        ("os.environ.update({'TF_ENABLE_AUTO_MIXED_PRECISION': '1'})", ("beyond", "bfloat16")),
        ("os.environ['TF_ENABLE_AUTO_MIXED_PRECISION'] = '0'", None),
        ("os.environ['TF_CPP_MIN_LOG_LEVEL'] = '2'", None),
        ("keras.mixed_precision.set_global_policy('mixed_float16')\nkeras.mixed_precision.set_global_policy('float32')",
         "float32"),
    ],
)  # fmt: skip
def test_the_precision(how: str, want: Any) -> None:
    assert told(how, "training.precision") == want


def test_an_optimizer_for_automatic_precision_stays_what_it_is() -> None:
    new = "optimizer = tf.train.experimental.enable_mixed_precision_graph_rewrite(optimizer)"
    text = SCRIPT.replace("HOW", "").replace("model.compile", f"{new}\nmodel.compile")
    record = import_script(text)
    assert record["settings"]["training.optimizer"]["value"] == "sgd"
    assert [one["nearest"] for one in record["open"] if one["key"] == "training.precision"] == ["bfloat16"]


@pytest.mark.parametrize(
    ("how", "want"),
    [
        ("random.seed(1); np.random.seed(2); tf.random.set_seed(42)", 42),
        ("tf.random.set_seed(42); np.random.seed(2)", 42),
        ("np.random.seed(2); keras.utils.set_random_seed(7)", 7),
        ("tf.compat.v1.set_random_seed(7); random.seed(1)", 7),
        ("SEED = 5\nnp.random.seed(SEED); random.seed(SEED); tf.random.set_seed(seed=SEED)", 5),
        ("random.seed(3); np.random.seed(4)", 3),
        ("print(1)", None),
    ],
)
def test_the_seed_of_the_weights(how: str, want: int | None) -> None:
    assert told(how, "training.seed") == want


def test_a_seed_that_is_known_only_when_the_script_runs_is_listed() -> None:
    record = import_script(SCRIPT.replace("HOW", "np.random.seed(3); tf.random.set_seed(options.seed)"))
    assert "training.seed" not in record["settings"]
    assert {"line": 3, "text": "the seed is known only when the script runs"} in [
        {key: one[key] for key in ("line", "text")} for one in record["unread"]
    ]
