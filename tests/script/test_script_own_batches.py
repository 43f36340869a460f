"""Batches that a script makes by itself, in a Sequence or a generator function; and rates that a function sets."""

from typing import Any

import pytest

from core.script.importing import import_script

NET = """
net = keras.applications.MobileNetV2(include_top=False, pooling="avg", input_shape=(128, 128, 3))
net.trainable = False
model = keras.Sequential([net, keras.layers.Dense(1, activation="sigmoid")])
model.compile(keras.optimizers.Adam(1e-3), "binary_crossentropy", metrics=["accuracy"])
"""
SEQUENCE = (
    """import keras, numpy as np, random
from PIL import Image
class Scans(keras.utils.PyDataset):
    def __init__(self, table, per_batch, mixed=True):
        super().__init__()
        self.table, self.SIZE, self.shuffle = list(table), per_batch, mixed
        self.on_epoch_end()
    def __len__(self):
        return len(self.table) // self.SIZE
    def on_epoch_end(self):
        MIX
    def __getitem__(self, at):
        rows = self.table[at * self.SIZE:(at + 1) * self.SIZE]
        x = [np.asarray(Image.open(name).convert("RGB").resize((128, 128)), "float32") / 127.5 - 1 for name, _ in rows]
        return np.stack(x), np.array([float(mark) for _, mark in rows])
"""
    + NET
    + "model.fit(Scans(rows, 24), validation_data=Scans(others, 24, False), epochs=2)\n"
)
GENERATOR = (
    """import keras, numpy as np
from PIL import Image
def scans(names, marks, batch_size=12):
    while True:
        order = ORDER
        for k in range(0, len(names), batch_size):
            part = order[k:k + batch_size]
            x = [np.asarray(Image.open(names[one]).resize((128, 128)), "float32") / 127.5 - 1 for one in part]
            yield np.stack(x), marks[part]
"""
    + NET
    + "model.fit(scans(names, marks), steps_per_epoch=50, epochs=2)\n"
)


def value(record: dict[str, Any], key: str) -> Any:
    return record["settings"].get(key, {}).get("value")


@pytest.mark.parametrize(
    ("mix", "order"),
    [
        ("random.shuffle(self.table)", "samples"),
        ("self.table = [self.table[k] for k in np.random.permutation(len(self.table))]", "samples"),
        ("pass", "batches"),
    ],
)
def test_the_order_of_a_sequence_is_its_own_or_that_of_fit(mix: str, order: str) -> None:
    assert value(import_script(SEQUENCE.replace("MIX", mix)), "data.shuffle") == order


def test_a_sequence_that_is_told_not_to_shuffle_has_its_batches_shuffled_by_fit() -> None:
    told = SEQUENCE.replace("MIX", "random.shuffle(self.table)").replace("Scans(rows, 24)", "Scans(rows, 24, False)")
    assert value(import_script(told), "data.shuffle") == "batches"
    record = import_script(told.replace("epochs=2", "epochs=2, shuffle=False"))
    assert value(record, "data.shuffle") == "none"


def test_the_batch_of_a_sequence_is_read_by_its_name_or_asked_for() -> None:
    record = import_script(SEQUENCE.replace("MIX", "pass"))
    (one,) = [one for one in record["open"] if one["key"] == "data.batch_size"]
    assert (one["kind"], one["blocks"]) == ("asked", True)
    assert one["why"].endswith("Scans makes the batches, and their size is known only when it runs")
    named = import_script(SEQUENCE.replace("MIX", "pass").replace("SIZE", "batch_size"))
    assert value(named, "data.batch_size") == 24


def test_a_generator_function_comes_in_its_own_order() -> None:
    mixed = import_script(GENERATOR.replace("ORDER", "np.random.permutation(len(names))"))
    assert (value(mixed, "data.shuffle"), value(mixed, "data.batch_size")) == ("samples", 12)
    assert value(import_script(GENERATOR.replace("ORDER", "np.arange(len(names))")), "data.shuffle") == "none"


def test_a_function_of_the_epoch_decides_the_rate() -> None:
    """The rate of compile is then never used, so nothing is said about it."""
    text = """import keras
sets = [keras.utils.image_dataset_from_directory(f"moss/{part}", image_size=(128, 128)) for part in ("train", "val")]
sets = [one.map(lambda x, y: (x / 127.5 - 1, y)) for one in sets]
""" + NET.replace("net.trainable = False\n", "").replace("Adam(1e-3)", "Adam(0.5)")
    plain = "model.fit(sets[0], validation_data=sets[1], epochs=9)\n"
    slow = "warm = keras.callbacks.LearningRateScheduler(lambda epoch: 1e-6 * (epoch + 1))\n"
    ids = {one["id"] for one in import_script(text + plain)["findings"]}
    assert {"base-not-frozen", "lr-out-of-range"} <= ids
    record = import_script(text + slow + plain.replace("epochs", "callbacks=[warm], epochs"))
    assert {one["id"] for one in record["findings"] if one["severity"] != "info"} == set()
    assert "training.schedule" in {one["key"] for one in record["open"]}


@pytest.mark.parametrize("name", ["Nadam", "Adamax", "Lion"])
def test_an_optimizer_that_a_run_does_not_have_has_a_rate_all_the_same(name: str) -> None:
    text = SEQUENCE.replace("MIX", "pass").replace("Adam(1e-3)", f"{name}()")
    record = import_script(text)
    assert record["not_stated"]["training.learning_rate"]["value"] == 0.001
    (one,) = [one for one in record["open"] if one["key"] == "training.optimizer"]
    assert one["nearest"] in ("adam", "adamw")


@pytest.mark.parametrize(
    ("imported", "maker"),
    [
        ("import albumentations as A", "A.Compose([A.HorizontalFlip(p=0.5), A.Rotate(15)])"),
        ("from imgaug import augmenters as iaa", "iaa.Sequential([iaa.Fliplr(0.5)])"),
    ],
)
def test_augmentation_by_a_package_of_its_own_is_not_called_none(imported: str, maker: str) -> None:
    text = f"{imported}\n" + SEQUENCE.replace("MIX", "pass").replace("class Scans", f"change = {maker}\nclass Scans")
    record = import_script(text, "mine.py")
    (beyond,) = [one for one in record["open"] if one["key"] == "data.augmentation"]
    assert "changes the images; its steps are not read" in beyond["why"]
    assert [line["text"] for line in beyond["lines"]] == [f"change = {maker}"]
    plain = import_script(SEQUENCE.replace("MIX", "pass"), "mine.py")
    assert [one for one in plain["open"] if one["key"] == "data.augmentation"] == []
