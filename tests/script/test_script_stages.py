"""Trainings of one script that are one run: in loops, compiled again, and with settings that differ between them."""

from typing import Any

import pytest

from core.script.importing import import_script

_START = """
import keras
import tensorflow as tf
from keras import layers
from tqdm import tqdm, trange
train = keras.utils.image_dataset_from_directory("pets/train", image_size=(96, 96), batch_size=16)
val = keras.utils.image_dataset_from_directory("pets/val", image_size=(96, 96), batch_size=16)
base = keras.applications.VGG16(include_top=False, pooling="avg", input_shape=(96, 96, 3))
base.trainable = False
def build():
    return keras.Sequential([base, layers.Dense(1, "sigmoid")])
model = build()
"""
ADAM = "model.compile(keras.optimizers.Adam(1e-3), 'binary_crossentropy')\n"
LOWER = ADAM.replace("1e-3", "1e-5")
FIT = "model.fit(train, validation_data=val, epochs=3)\n"
SECOND = "model.fit(train, validation_data=val, epochs=2)\n"
OPENED = "base.trainable = True\n"
TUNED = ADAM + FIT + OPENED + LOWER + SECOND


def record_of(text: str) -> dict[str, Any]:
    return import_script(_START + text)


def opened(record: dict[str, Any]) -> dict[str, tuple[str, Any]]:
    return {one["key"]: (one["kind"], one.get("nearest")) for one in record["open"] if one["blocks"]}


def values(record: dict[str, Any], *names: str) -> list[Any]:
    return [record["settings"].get(f"training.{name}", {}).get("value") for name in names]


def indented(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.splitlines())


ONE = "model.fit(train, validation_data=val, epochs=1)\n"


@pytest.mark.parametrize(
    ("text", "epochs"),
    [
        (ADAM + "for epoch in range(10):\n" + indented(ONE), 10),
        (ADAM + "for epoch in range(4):\n" + indented(FIT), 12),
        (ADAM + "for epoch in tqdm(range(0, 20, 2)):\n" + indented(ONE), 10),
        (ADAM + "for epoch in trange(10):\n" + indented(ONE), 10),
        (ADAM + "N = 10\nfor epoch in range(1, N + 1):\n" + indented("print(epoch)\n" + ONE), 10),
        (ADAM + "for a in range(3):\n" + indented("for b in range(20):\n" + indented(ONE)), 60),
        (ADAM + "for epoch in [1, 2, 3]:\n" + indented(ONE), 3),
        (ADAM + "for name in 'a b c d e f g h i j k'.split():\n" + indented(ONE), None),
        (ADAM + "i = 0\nwhile i < 12:\n" + indented(ONE + "i += 1"), 12),
        (ADAM + "i = 12\nwhile i > 0:\n" + indented(ONE + "i -= 1"), 12),
        (ADAM + "best = 0\nwhile best < 0.9:\n" + indented("h = " + FIT + "best = max(h.history['val_loss'])"), None),
        (ADAM + "while True:\n" + indented("h = " + FIT + "if h.history['loss'][0] < 1: break"), None),
        (ADAM + "for epoch in range(50):\n" + indented("h = " + ONE + "if h.history['loss'][0] < 1: break"), None),
        (ADAM + "def train_all(n):\n" + indented("for _ in range(n):\n" + indented(ONE)) + "train_all(9)\n", 9),
        (ADAM + "[model.fit(train, epochs=1) for _ in range(10)]\n", 10),
        ("for run in range(5):\n" + indented("model = build()\n" + ADAM + FIT), 3),
        ("for run in range(50):\n" + indented("model = build()\n" + ADAM + FIT), 3),
        (ADAM + "model.fit(train, epochs=int(input()))\n" + FIT, None),
        (
            ADAM + "for epoch in range(30):\n" + indented("model.fit(train, initial_epoch=epoch, epochs=epoch + 1)\n"),
            None,
        ),
        (ADAM + "for epoch in range(6):\n" + indented("model.fit(train, initial_epoch=epoch, epochs=epoch + 1)\n"), 6),
        (ADAM + "model.fit(train.take(1), epochs=1)\n" + FIT, 3),
        (ADAM + FIT + "if accuracy < 0.9:\n" + indented(SECOND), None),
        (ADAM + "if long:\n" + indented(FIT) + "else:\n" + indented(SECOND), None),
        (ADAM + "if train_it:\n" + indented(FIT), 3),
    ],
)
def test_a_training_in_a_loop_has_the_epochs_of_all_turns(text: str, epochs: int | None) -> None:
    record = record_of(text)
    assert values(record, "epochs") == [epochs]
    assert opened(record).keys() == (set() if epochs is not None else {"training.epochs"})


def test_a_training_on_a_part_of_the_images_is_named() -> None:
    record = record_of(ADAM + "model.fit(train.take(1), epochs=1)\n" + FIT)
    assert {"line": 14, "text": "this training is on other images than the one after it; a run leaves it out"} in [
        {"line": one["line"], "text": one["text"]} for one in record["unread"]
    ]


SGD = "model.compile(keras.optimizers.SGD(1e-3), 'binary_crossentropy')\n"


@pytest.mark.parametrize(
    ("text", "epochs", "open_keys"),
    [
        (ADAM + FIT + SECOND, 5, {}),
        (ADAM + FIT + ADAM + SECOND, 5, {}),
        (ADAM + FIT + SGD + SECOND, 5, {"training.optimizer": "adam"}),
        (ADAM + SECOND + SGD + FIT, 5, {"training.optimizer": "sgd"}),
        (ADAM + FIT + LOWER + SECOND, 5, {"training.learning_rate": 1e-3}),
        (ADAM + FIT + LOWER + FIT, 6, {"training.learning_rate": 1e-5}),
        (ADAM + FIT + "keras.backend.set_value(model.optimizer.learning_rate, 1e-4)\n" + SECOND, 5,
         {"training.learning_rate": 1e-3}),
        (ADAM + FIT + "model.optimizer.learning_rate = 1e-4\n" + SECOND, 5, {"training.learning_rate": 1e-3}),
        (ADAM + "model.optimizer.learning_rate = 1e-4\n" + SECOND, 2, {}),
        (ADAM + FIT + "model = build()\n" + LOWER + SECOND, 2, {}),
        (SGD.replace("1e-3", "1e-3, momentum=0.9") + FIT + SGD + SECOND, 5, {"training.momentum": 0.9}),
        ("def go(rate, n):\n    model.compile(keras.optimizers.Adam(rate), 'binary_crossentropy')\n"
         "    model.fit(train, epochs=n)\ngo(1e-3, 3)\ngo(1e-4, 5)\n", 8, {"training.learning_rate": 1e-4}),
        ("for rate in (1e-3, 1e-4):\n    model.compile(keras.optimizers.Adam(rate), 'binary_crossentropy')\n"
         "    model.fit(train, epochs=4)\n", 8, {"training.learning_rate": 1e-4}),
        (OPENED + ADAM + FIT + "base.trainable = False\n" + ADAM + SECOND, 5, {"training.unfreeze_from": ""}),
    ],
)  # fmt: skip
def test_trainings_of_one_model_are_summed_and_what_differs_between_them_is_said(
    text: str, epochs: int, open_keys: dict[str, Any]
) -> None:
    record = record_of(text)
    assert values(record, "epochs") == [epochs]
    assert opened(record) == {key: ("beyond", near) for key, near in open_keys.items()}


def test_a_difference_names_both_values_and_their_lines() -> None:
    (one,) = record_of(ADAM + FIT + LOWER + SECOND)["open"]
    assert one["why"] == (
        "line 15: learning_rate is 0.001 in the training of line 14 and 1e-05 in the training of line 16; "
        "a run has one for both"
    )
    assert [line["line"] for line in one["lines"]] == [15, 13]


def test_a_model_compiled_again_alike_is_named() -> None:
    record = record_of(ADAM + FIT + ADAM + SECOND)
    assert [one["text"] for one in record["unread"]] == [
        "the model is compiled again, and its optimizer starts anew; in a run it goes on"
    ]


@pytest.mark.parametrize(
    ("text", "epochs", "open_keys"),
    [
        (TUNED, 2, {}),
        (TUNED + FIT, 5, {}),
        (TUNED + LOWER + FIT, 5, {}),
        (TUNED + LOWER.replace("1e-5", "1e-6") + FIT, 5, {"training.finetune_learning_rate": 1e-6}),
        (TUNED + "model.optimizer.learning_rate = 1e-6\n" + FIT, 5, {"training.finetune_learning_rate": 1e-6}),
        (TUNED + "model.optimizer.learning_rate.assign(1e-6)\n" + ONE, 3, {"training.finetune_learning_rate": 1e-5}),
        (TUNED + SGD.replace("1e-3", "1e-5") + ONE, 3, {"training.finetune_optimizer": "adam"}),
        (ADAM + FIT + OPENED + LOWER + "for _ in range(12):\n" + indented(ONE), 12, {}),
    ],
)  # fmt: skip
def test_trainings_after_unfreezing_are_summed_too(text: str, epochs: int, open_keys: dict[str, Any]) -> None:
    record = record_of(text)
    assert values(record, "epochs", "finetune_epochs") == [3, epochs]
    assert opened(record) == {key: ("beyond", near) for key, near in open_keys.items()}


def test_stages_of_unfreezing_of_different_lengths_are_said() -> None:
    part = "for layer in base.layers[:{}]: layer.trainable = False\n"
    text = ADAM + FIT + OPENED + part.format(15) + LOWER + FIT + OPENED + part.format(11) + LOWER + ONE
    assert opened(record_of(text)) == {
        "training.finetune_stages": ("beyond", 2),
        "training.finetune_epochs": ("beyond", 2),
    }
    assert opened(record_of(text[: -len(ONE)] + FIT)) == {"training.finetune_stages": ("beyond", 2)}


def two(first: str = "", second: str = "", *, before: str = "", between: str = "") -> str:
    """Two stages with further arguments of their fits, and statements before them and between them."""
    return (
        before + ADAM + FIT.replace("epochs=3", f"epochs=3{first}") + OPENED + between + LOWER
        + FIT.replace("epochs=3", f"epochs=3{second}")
    )  # fmt: skip


STOPS = ", callbacks=[keras.callbacks.EarlyStopping(patience={}, restore_best_weights=True)]"
PLATEAU = ", callbacks=[keras.callbacks.ReduceLROnPlateau(factor=0.5, patience=2)]"
COSINE = "keras.optimizers.schedules.CosineDecay({}, len(train) * 3)"
FLIP = "flip = layers.RandomFlip('horizontal')\ntrain = train.map(lambda x, y: (flip(x, training=True), y))\n"
SMOOTH = "keras.losses.BinaryCrossentropy(label_smoothing=0.1)"
ADDED = "calls.append(keras.callbacks.EarlyStopping(patience=4, restore_best_weights=True))\n"
SMALL = "train = keras.utils.image_dataset_from_directory('pets/train', image_size=({0}, {0}), batch_size={1})\n"


@pytest.mark.parametrize(
    ("text", "key", "nearest"),
    [
        (two(STOPS.format(2), STOPS.format(10)), "training.early_stopping", 10),
        (two(STOPS.format(2)), "training.early_stopping", 0),
        (two("", STOPS.format(4)), "training.early_stopping", 4),
        (two("", PLATEAU), "training.reduce_on_plateau", 2),
        (two(PLATEAU, ""), "training.reduce_on_plateau", 0),
        ("calls = []\n" + two(", callbacks=calls", ", callbacks=calls", between=ADDED), "training.early_stopping", 4),
        (two(", class_weight={0: 1.0, 1: 3.0}"), "training.class_weight", "balanced"),
        (two(", class_weight='balanced'"), "training.class_weight", "none"),
        (two().replace("Adam(1e-3)", f"Adam({COSINE.format('1e-3')})"), "training.schedule", "none"),
        (two().replace("Adam(1e-5)", f"Adam({COSINE.format('1e-5')})"), "training.schedule", "cosine"),
        (two().replace("'binary_crossentropy'", SMOOTH, 1), "training.label_smoothing", 0),
        (two(between=SMALL.format(96, 4)), "data.batch_size", 4),
        (two(between=SMALL.format(160, 16)), "data.image_size", 160),
        (two(between=FLIP), "data.augmentation", "flip horizontal"),
        (two(between="train = train.map(lambda x, y: (x / 255.0, y))\n"), "data.preprocessing", "rescale"),
    ],
)
def test_what_only_one_stage_of_fine_tuning_says_is_beyond_a_run(text: str, key: str, nearest: Any) -> None:
    assert opened(record_of(text)) == {key: ("beyond", nearest)}


@pytest.mark.parametrize(
    "text",
    [
        two(STOPS.format(4), STOPS.format(4)),
        two(PLATEAU, PLATEAU),
        two(", class_weight='balanced'", ", class_weight='balanced'"),
        two().replace("Adam(1e-3)", f"Adam({COSINE.format('1e-3')})").replace(
            "Adam(1e-5)", f"Adam({COSINE.format('1e-5')})"),
        two(before=FLIP),
        two().replace("'binary_crossentropy'", SMOOTH),
        two(between=SMALL.format(96, 16)),
        two().replace("validation_data=val, ", "", 1),
        two(between="train = train.shuffle(500)\n"),
    ],
)  # fmt: skip
def test_stages_that_say_the_same_leave_nothing_open(text: str) -> None:
    assert opened(record_of(text)) == {}


def test_a_schedule_over_all_epochs_of_each_stage_has_no_epochs_of_its_own() -> None:
    text = two().replace("Adam(1e-3)", f"Adam({COSINE.format('1e-3')})").replace(
        "Adam(1e-5)", f"Adam({COSINE.format('1e-5').replace('* 3', '* 7')})")  # fmt: skip
    record = record_of(text[: text.rindex("epochs=3")] + "epochs=7)\n")
    assert (opened(record), values(record, "schedule_epochs", "finetune_epochs")) == ({}, [0, 7])


def test_a_callback_that_is_changed_after_a_training_is_open() -> None:
    stops = "stops = keras.callbacks.EarlyStopping(patience=4, restore_best_weights=True)\n"
    given, key = ", callbacks=[stops]", "training.early_stopping"
    assert opened(record_of(stops + two(given, given, between="stops.patience = 9\n")))[key][0] == "asked"
    record = record_of(stops + "stops.patience = 9\n" + two(given, given))
    assert (opened(record), record["settings"][key]["value"]) == ({}, 9)


def test_stages_of_unfreezing_are_compiled_again_in_a_run_too() -> None:
    part = "for layer in base.layers[:{}]: layer.trainable = False\n"
    text = ADAM + FIT + OPENED + part.format(15) + LOWER + FIT + OPENED + part.format(11) + LOWER + FIT
    assert record_of(text)["unread"] == []


@pytest.mark.parametrize(
    ("text", "epochs"),
    [
        ("from types import SimpleNamespace\nargs = SimpleNamespace(n=3)\nargs.n = 7\n", 7),
        ("from types import SimpleNamespace\nargs = SimpleNamespace()\nargs.n = 7\n", 7),
        ("import argparse\np = argparse.ArgumentParser()\np.add_argument('--n', default=3)\nargs = p.parse_args()\n"
         "args.n = 7\n", 7),
        ("from types import SimpleNamespace\nargs = SimpleNamespace(n=3)\nif small:\n    args.n = 7\n", None),
    ],
)  # fmt: skip
def test_an_option_that_is_set_later_has_its_last_value(text: str, epochs: int | None) -> None:
    record = record_of(text + ADAM + "model.fit(train, validation_data=val, epochs=args.n)\n")
    assert values(record, "epochs") == [epochs]
    assert ("training.epochs" in opened(record)) == (epochs is None)
