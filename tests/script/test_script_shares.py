"""The share for validation that a script cuts off by itself, and folders of classes that it lists one by one."""

from typing import Any

import pytest

from core.script.importing import import_script

END = """
net = keras.applications.ResNet50V2(include_top=False, pooling="avg", input_shape=(96, 96, 3))
net.trainable = False
model = keras.Sequential([net, keras.layers.Dense(1, activation="sigmoid")])
model.compile("adam", "binary_crossentropy")
"""
DATASET = (
    """import pathlib, keras, tensorflow as tf
ROOT = pathlib.Path("herbs")
def picture(path):
    x = tf.image.resize(tf.io.decode_jpeg(tf.io.read_file(path), 3), (96, 96)) / 127.5 - 1
    return x, tf.strings.split(path, "/")[-2] == "mint"
count = len(list(ROOT.glob("*/*.jpg")))
every = tf.data.Dataset.list_files("herbs/*/*.jpg", shuffle=False)
every = every.shuffle(count, seed=1, reshuffle_each_iteration=False)
BORDER
train, val = (one.map(picture).batch(16) for one in (train, val))
"""
    + END
    + "model.fit(train, validation_data=val, epochs=3)\n"
)
ARRAYS = (
    """import glob, keras, numpy as np
from PIL import Image
mint, sage = glob.glob("FIRST"), glob.glob("SECOND")
paths = np.array(mint + sage)
kinds = np.array([0] * len(mint) + [1] * len(sage))
order = np.random.permutation(len(paths))
paths, kinds = paths[order], kinds[order]
x = np.stack([np.asarray(Image.open(one).convert("RGB").resize((96, 96)), "float32") for one in paths]) / 127.5 - 1
"""
    + END
)
FOLDS = (
    ARRAYS
    + """
for ours, theirs in SPLITTER.split(x, kinds):
    model = keras.Sequential([net, keras.layers.Dense(1, activation="sigmoid")])
    model.compile("adam", "binary_crossentropy")
    model.fit(x[ours], kinds[ours], validation_data=(x[theirs], kinds[theirs]), epochs=3)
"""
)


def share(text: str) -> Any:
    one = import_script(text)["settings"].get("data.validation_split")
    return None if one is None else (one["value"], text.split("\n")[one["line"] - 1])


@pytest.mark.parametrize(
    ("border", "held"),
    [
        ("train, val = every.skip(int(count * 0.1)), every.take(int(count * 0.1))", 0.1),
        ("train, val = every.take(round(0.7 * count)), every.skip(round(0.7 * count))", 0.3),
        ("part = count // 4; train, val = every.skip(part), every.take(part)", 0.25),
        ("part = count - int(0.15 * count); train, val = every.take(part), every.skip(part)", 0.15),
    ],
)
def test_take_and_skip_tell_the_share(border: str, held: float) -> None:
    value, line = share(DATASET.replace("BORDER", border))
    assert (value, line) == (held, border)


@pytest.mark.parametrize(
    "border",
    [
        "train, val = every.skip(500), every.take(500)",
        "train, val = every.take(n_train), every.skip(n_train)",
        "train, rest = every.take(int(0.7 * count)), every.skip(int(0.7 * count)); val = rest.take(int(0.15 * count))",
        "train, val = every, every.take(int(0.2 * count))",
    ],
)
def test_a_share_that_is_not_told_is_not_stated(border: str) -> None:
    assert share(DATASET.replace("BORDER", border)) is None


@pytest.mark.parametrize(
    ("splitter", "held"),
    [
        ("GroupShuffleSplit(1, test_size=0.3)", 0.3),
        ("StratifiedShuffleSplit(n_splits=1, test_size=0.15, random_state=3)", 0.15),
        ("StratifiedKFold(n_splits=10, shuffle=True)", 0.1),
        ("KFold(4)", 0.25),
        ("GroupKFold()", 0.2),
    ],
)
def test_splits_and_folds_of_scikit_learn_tell_the_share(splitter: str, held: float) -> None:
    value, line = share(FOLDS.replace("SPLITTER", splitter))
    assert value == held
    assert splitter in line


def test_a_count_for_the_test_is_no_share() -> None:
    assert share(FOLDS.replace("SPLITTER", "GroupShuffleSplit(1, test_size=300)")) is None


def test_slices_tell_the_share() -> None:
    fit = "n = int(len(x) * 0.85)\nmodel.fit(x[:n], kinds[:n], validation_data=(x[n:], kinds[n:]), epochs=3)\n"
    assert share(ARRAYS + fit) == (0.15, fit.split("\n")[1])
    turned = "n = int(len(x) * 0.1)\nmodel.fit(x[n:], kinds[n:], validation_data=(x[:n], kinds[:n]), epochs=3)\n"
    assert share(ARRAYS + turned) == (0.1, turned.split("\n")[1])
    assert share(ARRAYS + fit.replace("int(len(x) * 0.85)", "400")) is None


@pytest.mark.parametrize(
    ("first", "second", "folder"),
    [
        ("herbs/mint/*.jpg", "herbs/sage/*.jpg", "herbs"),
        ("herbs/train/mint/*", "herbs/train/sage/*", "herbs"),
        ("herbs/train/*/*.jpg", "herbs/val/*/*.jpg", "herbs"),
        ("herbs/train/mint/*", "herbs/val/mint/*", "herbs"),
    ],
)
def test_folders_of_classes_stand_in_one_folder(first: str, second: str, folder: str) -> None:
    text = ARRAYS.replace("FIRST", first).replace("SECOND", second)
    assert import_script(text + "model.fit(x, kinds, epochs=3)\n")["dataset"] == folder


def test_folders_in_different_places_are_asked_for() -> None:
    text = ARRAYS.replace("FIRST", "herbs/mint/*").replace("SECOND", "weeds/sage/*") + "model.fit(x, kinds, epochs=3)\n"
    record = import_script(text)
    assert record["dataset"] is None
    (one,) = [one for one in record["open"] if one["key"] == "dataset"]
    assert "herbs/mint, weeds/sage" in one["why"]


ROWS = """import pandas as pd, keras
from sklearn.model_selection import train_test_split
from sklearn.utils import resample
rows = pd.read_csv("marks.csv", dtype=str)
few, many = rows[rows["mark"] == "1"], rows[rows["mark"] == "0"]
DRAWN
made = keras.preprocessing.image.ImageDataGenerator(rescale=1 / 127.5)
flows = [made.flow_from_dataframe(one, "scans", x_col="scan", y_col="mark", class_mode="binary", target_size=(96, 96))
         for one in (ours, theirs)]
""" + END + "model.fit(flows[0], validation_data=flows[1], epochs=3)\n"  # fmt: skip


@pytest.mark.parametrize(
    "drawn",
    [
        "both = pd.concat([many, few.sample(len(many), replace=True)])\nours, theirs = train_test_split(both)",
        "few = resample(few, n_samples=900)\nboth = pd.concat([few, many])\nours, theirs = train_test_split(both)",
        "ours, theirs = train_test_split(many.append(resample(few, replace=True)), test_size=0.2)",
    ],
)
def test_rows_that_are_drawn_again_before_the_split(drawn: str) -> None:
    found = [one for one in import_script(ROWS.replace("DRAWN", drawn))["findings"] if one["id"] == "leak-before-split"]
    assert [(one["severity"], one["evidence"]["line"]) for one in found] == [("error", 6)]


@pytest.mark.parametrize(
    "drawn",
    [
        "both = pd.concat([resample(many, replace=False, n_samples=90), few])\nours, theirs = train_test_split(both)",
        "both = pd.concat([few, many.sample(90)])\nours, theirs = train_test_split(both)",
        "ours, theirs = train_test_split(rows)\nours = pd.concat([ours, resample(ours[ours.mark == '1'])])",
        "both = pd.concat([few, many])\nours, theirs = train_test_split(both)",
    ],
)
def test_rows_that_are_drawn_once_or_after_the_split(drawn: str) -> None:
    assert "leak-before-split" not in {one["id"] for one in import_script(ROWS.replace("DRAWN", drawn))["findings"]}
