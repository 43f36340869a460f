"""What a script's values do: whole scripts with one fault each or none, and statements that were false."""

import importlib.util
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from core.script.flow.following import follow
from core.script.flow.machine import STEPS
from core.script.importing import import_script
from core.script.walk import read_script
from tests.script.sections import examples

spec = importlib.util.spec_from_file_location("sections", Path(__file__).with_name("sections.py"))
assert spec is not None
assert spec.loader is not None
sections = importlib.util.module_from_spec(spec)
sys.modules["sections"] = sections
spec.loader.exec_module(sections)

HEAD = "import numpy as np\nimport tensorflow as tf\nfrom tensorflow.keras import layers\n"
NET = (
    "m = tf.keras.Sequential([layers.Conv2D(8, 3, activation='relu'), layers.Flatten(), layers.Dense(10, 'softmax')])\n"
)
COMPILE = "m.compile('adam', 'sparse_categorical_crossentropy')\n"
CIFAR = "(x, y), (xt, yt) = tf.keras.datasets.cifar10.load_data()\n"
FIT = "m.fit(x, y, epochs=2, validation_data=(xt, yt))\n"


def serious(record: dict[str, Any]) -> set[tuple[str, int, int]]:
    """Errors and warnings with their cell and line, but for old names, which old scripts may have."""
    return {
        (one["id"], one["evidence"].get("cell", 0), one["evidence"]["line"])
        for one in record["findings"]
        if one["severity"] != "info" and one["id"] != "removed-arguments"
    }


def ids(text: str) -> set[str]:
    return {one[0] for one in serious(import_script(text))}


def test_each_fault_is_named_once_on_its_line_and_nothing_else_is() -> None:
    wrong = []
    for one in sections.examples("faulty.txt"):
        record = import_script(one.text, one.name)
        told = {(f["id"], f["evidence"].get("cell", 0), f["evidence"]["line"]) for f in record["findings"]}
        if not told & one.faults or serious(record) - one.faults or len(serious(record)) > 1:
            wrong.append((one.name, sorted(one.faults), sorted(serious(record))))
    assert wrong == []
    assert len(sections.examples("faulty.txt")) >= 40


def test_scripts_without_a_fault_are_left_alone() -> None:
    found = {one.name: serious(import_script(one.text, one.name)) for one in sections.examples("healthy_styles.txt")}
    assert {name: told for name, told in found.items() if told} == {}
    assert len(found) >= 25


SCALED = (
    "x = x / 255\nxt = xt / 255\n",
    "x, xt = x / 255.0, xt / 255.0\n",
    "x = x * (1 / 255)\nxt = xt * (1. / 255.)\n",
    "x = x.astype('float32'); x /= 255\nxt = xt.astype('float32'); xt *= 1 / 255\n",
    "x = np.divide(x, 255)\nxt = np.true_divide(xt, 255.)\n",
    "x = x.astype(float); np.divide(x, 255, out=x)\nxt = xt / 255\n",
    "x = x / x.max()\nxt = xt / np.max(xt)\n",
    "x = (x - x.min()) / (x.max() - x.min())\nxt = xt / 255\n",
    "x = np.array([i / 255 for i in x])\nxt = np.array(list(map(lambda i: i / 255, xt)))\n",
    "def f(a):\n    a = tf.cast(a, tf.float32)\n    return a / 255.\nx, xt = f(x), f(xt)\n",
    "x = tf.image.convert_image_dtype(x, tf.float32) / 255\nxt = tf.math.divide(xt, 255)\n",
    "K = 255.0\nx, xt = [part / K for part in (x, xt)]\n",
    "x[:] = x / 255\nxt[...] = xt / 255\n",
)


def test_every_way_of_dividing_by_255_is_seen() -> None:
    assert ids(HEAD + CIFAR + NET + COMPILE + FIT) == {"unscaled-pixels"}
    twice = NET.replace("[layers.Conv2D", "[layers.Rescaling(1 / 255), layers.Conv2D")
    for way in SCALED:
        assert ids(HEAD + CIFAR + way + NET + COMPILE + FIT) == set(), way
        assert ids(HEAD + CIFAR + way + twice + COMPILE + FIT) == {"double-rescale"}, way
        one_part = way + "xt = tf.keras.datasets.cifar10.load_data()[1][0]\n"
        assert ids(HEAD + CIFAR + one_part + NET + COMPILE + FIT) == {"train-val-preprocess-mismatch"}, way


def test_activation_named_by_keyword_is_read() -> None:
    net = "m = tf.keras.Sequential([layers.Flatten(), layers.Dense(10), layers.Activation(activation='softmax')])\n"
    assert ids(HEAD + CIFAR + SCALED[0] + net + COMPILE + FIT) == set()


GENERATOR = (
    "from tensorflow.keras.preprocessing.image import ImageDataGenerator\nimport tensorflow as tf\n"
    "from tensorflow.keras.applications.{module} import {net}, preprocess_input\n"
    "g = ImageDataGenerator(preprocessing_function=preprocess_input, rescale=1 / 255)\n"
    "t, v = g.flow_from_directory('a/train', (96, 96)), g.flow_from_directory('a/val', (96, 96))\n"
    "b = {net}(include_top=False, pooling='avg')\nb.trainable = False\n"
    "m = tf.keras.Sequential([b, tf.keras.layers.Dense(3, 'softmax')])\n"
    "m.compile('adam', 'categorical_crossentropy')\nm.fit(t, validation_data=v, epochs=2)\n"
)


@pytest.mark.parametrize(
    ("module", "net", "told"),
    [("vgg16", "VGG16", "0.30 to 0.38"), ("mobilenet_v2", "MobileNetV2", "0.0022"),
     ("densenet", "DenseNet121", "0.0051 to 0.0066")],
)  # fmt: skip
def test_grey_level_behind_two_scalings_is_computed(module: str, net: str, told: str) -> None:
    (one,) = [one for one in import_script(GENERATOR.format(module=module, net=net))["findings"]
              if one["id"] == "idg-preprocess-then-rescale"]  # fmt: skip
    assert f"a grey level of 200 becomes {told}" in one["claim"]


TUNED = (
    "import tensorflow as tf\n"
    "t = tf.keras.utils.image_dataset_from_directory('a/train', image_size=(96, 96))\n"
    "v = tf.keras.utils.image_dataset_from_directory('a/val', image_size=(96, 96))\n"
    "b = tf.keras.applications.ResNet50V2(include_top=False, pooling='avg')\nb.trainable = False\n"
    "i = tf.keras.Input((96, 96, 3))\nx = b(tf.keras.applications.resnet_v2.preprocess_input(i), training=False)\n"
    "m = tf.keras.Model(i, tf.keras.layers.Dense(1, 'sigmoid')(x))\n"
    "m.compile('adam', 'binary_crossentropy')\nm.fit(t, validation_data=v, epochs=2)\nb.trainable = True\n"
)
SECOND = "m.fit(t, validation_data=v, epochs=2)\n"


def test_one_cause_is_one_finding() -> None:
    assert ids(TUNED + SECOND) == {"trainable-after-compile"}


def test_batch_normalisation_frozen_in_a_loop_is_seen() -> None:
    again = "m.compile(tf.keras.optimizers.Adam(1e-3), 'binary_crossentropy')\n"
    loop = (
        "for layer in b.layers:\n    if isinstance(layer, tf.keras.layers.BatchNormalization):\n"
        "        layer.trainable = False\n"
    )
    assert "keras3-training-false-ignored" in ids(TUNED + again + SECOND)
    assert "keras3-training-false-ignored" not in ids(TUNED + loop + again + SECOND)


def test_unclosed_bracket_is_mended_and_said() -> None:
    text = HEAD + CIFAR + SCALED[0] + NET.replace("softmax')])", "softmax')]") + COMPILE + FIT
    record = import_script(text)
    assert "'(' is never closed; read as if ) stood at the end of line 7" in [one["text"] for one in record["unread"]]
    assert serious(record) == set()


def test_five_hundred_lines_take_less_than_a_second() -> None:
    (whole,) = [one for one in sections.examples("healthy_styles.txt") if one.name == "keras-guide-transfer.py"]
    lines = whole.text.count("\n")
    text = whole.text * (500 // lines + 1)
    seconds = []
    for _ in range(2):
        begun = time.thread_time()
        import_script(text)
        seconds.append(time.thread_time() - begun)
    assert min(seconds) < 1


def test_what_would_never_end_ends() -> None:
    names = "f0 = lambda v: v\n" + "".join(f"f{k} = lambda v: f{k - 1}(f{k - 1}(v))\n" for k in range(1, 40))
    begun = time.thread_time()
    machine = follow(read_script(HEAD + names + CIFAR + "x = f39(x)\n" + NET + COMPILE + FIT, "s.py"))
    assert machine.left <= STEPS
    assert time.thread_time() - begun < 2
    assert STEPS <= 100_000


FROM_FOLDER = (
    "import keras\nfrom keras.utils import image_dataset_from_directory as read\n"
    "from keras.applications import mobilenet_v2 as net\n"
)
REST = (
    "base = net.MobileNetV2(include_top=False, pooling='avg', input_shape=(96, 96, 3))\nbase.trainable = False\n"
    "model = keras.Sequential([base, keras.layers.Dense(2, 'softmax')])\n"
    "model.compile(keras.optimizers.Adam({rate}), 'sparse_categorical_crossentropy', metrics=['accuracy'])\n"
    "model.fit({train}, validation_data={val}, epochs={epochs})\n"
)


@pytest.mark.parametrize(
    ("data", "train", "val"),
    [
        (
            "sets = {part: read(f'images/{part}', image_size=(96, 96), shuffle=part == 'train') "
            "for part in ('train', 'val')}\n"
            "sets = {k: s.map(lambda x, y: (net.preprocess_input(x), y)) for k, s in sets.items()}\n",
            "sets['train']", "sets['val']",
        ),
        (
            "def parts():\n    for part in ('train', 'val'):\n"
            "        made = read('images/' + part, image_size=(96, 96))\n"
            "        yield made.map(lambda x, y: (net.preprocess_input(x), y)), made.class_names\n"
            "(train, names), (val, _) = parts()\n",
            "train", "val",
        ),
    ],
)  # fmt: skip
def test_data_sets_in_a_dictionary_or_given_one_after_the_other_are_followed(data: str, train: str, val: str) -> None:
    record = import_script(FROM_FOLDER + data + REST.format(rate=0.01, train=train, val=val, epochs=3))
    assert record["open"] == []
    assert record["settings"]["data.preprocessing"]["value"] == "backbone"
    assert record["dataset"] == "images"


def test_properties_and_methods_of_a_class_are_computed_where_they_are_named() -> None:
    text = (
        FROM_FOLDER
        + (
            "from dataclasses import dataclass\nfrom functools import cached_property\n@dataclass\nclass Hyper:\n"
            "    base: float = 0.001\n    scale: float = 20.0\n    @property\n    def rate(self):\n"
            "        return self.base * self.scale\n    @cached_property\n    def epochs(self):\n        return 2 + 3\n"
            "    @staticmethod\n    def data(part):\n        return read('images/' + part, image_size=(96, 96))\n"
            "    @classmethod\n    def val(cls):\n        return cls.data('val')\n"
            "h = Hyper(scale=50)\n"
        )
        + REST.format(rate="h.rate", train="h.data('train')", val="h.val()", epochs="h.epochs")
    )
    record = import_script(text)
    assert {key: record["settings"][key]["value"] for key in ("training.learning_rate", "training.epochs")} == {
        "training.learning_rate": 0.05, "training.epochs": 5,
    }  # fmt: skip
    assert record["dataset"] == "images"


RATES = FROM_FOLDER + (
    "from keras import backend as K\ntrain, val = read('images/train', image_size=(96, 96)), read('images/val')\n"
    "base = net.MobileNetV2(include_top=False, pooling='avg', input_shape=(96, 96, 3))\nbase.trainable = False\n"
    "model = keras.Sequential([base, keras.layers.Dense(2, 'softmax')])\nopt = keras.optimizers.{made}\n"
    "model.compile({given}, 'sparse_categorical_crossentropy', metrics=['accuracy'])\n{later}\n"
    "model.fit(train, validation_data=val, epochs=3)\n"
)


@pytest.mark.parametrize("given", ["opt", "'adam'", "keras.optimizers.Adam(1e-3)"])
def test_a_rate_that_is_set_behind_the_compile_is_the_one_that_trains(given: str) -> None:
    ways = {
        "model.optimizer.learning_rate = 0.01": 0.01,
        "model.optimizer.lr = 0.02": 0.02,
        "K.set_value(model.optimizer.lr, 0.03)": 0.03,
        "keras.backend.set_value(model.optimizer.learning_rate, 0.1 * K.get_value(model.optimizer.lr))": 0.0001,
        "model.optimizer.learning_rate.assign(0.04)": 0.04,
        "model.optimizer.learning_rate *= 0.5": 0.0005,
        "model.optimizer.lr = 0.3; model.optimizer.lr /= 3": 0.1,
    }
    for later, want in ways.items():
        record = import_script(RATES.format(made="Adam(0.001)", given=given, later=later))
        one = record["settings"]["training.learning_rate"]
        assert (one["value"], one["lines"][0]["line"]) == (pytest.approx(want), 11), later
        assert record["settings"]["training.optimizer"]["value"] == "adam"


def test_a_rate_that_is_set_between_two_trainings_is_that_of_the_second() -> None:
    text = RATES.format(made="Adam(0.001)", given="opt", later="pass") + (
        "base.trainable = True\nmodel.compile(keras.optimizers.Adam(0.001), 'sparse_categorical_crossentropy')\n"
        "model.optimizer.learning_rate = 1e-5\nmodel.fit(train, validation_data=val, epochs=2)\n"
    )
    record = import_script(text)
    rates = [record["settings"][f"training.{key}"]["value"] for key in ("learning_rate", "finetune_learning_rate")]
    assert rates == [0.001, 1e-5]
    assert "unfreeze-high-lr" not in {one["id"] for one in record["findings"]}
    before = text.replace("model.optimizer.learning_rate = 1e-5", "pass")
    assert "unfreeze-high-lr" in {one["id"] for one in import_script(before)["findings"]}
    unknown = import_script(RATES.format(made="Adam(0.001)", given="opt", later="model.optimizer.lr = rates[0]"))
    assert [one["key"] for one in unknown["open"]] == ["training.learning_rate"]


def test_a_network_from_elsewhere_is_refused_with_its_line_and_the_one_that_comes_near() -> None:
    calls = {
        "hub.KerasLayer('https://tfhub.dev/google/imagenet/mobilenet_v2_100_224/feature_vector/5')": "MobileNetV2",
        "hub.KerasLayer(handle='https://tfhub.dev/some/thing/1', trainable=False)": None,
        "keras_hub.models.Backbone.from_preset('resnet_50_imagenet')": "ResNet50",
    }
    for call, near in calls.items():
        text = RATES.format(made="Adam()", given="opt", later="pass").replace(
            "net.MobileNetV2(include_top=False, pooling='avg', input_shape=(96, 96, 3))", call
        )
        one = next(one for one in import_script(text)["open"] if one["key"] == "model.backbone")
        assert (one["kind"], one["lines"][0]["line"], one.get("nearest")) == ("beyond", 6, near)
        assert "line 6: " in one["why"] and " fetches " in one["why"]


def test_a_compile_inside_a_method_counts_where_it_is_called() -> None:
    text = next(one.text for one in examples("runs.txt") if one.name == "component-trainer.py")
    found = [one["id"] for one in import_script(text)["findings"]]
    assert "trainable-after-compile" not in found
    left_out = text.replace("        self._compile(c.params_fine_tune_lr)\n", "")
    assert "trainable-after-compile" in [one["id"] for one in import_script(left_out)["findings"]]
