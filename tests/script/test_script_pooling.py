"""Pooling of the head in a window: the whole map of the network, or a part of it."""

from typing import Any

import pytest

from core.script.importing import import_script

SCRIPT = """
import keras
from keras import layers
sets = [keras.utils.image_dataset_from_directory(f"leaves/{part}", image_size=(160, 160)) for part in ("train", "val")]
net = keras.applications.MobileNetV2(include_top=False, input_shape=(160, 160, 3))
net.trainable = False
model = keras.Sequential()
for layer in (keras.Input((160, 160, 3)), layers.Rescaling(1 / 127.5, -1), net):
    model.add(layer)
model.add(layers.MaxPooling2D(5))
model.add(layers.Flatten())
model.add(layers.Dense(1, activation="sigmoid"))
model.compile("adam", "binary_crossentropy")
model.fit(sets[0], validation_data=sets[1], epochs=4)
"""


def opened(record: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["key"]: one for one in record["open"]}


@pytest.mark.parametrize(
    ("window", "pooling"),
    [
        ("MaxPooling2D(5)", "max"),
        ("MaxPool2D(pool_size=(5, 5), strides=1)", "max"),
        ("AveragePooling2D((5, 5))", "average"),
        ("AvgPool2D(5)", "average"),
    ],
)
def test_a_window_of_the_whole_map_is_a_global_pooling(window: str, pooling: str) -> None:
    record = import_script(SCRIPT.replace("MaxPooling2D(5)", window))
    assert opened(record) == {}
    one = record["settings"]["model.pooling"]
    assert (one["value"], [line["line"] for line in one["lines"]]) == (pooling, [10, 11])
    assert record["settings"]["model.dense_units"]["value"] == 0
    assert record["config"] is not None


@pytest.mark.parametrize("window", ["AveragePooling2D()", "AveragePooling2D((4, 4))", "AveragePooling2D((5, 4))"])
def test_a_window_of_a_part_of_the_map_is_beyond_a_run(window: str) -> None:
    one = opened(import_script(SCRIPT.replace("MaxPooling2D(5)", window)))["model.pooling"]
    assert (one["kind"], one["nearest"], one["lines"][0]["line"]) == ("beyond", "average", 10)
    assert "AveragePooling2D is not known to be the whole map of the network" in one["why"]


def test_the_map_of_a_network_with_odd_borders_is_not_known() -> None:
    record = import_script(SCRIPT.replace("MobileNetV2", "InceptionV3"))
    assert opened(record)["model.pooling"]["nearest"] == "max"


def test_a_network_that_pools_itself_needs_no_window() -> None:
    text = SCRIPT.replace("160, 3))\nnet", "160, 3), pooling='avg')\nnet").replace(
        "model.add(layers.MaxPooling2D(5))\n", ""
    )
    assert import_script(text)["settings"]["model.pooling"]["value"] == "average"
