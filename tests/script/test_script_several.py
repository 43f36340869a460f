"""Loops that train several models: which settings are those of one turn only."""

from typing import Any

import pytest

from core.script.importing import import_script

_START = """
import keras
from keras import layers
from sklearn.model_selection import KFold
train = keras.utils.image_dataset_from_directory("pets/train", image_size=(96, 96))
val = keras.utils.image_dataset_from_directory("pets/val", image_size=(96, 96))
def build(make=keras.applications.VGG16, rate=1e-3, units=0, drop=0.0):
    base = make(include_top=False, pooling="avg", input_shape=(96, 96, 3))
    base.trainable = False
    model = keras.Sequential([base])
    if units:
        model.add(layers.Dense(units, activation="relu"))
    model.add(layers.Dropout(drop))
    model.add(layers.Dense(1, activation="sigmoid"))
    model.compile(keras.optimizers.Adam(rate), "binary_crossentropy")
    return model
shared = keras.applications.VGG16(include_top=False, pooling="avg", input_shape=(96, 96, 3))
"""
FIT = "    model.fit(train, validation_data=val, epochs=3)\n"
STAGES = """for rate in [1e-4, 1e-5]:
    shared.trainable = False
    model = keras.Sequential([shared, layers.Dense(1, activation="sigmoid")])
    model.compile(keras.optimizers.Adam(1e-3), "binary_crossentropy")
    model.fit(train, validation_data=val, epochs=3)
    shared.trainable = True
    model.compile(keras.optimizers.Adam(rate), "binary_crossentropy")
    model.fit(train, validation_data=val, epochs=2)
"""


def opened(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    record = import_script(_START + text)
    return {one["key"]: one.get("nearest") for one in record["open"] if one["blocks"]}, record


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("for rate in [1e-2, 1e-3, 1e-4]:\n    model = build(rate=rate)\n" + FIT, {"training.learning_rate": 1e-4}),
        ("for name, make in {'a': keras.applications.VGG16, 'b': keras.applications.ResNet50}.items():\n"
         "    model = build(make)\n" + FIT, {"model.backbone": "ResNet50"}),
        ("for make in (keras.applications.VGG16, keras.applications.ResNet50):\n    model = build(make)\n" + FIT,
         {"model.backbone": "ResNet50"}),
        ("results = {}\nfor drop in (0.2, 0.5):\n    model = build(drop=drop)\n"
         "    results[drop] = model.fit(train, epochs=4)\n", {"model.dropout": 0.5}),
        ("def run(rate):\n    model = build(rate=rate)\n" + FIT + "for rate in (1e-2, 1e-4): run(rate)\n",
         {"training.learning_rate": 1e-4}),
        ("for n in [3, 9]:\n    model = build()\n    model.fit(train, epochs=n)\n", {"training.epochs": 9}),
        (STAGES, {"training.finetune_learning_rate": 1e-5}),
    ],
)  # fmt: skip
def test_what_differs_between_the_models_of_a_loop_is_said(text: str, want: dict[str, Any]) -> None:
    assert opened(text)[0] == want


def test_the_sentence_names_the_loop_and_the_values() -> None:
    (one,) = opened("for rate in [1e-2, 1e-3]:\n    model = build(rate=rate)\n" + FIT)[1]["open"]
    assert one["why"] == (
        "line 18: 2 models are trained in turn, with learning_rate 0.01 and 0.001; a run is one training"
    )


def test_stages_in_a_loop_are_those_of_one_turn() -> None:
    read = opened(STAGES)[1]["settings"]
    values = [read[f"training.{name}"]["value"] for name in ("mode", "epochs", "finetune_epochs", "learning_rate")]
    assert values == ["fine_tune", 3, 2, 1e-3]


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("for run in range(3):\n    model = build()\n" + FIT, "the loop trains 3 models; a run is one training"),
        ("for run in range(30):\n    model = build()\n" + FIT,
         "the loop trains a model in each turn; a run is one training"),
        ("for a, b in KFold(5).split(names):\n    model = build()\n" + FIT, ""),
        ("for rate in [1e-2, 1e-3]:\n    model = build(rate=rate)\n" + FIT
         + "model = build(rate=0.1)\nmodel.fit(train, validation_data=val, epochs=9)\n", ""),
        ("model = build(rate=0.1)\nmodel.fit(train, validation_data=val, epochs=9)\n", ""),
    ],
)  # fmt: skip
def test_models_that_are_alike_leave_nothing_open(text: str, note: str) -> None:
    found, record = opened(text)
    told = [one["text"] for one in record["unread"] if one["text"].startswith("the loop")]
    assert (found, told) == ({}, [note] if note else [])


@pytest.mark.parametrize("calls", ["go(1e-3)\ngo(1e-4)\n", "results = [go(rate) for rate in (1e-3, 1e-4)]\n"])
def test_a_function_that_trains_and_is_called_again_is_named(calls: str) -> None:
    text = "def go(rate):\n    model = build(rate=rate)\n" + FIT
    note = "2 models are trained here in turn; the last one was read"
    assert note in [one["text"] for one in opened(text + calls)[1]["unread"]]
    assert note not in [one["text"] for one in opened(text + "go(1e-3)\n")[1]["unread"]]
