"""Images that a script draws several times, or leaves out, before they are trained on."""

from typing import Any

import pytest

from core.script.importing import import_script

NET = """
net = keras.applications.EfficientNetV2B0(include_top=False, pooling="avg", input_shape=(96, 96, 3))
net.trainable = False
model = keras.Sequential([net, keras.layers.Dense(1, activation="sigmoid")])
model.compile("adam", "binary_crossentropy")
"""
START = """import keras, random, numpy as np, pandas as pd, tensorflow as tf
from sklearn.utils import resample, shuffle
from imblearn.over_sampling import RandomOverSampler, SMOTE
from imblearn.under_sampling import RandomUnderSampler
"""
ROWS = (
    START
    + """rows = pd.read_csv("shells.csv", dtype=str)
few, many = rows[rows.kind == "1"], rows[rows.kind == "0"]
HOW
made = keras.preprocessing.image.ImageDataGenerator()
train = made.flow_from_dataframe(rows, "shells", x_col="file", y_col="kind", class_mode="binary", target_size=(96, 96))
"""
    + NET
    + "model.fit(train, epochs=3)\n"
)
ARRAYS = START + 'x, y = np.load("x.npy"), np.load("y.npy")\nHOW\n' + NET + "model.fit(x, y, epochs=3)\n"
SETS = (
    START
    + """one = keras.utils.image_dataset_from_directory("shells/one", image_size=(96, 96), batch_size=None)
two = keras.utils.image_dataset_from_directory("shells/two", image_size=(96, 96), batch_size=None)
HOW
"""
    + NET
    + "model.fit(train.batch(16), epochs=3)\n"
)


def sampled(text: str) -> tuple[list[str], list[str]]:
    """The lines that are beyond a run, and those that are listed."""
    record = import_script(text)
    beyond = [one for one in record["open"] if one["key"] == "data.sampling"]
    assert all(one["nearest"] == "balanced" for one in beyond)
    listed = [
        one
        for one in record["unread"]
        if "a run has" in one["text"] and ("part" in one["text"] or "drawn" in one["text"])
    ]
    lines: Any = text.split("\n")
    return [one["lines"][0]["text"] for one in beyond], [lines[one["line"] - 1].strip() for one in listed]


@pytest.mark.parametrize(
    ("text", "how"),
    [
        (ROWS, "rows = pd.concat([many, few.sample(len(many), replace=True, random_state=1)])"),
        (ROWS, "rows = pd.concat([g.sample(900, replace=True) for _, g in rows.groupby('kind')])"),
        (ROWS, "rows = rows.groupby('kind').apply(lambda g: g.sample(90))"),
        (ROWS, "rows = rows.groupby('kind', group_keys=False).sample(n=90)"),
        (ROWS, "rows = pd.concat([many, resample(few, n_samples=len(many))])"),
        (ROWS, "rows = pd.concat([few, resample(many, replace=False, n_samples=len(few))]).sample(frac=1)"),
        (ROWS, "rows = pd.concat([many] + [few] * 4)"),
        (ROWS, "rows = pd.concat([many.sample(len(few)), few])"),
        (ROWS, "rows = pd.concat([many.sample(n=few.shape[0], random_state=1), few])"),
        (ROWS, "rows = pd.concat([many, few, few, few])"),
        (ARRAYS, "x, y = SMOTE().fit_resample(x.reshape(len(x), -1), y)"),
        (ARRAYS, "flat, y = RandomUnderSampler().fit_resample(x.reshape(900, -1), y); x = np.reshape(flat, x.shape)"),
        (ARRAYS, "x = np.concatenate([x, np.repeat(x[y == 1], 3, axis=0)])"),
        (ARRAYS, "x = np.vstack([x, np.tile(x[y == 1], (3, 1, 1, 1))])"),
        (ARRAYS, "at = np.random.choice(len(x), 900, p=shares); x, y = x[at], y[at]"),
        (SETS, "train = tf.data.Dataset.sample_from_datasets([one, two], weights=[0.5, 0.5])"),
        (SETS, "train = tf.data.experimental.sample_from_datasets([one.repeat(), two.repeat()])"),
        (SETS, "train = tf.data.Dataset.choose_from_datasets([one, two], tf.data.Dataset.range(2).repeat())"),
        (SETS, "train = one.rejection_resample(lambda x, y: y, [0.5, 0.5]).map(lambda _, both: both)"),
    ],
)  # fmt: skip
def test_other_shares_of_the_classes_are_beyond_a_run(text: str, how: str) -> None:
    assert sampled(text.replace("HOW", how))[0] == [how]


def test_what_a_function_draws() -> None:
    how = "def even(rows):\n    small = rows[rows.kind == '1']\n    extra = resample(small, n_samples=500)\n"
    how += "    return pd.concat([rows, extra])\nrows = even(rows)"
    assert sampled(ROWS.replace("HOW", how))[0] == ["extra = resample(small, n_samples=500)"]
    sampler = "sampler = RandomOverSampler(random_state=1)\nx, y = sampler.fit_resample(x, y)"
    assert sampled(ARRAYS.replace("HOW", sampler))[0] == ["sampler = RandomOverSampler(random_state=1)"]


@pytest.mark.parametrize(
    ("text", "how"),
    [
        (ROWS, "rows = rows.sample(frac=1, random_state=1)"),
        (ROWS, "rows = rows.sample(frac=1.0).reset_index(drop=True)"),
        (ROWS, "rows = rows.sample(n=len(rows))"),
        (ROWS, "held = rows.sample(frac=0.2, random_state=1); rows = rows.drop(held.index)"),
        (ROWS, "ours = rows.sample(frac=0.8); held = rows[~rows.index.isin(ours.index)]; rows = ours"),
        (ROWS, "print(rows.sample(5)); print(rows.groupby('kind').size())"),
        (ROWS, "rows = shuffle(rows)"),
        (ROWS, "rows = pd.concat([few, many])"),
        (ARRAYS, "x = np.repeat(x[..., None], 3, axis=-1)"),
        (ARRAYS, "x = np.tile(x, (1, 1, 1, 3))"),
        (ARRAYS, "g = x; x = np.concatenate([g, g, g], axis=-1)"),
        (ARRAYS, "g = x; x = tf.concat([g, g, g], -1)"),
        (ARRAYS, "at = np.random.choice(len(x), len(x), replace=False); x, y = x[at], y[at]"),
        (ARRAYS, "shown = x[np.random.choice(len(x), 9)]"),
        (ARRAYS, "xs, ys = resample(x, y)  # for an interval\nprint(xs.mean())"),
        (SETS, "train = one.concatenate(two)"),
    ],
)
def test_each_image_once_in_another_order_is_no_sampling(text: str, how: str) -> None:
    assert sampled(text.replace("HOW", how)) == ([], [])


@pytest.mark.parametrize(
    ("text", "how"),
    [
        (ROWS, "rows = rows.sample(500)"),
        (ROWS, "rows = rows.sample(frac=0.1, random_state=1)"),
        (ARRAYS, "at = np.random.choice(len(x), 900); x, y = x[at], y[at]"),
        (ARRAYS, "at = random.sample(range(len(x)), k=900); x, y = x[at], y[at]"),
    ],
)
def test_a_part_of_the_images_by_chance_is_listed(text: str, how: str) -> None:
    assert sampled(text.replace("HOW", how)) == ([], [how])


LISTS = (
    START
    + """import glob
ones, twos = sorted(glob.glob("shells/1/*.jpg")), sorted(glob.glob("shells/2/*.jpg"))
HOW
kinds = [0 if "/1/" in one else 1 for one in paths]
def read(path, kind):
    return tf.image.resize(tf.io.decode_jpeg(tf.io.read_file(path), 3), (96, 96)), kind
train = tf.data.Dataset.from_tensor_slices((paths, kinds)).shuffle(900).map(read)
"""
    + NET
    + "model.fit(train.batch(16), epochs=3)\n"
)


@pytest.mark.parametrize(
    "how",
    [
        "paths = ones + twos * 3",
        "paths = ones[:len(twos)] + twos",
        "count = min(len(ones), len(twos)); paths = ones[:count] + twos[:count]",
        "paths = random.sample(ones, len(twos)) + twos",
    ],
)
def test_lists_of_files_of_other_lengths_are_beyond_a_run(how: str) -> None:
    assert sampled(LISTS.replace("HOW", how))[0] == [how]


@pytest.mark.parametrize(
    "how",
    [
        "paths = ones + twos",
        "paths = random.sample(ones + twos, len(ones + twos))",
        "cut = int(0.8 * len(ones)); paths = ones[:cut] + twos[:cut]",
        "paths = ones + twos; tiles = len(paths) * 2",
    ],
)
def test_lists_of_all_files(how: str) -> None:
    assert sampled(LISTS.replace("HOW", how)) == ([], [])


def test_a_dataset_that_is_filtered_is_listed() -> None:
    how = "train = one.concatenate(two); train = one.filter(lambda x, y: tf.reduce_mean(x) > 9)"
    assert sampled(SETS.replace("HOW", how)) == ([], [how])
