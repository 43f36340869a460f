"""Labels that a script makes softer by hand, and what label smoothing that is."""

from typing import Any

import pytest

from core.script.importing import import_script

SCRIPT = """import keras, numpy as np, tensorflow as tf
from keras.utils import to_categorical
train = keras.utils.image_dataset_from_directory("fungi/train", image_size=(96, 96), label_mode="MODE")
val = keras.utils.image_dataset_from_directory("fungi/val", image_size=(96, 96), label_mode="MODE")
x, y = np.load("x.npy"), to_categorical(np.load("y.npy"), 4)
HOW
net = keras.applications.EfficientNetV2B0(include_top=False, pooling="avg", input_shape=(96, 96, 3))
net.trainable = False
model = keras.Sequential([net, keras.layers.Dense(LAST)])
model.compile("adam", LOSS)
model.fit(FIT, epochs=3)
"""


def smoothed(how: str, classes: int, fit: str = "train", loss: str = "") -> Any:
    """The setting; the kind and the nearest value of what is open about it."""
    text = SCRIPT.replace("HOW", how).replace("FIT", fit)
    text = text.replace("MODE", "binary" if classes == 2 else "categorical")
    text = text.replace("LAST", "1, activation='sigmoid'" if classes == 2 else f"{classes}, activation='softmax'")
    named = "'binary_crossentropy'" if classes == 2 else "'categorical_crossentropy'"
    record = import_script(text.replace("LOSS", loss or named))
    key = "training.label_smoothing"
    found = [(one["kind"], one.get("nearest")) for one in record["open"] if one["key"] == key]
    stated = record["settings"].get(key)
    return found[0] if found else (None if stated is None else stated["value"])


@pytest.mark.parametrize(
    ("how", "classes"),
    [
        ("train = train.map(lambda x, y: (x, y * 0.9 + 0.05))", 2),
        ("train = train.map(lambda x, y: (x, tf.cast(y, tf.float32) * (1 - 0.1) + 0.1 / 2))", 2),
        ("train = train.map(lambda x, y: (x, 0.05 + 0.9 * y))", 2),
        ("train = train.map(lambda x, y: (x, tf.clip_by_value(y, 0.05, 0.95)))", 2),
        ("train = train.map(lambda x, y: (x, tf.where(y == 1, 0.95, 0.05)))", 2),
        ("train = train.map(lambda x, y: (x, y * 0.9 + 0.025))", 4),
        ("E = 0.1\ndef soft(x, y):\n    y = y * (1 - E)\n    y += E / 4\n    return x, y\ntrain = train.map(soft)", 4),
    ],
)
def test_labels_that_are_as_soft_as_label_smoothing_makes_them(how: str, classes: int) -> None:
    assert smoothed(how, classes) == 0.1


def test_labels_of_arrays() -> None:
    assert smoothed("y = y * 0.8 + 0.05", 4, "x, y") == 0.2
    assert smoothed("y = tf.one_hot(np.load('y.npy'), 4, 0.85, 0.05)", 4, "x, y") == 0.2
    assert smoothed("y = tf.one_hot(np.load('y.npy'), 4, on_value=0.85, off_value=0.05)", 4, "x, y") == 0.2
    assert smoothed("y = np.load('y.npy') * 0.8 + 0.05", 4, "x, y") == 0.2
    assert smoothed("y = np.load('y.npy') / 255", 4, "x, y") is None
    assert smoothed("soft = y * 0.8 + 0.05", 4, "x, y") is None


@pytest.mark.parametrize(
    ("how", "fit", "want"),
    [
        ("train = train.map(lambda x, y: (x, y * 0.9))", "train", ("beyond", 0.1)),
        ("train = train.map(lambda x, y: (x, y * 0.9 + 0.05))", "train", ("beyond", 0.1)),
        ("y[y == 1] = 0.9", "x, y", ("beyond", 0.1)),
        ("y = y * 0.9 + rest", "x, y", ("asked", None)),
    ],
)
def test_labels_with_other_ends_are_beyond_a_run(how: str, fit: str, want: tuple[str, Any]) -> None:
    assert smoothed(how, 4, fit) == want


@pytest.mark.parametrize(
    "how",
    [
        "train = train.map(lambda x, y: (x, tf.maximum(tf.minimum(y, 0.95), 0.05)))",
        "train = train.map(lambda x, y: (x, tf.abs(y - 0.05)))",
        "train = train.map(lambda x, y: (x, tf.math.add(tf.math.multiply(y, 0.9), 0.05)))",
        "def rows():\n    while True:\n        yield read(names), marks[part] * 0.9 + 0.05\ntrain = rows()",
        "def rows():\n    while True:\n        yield read(names), 0.05 + (1 - 0.1) * marks\ntrain = rows()",
    ],
)
def test_labels_softened_in_other_words(how: str) -> None:
    assert smoothed(how, 2) == 0.1


def test_labels_softened_by_what_is_known_only_when_the_script_runs() -> None:
    how = "train = train.map(lambda x, y: (x, y * (1 - options.soft) + options.soft / 2))"
    assert smoothed(how, 2) == ("asked", None)
    plain = "def rows():\n    while True:\n        yield read(names), marks[part] * 1\ntrain = rows()"
    assert smoothed(plain, 2) is None


def test_labels_that_the_loss_makes_softer_once_more() -> None:
    loss = "keras.losses.CategoricalCrossentropy(label_smoothing=0.1)"
    assert smoothed("y = y * 0.9 + 0.025", 4, "x, y", loss) == ("beyond", 0.1)
    assert smoothed("", 4, "x, y", loss) == 0.1


@pytest.mark.parametrize(
    "how",
    [
        "y = np.load('y.npy') - 1",
        "y = 1 - np.load('y.npy')",
        "y = to_categorical(np.load('y.npy') - 1, 4)",
        "y = np.clip(np.load('y.npy'), 0, 1)",
        "y = tf.one_hot(np.load('y.npy'), 4)",
        "y = np.where(np.load('y.npy') == 3, 1, 0)",
        "y = y.astype('float32') * 1.0",
    ],
)
def test_labels_that_stay_whole_numbers(how: str) -> None:
    assert smoothed(how, 4, "x, y") is None
