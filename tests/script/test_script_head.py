"""Layers of a head in other spellings: functions of features, slopes, dropout that stays on, what a layer is given."""

from typing import Any

import pytest

from core.script.importing import import_script

SCRIPT = """import keras, tensorflow as tf
from keras import layers
train = keras.utils.image_dataset_from_directory("nuts/train", image_size=(96, 96))
val = keras.utils.image_dataset_from_directory("nuts/val", image_size=(96, 96))
net = keras.applications.VGG16(include_top=False, input_shape=(96, 96, 3))
net.trainable = False
inputs = keras.Input((96, 96, 3))
x = net(keras.applications.vgg16.preprocess_input(inputs))
HEAD
outputs = layers.Dense(1, activation="sigmoid")(x)
model = keras.Model(inputs, outputs)
model.compile("adam", "binary_crossentropy")
model.fit(train, validation_data=val, epochs=3)
"""
POOL = "x = layers.GlobalAveragePooling2D()(x)"
KEYS = ("model.head", "model.dense_units", "model.dropout")


def read(*lines: str, pool: str = POOL) -> dict[str, Any]:
    return import_script(SCRIPT.replace("HEAD", "\n".join((pool, *lines) if pool else lines)))


def head(record: dict[str, Any]) -> Any:
    known = {**record["not_stated"], **record["settings"]}
    found = [known[key]["value"] if key in known else None for key in KEYS]
    return found[0] or tuple(found[1:]) if found[0] is not None else None


def near(record: dict[str, Any]) -> Any:
    (one,) = [one for one in record["open"] if one["blocks"]]
    assert one["key"] == "model.head"
    return one["nearest"]


def notes(record: dict[str, Any]) -> list[str]:
    return [one["text"].partition(":")[0] for one in record["unread"]]


@pytest.mark.parametrize(
    ("lines", "want"),
    [
        (["x = layers.Dense(64)(x)", "x = tf.nn.relu(x)"], "dense 64 linear, activation relu"),
        (["x = layers.Dense(64)(x)", "x = keras.activations.gelu(x)"], "dense 64 linear, activation gelu"),
        (["x = tf.nn.leaky_relu(layers.Dense(64)(x), 0.2)"], "dense 64 linear, activation leaky_relu"),
        (["x = keras.ops.tanh(layers.Dense(64)(x))"], "dense 64 linear, activation tanh"),
        (["x = keras.activations.relu(layers.Dense(64)(x), max_value=None)"], "dense 64 linear, activation relu"),
        (["x = layers.Dense(64)(x)", "x = layers.LeakyReLU(0.2)(x)"], "dense 64 linear, activation leaky_relu"),
        (["x = layers.Dense(64)(x)", "x = layers.LeakyReLU(negative_slope=0.2)(x)"],
         "dense 64 linear, activation leaky_relu"),
        (["x = layers.Dense(64, activation='leaky_relu')(x)"], "dense 64 leaky_relu"),
        (["x = layers.Dense(64, activation=layers.LeakyReLU(alpha=0.2))(x)"], "dense 64 leaky_relu"),
        (["x = layers.Dense(64, activation=tf.nn.relu)(x)"], (64, 0.0)),
        (["x = layers.Dense(64)(x)", "x = layers.ReLU()(x)"], "dense 64 linear, activation relu"),
        (["x = layers.Dense(64, 'elu')(x)", "x = layers.ELU(alpha=1.0)(x)"], "dense 64 elu, activation elu"),
        (["x = layers.Dense(64, 'relu')(x)", "x = layers.Dropout(0.3)(x, training=False)"], "dense 64 relu"),
        (["x = layers.BatchNormalization(-1, 0.9, 1e-3, True, True)(x)"], "batch_norm momentum=0.9"),
        (["x = layers.Dense(64, 'relu', True, 'glorot_uniform', 'zeros', name='a')(x)"], (64, 0.0)),
        (["x = layers.Dense(64, kernel_initializer=keras.initializers.GlorotUniform(), activation='relu')(x)"],
         (64, 0.0)),
        (["x = layers.Dense(8, 'relu', kernel_regularizer=keras.regularizers.L1L2(l2=0.01))(x)"],
         "dense 8 relu l2=0.01"),
        (["x = layers.Dense(8, 'relu', kernel_regularizer=keras.regularizers.l1_l2(l1=0, l2=0.01))(x)"],
         "dense 8 relu l2=0.01"),
    ],
)  # fmt: skip
def test_a_head_that_a_run_has(lines: list[str], want: Any) -> None:
    record = read(*lines)
    assert ([one for one in record["open"] if one["blocks"]], notes(record)) == ([], [])
    text = head(record)
    assert (text.replace(" l2=0.0", "") if isinstance(text, str) and "l2=0.01" not in text else text) == want


DENSE = {"layer": "dense", "units": 64, "activation": "linear", "l2": 0.0}


def active(name: str) -> dict[str, Any]:
    return {"layer": "activation", "activation": name}


@pytest.mark.parametrize(
    ("lines", "want"),
    [
        (["x = layers.Dense(64)(x)", "x = layers.ReLU(max_value=6)(x)"], [DENSE, active("relu")]),
        (["x = layers.Dense(64)(x)", "x = layers.ReLU(6.0)(x)"], [DENSE, active("relu")]),
        (["x = layers.Dense(64)(x)", "x = layers.ReLU(negative_slope=0.1)(x)"], [DENSE, active("relu")]),
        (["x = layers.Dense(64)(x)", "x = layers.ReLU(threshold=1.0)(x)"], [DENSE, active("relu")]),
        (["x = layers.Dense(64)(x)", "x = layers.LeakyReLU()(x)"], [DENSE, active("leaky_relu")]),
        (["x = layers.Dense(64)(x)", "x = layers.LeakyReLU(0.1)(x)"], [DENSE, active("leaky_relu")]),
        (["x = layers.Dense(64)(x)", "x = tf.nn.leaky_relu(x, alpha=0.05)"], [DENSE, active("leaky_relu")]),
        (["x = layers.Dense(64)(x)", "x = tf.nn.relu6(x)"], [DENSE, active("relu")]),
        (["x = layers.Dense(64)(x)", "x = keras.activations.relu(x, max_value=6)"], [DENSE, active("relu")]),
        (["x = layers.Dense(64)(x)", "x = layers.Activation('mish')(x)"], [DENSE, active("silu")]),
        (["x = layers.Dense(64)(x)", "x = layers.PReLU()(x)"], [DENSE, active("leaky_relu")]),
        (["x = layers.Dense(64, activation=tf.nn.relu6)(x)"], [{**DENSE, "activation": "relu"}]),
        (["x = layers.Dense(64, activation=layers.LeakyReLU())(x)"], [{**DENSE, "activation": "leaky_relu"}]),
        (["x = layers.Dense(64, activation=layers.LeakyReLU(alpha=0.01))(x)"],
         [{**DENSE, "activation": "leaky_relu"}]),
        (["x = layers.Dense(64, trainable=False)(x)"], [DENSE]),
        (["x = layers.Dense(64, kernel_regularizer=keras.regularizers.OrthogonalRegularizer())(x)"], [DENSE]),
        (["x = layers.Dropout(0.4)(x, training=True)"], [{"layer": "dropout", "rate": 0.4}]),
        (["x = tf.nn.dropout(x, 0.4)"], [{"layer": "dropout", "rate": 0.4}]),
        (["x = tf.nn.dropout(x, rate=0.4)"], [{"layer": "dropout", "rate": 0.4}]),
        (["x = layers.BatchNormalization()(x, training=False)"], [{"layer": "batch_norm"}]),
        (["x = tf.math.l2_normalize(x, axis=1)"], "none"),
        (["x = keras.ops.sqrt(x)", "x = layers.Dense(64)(x)"], [DENSE]),
        (["x = layers.Rescaling(0.1)(x)"], "none"),
        (["x = layers.Dense(64)(x)", "x = x * 0.5"], [DENSE]),
        (["x = layers.Dense(64)(x)", "x = 1 - x"], [DENSE]),
        (["y = layers.Dense(512)(x)", "x = layers.Dense(64)(x + y)"], [{**DENSE, "units": 512}, DENSE]),
        (["x = layers.Dense(64)(x)", "x = tf.maximum(0.0, x)"], [DENSE]),
    ],
)  # fmt: skip
def test_a_head_that_no_run_has(lines: list[str], want: Any) -> None:
    assert near(read(*lines)) == want


@pytest.mark.parametrize(
    ("before", "pool", "is_run"),
    [
        ("x = layers.Dropout(0.2)(x)", POOL, False),
        ("x = layers.BatchNormalization()(x)", POOL, False),
        ("x = layers.Dense(8, 'relu')(x)", POOL, False),
        ("x = tf.nn.relu(x)", POOL, False),
        ("x = layers.BatchNormalization()(x)", "x = layers.Flatten()(x)", False),
        ("x = layers.Dropout(0.2)(x)", "x = layers.Flatten()(x)", True),
        ("x = layers.Activation('relu')(x)", "x = layers.Flatten()(x)", True),
    ],
)
def test_layers_before_the_pooling(before: str, pool: str, is_run: bool) -> None:
    record = read(before, pool, pool="")
    assert [one["why"].partition(" comes")[2] for one in record["open"] if one["blocks"]] == (
        [] if is_run else [" before the pooling; in a run it comes after it"]
    )


@pytest.mark.parametrize(
    ("layer", "told"),
    [
        ("layers.Dense(9, 'relu', use_bias=False)", ["use_bias=False of Dense"]),
        ("layers.Dense(9, 'relu', False)", ["use_bias=False of Dense"]),
        ("layers.Dense(9, 'relu', kernel_initializer='he_normal')", ["kernel_initializer='he_normal' of Dense"]),
        ("layers.Dense(9, 'relu', bias_regularizer='l2')", ["bias_regularizer='l2' of Dense"]),
        ("layers.Dense(9, 'relu', activity_regularizer='l1')", ["activity_regularizer='l1' of Dense"]),
        ("layers.Dense(9, 'relu', kernel_constraint='non_neg')", ["kernel_constraint='non_neg' of Dense"]),
        ("layers.Dropout(0.2, noise_shape=(None, 1))", ["noise_shape=(None, 1) of Dropout"]),
        ("layers.BatchNormalization(scale=False, center=False)",
         ["scale=False of BatchNormalization", "center=False of BatchNormalization"]),
        ("layers.Dense(9, 'relu', dtype='float32', name='mine')", []),
        ("layers.Dropout(0.2, seed=3, name='drop')", []),
        ("layers.BatchNormalization(axis=-1, center=True, scale=True)", []),
    ],
)  # fmt: skip
def test_what_a_layer_is_given_is_told(layer: str, told: list[str]) -> None:
    record = read(f"x = {layer}(x)")
    assert ([one for one in record["open"] if one["blocks"]], notes(record)) == ([], told)


@pytest.mark.parametrize(
    ("pool", "want"),
    [
        ("x = tf.reduce_mean(x, axis=[1, 2])", "average"),
        ("x = tf.reduce_mean(x, (1, 2))", "average"),
        ("x = keras.ops.max(x, axis=(1, 2))", "max"),
        ("x = keras.backend.mean(x, axis=[1, 2])", "average"),
    ],
)
def test_a_mean_over_all_positions_is_the_pooling(pool: str, want: str) -> None:
    record = read(pool=pool)
    assert record["settings"]["model.pooling"]["value"] == want
    assert [one for one in record["open"] if one["blocks"]] == []


@pytest.mark.parametrize("decay", ["decay=1e-4", "decay=1e-3 / EPOCHS"])
def test_a_decay_of_the_optimizer_is_a_schedule_that_no_run_has(decay: str) -> None:
    text = SCRIPT.replace("HEAD", POOL).replace('"adam"', f"keras.optimizers.SGD(0.01, {decay})")
    record = import_script(text)
    assert [(one["key"], one["nearest"]) for one in record["open"] if one["blocks"]] == [("training.schedule", "none")]
    assert notes(import_script(text.replace(decay, "decay=1e-6"))) == ["decay=1e-6 of SGD"]


def test_what_a_subclass_calls_with_its_own_phase_is_an_ordinary_layer() -> None:
    text = """import keras
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.base = keras.applications.VGG16(include_top=False, pooling="avg")
        self.base.trainable = False
        self.drop = keras.layers.Dropout(0.5)
        self.out = keras.layers.Dense(2, activation="softmax")
    def call(self, x, training=False):
        x = self.base(keras.applications.vgg16.preprocess_input(x), training=False)
        return self.out(self.drop(x, training=training))
data = keras.utils.image_dataset_from_directory("nuts", image_size=(96, 96))
model = Net()
model.compile("adam", "sparse_categorical_crossentropy")
model.fit(data, epochs=2)
"""
    assert head(import_script(text)) == (0, 0.5)
    record = import_script(text.replace("training=training))", "training=True))"))
    assert near(record) == [{"layer": "dropout", "rate": 0.5}]
