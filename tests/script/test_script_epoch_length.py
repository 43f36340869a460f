"""How much of the images an epoch of a script is, and the number that a later training begins at."""

from typing import Any

import pytest

from core.script.importing import import_script

SCRIPT = """import keras, tensorflow as tf
train = keras.utils.image_dataset_from_directory("moss/train", image_size=(96, 96), batch_size=16)
val = keras.utils.image_dataset_from_directory("moss/val", image_size=(96, 96), batch_size=16)
net = keras.applications.ResNet50V2(include_top=False, pooling="avg", input_shape=(96, 96, 3))
net.trainable = False
model = keras.Sequential([keras.layers.Rescaling(1 / 127.5, -1), net, keras.layers.Dense(1, activation="sigmoid")])
model.compile("adam", "binary_crossentropy")
FIT
"""


def read(fit: str) -> dict[str, Any]:
    return import_script(SCRIPT.replace("FIT", fit))


def value(record: dict[str, Any], key: str) -> Any:
    return record["settings"].get(key, {}).get("value")


def notes(record: dict[str, Any]) -> list[str]:
    return [one["text"].partition(";")[0] for one in record["unread"]]


_PASSES = "an epoch is {} passes over the images"
_PART = "take: the training is on a part of the images"


@pytest.mark.parametrize(
    ("fit", "epochs", "told"),
    [
        ("model.fit(train.repeat(3), validation_data=val, epochs=10)", 30, [_PASSES.format(3)]),
        ("train = train.repeat(count=2).prefetch(4)\nmodel.fit(train, epochs=7, validation_data=val)", 14,
         [_PASSES.format(2)]),
        ("n = 2\nmodel.fit(train.repeat(n).shuffle(9).repeat(3), epochs=2, validation_data=val)", 12,
         [_PASSES.format(6)]),
        ("model.fit(train.repeat(8), validation_data=val)", 8, [_PASSES.format(8)]),
        ("model.fit(train.repeat(1), validation_data=val, epochs=10)", 10, []),
        ("model.fit(train.repeat(10), validation_data=val, epochs=10, steps_per_epoch=len(train))", 10, []),
        ("model.fit(train.repeat(), validation_data=val, epochs=10, steps_per_epoch=len(train))", 10, []),
        ("model.fit(train, validation_data=val.repeat(2), epochs=10)", 10, []),
        ("model.fit(train.take(10), validation_data=val, epochs=10)", 10, [_PART]),
        ("few = train.unbatch().take(500).batch(8)\nmodel.fit(few, validation_data=val, epochs=10)", 10, [_PART]),
        ("model.fit(train, validation_data=val.take(10), epochs=10)", 10, []),
        ("for x, y in train.take(1): print(x.shape)\nmodel.fit(train, validation_data=val, epochs=10)", 10, []),
    ],
)  # fmt: skip
def test_passes_in_an_epoch(fit: str, epochs: int, told: list[str]) -> None:
    record = read(fit)
    assert (value(record, "training.epochs"), notes(record)) == (epochs, told)


@pytest.mark.parametrize(
    ("split", "told"),
    [
        ("a, b = train.take(90), train.skip(90)", 0),
        ("b, a = train.take(20), train.skip(20)", 0),
        ("b = train.take(20)\na, c = train.skip(20).take(60), train.skip(80)", 0),
        ("rest, c = train.take(80), train.skip(80)\na, b = rest.take(60), rest.skip(60)", 0),
        ("a, b = train.take(90), train.skip(90)\na = a.take(3)", 1),
        ("b, a = train.take(20), train.skip(20)\na = a.take(3)", 1),
    ],
)
def test_a_part_of_a_split_is_not_told(split: str, told: int) -> None:
    record = read(f"{split}\nmodel.fit(a, validation_data=b, epochs=4)")
    assert notes(record).count(_PART) == told


def test_repeated_as_often_as_only_running_tells_is_asked_for() -> None:
    record = read("model.fit(train.repeat(int(input())), validation_data=val, epochs=10)")
    (why,) = [one["why"] for one in record["open"] if one["key"] == "training.epochs"]
    assert why == "line 8: how often the images are repeated is known only when the script runs"


@pytest.mark.parametrize(
    ("begin", "end", "epochs"),
    [
        ("first.epoch[-1]", "20", 11),
        ("first.epoch[-1] + 1", "20", 10),
        ("len(first.epoch)", "20", 10),
        ("first.epoch[-1]", "first.epoch[-1] + 6", 6),
        ("first.params['epochs']", "first.params['epochs'] + 6", 6),
        ("10", "25", 15),
        ("len(first.history['loss'])", "20", 10),
    ],
)
def test_a_training_that_begins_where_another_ended(begin: str, end: str, epochs: int) -> None:
    record = read(
        "first = model.fit(train, validation_data=val, epochs=10)\nnet.trainable = True\n"
        "model.compile(keras.optimizers.Adam(1e-5), 'binary_crossentropy')\n"
        f"model.fit(train, validation_data=val, epochs={end}, initial_epoch={begin})"
    )
    assert (value(record, "training.epochs"), value(record, "training.finetune_epochs")) == (10, epochs)
