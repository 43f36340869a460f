"""Arguments of losses, optimizers and schedules by their place."""

from typing import Any

import pytest

from core.script.importing import import_script

SCRIPT = """import keras, tensorflow as tf
import tensorflow_addons as tfa
from keras.losses import BinaryCrossentropy, CategoricalFocalCrossentropy
train = keras.utils.image_dataset_from_directory("ferns/train", image_size=(96, 96), label_mode="MODE")
val = keras.utils.image_dataset_from_directory("ferns/val", image_size=(96, 96), label_mode="MODE")
net = keras.applications.EfficientNetV2B0(include_top=False, pooling="avg")
net.trainable = False
model = keras.Sequential([net, keras.layers.Dense(LAST)])
model.compile(HOW)
model.fit(train, validation_data=val, epochs=3)
"""


def settings(how: str) -> dict[str, Any]:
    many = "Categorical" in how
    text = SCRIPT.replace("MODE", "categorical" if many else "binary")
    text = text.replace("LAST", "4, activation='softmax'" if many else "1, activation='sigmoid'").replace("HOW", how)
    return {key: one["value"] for key, one in import_script(text)["settings"].items() if key.startswith("training.")}


@pytest.mark.parametrize(
    ("loss", "want"),
    [
        ("BinaryCrossentropy(False, 0.1)", {"label_smoothing": 0.1}),
        ("keras.losses.CategoricalCrossentropy(False, 0.1)", {"label_smoothing": 0.1}),
        ("tf.losses.CategoricalCrossentropy(False, label_smoothing=0.1)", {"label_smoothing": 0.1}),
        ("keras.losses.BinaryFocalCrossentropy(True, 0.4, 3.0)", {"focal_alpha": 0.4, "focal_gamma": 3.0}),
        ("keras.losses.BinaryFocalCrossentropy(True, 0.4, 3.0, False, 0.2)", {"label_smoothing": 0.2}),
        ("CategoricalFocalCrossentropy(0.4, 3.0)", {"focal_alpha": 0.4, "focal_gamma": 3.0}),
        ("BinaryCrossentropy(False)", {"label_smoothing": None}),
    ],
)
def test_losses(loss: str, want: dict[str, Any]) -> None:
    found = settings(f"'adam', {loss}")
    assert {key: found.get(f"training.{key}") for key in want} == want


@pytest.mark.parametrize(
    ("optimizer", "want"),
    [
        ("tfa.optimizers.AdamW(1e-4, 1e-3)", {"learning_rate": 1e-3, "weight_decay": 1e-4}),
        ("tfa.optimizers.AdamW(weight_decay=1e-4, learning_rate=1e-3)", {"learning_rate": 1e-3}),
        ("keras.optimizers.AdamW(1e-3, 1e-4)", {"learning_rate": 1e-3, "weight_decay": 1e-4}),
        ("keras.optimizers.SGD(1e-2, 0.9, True, 1e-4)", {"momentum": 0.9, "nesterov": True, "weight_decay": 1e-4}),
        ("keras.optimizers.SGD(1e-2, 0.9, 0.0, True)", {"momentum": 0.9, "nesterov": True, "weight_decay": None}),
        ("keras.optimizers.RMSprop(1e-3, 0.9, 0.8)", {"momentum": 0.8}),
        ("keras.optimizers.Adam(keras.optimizers.schedules.PolynomialDecay(5e-3, 900))", {"learning_rate": 5e-3}),
    ],
)
def test_optimizers(optimizer: str, want: dict[str, Any]) -> None:
    found = settings(f"{optimizer}, 'binary_crossentropy'")
    assert {key: found.get(f"training.{key}") for key in want} == want


def test_an_argument_by_its_place_that_no_run_has_is_listed() -> None:
    text = SCRIPT.replace("MODE", "binary").replace("LAST", "1, activation='sigmoid'")
    record = import_script(text.replace("HOW", "keras.optimizers.Adam(1e-3, 0.5), 'binary_crossentropy'"))
    assert any("beta_1" in one["text"] for one in record["unread"])
