"""What images count in the loss: weights of classes, of single images, and of a dataset's own."""

from typing import Any

import pytest

from core.script.importing import import_script

SCRIPT = """import keras, numpy as np, tensorflow as tf
from sklearn.utils import class_weight
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight
made = keras.preprocessing.image.ImageDataGenerator(rescale=1 / 127.5)
train = made.flow_from_directory("reeds/train", target_size=(96, 96), class_mode="binary")
val = made.flow_from_directory("reeds/val", target_size=(96, 96), class_mode="binary")
net = keras.applications.MobileNetV2(include_top=False, pooling="avg", input_shape=(96, 96, 3))
net.trainable = False
model = keras.Sequential([net, keras.layers.Dense(1, activation="sigmoid")])
model.compile("adam", "binary_crossentropy")
y = train.classes
w = compute_class_weight(class_weight="balanced", classes=np.unique(y), y=y)
HOW
model.fit(train, validation_data=val, epochs=3, class_weight=cw)
"""


def weighed(text: str) -> Any:
    """The setting; a sentence where it is beyond a run."""
    record = import_script(text)
    why = [one["why"] for one in record["open"] if one["key"] == "training.class_weight"]
    stated = record["settings"].get("training.class_weight")
    return why[0] if why else (None if stated is None else stated["value"])


@pytest.mark.parametrize(
    "how",
    [
        "cw = dict(enumerate(w))",
        "cw = {0: w[0], 1: w[1]}",
        "cw = {k: float(one) for k, one in enumerate(w)}",
        "cw = {k: w[k] for k in range(2)}",
        "cw = {k: w[k] for k in range(train.num_classes)}",
        "cw = dict(zip(np.unique(y), w))",
        "cw = dict(zip(range(len(w)), w.tolist()))",
        "cw = {}\nfor k, one in enumerate(w):\n    cw[k] = one",
        "cw = {i: v for i, v in zip([0, 1], list(w))}",
        "cw = {0: round(w[0], 3), 1: round(w[1], 3)}",
        "def weights():\n    return dict(enumerate(np.array(w)))\ncw = weights()",
        "a, b = w\ncw = {0: a, 1: b}",
        "w = class_weight.compute_class_weight('balanced', np.unique(y), y)\ncw = {0: w[0], 1: w[1]}",
    ],
)
def test_balanced_weights_as_they_are(how: str) -> None:
    assert weighed(SCRIPT.replace("HOW", how)) == "balanced"


@pytest.mark.parametrize(
    "how",
    [
        "print(w)\ncw = {0: 1.0, 1: 5.0}",
        "cw = dict(enumerate(w)); cw[1] *= 3",
        "cw = dict(enumerate(w)); cw[1] = 4.0",
        "cw = {0: w[0], 1: w[1] * 2}",
        "cw = {0: w[1], 1: w[0]}",
        "cw = dict(enumerate(np.sqrt(w)))",
        "cw = dict(enumerate(np.clip(w, 0.5, 2)))",
        "w = w / w.sum()\ncw = dict(enumerate(w))",
        "w[1] = 9\ncw = dict(enumerate(w))",
        "cw = {k: one ** 0.5 for k, one in enumerate(w)}",
        "cw = {k: min(one, 4) for k, one in dict(enumerate(w)).items()}",
        "cw = dict(enumerate(w)); cw.update({1: 7.0})",
        "w = compute_class_weight({0: 1, 1: 4}, classes=np.unique(y), y=y)\ncw = dict(enumerate(w))",
        "w = compute_class_weight(how, classes=np.unique(y), y=y)\ncw = dict(enumerate(w))",
    ],
)
def test_weights_that_a_script_changes_or_makes_are_its_own(how: str) -> None:
    why = weighed(SCRIPT.replace("HOW", how))
    assert why.endswith("Parity has only none and balanced")


def test_weights_that_nothing_uses_weigh_nothing() -> None:
    text = SCRIPT.replace("HOW", "").replace(", class_weight=cw", "")
    assert (weighed(text), import_script(text)["not_stated"]["training.class_weight"]["value"]) == (None, "none")
    assert weighed(SCRIPT.replace("HOW", "cw = {0: 1.0, 1: 1.0}")) == "none"


OF_IMAGES = SCRIPT.replace(", class_weight=cw", "SAID")


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("", ", sample_weight=np.load('w.npy')"),
        ("train = tf.data.Dataset.from_tensor_slices((x, y, v * 2)).batch(32)", ""),
        ("train = tf.data.Dataset.from_tensor_slices((x, y)).map(lambda a, b: (a, b, b * 4.0 + 1)).batch(32)", ""),
        ("train = tf.data.Dataset.from_tensor_slices((x, y, u)).map(lambda a, b, c: (a / 2, b, c)).batch(32)", ""),
        ("train = made.flow(x, y, sample_weight=u)", ""),
        ("train = made.flow_from_dataframe(rows, weight_col='w', target_size=(96, 96))", ""),
        ("def reeds():\n    while True:\n        yield x, y, u\ntrain = reeds()", ""),
    ],
)
def test_images_with_weights_of_their_own_are_beyond_a_run(how: str, said: str) -> None:
    text = OF_IMAGES.replace("HOW", "x, y, u = (np.load(f'{k}.npy') for k in 'xyu')\nv = u\n" + how)
    why = weighed(text.replace("SAID", said))
    assert why is not None
    assert why.endswith("each image has a weight of its own; Parity has only none and balanced")


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("", ", sample_weight=compute_sample_weight('balanced', y)"),
        ("v = np.array([w[one] for one in y])", ", sample_weight=v"),
        ("x = np.load('x.npy'); v = compute_sample_weight('balanced', y)\n"
         "train = tf.data.Dataset.from_tensor_slices((x, y, v)).batch(32)", ""),
    ],
)  # fmt: skip
def test_balanced_weights_of_images(how: str, said: str) -> None:
    assert weighed(OF_IMAGES.replace("HOW", how).replace("SAID", said)) == "balanced"


def test_one_weight_for_all_images() -> None:
    how = "x, y = np.load('x.npy'), np.load('y.npy')\ntrain = tf.data.Dataset.from_tensor_slices((x, y))"
    how += ".map(lambda a, b: (a, b, 1.0)).batch(32)"
    assert weighed(OF_IMAGES.replace("HOW", how).replace("SAID", "")) == "none"


def test_weights_that_a_dataset_leaves_behind_weigh_nothing() -> None:
    how = "x, u = np.load('x.npy'), np.load('u.npy')\ntrain = tf.data.Dataset.from_tensor_slices((x, y, u))"
    how += ".map(lambda a, b, c: (a, b)).batch(32)"
    assert weighed(OF_IMAGES.replace("HOW", how).replace("SAID", "")) is None
