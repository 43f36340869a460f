"""The last batch of an epoch: whether a dataset, a Sequence or a generator function leaves an incomplete one out."""

from typing import Any

import pytest

from core.script.importing import import_script

NET = """
net = keras.applications.MobileNetV2(include_top=False, pooling="avg", input_shape=(96, 96, 3))
net.trainable = False
model = keras.Sequential([net, keras.layers.Dense(1, activation="sigmoid")])
model.compile("adam", "binary_crossentropy")
"""
DATASET = (
    """import keras, tensorflow as tf
train = keras.utils.image_dataset_from_directory("moss/train", image_size=(96, 96), batch_size=24)
val = keras.utils.image_dataset_from_directory("moss/val", image_size=(96, 96))
train, val = (one.map(lambda x, y: (x / 127.5 - 1, y)) for one in (train, val))
HOW
"""
    + NET
    + "model.fit(train, validation_data=val, epochs=3)\n"
)
SEQUENCE = (
    """import keras, math, numpy as np
from PIL import Image
class Moss(keras.utils.PyDataset):
    def __init__(self, names, marks, batch_size=24):
        super().__init__()
        self.names, self.marks, self.batch_size = names, marks, batch_size
        self.count = COUNT
    def __len__(self):
        return HOW
    def __getitem__(self, at):
        rows = slice(at * self.batch_size, (at + 1) * self.batch_size)
        x = [np.asarray(Image.open(one).convert("RGB").resize((96, 96)), "float32") for one in self.names[rows]]
        return np.stack(x) / 127.5 - 1, self.marks[rows]
"""
    + NET
    + "model.fit(Moss(names, marks), validation_data=Moss(others, theirs), epochs=3)\n"
)
GENERATOR = (
    """import keras, numpy as np
from PIL import Image
def read(name):
    return np.asarray(Image.open(name).convert("RGB").resize((96, 96)), "float32") / 127.5 - 1
def moss(names, marks, size=24):
HOW
"""
    + NET
    + "model.fit(moss(names, marks), steps_per_epoch=50, epochs=3)\n"
)


def dropped(text: str) -> Any:
    """Whether the script states that the tail is dropped; None where it does not say, a sentence where it is asked."""
    record = import_script(text)
    why = [one["why"] for one in record["open"] if one["key"] == "data.drop_remainder" and one["blocks"]]
    stated = record["settings"].get("data.drop_remainder")
    return why[0] if why else (None if stated is None else stated["value"])


@pytest.mark.parametrize(
    ("how", "value"),
    [
        ("train = train.unbatch().batch(16, drop_remainder=True)", True),
        ("train = train.unbatch().shuffle(900).batch(16, True).prefetch(2)", True),
        ("train = train.unbatch().padded_batch(16, drop_remainder=True)", True),
        ("train = train.rebatch(16, drop_remainder=True)", True),
        ("def ready(ds, tail=False):\n    return ds.batch(16, drop_remainder=not tail)\ntrain = ready(train)", True),
        ("options = dict(drop_remainder=True)\ntrain = train.unbatch().batch(16, **options)", True),
        ("train = train.unbatch().batch(16, drop_remainder=False)", False),
        ("def ready(ds):\n    return ds.unbatch().batch(16, drop_remainder=True)\ntrain = train.apply(ready)", True),
        (
            "train = train.apply(tf.data.experimental.unbatch()).apply("
            "tf.data.experimental.map_and_batch(lambda x, y: (x, y), 16, drop_remainder=True))",
            True,
        ),
        ("train = train.apply(tf.data.experimental.dense_to_ragged_batch(16, True))", True),
        ("train = train.apply(tf.data.experimental.ignore_errors())", None),
        ("train = train.unbatch().batch(16)", None),
        ("train = train.unbatch().repeat().batch(16, drop_remainder=True)", None),
        ("train = train.unbatch().batch(7, True).unbatch().batch(16)", None),
        ("val = val.unbatch().batch(16, drop_remainder=True)", None),
    ],
)
def test_a_dataset_drops_what_its_batches_say(how: str, value: bool | None) -> None:
    assert dropped(DATASET.replace("HOW", how)) is value


def test_what_is_known_only_when_the_script_runs_is_asked_for() -> None:
    text = DATASET.replace("HOW", "train = train.unbatch().batch(16, drop_remainder=on_tpu)")
    assert dropped(text) == "line 5: whether the incomplete last batch is dropped is known only when the script runs"


@pytest.mark.parametrize(
    ("how", "value"),
    [
        ("len(self.names) // self.batch_size", True),
        ("int(np.floor(len(self.names) / self.batch_size))", True),
        ("math.floor(len(self.names) / self.batch_size)", True),
        ("int(len(self.names) / float(self.batch_size))", True),
        ("max(1, len(self.names) // self.batch_size)", True),
        ("self.count", True),
        ("math.ceil(len(self.names) / self.batch_size)", False),
        ("int(np.ceil(len(self.names) / self.batch_size))", False),
        ("-(-len(self.names) // self.batch_size)", False),
        ("(len(self.names) + self.batch_size - 1) // self.batch_size", False),
        ("len(self.names) // self.batch_size + 1", False),
        ("len(self.names) // self.batch_size + (len(self.names) % self.batch_size > 0)", False),
    ],
)
def test_a_sequence_drops_what_its_length_leaves_out(how: str, value: bool) -> None:
    text = SEQUENCE.replace("COUNT", "len(names) // batch_size").replace("HOW", how)
    assert dropped(text) is value


def test_a_length_that_cannot_be_read_is_listed() -> None:
    record = import_script(SEQUENCE.replace("COUNT", "None").replace("HOW", "steps_of(self)"))
    assert "data.drop_remainder" not in record["settings"]
    assert [one["line"] for one in record["unread"] if one["text"].startswith("__len__")] == [19]


LISTS = """        for name, mark in zip(names, marks):
            x.append(read(name)); y.append(mark)
            if len(x) == size:
                yield np.stack(x), np.array(y)
                x, y = [], []
"""


@pytest.mark.parametrize(
    ("how", "value"),
    [
        ("    while True:\n        for k in range(len(names) // size):\n            PART", True),
        ("    steps = len(names) // size\n    while True:\n        for k in range(steps):\n            PART", True),
        ("    while True:\n        for k in range(0, len(names) - size + 1, size):\n            PART", True),
        ("    while True:\n        for k in range(0, len(names) // size * size, size):\n            PART", True),
        ("    while True:\n        x, y = [], []\n" + LISTS, True),
        ("    x, y = [], []\n    while True:\n" + LISTS, None),
        (
            "    while True:\n        x, y = [], []\n" + LISTS + "        if x:\n            yield np.stack(x), y\n",
            None,
        ),
        ("    while True:\n        for k in range(0, len(names), size):\n            PART", None),
    ],
)
def test_a_generator_drops_what_its_loop_leaves_out(how: str, value: bool | None) -> None:
    part = "yield np.stack([read(one) for one in names[k:k + size]]), marks[k:k + size]\n"
    assert dropped(GENERATOR.replace("HOW", how.replace("PART", part))) is value
