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


def asked(text: str) -> str | None:
    """Why the share for validation is asked for."""
    record = import_script(text)
    assert ("data.validation_split" in record["not_stated"]) == (share(text) is None and not _open(record))
    return next(iter(_open(record)), None)


def _open(record: dict[str, Any]) -> list[str]:
    return [one["why"] for one in record["open"] if one["key"] == "data.validation_split" and one["blocks"]]


@pytest.mark.parametrize(
    "border",
    [
        "train, val = every.skip(500), every.take(500)",
        "train, val = every.take(n_train), every.skip(n_train)",
        "train, rest = every.take(int(0.7 * count)), every.skip(int(0.7 * count)); val = rest.take(int(0.15 * count))",
        "train, val = every, every.take(int(0.2 * count))",
    ],
)
def test_a_share_that_is_not_told_is_asked_for(border: str) -> None:
    text = DATASET.replace("BORDER", border)
    assert share(text) is None
    line = next(
        k for k, one in enumerate(text.split("\n"), 1) if (".fit(" if "every, every" in border else ".take(") in one
    )
    assert asked(text) == f"line {line}: the share for validation is known only when the script runs"


def test_a_script_without_validation_or_with_a_folder_for_it_is_not_asked_for_a_share() -> None:
    alone = DATASET.replace("BORDER", "train = val = every.take(500)").replace(", validation_data=val", "")
    assert (share(alone), asked(alone)) == (None, None)
    for folders in (("herbs/train", "herbs/val"), ("herbs/mint", "herbs/test/mint")):
        text = ARRAYS.replace("FIRST", folders[0]).replace("SECOND", folders[1])
        text += "model.fit(x, kinds, validation_data=(np.load('x.npy'), np.load('k.npy')), epochs=3)\n"
        assert (share(text), asked(text)) == (None, None)


def test_a_script_that_names_no_folder_is_not_asked_for_a_share_as_well() -> None:
    """Its validation images may have a folder of their own: the person says which folder it is."""
    parts = LOADED.replace("HOW", "a, b = tfds.load('herbs', split=['train', 'validation'], as_supervised=True)")
    assert (share(parts), asked(parts)) == (None, None)
    made = "(x, y), (a, b) = keras.datasets.cifar10.load_data()\n"
    for data in (made, "x, y, a, b = (np.load(f'{name}.npy') for name in 'xyab')\n", "from mine import x, y, a, b\n"):
        text = "import keras, numpy as np\n" + data + END + "model.fit(x, y, validation_data=(a, b), epochs=3)\n"
        assert (share(text), asked(text)) == (None, None)


@pytest.mark.parametrize(
    ("cut", "held"),
    [
        ("cut = int(len(paths) * 0.8)", 0.2),
        ("cut = len(paths) // 10", 0.1),
        ("cut = len(paths) - round(0.25 * len(paths))", 0.25),
        ("cut = 400", None),
    ],
)
def test_lists_that_are_cut_in_two_tell_the_share(cut: str, held: float | None) -> None:
    ours, theirs = ("[cut:]", "[:cut]") if "//" in cut else ("[:cut]", "[cut:]")
    text = (
        f"""import glob, keras, random, tensorflow as tf
paths = glob.glob("herbs/*/*.jpg")
random.Random(1).shuffle(paths)
{cut}
def batches(paths, kinds):
    read = lambda one, kind: (tf.image.resize(tf.io.decode_jpeg(tf.io.read_file(one)), (96, 96)) / 127.5 - 1, kind)
    return tf.data.Dataset.from_tensor_slices((paths, kinds)).map(read).batch(16)
kinds = ["mint" in one for one in paths]
train, val = batches(paths{ours}, kinds{ours}), batches(paths{theirs}, kinds{theirs})
"""
        + END
        + "model.fit(train, validation_data=val, epochs=3)\n"
    )
    if held is None:
        assert str(asked(text)).endswith("the share for validation is known only when the script runs")
    else:
        assert share(text)[0] == held


LOADED = (
    """import keras, tensorflow as tf, tensorflow_datasets as tfds
def small(x, y):
    return tf.image.resize(x, (96, 96)) / 127.5 - 1, y
HOW
"""
    + END
    + "model.fit(a.map(small).batch(16), validation_data=b.map(small).batch(16), epochs=3)\n"
)
FOLDER = "both = keras.utils.image_dataset_from_directory('herbs', image_size=(96, 96), batch_size=None)\n"


@pytest.mark.parametrize(
    ("how", "held"),
    [
        ("a, b = tfds.load('herbs', split=['train[:70%]', 'train[70%:]'], as_supervised=True)", 0.3),
        ("parts = ('train[:40%]', 'train[40%:50%]', 'train[50%:]')\na, b, c = tfds.load('herbs', split=parts)", 0.2),
        (FOLDER + "a, b = keras.utils.split_dataset(both, left_size=0.9, shuffle=True, seed=1)", 0.1),
        (FOLDER + "a, b = keras.utils.split_dataset(both, right_size=0.15)", 0.15),
        (FOLDER + "a, b = keras.utils.split_dataset(both, 0.6)", 0.4),
    ],
)
def test_halves_of_a_dataset_tell_the_share(how: str, held: float) -> None:
    value, line = share(LOADED.replace("HOW", how))
    assert value == held
    assert "split" in line


@pytest.mark.parametrize(
    "how",
    [
        "a, b = tfds.load('herbs', split=['train[:900]', 'train[900:]'], as_supervised=True)",
        FOLDER + "a, b = keras.utils.split_dataset(both, left_size=900)",
        FOLDER + "a, b = mine(both)",
    ],
)
def test_halves_of_another_kind_are_asked_for(how: str) -> None:
    assert str(asked(LOADED.replace("HOW", how))).endswith(
        "the share for validation is known only when the script runs"
    )


def test_parts_that_a_mask_takes_are_asked_for() -> None:
    fit = "m = np.random.rand(len(x)) < 0.8\nmodel.fit(x[m], kinds[m], validation_data=(x[~m], kinds[~m]), epochs=3)\n"
    assert str(asked(ARRAYS + fit)).endswith("the share for validation is known only when the script runs")


SPLIT = (
    ARRAYS.replace("import glob", "from sklearn.model_selection import train_test_split\nimport glob")
    + "a, b, ya, yb = train_test_split(x, kinds, HOW)\nmodel.fit(a, ya, validation_data=(b, yb), epochs=3)\n"
)


@pytest.mark.parametrize(
    ("how", "held"),
    [
        ("test_size=0.15", 0.15),
        ("train_size=0.9, stratify=kinds", 0.1),
        ("test_size=1 - 0.8", 0.2),
        ("random_state=3", 0.25),
        ("test_size=None, train_size=0.7", 0.3),
    ],
)
def test_train_test_split_tells_the_share(how: str, held: float) -> None:
    """As scikit-learn takes it: a quarter where neither size is given."""
    text = SPLIT.replace("HOW", how)
    assert share(text) == (held, next(one for one in text.split("\n") if "= train_test_split" in one))


def test_a_folder_above_the_images_may_be_called_test() -> None:
    for folder in ("test/herbs", "/data/val/herbs"):
        text = ARRAYS.replace("FIRST", f"{folder}/mint/*").replace("SECOND", f"{folder}/sage/*")
        text += "model.fit(x[:400], kinds[:400], validation_data=(x[400:], kinds[400:]), epochs=3)\n"
        assert str(asked(text)).endswith("the share for validation is known only when the script runs")


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("test_size=300", "test_size=300 is a count of images; a run needs the share for validation"),
        ("train_size=900", "train_size=900 is a count of images; a run needs the share for validation"),
        ("test_size=args.held", "the share is known only when the script runs"),
    ],
)
def test_a_size_that_is_no_share_is_asked_for(how: str, why: str) -> None:
    assert asked(SPLIT.replace("HOW", how)) == f"line 15: {why}"


@pytest.mark.parametrize(
    ("splitter", "held"),
    [
        ("GroupShuffleSplit(1, test_size=0.3)", 0.3),
        ("StratifiedShuffleSplit(n_splits=1, test_size=0.15, random_state=3)", 0.15),
        ("StratifiedKFold(n_splits=10, shuffle=True)", 0.1),
        ("KFold(4)", 0.25),
        ("GroupKFold()", 0.2),
        ("GroupShuffleSplit(random_state=1)", 0.2),
        ("ShuffleSplit()", 0.1),
        ("StratifiedShuffleSplit(1, train_size=0.7)", 0.3),
    ],
)
def test_splits_and_folds_of_scikit_learn_tell_the_share(splitter: str, held: float) -> None:
    value, line = share(FOLDS.replace("SPLITTER", splitter))
    assert value == held
    assert splitter in line


def test_a_count_for_the_test_is_no_share() -> None:
    text = FOLDS.replace("SPLITTER", "GroupShuffleSplit(1, test_size=300)")
    assert share(text) is None
    assert str(asked(text)).endswith("the share for validation is known only when the script runs")


def test_slices_tell_the_share() -> None:
    fit = "n = int(len(x) * 0.85)\nmodel.fit(x[:n], kinds[:n], validation_data=(x[n:], kinds[n:]), epochs=3)\n"
    assert share(ARRAYS + fit) == (0.15, fit.split("\n")[1])
    turned = "n = int(len(x) * 0.1)\nmodel.fit(x[n:], kinds[n:], validation_data=(x[:n], kinds[:n]), epochs=3)\n"
    assert share(ARRAYS + turned) == (0.1, turned.split("\n")[1])
    unknown = ARRAYS + fit.replace("int(len(x) * 0.85)", "400")
    assert share(unknown) is None
    assert str(asked(unknown)).endswith("the share for validation is known only when the script runs")


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
