"""Weights that a backbone is given after it was made."""

from typing import Any

import pytest

from core.script.importing import import_script

_SCRIPT = """
import os
import keras
from keras import layers
train = keras.utils.image_dataset_from_directory("pets/train", image_size=(96, 96))
val = keras.utils.image_dataset_from_directory("pets/val", image_size=(96, 96))
base = keras.applications.ResNet50(include_top=False, weights=FIRST, pooling="avg", input_shape=(96, 96, 3))
base.trainable = False
model = keras.Sequential([keras.layers.Lambda(keras.applications.resnet50.preprocess_input), base])
model.add(layers.Dense(1, activation="sigmoid"))
BEFORE
model.compile("adam", "binary_crossentropy")
model.fit(train, validation_data=val, epochs=3)
AFTER
"""
LOADS = 'base.load_weights("resnet50_notop.h5")'
AROUND = 'model.load_weights("best.h5")'
RESUMES = 'if os.path.exists("best.h5"):\n    model.load_weights("best.h5")'
TAKEN = "base.set_weights(keras.models.load_model('other.keras').get_weights())"
OUTSIDE = "keras.Sequential([base, layers.Dense(9)]).load_weights('nine.h5')"


def weights(first: str, before: str, after: str = "") -> tuple[Any, str, dict[str, Any]]:
    record = import_script(_SCRIPT.replace("FIRST", first).replace("BEFORE", before).replace("AFTER", after))
    kinds = [one["kind"] + str(one["nearest"]) for one in record["open"] if one["key"] == "model.weights"]
    return record["settings"].get("model.weights", {}).get("value"), "".join(kinds), record


@pytest.mark.parametrize("first", ["None", "'imagenet'"])
@pytest.mark.parametrize("before", [LOADS, AROUND, TAKEN, OUTSIDE])
def test_weights_that_are_loaded_later_are_beyond_a_run(first: str, before: str) -> None:
    value, kinds, record = weights(first, before)
    assert (value, kinds) == (None, "beyondimagenet")
    assert "weights-not-loaded" not in [one["id"] for one in record["findings"]]


@pytest.mark.parametrize(
    ("first", "before", "after", "want"),
    [
        ("'imagenet'", "", "", "imagenet"),
        ("None", "", "", "none"),
        ("'imagenet'", "", AROUND, "imagenet"),
        ("'imagenet'", RESUMES, "", "imagenet"),
        ("'imagenet'", "", LOADS, "imagenet"),
        ("'imagenet'", RESUMES + "\nelse:\n    print('new')", "", "imagenet"),
        ("'imagenet'", "head = keras.Sequential([layers.Dense(2)])\nhead.load_weights('head.h5')", "", "imagenet"),
    ],
)
def test_weights_that_are_not_loaded_before_the_training_stay(first: str, before: str, after: str, want: str) -> None:
    value, kinds, record = weights(first, before, after)
    assert (value, kinds) == (want, "")
    assert any("under a condition" in one["text"] for one in record["unread"]) == before.startswith(RESUMES)


def test_weights_loaded_under_a_condition_into_a_network_whose_weights_are_not_named_are_those_of_imagenet() -> None:
    record = import_script(_SCRIPT.replace("weights=FIRST, ", "").replace("BEFORE", RESUMES).replace("AFTER", ""))
    assert "model.weights" not in [one["key"] for one in record["open"]]


def test_weights_loaded_under_a_condition_into_a_network_without_any_are_open() -> None:
    assert weights("None", RESUMES)[1] == "beyondimagenet"
