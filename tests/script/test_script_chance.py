"""Images that a script changes at random by itself: what it draws, and functions of other libraries."""

from typing import Any

import pytest

from core.script.importing import import_script
from tests.script.told_as import told_as

KEY = "data.augmentation"
IMPORTS = """import random
import cv2, keras, numpy as np, tensorflow as tf
import tensorflow_addons as tfa
from keras import layers
from PIL import Image, ImageOps
train = keras.utils.image_dataset_from_directory("bolts/train", image_size=(128, 128), label_mode="categorical")
val = keras.utils.image_dataset_from_directory("bolts/val", image_size=(128, 128), label_mode="categorical")
"""
END = """
net = keras.applications.ResNet50(include_top=False, pooling="avg", input_shape=(SIZE, SIZE, 3))
net.trainable = False
inputs = keras.Input((SIZE, SIZE, 3))
x = inputs
FRONT
x = keras.applications.resnet50.preprocess_input(x)
model = keras.Model(inputs, layers.Dense(3, "softmax")(net(x)))
model.compile("adam", "categorical_crossentropy")
model.fit(train, validation_data=val, epochs=2)
"""


def mapped(body: str, *, single: bool = False, size: int = 128) -> str:
    """A function of the script's own that every batch, or every image, of the training goes through."""
    inner = "\n".join("    " + line for line in body.split("\n"))
    before, after = (".unbatch()", ".batch(32)") if single else ("", "")
    own = f"def change(image, label):\n{inner}\n    return image, label\ntrain = train{before}.map(change){after}\n"
    return IMPORTS + own + END.replace("SIZE", str(size)).replace("FRONT", "")


def front(layer: str) -> str:
    """A layer before the backbone."""
    return IMPORTS + END.replace("SIZE", "128").replace("FRONT", f"x = {layer}(x)")


ARRAYS = """import glob, os, random
import cv2, keras, numpy as np
from PIL import Image, ImageOps
x, y = [], []
for number, name in enumerate(["nut", "screw", "washer"]):
    for path in glob.glob(f"bolts/{name}/*.png"):
        image = cv2.resize(cv2.imread(path), (96, 96))
        EACH
        x.append(image); y.append(number)
x, y = np.array(x) / 255.0, np.array(y)
ALL
net = keras.applications.VGG16(include_top=False, pooling="avg", input_shape=(96, 96, 3))
net.trainable = False
model = keras.Sequential([net, keras.layers.Dense(3, "softmax")])
model.compile("adam", "sparse_categorical_crossentropy")
model.fit(x, y, epochs=2, validation_split=0.2)
"""


def arrays(each: str = "", whole: str = "") -> str:
    """Images in an array: what is done to each, and to the array."""
    return ARRAYS.replace("EACH", each or "pass").replace("ALL", whole)


def read(text: str) -> tuple[str, Any]:
    return told_as(text, KEY)


@pytest.mark.parametrize(
    "text",
    [
        mapped("image = tf.image.rot90(image, tf.random.uniform([], 0, 4, dtype=tf.int32))"),
        mapped("k = np.random.randint(4)\nimage = tf.image.rot90(image, k)"),
        mapped("image = tfa.image.rotate(image, tf.random.uniform((), -0.3, 0.3))"),
        mapped("angle = random.uniform(-5, 5) * 3.14 / 180\nimage = tfa.image.rotate(image, angle)"),
        mapped("image = tfa.image.translate(image, tf.random.uniform([2], -8, 8))"),
        mapped("image = tfa.image.random_cutout(image, (16, 16))"),
        mapped("image = tf.image.random_hue(image, 0.1)"),
        mapped("image = tf.image.adjust_gamma(image, tf.random.uniform((), 0.8, 1.2))"),
        mapped("image = image + tf.random.normal(tf.shape(image), 0.0, 8.0)"),
        mapped("noise = tf.random.normal(tf.shape(image), 0.0, 8.0)\nimage = tf.add(image, noise)"),
        mapped("image *= tf.random.uniform((), 0.9, 1.1)"),
        mapped("image = tf.roll(image, np.random.randint(-9, 9), axis=1)\nimage = tf.image.random_hue(image, 0.1)"),
        mapped("if tf.random.uniform(()) > 0.3:\n    image = tf.image.rot90(image)"),
        mapped("if random.random() < 0.2:\n    image = tf.image.random_hue(image, 0.1)"),
        mapped("p = tf.random.uniform([])\nimage = tf.cond(p < 0.5, lambda: tf.image.rot90(image), lambda: image)"),
        mapped("image = tf.image.rot90(image) if random.random() < 0.5 else image"),
        mapped("draws = np.random.default_rng(3)\nif draws.random() > 0.7:\n    image = tf.image.rot90(image)"),
        mapped("top = random.randint(0, 20)\nimage = image[:, top:top + 100, :100, :]"),
        mapped("image = tf.image.stateless_random_flip_left_right(image, (1, 2))"),
        mapped("image = keras.preprocessing.image.random_rotation(image, 20)"),
        mapped("image = tf.numpy_function(lambda a: a + np.random.normal(0, 5, a.shape), [image], tf.float32)"),
        mapped("image = my_own(image, random.random())"),
        front("layers.GaussianNoise(8.0)"),
        front("layers.Dropout(0.1)"),
        front('layers.RandomTranslation(0.1, 0.1, fill_mode="constant", fill_value=255)'),
        front("layers.RandomFlip(mode_of_it)"),
        arrays("image = cv2.flip(image, 1)"),
        arrays("x.append(cv2.flip(image, 1)); y.append(number)"),
        arrays("if random.random() > 0.5: image = cv2.rotate(image, cv2.ROTATE_180)"),
        arrays(
            "m = cv2.getRotationMatrix2D((48, 48), random.randint(-9, 9), 1)\n"
            "        image = cv2.warpAffine(image, m, (96, 96))"
        ),
        arrays("image = np.array(ImageOps.mirror(Image.fromarray(image)))"),
        arrays("image = np.array(Image.fromarray(image).transpose(Image.FLIP_LEFT_RIGHT))"),
        arrays("image = np.array(Image.fromarray(image).rotate(random.uniform(-9, 9)))"),
        arrays("", "x = np.concatenate([x, x[:, :, ::-1]]); y = np.concatenate([y, y])"),
        arrays("", "x = np.concatenate([x, np.flip(x, axis=2)]); y = np.concatenate([y, y])"),
        arrays("", "x[:, :8, random.randint(0, 9):] = 0"),
    ],
)  # fmt: skip
def test_a_change_by_chance_that_no_step_is_like_is_never_left_out(text: str) -> None:
    kind, near = read(text)
    assert (kind, near is None) in (("beyond", False), ("asked", True))


@pytest.mark.parametrize(
    ("text", "want"),
    [
        (
            mapped("if tf.random.uniform(()) > 0.5:\n    image = tf.image.flip_left_right(image)", single=True),
            "flip horizontal",
        ),
        (mapped("if random.random() < 0.5:\n    image = tf.image.flip_up_down(image)", single=True), "flip vertical"),
        (
            mapped("p = np.random.rand()\nimage = tf.image.flip_left_right(image) if p > 0.5 else image", single=True),
            "flip horizontal",
        ),
        (
            mapped(
                "p = tf.random.uniform([])\n"
                "image = tf.cond(p > 0.5, lambda: tf.image.flip_left_right(image), lambda: image)",
                single=True,
            ),
            "flip horizontal",
        ),
        (
            mapped("seed = tf.random.uniform([2], maxval=99, dtype=tf.int32)\n"
                   "image = tf.image.stateless_random_contrast(image, 0.8, 1.2, seed)", single=True),
            "contrast 0.8..1.2",
        ),
        (front('layers.RandomRotation(0.1, "nearest")'), "rotation -36..36"),
        (front('layers.RandomTranslation(0.1, 0.1, fill_mode="constant", fill_value=0.0)'), "shift -0.1..0.1 black"),
    ],
)  # fmt: skip
def test_a_change_by_chance_that_is_a_step_is_stated(text: str, want: str) -> None:
    assert read(text) == ("stated", want)


def test_a_flip_of_whole_batches_has_the_flip_as_the_nearest() -> None:
    assert read(mapped("if tf.random.uniform(()) > 0.5:\n    image = tf.image.flip_left_right(image)")) == (
        "beyond", "flip horizontal",
    )  # fmt: skip


def test_a_random_crop_tells_the_size_of_the_images_and_the_share_that_is_kept() -> None:
    text = mapped("image = tf.image.resize(image, (160, 160))\nimage = tf.image.random_crop(image, (32, 128, 128, 3))")
    assert read(text) == ("beyond", "crop 0.8..0.8")
    assert import_script(text)["settings"]["data.image_size"]["value"] == 128


@pytest.mark.parametrize("fit", ["x, y", "tf.data.Dataset.from_tensor_slices((x, y)).batch(8)"])
def test_what_is_drawn_while_an_array_is_made_stays_in_all_epochs(fit: str) -> None:
    text = arrays("image = tf.image.random_flip_left_right(image)").replace("fit(x, y", f"fit({fit}")
    record = import_script(text)["settings"]
    assert (record[KEY]["value"], record["data.augmentation_draws"]["value"]) == ("flip horizontal", 1)


@pytest.mark.parametrize(
    "text",
    [
        mapped("image = tf.cast(image, tf.float32)"),
        mapped("turn = layers.RandomFlip()\nimage = turn(image, training=False)"),
        IMPORTS + "turn = layers.RandomFlip()\nx = turn(x, training=False)\n".replace("x", "shown")
        + END.replace("SIZE", "128").replace("FRONT", ""),
        mapped("print(random.random(), np.random.rand(3))"),
        arrays("image = image[:, :, ::-1]"),
        arrays("image = np.flip(image, axis=-1)"),
        arrays("", "order = np.random.permutation(len(x)); x, y = x[order], y[order]"),
        arrays("", "shown = x[np.random.choice(len(x), 9)]; turned = np.fliplr(x[0]); print(shown, turned)"),
        arrays("", "random.seed(3); np.random.seed(4)"),
        IMPORTS + "if random.random() > 2:\n    print(cv2.flip(cv2.imread('a.png'), 1))\n"
        + END.replace("SIZE", "128").replace("FRONT", ""),
        front("layers.Identity()").replace("(net(x))", "(layers.Dropout(0.5)(net(x)))"),
    ],
)  # fmt: skip
def test_what_changes_no_training_image_at_random_is_no_augmentation(text: str) -> None:
    assert read(text) == ("left out", "none")
