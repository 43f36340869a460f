"""Which of two classes a script counts as 1: stated where it is not the second in alphabetical order."""

from typing import Any

import pytest

from core.script.importing import import_script

KEY = "data.positive_class"
IMPORTS = """import glob, json, os, pathlib
import cv2, keras, numpy as np, pandas as pd, tensorflow as tf
from sklearn.preprocessing import LabelEncoder
"""
END = """
net = keras.applications.VGG16(include_top=False, pooling="avg", input_shape=(96, 96, 3))
net.trainable = False
model = keras.Sequential([net, keras.layers.Dense(UNITS)])
model.compile("adam", "LOSS")
"""


def _script(data: str, fit: str, *, units: str = '1, activation="sigmoid"', loss: str = "binary_crossentropy") -> str:
    return IMPORTS + data + END.replace("UNITS", units).replace("LOSS", loss) + fit


def folders(how: str, **given: str) -> str:
    """Images that a function reads from one folder for each class."""
    return _script(f"train = {how}\n", "model.fit(train, epochs=2)\n", **given)


def arrays(how: str, **given: str) -> str:
    """Images and labels in arrays `x` and `y`."""
    return _script(how, "model.fit(x, y, epochs=2, validation_split=0.2)\n", **given)


def read(text: str) -> tuple[Any, str]:
    """The class, and whether it is stated, left out or asked."""
    record = import_script(text)
    kinds = [("open", one["why"], one["blocks"]) for one in record["open"] if one["key"] == KEY]
    if kinds:
        return kinds[0][1], "asked" if kinds[0][2] else "told"
    if KEY in record["settings"]:
        assert record["settings"][KEY]["lines"]
        return record["settings"][KEY]["value"], "stated"
    return record["not_stated"][KEY]["value"], "left out"


SET = 'keras.utils.image_dataset_from_directory("tiles", image_size=(96, 96), label_mode="binary"'
FLOW = 'keras.preprocessing.image.ImageDataGenerator(1/255.).flow_from_directory("tiles", target_size=(96, 96)'


@pytest.mark.parametrize(
    ("how", "want"),
    [
        (f'{SET}, class_names=["worn", "intact"])', "intact"),
        (f'{SET}, class_names=("worn", "intact"))', "intact"),
        (f'{FLOW}, classes=["worn", "intact"], class_mode="binary")', "intact"),
        (f'{FLOW}, (96, 96), "rgb", ["worn", "intact"], "binary")'.replace(", target_size=(96, 96)", ""), "intact"),
    ],
)
def test_the_second_name_that_is_given_for_the_folders_counts_as_1(how: str, want: str) -> None:
    assert read(folders(how)) == (want, "stated")


READ = "x.append(cv2.resize(cv2.imread(path), (96, 96)))"
LOOP = f"""x, y = [], []
for path in glob.glob("tiles/*/*.png"):
    name = path.split("/")[-2]
    {READ}
    y.append(LABEL)
x, y = np.array(x) / 255.0, np.array(y)
"""
BY_FOLDER = f"""x, y = [], []
for HEAD:
    for path in os.listdir("tiles/" + name):
        {READ}
        y.append(k)
x, y = np.array(x) / 255.0, np.array(y)
"""
TWO = """worn, intact = glob.glob("tiles/worn/*.png"), glob.glob("tiles/intact/*.png")
x = np.array([cv2.resize(cv2.imread(path), (96, 96)) for path in worn + intact]) / 255.0
y = LABELS
"""
LOADED = f"""x, y = [], []
def load(folder, number):
    for path in os.listdir(folder):
        {READ}
        y.append(number)
load("tiles/worn", 0)
load("tiles/intact", 1)
x, y = np.array(x) / 255.0, np.array(y)
"""


@pytest.mark.parametrize(
    "how",
    [
        'CODES = {"worn": 0, "intact": 1}\n' + LOOP.replace("LABEL", "CODES[name]"),
        "CODES = dict(intact=1, worn=0)\n" + LOOP.replace("LABEL", "CODES.get(name)"),
        LOOP.replace("LABEL", '{"intact": 1, "worn": 0}[name]'),
        'KINDS = ["worn", "intact"]\n' + LOOP.replace("LABEL", "KINDS.index(name)"),
        LOOP.replace("LABEL", '1 if name == "intact" else 0'),
        LOOP.replace("LABEL", '0 if "intact" not in path else 1'),
        LOOP.replace("LABEL", 'int(name == "intact")'),
        LOOP.replace("LABEL", 'int(name.startswith("intact"))'),
        LOOP.replace(
            "    y.append(LABEL)", '    if name == "intact":\n        y.append(1)\n    else:\n        y.append(0)'
        ),
        LOOP.replace(
            "    y.append(LABEL)",
            '    if name == "worn": y.append(0)\n    elif name == "intact": y.append(1)',
        ),
        LOOP.replace("LABEL", '[0, 1] if name == "intact" else [1, 0]'),
        TWO.replace("LABELS", "np.array([0 for _ in worn] + [1 for _ in intact])"),
        BY_FOLDER.replace("HEAD", 'k, name in enumerate(["worn", "intact"])'),
        'KINDS = ["worn", "intact"]\n' + BY_FOLDER.replace("HEAD", "k, name in enumerate(KINDS)"),
        BY_FOLDER.replace("HEAD", 'name, k in [("worn", 0), ("intact", 1)]'),
        BY_FOLDER.replace("HEAD", 'name, k in zip(["worn", "intact"], range(2))'),
        BY_FOLDER.replace("HEAD", 'name, k in {"intact": 1, "worn": 0}.items()'),
        'KINDS = ["worn", "intact"]\nCODES = {one: k for k, one in enumerate(KINDS)}\n'
        + LOOP.replace("LABEL", "CODES[name]"),
        TWO.replace("LABELS", "np.array([0] * len(worn) + [1] * len(intact))"),
        TWO.replace("LABELS", "np.concatenate([np.zeros(len(worn)), np.ones(len(intact))])"),
        LOADED,
        BY_FOLDER.replace("HEAD", 'k, name in enumerate(["intact", "worn"])') + "y = 1 - y\n",
        BY_FOLDER.replace("HEAD", 'k, name in enumerate(["intact", "worn"])') + "y = np.where(y == 0, 1, 0)\n",
    ],
)
def test_what_a_script_numbers_by_itself_tells_the_class_that_counts_as_1(how: str) -> None:
    assert read(arrays(how)) == ("intact", "stated")


def test_labels_made_inside_a_dataset() -> None:
    data = """names = tf.constant(["worn", "intact"])
def picture(path):
    x = tf.image.resize(tf.io.decode_png(tf.io.read_file(path), 3), (96, 96)) / 255.0
    return x, LABEL
train = tf.data.Dataset.list_files("tiles/*/*.png").map(picture).batch(8)
"""
    for label in (
        'tf.strings.split(path, "/")[-2] == "intact"',
        'tf.cast(tf.strings.split(path, "/")[-2] == "intact", tf.float32)',
        'tf.strings.regex_full_match(path, ".*intact.*")',
        'tf.argmax(tf.strings.split(path, "/")[-2] == names)',
    ):
        text = _script(data.replace("LABEL", label), "model.fit(train, epochs=2)\n")
        assert read(text) == ("intact", "stated"), label


@pytest.mark.parametrize(
    "text",
    [
        folders(f"{SET})"),
        folders(f'{SET}, class_names=["intact", "worn"])'),
        folders(f'{SET}, class_names=sorted(os.listdir("tiles")))'),
        folders(f'{FLOW}, class_mode="binary")'),
        folders(f'{FLOW}, classes=["worn", "intact", "broken"])', units="3", loss="categorical_crossentropy"),
        arrays(LOOP.replace("LABEL", "name") + "y = LabelEncoder().fit_transform(y)\n"),
        arrays('CODES = {"worn": 1, "intact": 0}\n' + LOOP.replace("LABEL", "CODES[name]")),
        arrays(BY_FOLDER.replace("HEAD", 'k, name in enumerate(sorted(os.listdir("tiles")))')),
        arrays(TWO.replace("LABELS", "np.array([0] * 500 + [1] * 500)")),
        arrays(
            BY_FOLDER.replace("HEAD", 'k, name in enumerate(["intact", "worn"])')
            + 'options = {"verbose": 1, "workers": 0}\n'
            + 'for k, one in enumerate(["loss", "accuracy"]):\n    print(k, one)\n'
        ),
        arrays(
            BY_FOLDER.replace("HEAD", 'k, name in enumerate(["worn", "intact", "broken"])'),
            units='3, "softmax"', loss="sparse_categorical_crossentropy",
        ),
        folders(f"{SET})") + 'print({0: "worn", 1: "intact"}[int(model.predict(train)[0][0] > 0.5)])\n',
    ],
)  # fmt: skip
def test_the_order_of_the_alphabet_and_more_than_two_classes_state_nothing(text: str) -> None:
    assert read(text) == ("", "left out")


@pytest.mark.parametrize(
    ("text", "why", "kind"),
    [
        (
            folders(f"{SET}).map(lambda x, y: (x, 1 - y))"),
            "the numbers of the two classes are exchanged; name the other class, which counts as 1",
            "asked",
        ),
        (
            arrays(
                'def number(name):\n    if "worn" in name:\n        return 0\n    return 1\n'
                + LOOP.replace("LABEL", "number(path)")
            ),
            "worn counts as 0; name the other class, which counts as 1",
            "asked",
        ),
        (
            arrays(LOOP.replace("LABEL", '0 if name == "worn" else 1')),
            "worn counts as 0; name the other class, which counts as 1",
            "asked",
        ),
        (
            arrays(BY_FOLDER.replace("HEAD", 'k, name in enumerate(os.listdir("tiles"))')),
            "the classes are numbered in the order of listdir, which is known only when the script runs",
            "told",
        ),
        (
            folders(f"{SET}, class_names=json.load(open('names.json')))"),
            "the value of json.load(open('names.json')) is known only when the script runs",
            "asked",
        ),
        (
            folders(f'{SET}, class_names=os.listdir("tiles"))'),
            "the classes are numbered in the order of listdir, which is known only when the script runs",
            "told",
        ),
    ],
)
def test_a_class_that_the_script_does_not_name_is_asked_for(text: str, why: str, kind: str) -> None:
    told, got = read(text)
    assert (told.partition(": ")[2], got) == (why, kind)


IN_LOOPS = """
import os
import cv2
import numpy as np
from keras import Sequential
from keras.applications import VGG16
from keras.layers import Dense, Flatten

one_dir = os.path.join('d', 'healthy')
{loops}
base = VGG16(include_top=False, input_shape=(64, 64, 3))
model = Sequential([base, Flatten(), Dense(1, activation='sigmoid')])
model.compile('adam', 'binary_crossentropy')
model.fit(np.array(x), np.array(y), epochs=1)
"""

READS = "cv2.imread(os.path.join({where}, name))"


@pytest.mark.parametrize(
    ("first", "second", "want"),
    [
        ("y.append(1)", "y.append(0)", "healthy"),
        ("y.append(0)", "y.append(1)", ""),
        ("y += []\n    kind = 1\n    y.append(kind)", "kind = 0\n    y.append(kind)", "healthy"),
        ("both.append([0, 1])", "both.append([1, 0])", ""),
        ("both.append((name, 1))", "both.append((name, 0))", "healthy"),
    ],
)
def test_loops_over_the_files_of_one_class_each_number_them(first: str, second: str, want: str) -> None:
    loops = "x, y, both = [], [], []\n"
    for where, over, label in (
        ("one_dir", "sorted(os.listdir(one_dir))", first),
        ("'d/sick'", "os.listdir('d/sick')", second),
    ):
        loops += f"for name in {over}:\n    x.append({READS.replace('{where}', where)})\n    {label}\n"
    record = import_script(IN_LOOPS.replace("{loops}", loops))
    both = {**record["not_stated"], **record["settings"]}
    assert both["data.positive_class"]["value"] == want
