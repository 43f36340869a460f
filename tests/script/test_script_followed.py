"""What scripts put into classes, functions and branches, or leave to other files: read where it is, else said."""

from typing import Any

import pytest

from core.script.importing import import_script

HEAD = """\
import tensorflow as tf
from tensorflow.keras import layers, models
from tensorflow.keras.applications import MobileNetV2, ResNet50, VGG16
from tensorflow.keras.preprocessing.image import ImageDataGenerator
"""

DATA = """\
train = tf.keras.utils.image_dataset_from_directory('d/train', label_mode='categorical', image_size=(96, 96),
                                                    batch_size=8)
val = tf.keras.utils.image_dataset_from_directory('d/val', label_mode='categorical', image_size=(96, 96))
"""


def read(text: str) -> dict[str, Any]:
    return import_script(HEAD + text)


def values(record: dict[str, Any]) -> dict[str, Any]:
    return {key: one["value"] for part in ("not_stated", "settings") for key, one in record[part].items()}


def opened(record: dict[str, Any]) -> dict[str, str]:
    return {one["key"]: one["why"] for one in record["open"]}


IN_A_CLASS = """
class Trainer:
    def __init__(self, rate=0.01):
        self.rate = rate
        self.build()

    def build(self):
        base = MobileNetV2(include_top=False, input_shape=(96, 96, 3))
        base.trainable = False
        self.model = models.Sequential([base, layers.GlobalMaxPooling2D(), layers.Dense(3, activation='softmax')])

    def batches(self):
        by = ImageDataGenerator(horizontal_flip=True)
        return by.flow_from_directory('d/train', target_size=(96, 96), batch_size=8)

    def train(self):
        self.model.compile(tf.keras.optimizers.SGD(self.rate), 'categorical_crossentropy')
        self.model.fit(self.batches(), epochs=4)
"""


@pytest.mark.parametrize("use", ["", "Trainer().build()\n", "Trainer().train()\n"])
def test_a_class_whose_training_nothing_calls_is_read_as_if_it_were(use: str) -> None:
    record = read(IN_A_CLASS + use)
    want = {
        "data.batch_size": 8, "data.augmentation": "flip horizontal", "model.pooling": "max", "training.epochs": 4,
        "training.optimizer": "sgd", "training.learning_rate": 0.01, "model.backbone": "MobileNetV2",
    }  # fmt: skip
    got = values(record)
    assert {key: got[key] for key in want} == want
    assert (record["dataset"], opened(record)) == ("d", {})


TWO_WAYS = (
    DATA
    + """
base = VGG16(include_top=False, input_shape=(96, 96, 3))
base.trainable = False


def head(drop):
    model = models.Sequential([layers.Flatten(), layers.Dense(64, 'relu')])
    if drop:
        model.add(layers.Dropout(0.5))
    model.add(layers.Dense(3, activation='softmax'))
    return model


def on_features():
    model = head(True)
    model.compile('sgd', 'categorical_crossentropy')
    model.fit(base.predict(train), epochs=9)


def whole():
    model = models.Sequential([base, head(False)])
    model.compile('adam', 'categorical_crossentropy')
    model.fit(train, epochs=2, validation_data=val)


"""
)


def test_what_no_line_calls_is_no_training_where_another_one_is_called() -> None:
    got = values(read(TWO_WAYS + "whole()\n"))
    assert (got["training.mode"], got["training.optimizer"], got["training.epochs"]) == ("end_to_end", "adam", 2)
    assert (got["model.dense_units"], got["model.dropout"]) == (64, 0.0)
    got = values(read(TWO_WAYS + "on_features()\n"))
    assert (got["training.mode"], got["training.optimizer"], got["training.epochs"]) == ("bottleneck", "sgd", 9)


def test_another_network_is_named_only_where_it_is_made() -> None:
    unused = "def other():\n    return ResNet50(include_top=False)\n\n\n"
    assert read(unused + TWO_WAYS + "whole()\n")["unread"] == []
    notes = [one["text"] for one in read("other = ResNet50(include_top=False)\n" + TWO_WAYS + "whole()\n")["unread"]]
    assert notes == ["the script makes more than one backbone; VGG16 of line 10 was read"]


NESTED = (
    DATA
    + """
def build(open_base=False):
    base = MobileNetV2(include_top=False, input_shape=(96, 96, 3))
    base.trainable = open_base
    inputs = layers.Input((96, 96, 3))
    x = {before}
    x = base(x, training=False)
    x = layers.GlobalAveragePooling2D()(x)
    return tf.keras.Model(inputs, layers.Dense(3, activation='softmax')(x))


def compiled(model, rate):
    model.compile(tf.keras.optimizers.Adam(rate), 'categorical_crossentropy')


model = build()
compiled(model, 1e-3)
model.fit(train, epochs=2, validation_data=val)
{opens}
compiled(model, 1e-5)
model.fit(train, epochs=3, validation_data=val)
"""
)

SCALED = "tf.keras.applications.mobilenet_v2.preprocess_input(inputs)"
TAIL = "base.trainable = True\nfor layer in base.layers[:-11]:\n    layer.trainable = False"


@pytest.mark.parametrize(
    ("before", "opens", "block"),
    [
        ("inputs", f"base = model.layers[1]\n{TAIL}", "block16"),
        (SCALED, f"base = model.layers[3]\n{TAIL}", "block16"),
        (SCALED, "for layer in model.layers[-30:]:\n    layer.trainable = True", "all"),
        ("inputs", "for layer in model.layers[-30:]:\n    layer.trainable = True", "all"),
    ],
)
def test_a_network_inside_the_model_is_found_by_its_number(before: str, opens: str, block: str) -> None:
    record = read(NESTED.replace("{before}", before).replace("{opens}", opens))
    got = values(record)
    assert (got["training.mode"], got["training.epochs"], got["training.finetune_epochs"]) == ("fine_tune", 2, 3)
    assert got["training.unfreeze_from"] == block
    assert "trainable-after-compile" not in [one["id"] for one in record["findings"]]


def test_the_last_layers_that_do_not_reach_the_network_leave_it_frozen() -> None:
    opens = "for layer in model.layers[-2:]:\n    layer.trainable = True"
    got = values(read(NESTED.replace("{before}", SCALED).replace("{opens}", opens)))
    assert (got["training.mode"], got["training.unfreeze_from"]) == ("end_to_end", "")


IN_A_BRANCH = (
    HEAD
    + """
import os
if not os.path.exists('d'):
    print('no images')
else:
    by = ImageDataGenerator(rescale=1 / 255)
    train = by.flow_from_directory('d', target_size=(96, 96))
    base = VGG16(include_top=False, input_shape=(96, 96, 3))
    for layer in base.layers:
        layer.trainable = False
    model = models.Sequential([base, layers.Flatten(), layers.Dense(3, activation='softmax')])
    model.compile('adam', 'categorical_crossentropy')
    model.fit(train, epochs=4)
"""
)


def test_a_branch_that_makes_the_network_decides_nothing_more_about_it() -> None:
    record = import_script(IN_A_BRANCH)
    assert (values(record)["training.unfreeze_from"], opened(record)) == ("", {})
    inner = IN_A_BRANCH.replace("    for layer in", "    if os.cpu_count() > 4:\n     for layer in").replace(
        "        layer.trainable", "         layer.trainable"
    )
    assert opened(import_script(inner)) == {"training.unfreeze_from": "line 15: a condition decides which layers train"}


ONE_BY_ONE = (
    DATA
    + """
base = VGG16(include_top=False, input_shape=(96, 96, 3))
model = models.Sequential({listed})
{loop}
for layer in model.layers:
    layer.trainable = False
model.add(layers.Flatten())
model.add(layers.Dense(3, activation='softmax'))
model.compile('adam', 'categorical_crossentropy')
model.fit(train, epochs=2, validation_data=val)
"""
)


@pytest.mark.parametrize(
    ("listed", "loop"),
    [
        ("", "for layer in base.layers:\n    model.add(layer)"),
        ("", "for layer in base.layers:\n    print(layer.name)\n    if layer.name != 'x':\n        model.add(layer)"),
        ("base.layers", ""),
        ("list(base.layers)", ""),
        ("[layer for layer in base.layers]", ""),
    ],
)
def test_a_network_put_together_of_its_layers_is_that_network(listed: str, loop: str) -> None:
    record = read(ONE_BY_ONE.replace("{listed}", listed).replace("{loop}", loop))
    got = values(record)
    assert (got["model.backbone"], got["training.unfreeze_from"], got["model.pooling"]) == ("VGG16", "", "flatten")
    assert opened(record) == {}


def test_a_function_of_another_file_between_the_images_and_the_network_is_said() -> None:
    text = NESTED.replace("{before}", "augmenter()(inputs)").replace("{opens}", "pass")
    record = read("from mine import augmenter\n" + text)
    assert opened(record)["data.preprocessing"] == "line 14: the effect of augmenter() on the pixels is unknown"
    assert values(record)["model.pooling"] == "average"


HELD = (
    DATA
    + """
base = VGG16(include_top=False, input_shape=(96, 96, 3))
base.trainable = False
model = models.Sequential([base, layers.Flatten(), layers.Dense(16, 'relu'), layers.Dense(3, activation='softmax')])
{held}
model.compile('adam', 'categorical_crossentropy')
model.fit(train, epochs=2, validation_data=val)
"""
)


@pytest.mark.parametrize(
    ("held", "line"),
    [("model.layers[2].trainable = False", 12), ("model.layers[-1].trainable = False", 12), ("pass", 0),
     ("model.layers[2].trainable = False\nmodel.layers[2].trainable = True", 0)],
)  # fmt: skip
def test_a_layer_of_the_head_that_a_statement_keeps_from_training_is_said(held: str, line: int) -> None:
    record = read(HELD.replace("{held}", held))
    told = f"line {line}: this keeps a layer of the head from training; a run trains all of them"
    assert opened(record) == ({"script": told} if line else {})


GROWN = (
    DATA
    + """
base = VGG16(include_top=False, input_shape=(96, 96, 3))
base.trainable = False
{grown}
model.compile('adam', 'categorical_crossentropy')
model.fit(train, epochs=2, validation_data=val)
"""
)

TENSORS = """x = layers.Flatten()(base.output)
for k in {over}:
    x = layers.Dense(8, 'relu')(x)
model = tf.keras.Model(base.input, layers.Dense(3, activation='softmax')(x))"""

ADDED = """model = models.Sequential([base, layers.Flatten()])
for k in {over}:
    model.add(layers.Dense(8, 'relu'))
model.add(layers.Dense(3, activation='softmax'))"""


@pytest.mark.parametrize("grown", [TENSORS, ADDED])
@pytest.mark.parametrize(
    ("over", "times"),
    [("range(3)", ""), ("range(20)", "20 times"), ("range(10**9)", "in each turn"),
     ("range(some())", "in each turn")],
)  # fmt: skip
def test_layers_that_a_loop_adds_are_counted(grown: str, over: str, times: str) -> None:
    record = read(GROWN.replace("{grown}", grown.replace("{over}", over)))
    told = f"line 12: the loop puts layers into the head {times}; name the layers of the head"
    assert opened(record) == ({"model.head": told} if times else {})
    if not times:
        assert values(record)["model.head"] == "dense 8 relu, dense 8 relu, dense 8 relu"


def test_a_loop_that_makes_whole_models_adds_no_layers_to_one() -> None:
    grown = "for k in range(20):\n    model = models.Sequential([base, layers.Flatten(), layers.Dense(8, 'relu')])\n"
    grown += "    model.add(layers.Dense(3, activation='softmax'))"
    assert "model.head" not in opened(read(GROWN.replace("{grown}", grown)))


SAVED = "model = models.Sequential([base, layers.Flatten(), layers.Dense(3, activation='softmax')])"


@pytest.mark.parametrize(
    "grown",
    [
        f"import os\nif os.path.exists('m'):\n    model = models.load_model('m')\nelse:\n    {SAVED}",
        f"try:\n    model = models.load_model('m')\nexcept OSError:\n    {SAVED}",
    ],
)
def test_where_a_model_may_be_loaded_the_one_that_is_made_is_read(grown: str) -> None:
    record = read(GROWN.replace("{grown}", grown))
    assert (opened(record), values(record)["model.pooling"]) == ({}, "flatten")
    told = "load_model: where the file exists the script may go on with it; a run begins anew"
    assert [one["text"] for one in record["unread"]] == [told]


def test_one_of_two_models_by_a_condition_is_said_to_be_one_of_two() -> None:
    grown = (
        f"import os\nif os.cpu_count() > 4:\n    {SAVED}\nelse:\n    {SAVED.replace('Flatten', 'GlobalMaxPooling2D')}"
    )
    told = "line 17: which of several models this is, is known only when the script runs"
    assert opened(read(GROWN.replace("{grown}", grown)))["model.pooling"] == told


@pytest.mark.parametrize("back", ["model.set_weights(saved)", "model.load_weights('best.h5')"])
def test_weights_that_are_put_back_between_trainings_are_said(back: str) -> None:
    text = GROWN.replace("{grown}", SAVED) + "saved = model.get_weights()\n"
    again = "model.fit(train, epochs=3, validation_data=val)\n"
    told = f"{back} between trainings: a run goes on with the weights that it has then"
    assert [one["text"] for one in read(f"{text}{back}\n{again}")["unread"]] == [told]
    assert read(f"{text}{again}{back}\n")["unread"] == []


def test_a_default_of_none_beside_an_image_is_known_to_be_none() -> None:
    text = """
def load(path, label=None):
    image = tf.image.resize(tf.image.decode_png(tf.io.read_file(path), channels=3), (96, 96)) / 255.0
    return (image, label) if label is not None else image


train = tf.data.Dataset.from_tensor_slices((files, kinds)).shuffle(99).map(load).batch(8)
val = train
"""
    record = import_script(
        HEAD + "files, kinds = listed()\n" + text + GROWN.removeprefix(DATA).replace("{grown}", SAVED)
    )
    assert values(record)["data.preprocessing"] == "rescale"


def test_types_of_single_layers_are_told_where_they_are_not_usual() -> None:
    last = "layers.Dense(3, activation='softmax', dtype='float32')"
    grown = f"model = models.Sequential([base, layers.Flatten(), layers.Dense(9, 'relu', dtype='float16'), {last}])"
    notes = [one["text"] for one in read(GROWN.replace("{grown}", grown))["unread"]]
    assert notes == ["dtype='float16' of Dense: there is no setting for it"]


def test_one_loss_in_a_list_is_that_loss() -> None:
    text = GROWN.replace("{grown}", SAVED).replace("'categorical_crossentropy'", "['categorical_crossentropy']")
    assert opened(read(text)) == {}
    assert "loss" in opened(read(text.replace("opy']", "opy', 'mse']")))
