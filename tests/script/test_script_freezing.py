"""Which layers of the backbone train, as a script may set it: comprehensions, `list`, `setattr`, `while`."""

from typing import Any

import pytest

from core.script.importing import import_script

_SCRIPT = """
import keras
from keras import layers
import tensorflow as tf
train = keras.utils.image_dataset_from_directory("pets/train", image_size=(96, 96))
val = keras.utils.image_dataset_from_directory("pets/val", image_size=(96, 96))
base = keras.applications.ResNet50(include_top=False, input_shape=(96, 96, 3))
FREEZE
x = base(keras.Input((96, 96, 3)))
x = layers.GlobalAveragePooling2D()(x)AFTER
model = keras.Model(base.input, layers.Dense(1, activation="sigmoid")(x))
model.compile("adam", "binary_crossentropy")
model.fit(train, validation_data=val, epochs=3)
"""
KEY = "training.unfreeze_from"


def block(freeze: str, after: str = "") -> tuple[Any, str]:
    """What is read of the layers, and the kind of what is open about them; empty where nothing is."""
    record = import_script(_SCRIPT.replace("FREEZE", freeze).replace("AFTER", after))
    kinds = [one["kind"] for one in record["open"] if one["key"] == KEY]
    value = record["settings"].get(KEY, record["not_stated"].get(KEY, {})).get("value")
    assert "base-not-frozen" not in [one["id"] for one in record["findings"]] or value == "all"
    return value, "".join(kinds)


ALL_OFF = "for l in base.layers: l.trainable = False\n"


@pytest.mark.parametrize(
    ("freeze", "want"),
    [
        (ALL_OFF + 'for l in [m for m in base.layers if "conv5" in m.name]: l.trainable = True', "conv5"),
        (ALL_OFF + 'for l in filter(lambda m: "conv5" in m.name, base.layers): l.trainable = True', "conv5"),
        (ALL_OFF + 'for l in (m for m in base.layers if m.name.startswith(("conv5",))): l.trainable = True',
         "conv5"),
        ('base.trainable = True\nfor l in [m for m in base.layers if not m.name.startswith("conv5")]:\n'
         "    l.trainable = False", "conv5"),
        ("base.trainable = True\nfor l in list(base.layers)[:143]: l.trainable = False", "conv5"),
        ("base.trainable = True\nfor l in [*base.layers][:143]: l.trainable = False", "conv5"),
        ("base.trainable = True\nfor l in tuple(base.layers)[:-32]: l.trainable = False", "conv5"),
        ("base.trainable = True\nfor l in list(reversed(base.layers))[32:]: l.trainable = False", "conv5"),
        ("base.trainable = True\nfor l in base.layers[::-1][32:]: l.trainable = False", "conv5"),
        ("base.trainable = True\nfor l in base.layers[:160][:143]: l.trainable = False", "conv5"),
        ("base.trainable = True\nfor k in range(143): base.layers[k].trainable = False", "conv5"),
        ("for k in range(len(base.layers)): base.layers[k].trainable = k >= 143", "conv5"),
        ("base.trainable = True\nnames = [l.name for l in base.layers]\n"
         "for l in base.layers[:names.index('conv5_block1_1_conv')]: l.trainable = False", "conv5"),
        ("base.trainable = True\nat = next(k for k, l in enumerate(base.layers) if l.name == 'conv5_block1_1_conv')\n"
         "for l in base.layers[:at]: l.trainable = False", "conv5"),
        ("i = 0\nwhile i < len(base.layers):\n    base.layers[i].trainable = False\n    i += 1", ""),
        ("i = 0\nwhile i < 143:\n    base.layers[i].trainable = False\n    i += 1", "conv5"),
        ('setattr(base, "trainable", False)', ""),
        ('[setattr(l, "trainable", False) for l in base.layers]', ""),
        ('for l in base.layers: setattr(l, "trainable", False)', ""),
        ('[setattr(l, "trainable", "conv5" in l.name) for l in base.layers]', "conv5"),
        ('[setattr(l, "trainable", False) for l in base.layers if "conv5" not in l.name]', "conv5"),
        ('[setattr(l, "trainable", False) for l in base.layers[:143]]', "conv5"),
        ('base.__setattr__("trainable", False)', ""),
        ('list(map(lambda l: l.__setattr__("trainable", False), base.layers))', ""),
        ('list(map(lambda l: setattr(l, "trainable", False), base.layers[:143]))', "conv5"),
        ('any(setattr(l, "trainable", False) for l in base.layers)', ""),
        ("for l in base.submodules: l.trainable = False", ""),
        ("for l in base._flatten_layers(): l.trainable = False", ""),
        ('{l.name: l for l in base.layers}["conv1_conv"].trainable = False\nbase.trainable = False', ""),
        ("base.trainable = True\nedge = base.get_layer('conv5_block1_1_conv')\n"
         "for l in base.layers:\n    if l is edge: break\n    l.trainable = False", "conv5"),
        ("base.trainable = True\nfor l in base.layers:\n    l.trainable = False\n"
         "    if l.name == 'conv4_block6_out': break", "conv5"),
        ("base.trainable = True\nfor l in base.layers:\n    if l.name.startswith('conv5'): continue\n"
         "    l.trainable = False", "conv5"),
        ("while True:\n    base.trainable = False\n    break", ""),
        ("for name in files:\n    try: load(name)\n    except OSError: continue\nbase.trainable = False", ""),
        ("for name in files:\n    if bad(name): continue\n    print(name)\nbase.trainable = False", ""),
        ('object.__setattr__(base, "trainable", False)', ""),
        ("", "all"),
        ("base.trainable = False", ""),
        (ALL_OFF, ""),
        ("for l in base.layers[:143]: l.trainable = False", "conv5"),
        ('for l in base.layers:\n    l.trainable = l.name.startswith("conv5")', "conv5"),
        ('for l in base.layers:\n    if l.name.startswith("conv5"): break\n    l.trainable = False', "conv5"),
    ],
)  # fmt: skip
def test_layers_that_train_are_read(freeze: str, want: str) -> None:
    assert block(freeze) == (want, "")


@pytest.mark.parametrize(
    "freeze",
    [
        ALL_OFF + "for l in [m for m in base.layers if m.count_params() > 9]: l.trainable = True",
        ALL_OFF + "for l in filter(chosen, base.layers): l.trainable = True",
        "for w in base.weights: w.trainable = False",
        "for w in base.trainable_variables: w._trainable = False",
        "[setattr(l, 'trainable', False) for l in base.layers if wanted(l)]",
        "[setattr(l, 'trainable', False) if wanted(l) else None for l in base.layers]",
        "[wanted(l) and setattr(l, 'trainable', False) for l in base.layers]",
        "for l in base.layers[:5] + base.layers[9:]: l.trainable = False",
        "import random\nfor l in random.sample(base.layers, 100): l.trainable = False",
        "for l in base.layers:\n    if enough(l): break\n    l.trainable = False",
        "for l in base.layers:\n    if kept(l): continue\n    l.trainable = False",
        "i = 0\nwhile not done(i):\n    base.layers[i].trainable = False\n    i += 1",
        "for l, flag in zip(base.layers, flags): l.trainable = flag",
        "setattr(base, 'trainable', options.train)",
    ],
)
def test_layers_that_cannot_be_told_are_open(freeze: str) -> None:
    assert block(freeze)[1] in ("asked", "beyond")


def test_a_stopped_gradient_is_a_frozen_backbone() -> None:
    for after in ("\nx = keras.ops.stop_gradient(x)", "\nx = layers.Lambda(lambda t: tf.stop_gradient(t))(x)"):
        assert block("", after)[1] == "beyond"
        assert block("base.trainable = False", after) == ("", "")


def test_the_place_of_a_layer_among_its_networks_layers_is_known() -> None:
    text = """
import tensorflow as tf
from tensorflow.keras import layers, models
from tensorflow.keras.applications import VGG16
train = tf.keras.utils.image_dataset_from_directory('d/train', image_size=(96, 96))
base = VGG16(include_top=False, input_shape=(96, 96, 3))
for layer in base.layers[: base.layers.index(base.get_layer('block4_pool')) + 1]:
    layer.trainable = False
model = models.Sequential([base, layers.Flatten(), layers.Dense(3, activation='softmax')])
model.compile('adam', 'sparse_categorical_crossentropy')
model.fit(train, epochs=2)
"""
    assert import_script(text)["settings"]["training.unfreeze_from"]["value"] == "block5"
