"""Arguments that have no setting: told where they change the training, and only there."""

from typing import Any

import pytest

from core.script.importing import import_script

SCRIPT = """import keras, tensorflow as tf
train = keras.utils.image_dataset_from_directory("leaves/train", image_size=(96, 96))
val = keras.utils.image_dataset_from_directory("leaves/val", image_size=(96, 96))
net = keras.applications.VGG16(include_top=False, pooling="avg", input_shape=(96, 96, 3))
net.trainable = False
inputs = keras.Input((96, 96, 3))
x = net(keras.applications.vgg16.preprocess_input(inputs))
outputs = keras.layers.Dense(1, activation="sigmoid")(x)
model = keras.Model(inputs, outputs)
model.compile("adam", "binary_crossentropy")
model.fit(train, validation_data=val, epochs=3)
"""
COMPILE, FIT = 'model.compile("adam", "binary_crossentropy")', "model.fit(train, validation_data=val, epochs=3)"
LAYER = 'keras.layers.Dense(1, activation="sigmoid")'


def read(old: str, new: str) -> dict[str, Any]:
    record = import_script(SCRIPT.replace(old, new))
    assert [one for one in record["open"] if one["blocks"]] == []
    return record


def notes(old: str, new: str) -> list[str]:
    return [one["text"] for one in read(old, new)["unread"]]


def optimizer(text: str) -> str:
    return f'model.compile({text}, "binary_crossentropy")'


_NONE = ": there is no setting for it"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (COMPILE, optimizer("keras.optimizers.Adam(1e-3, clipnorm=1.0)"), ["clipnorm=1.0 of Adam"]),
        (COMPILE, optimizer("keras.optimizers.Adam(1e-3, epsilon=0.1)"), ["epsilon=0.1 of Adam"]),
        (COMPILE, optimizer("keras.optimizers.Adam(1e-3, 0.8)"), ["beta_1=0.8 of Adam"]),
        (COMPILE, optimizer("keras.optimizers.SGD(1e-2, use_ema=True, ema_momentum=0.9)"),
         ["use_ema=True of SGD", "ema_momentum=0.9 of SGD"]),
        (COMPILE, optimizer("keras.optimizers.Adam(1e-3, gradient_accumulation_steps=4)"),
         ["gradient_accumulation_steps=4 of Adam"]),
        (COMPILE, optimizer("tfa.optimizers.Lookahead(keras.optimizers.Adam(1e-3), sync_period=6)"),
         ["Lookahead", "sync_period=6 of Lookahead"]),
        (COMPILE, 'model.compile("adam", keras.losses.BinaryCrossentropy(reduction=\'sum\'))',
         ["reduction='sum' of BinaryCrossentropy"]),
        (COMPILE, 'model.compile("adam", "binary_crossentropy", loss_weights=[2.0])',
         ["loss_weights=[2.0] of compile"]),
        (COMPILE, 'model.compile("adam", "binary_crossentropy", auto_scale=0.5)', ["auto_scale=0.5 of compile"]),
        (FIT, FIT.replace("epochs=3", "epochs=3, validation_freq=5"), ["validation_freq=5 of fit"]),
    ],
)  # fmt: skip
def test_what_has_no_setting_is_told(old: str, new: str, told: list[str]) -> None:
    assert notes(old, new) == [f"{one}{_NONE}" for one in told]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (COMPILE, optimizer("keras.optimizers.Adam(1e-3, beta_1=0.9, beta_2=0.999, epsilon=1e-07, amsgrad=False)")),
        (COMPILE, optimizer("keras.optimizers.Adam(1e-3, clipnorm=None, use_ema=False, name='mine')")),
        (COMPILE, optimizer("keras.optimizers.RMSprop(1e-4, 0.9)").replace("0.9", "rho=0.9")),
        (COMPILE, optimizer("keras.mixed_precision.LossScaleOptimizer(keras.optimizers.Adam(2e-4), dynamic=True)")),
        (COMPILE, 'model.compile("adam", keras.losses.BinaryCrossentropy(reduction="sum_over_batch_size"))'),
        (
            COMPILE,
            'model.compile("adam", tf.keras.losses.BinaryCrossentropy(reduction=tf.keras.losses.Reduction.AUTO))',
        ),
        (COMPILE, 'model.compile("adam", "binary_crossentropy", ["accuracy"], None, run_eagerly=True)'),
        (COMPILE, 'model.compile("adam", "binary_crossentropy", steps_per_execution=8, jit_compile=False)'),
        (FIT, FIT.replace("epochs=3", "epochs=3, verbose=2, workers=4, max_queue_size=20, validation_steps=5")),
    ],
)
def test_what_changes_nothing_is_not_told(old: str, new: str) -> None:
    assert notes(old, new) == []


@pytest.mark.parametrize(
    ("old", "new", "keys"),
    [
        (COMPILE, optimizer("keras.optimizers.Adam(**options)"), {"training.learning_rate", "training.weight_decay"}),
        (COMPILE, 'model.compile("adam", keras.losses.BinaryCrossentropy(**options))', {"training.label_smoothing"}),
        (COMPILE, 'model.compile("adam", **options)', {"loss"}),
        (FIT, "model.fit(train, **options)", {"training.epochs", "training.early_stopping"}),
        (LAYER + "(x)", 'keras.layers.Dense(1, activation="sigmoid")(keras.layers.Dropout(**options)(x))',
         {"model.dropout"}),
    ],
)  # fmt: skip
def test_arguments_that_only_running_tells_are_asked_for(old: str, new: str, keys: set[str]) -> None:
    record = import_script(SCRIPT.replace(old, new))
    assert {one["key"] for one in record["open"] if one["blocks"]} == keys


def test_a_layer_with_further_arguments_that_cannot_be_read_is_told() -> None:
    told = "Dense: some of its arguments are known only when the script runs"
    assert notes(LAYER, LAYER.replace(")", ", **options)")) == [told]


def test_what_the_optimizer_of_a_later_training_is_given_is_told() -> None:
    later = "\nnet.trainable = True\n" + optimizer("keras.optimizers.Adam(1e-5, clipvalue=0.5)") + "\n" + FIT
    assert notes(FIT, FIT + later) == [f"clipvalue=0.5 of Adam{_NONE}"]


def test_labels_of_a_generator_that_are_set_by_hand_are_told() -> None:
    """The images no longer have the labels of their folders."""
    text = """
import keras, numpy
from keras.preprocessing.image import ImageDataGenerator
model = keras.Sequential([keras.applications.VGG16(include_top=False), keras.layers.Dense(1, activation="sigmoid")])
model.compile("adam", "binary_crossentropy")
train = ImageDataGenerator().flow_from_directory("images/train", class_mode="binary")
train.classes = numpy.random.permutation(train.classes)
model.fit(train)
"""
    told = [(one["line"], one["text"]) for one in import_script(text, "mine.py")["unread"]]
    assert (7, "classes of a generator is set by hand; what that changes is not read") in told
    plain = text.replace("train.classes = numpy.random.permutation", "print")
    assert "set by hand" not in str(import_script(plain, "mine.py")["unread"])
