"""What a script does to its pixels is found wherever it is written, and what cannot be followed is said to be so."""

from typing import Any

import pytest

from core.script.importing import import_script

HEAD = (
    "import tensorflow as tf\nimport numpy as np\nfrom tensorflow import keras\nfrom tensorflow.keras import layers\n"
    "from tensorflow.keras.applications.mobilenet_v2 import preprocess_input as prep\n"
)
FOLDER = "ds = keras.utils.image_dataset_from_directory('images/train', image_size=(224, 224))\n"
ARRAYS = "X = np.load('x.npy')\ny = np.load('y.npy')\n"
PLAIN = "x = base(inp)"


def record(feed: str, model: str = PLAIN, fit: str = "ds", backbone: str = "MobileNetV2") -> dict[str, Any]:
    return import_script(script(feed, model, fit, backbone))


def script(feed: str, model: str = PLAIN, fit: str = "ds", backbone: str = "MobileNetV2") -> str:
    return (
        f"{HEAD}{feed}base = keras.applications.{backbone}(include_top=False)\nbase.trainable = False\n"
        f"inp = keras.Input((224, 224, 3))\n{model}\nm = keras.Model(inp, layers.Dense(3)(layers.Flatten()(x)))\n"
        f"m.compile('adam', 'sparse_categorical_crossentropy')\nm.fit({fit}, epochs=3)\n"
    )


FOUND = [
    # where it is written, in the model, what fit is given, value, a text on its line
    (FOLDER + "ds = ds.map(lambda a, b: (a / 255.0, b))\n", PLAIN, "ds", "rescale", "ds = ds.map"),
    (
        FOLDER + "ds = ds.map(lambda a, b: (tf.cast(a, tf.float32) / tf.constant(255.0), b))\n",
        PLAIN,
        "ds",
        "rescale",
        "map",
    ),
    (FOLDER + "ds = ds.map(lambda a, b: (tf.math.divide(a, 255), b)).cache()\n", PLAIN, "ds", "rescale", "ds = ds.map"),
    (
        FOLDER + "def f(a, b):\n    a = tf.cast(a, 'float32')\n    a *= 1 / 255\n    return a, b\n"
        "ds = ds.map(f, 4).prefetch(2)\n",
        PLAIN,
        "ds",
        "rescale",
        "a *= 1",
    ),
    (
        FOLDER + "def f(a, b, c=1):\n    a = a / 255\n    return a, b\nds = ds.map(lambda a, b: f(a, b, 2))\n",
        PLAIN,
        "ds",
        "rescale",
        "a = a / 255",
    ),
    (
        FOLDER + "norm = layers.Rescaling(1. / 255)\nds = ds.map(lambda a, b: (norm(a), b))\n",
        PLAIN,
        "ds",
        "rescale",
        "norm = ",
    ),
    (
        FOLDER + "p = keras.Sequential([layers.Resizing(9, 9), layers.Rescaling(1 / 255)])\n"
        "ds = ds.map(lambda a, b: (p(a), b))\n",
        PLAIN,
        "ds",
        "rescale",
        "p = ",
    ),
    (FOLDER + "ds = ds.map(lambda a, b: (prep(a), b))\n", PLAIN, "ds", "backbone", "ds = ds.map"),
    (FOLDER, "x = layers.Rescaling(1 / 255)(inp)\nx = base(x)", "ds", "rescale", "x = layers.Resc"),
    (FOLDER, "x = base(inp / 255.0)", "ds", "rescale", "x = base"),
    (FOLDER, "x = keras.ops.divide(inp, 255.0)\nx = base(x)", "ds", "rescale", "x = keras"),
    (FOLDER, "x = inp / 127.5 - 1\nx = base(x)", "ds", "backbone", "x = inp"),
    (FOLDER, "x = inp / 127.5\nx = x - 1\nx = base(x, training=False)", "ds", "backbone", "x = inp"),
    (FOLDER, "x = layers.Rescaling(1 / 127.5, offset=-1)(inp)\nx = base(x)", "ds", "backbone", "x = layers"),
    (FOLDER, "x = layers.Lambda(lambda t: t / 255.)(inp)\nx = base(x)", "ds", "rescale", "x = layers"),
    (FOLDER, "x = layers.Lambda(prep)(layers.RandomFlip()(inp))\nx = base(x)", "ds", "backbone", "x = layers"),
    (ARRAYS + "X = X.astype('float32') / 255\n", PLAIN, "X, y", "rescale", "X = X.astype"),
    (ARRAYS + "X = X.astype('float32')\nX /= 255.\n", PLAIN, "X, y", "rescale", "X /= "),
    (ARRAYS + "SCALE = 255.0\nX = np.array(X) / SCALE\n", PLAIN, "X, y", "rescale", "X = np.array"),
    (ARRAYS + "X = prep(X)\n", PLAIN, "X, y", "backbone", "X = prep"),
    (ARRAYS + "def scale(a):\n    return a / 255\nX = scale(X)\n", PLAIN, "X, y", "rescale", "return a"),
    (
        ARRAYS + "X, V, y, w = train_test_split(X, y, test_size=0.3)\nX = X / 255\n",
        PLAIN,
        "X, y",
        "rescale",
        "X = X / 255",
    ),
    (
        "(a, ya), (b, yb) = keras.datasets.cifar10.load_data()\na, b = a / 255.0, b / 255.0\n",
        PLAIN,
        "a, ya",
        "rescale",
        "a, b",
    ),
    (
        "X = []\nfor f in files:\n    i = cv2.imread(f)\n    X.append(cv2.resize(i, (9, 9)) / 255)\nX = np.array(X)\n",
        PLAIN,
        "X, y",
        "rescale",
        "X.append",
    ),
    ("X = np.array([cv2.imread(f) for f in files]) / 255\n", PLAIN, "X, y", "rescale", "X = np"),
    (
        "def load(p, l):\n    i = tf.io.decode_jpeg(tf.io.read_file(p))\n"
        "    i = tf.image.convert_image_dtype(i, tf.float32)\n"
        "    return i, l\nds = tf.data.Dataset.from_tensor_slices((p, l)).map(load).batch(8)\n",
        PLAIN,
        "ds",
        "rescale",
        "convert",
    ),
    (
        "def f(t):\n    return t / 127.5 - 1\n"
        "g = ImageDataGenerator(preprocessing_function=f)\nds = g.flow_from_directory('x')\n",
        PLAIN,
        "ds",
        "backbone",
        "g = Image",
    ),
    (
        "g = ImageDataGenerator(preprocessing_function=lambda t: t / 255)\nds = g.flow_from_directory('x')\n",
        PLAIN,
        "ds",
        "rescale",
        "g = Image",
    ),
    (ARRAYS + "g = ImageDataGenerator(rescale=1 / 255)\nds = g.flow(X, y)\n", PLAIN, "ds", "rescale", "g = Image"),
]


@pytest.mark.parametrize(("feed", "model", "fit", "value", "text"), FOUND)
def test_scale_of_pixels_is_found_where_it_is_written(feed: str, model: str, fit: str, value: str, text: str) -> None:
    whole = script(feed, model, fit)
    told = import_script(whole)["settings"]["data.preprocessing"]
    assert told["value"] == value
    assert text in whole.split("\n")[told["line"] - 1]


@pytest.mark.parametrize(
    ("feed", "model", "fit", "why"),
    [
        (
            ARRAYS,
            PLAIN,
            "X, y",
            "line 6: the pixel range of np.load('x.npy') is known only when the script runs",
        ),
        (
            FOLDER + "ds = ds.map(lib.prepare)\n",
            PLAIN,
            "ds",
            "line 7: the effect of lib.prepare on the pixels is unknown",
        ),
        (
            FOLDER + "ds = ds.map(lambda a, b: ((a - m) / s, b))\n",
            PLAIN,
            "ds",
            "line 7: the effect of (a - m) / s on the pixels is unknown",
        ),
        (
            FOLDER + "if fast:\n    ds = ds.map(lambda a, b: (a / 255, b))\n",
            PLAIN,
            "ds",
            "which of two pixel scalings is used is known only when the script runs",
        ),
        (
            FOLDER,
            "x = layers.Normalization()(inp)\nx = base(x)",
            "ds",
            "the effect of Normalization on the pixels is unknown",
        ),
        (FOLDER, "x = helper(inp)\nx = base(x)", "ds", "the effect of helper on the pixels is unknown"),
        (FOLDER, "x = build(base)", "ds", "how the images get into MobileNetV2 cannot be followed"),
        (FOLDER, "x = base(inp / 100)", "ds", "Parity does not scale by inp / 100"),
        (
            ARRAYS + "X = X / 255\nds = ImageDataGenerator(rescale=1 / 255).flow(X, y)\n",
            PLAIN,
            "ds",
            "in more than one place",
        ),
        (
            "def g():\n    yield x / 255, y\n",
            PLAIN,
            "g()",
            "the pixel range of g is known only when the script",
        ),
    ],
)
def test_scale_that_is_not_known_is_never_said_to_be_none(feed: str, model: str, fit: str, why: str) -> None:
    told = record(feed, model, fit)
    opened = {one["key"]: one["why"] for one in told["open"]}
    assert why in opened["data.preprocessing"]
    assert "data.preprocessing" not in {*told["settings"], *told["not_stated"]}
    assert told["config"] is None


def found(told: dict[str, Any], id: str) -> list[dict[str, Any]]:
    return [one for one in told["findings"] if one["id"] == id]


def test_scaling_before_a_network_that_scales_inside_is_told() -> None:
    for feed, model, fit in (
        (FOLDER + "ds = ds.map(lambda a, b: (a / 255.0, b))\n", PLAIN, "ds"),
        (FOLDER, "x = base(inp / 255.0)", "ds"),
        (ARRAYS + "X = X / 255.0\n", PLAIN, "X, y"),
    ):
        (one,) = found(record(feed, model, fit, "EfficientNetB0"), "double-rescale")
        assert "/ 255.0, and EfficientNetB0 scales pixels itself" in one["claim"]
    assert not found(record(FOLDER, backbone="EfficientNetB0"), "double-rescale")


def test_network_that_gets_other_values_than_it_knows_is_told() -> None:
    (raw,) = found(record(FOLDER), "wrong-preprocess-for-backbone")
    assert raw["severity"] == "warning"
    assert raw["claim"] == (
        "MobileNetV2 was trained on pixels from -1 to 1, but the pixels are not scaled: it gets 0 to 255."
    )
    (scaled,) = found(record(FOLDER, "x = base(inp / 255)"), "wrong-preprocess-for-backbone")
    assert scaled["claim"].startswith("inp / 255 is not what MobileNetV2 was trained on")
    assert not found(record(FOLDER, "x = base(inp / 127.5 - 1)"), "wrong-preprocess-for-backbone")
    assert not found(record(ARRAYS, fit="X, y"), "wrong-preprocess-for-backbone")


def test_validation_with_other_values_is_told() -> None:
    both = (
        FOLDER + "vs = keras.utils.image_dataset_from_directory('images/val')\nds = ds.map(lambda a, b: (a / 255, b))\n"
    )
    (one,) = found(record(both, fit="ds, validation_data=vs"), "train-val-preprocess-mismatch")
    assert one["claim"].startswith("Training images are scaled by a / 255 (line 8), validation images are not scaled.")
    both += "vs = vs.map(lambda a, b: (a / 255, b))\n"
    assert not found(record(both, fit="ds, validation_data=vs"), "train-val-preprocess-mismatch")


@pytest.mark.parametrize(
    ("feed", "fit", "share", "text"),
    [
        (ARRAYS, "X, y, validation_split=0.1", 0.1, "m.fit("),
        (
            ARRAYS + "X, V, y, w = train_test_split(X, y, test_size=0.3)\n",
            "X, y, validation_data=(V, w)",
            0.3,
            "train_test",
        ),
        ("g = ImageDataGenerator(validation_split=0.25)\nds = g.flow_from_directory('x')\n", "ds", 0.25, "g = Image"),
    ],
)
def test_share_for_validation_has_its_line(feed: str, fit: str, share: float, text: str) -> None:
    whole = script(feed, fit=fit)
    told = import_script(whole)["settings"]["data.validation_split"]
    assert told["value"] == share
    assert text in whole.split("\n")[told["line"] - 1]


@pytest.mark.parametrize(
    ("feed", "fit", "why"),
    [
        (
            "df = pd.read_csv('l.csv')\nds = ImageDataGenerator().flow_from_dataframe(df, 'train', "
            "x_col='id', y_col='breed')\n",
            "ds",
            "line 7: the labels come from a table, pd.read_csv('l.csv') (line 6): files in column "
            "id, labels in column breed; "
            "Parity reads image files, in one folder per class",
        ),
        (
            "ds = ImageDataGenerator().flow_from_dataframe(df, 'train')\n",
            "ds",
            "line 6: the labels come from a table, df: files in column filename (Keras' own name), "
            "labels in column class",
        ),
        (
            "t = pd.read_csv('l.csv')\nds = tf.data.Dataset.from_tensor_slices((t['file'].values, "
            "t['kind'])).map(load)\n",
            "ds",
            "line 6: the labels come from a table, pd.read_csv('l.csv'), its columns file, kind; Parity reads",
        ),
        (
            ARRAYS,
            "X, y",
            "line 6: the script names no folder of images, they come from np.load('x.npy'); Parity reads",
        ),
    ],
)
def test_labels_of_a_table_and_images_of_arrays_are_named(feed: str, fit: str, why: str) -> None:
    told = record(feed, fit=fit)
    assert {one["key"]: one["why"] for one in told["open"]}["dataset"].startswith(why)
    assert told["dataset"] is None
