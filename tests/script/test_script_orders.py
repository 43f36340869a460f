"""The order of the images: a new one in each epoch, or one that is drawn once."""

from typing import Any

import pytest

from core.script.importing import import_script
from tests.script.test_script_remainders import DATASET, GENERATOR, NET, SEQUENCE

ONCE = "the images are in one random order, the same in every epoch; a run has another one in each"


def order(text: str) -> Any:
    """The setting; the line that is beyond a run where it is drawn once."""
    record = import_script(text)
    beyond = [one for one in record["open"] if one["key"] == "data.shuffle"]
    if beyond:
        assert beyond[0]["why"].endswith(ONCE)
        assert beyond[0]["nearest"] == "samples"
        return beyond[0]["lines"][0]["text"]
    known = record["settings"].get("data.shuffle") or record["not_stated"]["data.shuffle"]
    return known["value"]


@pytest.mark.parametrize(
    "how",
    [
        "train = train.unbatch().shuffle(900, reshuffle_each_iteration=False).cache().batch(16)",
        "train = train.unbatch().shuffle(900).cache().batch(16)",
        "train = train.cache().prefetch(2)",
        "train = train.cache('/tmp/moss').prefetch(2)",
        "train = train.shuffle(50).cache()",
    ],
)
def test_an_order_that_is_drawn_once(how: str) -> None:
    assert order(DATASET.replace("HOW", how)) == how


@pytest.mark.parametrize(
    ("how", "word"),
    [
        ("train = train.cache().unbatch().shuffle(900).batch(16)", "samples"),
        ("train = train.unbatch().shuffle(900).cache().shuffle(900).batch(16)", "samples"),
        ("train = train.unbatch().shuffle(900, reshuffle_each_iteration=True).batch(16)", "samples"),
        ("train = train.shuffle(900, reshuffle_each_iteration=False)", "samples"),  # the folder's order changes
        ("val = val.cache()", "samples"),
        ("train = train.prefetch(2)", "samples"),
    ],
)
def test_an_order_that_changes_in_every_epoch(how: str, word: str) -> None:
    text = DATASET.replace("HOW", how)
    assert order(text) == word


SLICES = (
    """import keras, numpy as np, tensorflow as tf
from sklearn.model_selection import train_test_split
x, y = np.load("moss.npy"), np.load("kinds.npy")
x = keras.applications.mobilenet_v2.preprocess_input(np.asarray(x))
HOW
"""
    + NET
)


@pytest.mark.parametrize(
    ("how", "word"),
    [
        ("ds = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(5000).batch(32)", "samples"),
        ("ds = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(5000).cache().batch(32)", None),
        ("ds = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(5000, None, False).batch(32)", None),
        ("ds = tf.data.Dataset.from_tensor_slices((x, y)).batch(32)", "none"),
        (
            "f = tf.data.experimental.shuffle_and_repeat(900)\n"
            "ds = tf.data.Dataset.from_tensor_slices((x, y)).apply(f).batch(32)",
            "samples",
        ),
        ("ds = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(1).batch(32)", "none"),
        ("ds = tf.data.Dataset.from_tensor_slices((x, y)).cache().batch(32)", "none"),
        ("a, b, c, d = train_test_split(x, y)\nds = tf.data.Dataset.from_tensor_slices((a, c)).batch(32)", None),
    ],
)
def test_the_order_of_a_dataset_of_arrays(how: str, word: str | None) -> None:
    text = SLICES.replace("HOW", how) + "model.fit(ds, epochs=3)\n"
    assert order(text) == (word or how.rsplit("\n", maxsplit=1)[-1])


@pytest.mark.parametrize(
    ("how", "fit", "word"),
    [
        ("a, b, c, d = train_test_split(x, y)", "a, c", "samples"),
        ("a, b, c, d = train_test_split(x, y)", "a, c, shuffle=False", None),
        ("p = np.random.permutation(len(x)); x, y = x[p], y[p]", "x, y, shuffle=False", None),
        ("", "x, y, shuffle=False", "none"),
        ("a, b, c, d = train_test_split(x, y, shuffle=False)", "a, c, shuffle=False", "none"),
    ],
)
def test_the_order_of_arrays(how: str, fit: str, word: str | None) -> None:
    line = f"model.fit({fit}, epochs=3)"
    assert order(SLICES.replace("HOW", how) + line + "\n") == (word or line)


def test_a_sequence_or_generator_that_shuffles_before_the_first_epoch() -> None:
    first = SEQUENCE.replace("self.count = COUNT", "np.random.shuffle(self.names)").replace("HOW", "3")
    assert order(first).startswith("model.fit(")
    each = first.replace("    def __len__", "    def on_epoch_end(self):\n        np.random.shuffle(self.names)\n"
                         "    def __len__")  # fmt: skip
    assert order(each) == "samples"
    loop = "        for k in range(9):\n            yield read(names[k]), marks[k]\n"
    once = GENERATOR.replace("HOW", "    np.random.shuffle(names)\n    while True:\n" + loop)
    assert order(once).startswith("model.fit(")
    each = GENERATOR.replace("HOW", "    while True:\n        np.random.shuffle(names)\n" + loop)
    assert order(each) == "samples"


FRAME = (
    """import glob, keras, random, numpy as np, pandas as pd
from sklearn.utils import shuffle
from sklearn.model_selection import train_test_split
rows = pd.read_csv("moss.csv")
HOW
made = keras.preprocessing.image.ImageDataGenerator(rescale=1 / 127.5)
train = made.flow_from_dataframe(rows, "moss", target_size=(96, 96), class_mode="binary", shuffle=False)
"""
    + NET
    + "model.fit(train, epochs=3, shuffle=False)\n"
)


@pytest.mark.parametrize(
    "how",
    [
        "rows = rows.sample(frac=1, random_state=1)",
        "rows = shuffle(rows)",
        "rows, held = train_test_split(rows, test_size=0.2)",
        "rows = rows.iloc[np.random.permutation(len(rows))]",
        "def mixed():\n    return shuffle(pd.read_csv('moss.csv'))\nrows = mixed()",
    ],
)
def test_a_table_in_a_random_order(how: str) -> None:
    assert order(FRAME.replace("HOW", how)).startswith("train = made.flow_from_dataframe")


def test_a_table_in_its_own_order() -> None:
    assert order(FRAME.replace("HOW", "rows = rows.sort_values('name')")) == "none"
    assert order(FRAME.replace("HOW", "rows, held = train_test_split(rows, shuffle=False)")) == "none"
    assert order(FRAME.replace("HOW", "other = shuffle(rows)")) == "none"


def test_names_that_are_shuffled_before_a_generator_takes_them() -> None:
    loop = "    while True:\n        for k in range(9):\n            yield read(names[k]), marks[k]\n"
    text = GENERATOR.replace("HOW", loop)
    assert order(text) == "none"
    mixed = "import random\nnames = sorted(names)\nrandom.shuffle(names)\ndef read("
    assert order(text.replace("def read(", mixed)).startswith("model.fit(")
