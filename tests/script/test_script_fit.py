"""How images become square: cropped or with bars, where they were not square before; other ways are told."""

from typing import Any

import pytest

from tests.script.told_as import told_as

KEY = "data.fit"
END = """
net = keras.applications.VGG16(include_top=False, pooling="avg", input_shape=(96, 96, 3))
net.trainable = False
model = keras.Sequential([FRONT net, keras.layers.Dense(3, "softmax")])
model.compile("adam", "sparse_categorical_crossentropy")
"""
ONE_BY_ONE = (
    """import cv2, glob, keras, numpy as np, tensorflow as tf
from PIL import Image, ImageOps
x, y = [], []
for number, name in enumerate(["ash", "elm", "oak"]):
    for path in glob.glob(f"leaves/{name}/*.jpg"):
        image = READ
        HOW
        x.append(np.array(image)); y.append(number)
x, y = np.array(x) / 255.0, np.array(y)
"""
    + END
    + "model.fit(x, y, epochs=2, validation_split=0.2)\n"
)
FILES = (
    """import keras, tensorflow as tf
def picture(path):
    image = tf.io.decode_jpeg(tf.io.read_file(path), channels=3)
    HOW
    return image / 255.0, 0
train = tf.data.Dataset.list_files("leaves/*/*.jpg").map(picture).batch(8)
"""
    + END
    + "model.fit(train, epochs=2)\n"
)
SQUARE = (
    """import keras, tensorflow as tf
train = keras.utils.image_dataset_from_directory("leaves", image_size=(120, 120)OPTIONS)
def change(image, label):
    HOW
    return image, label
train = train.map(change)
"""
    + END
    + "model.fit(train, epochs=2)\n"
)


def cv(how: str) -> str:
    return ONE_BY_ONE.replace("READ", "cv2.imread(path)").replace("HOW", how).replace("FRONT", "")


def pil(how: str) -> str:
    return ONE_BY_ONE.replace("READ", "Image.open(path)").replace("HOW", how).replace("FRONT", "")


def files(how: str, front: str = "") -> str:
    return FILES.replace("HOW", how).replace("FRONT", front)


def square(how: str = "pass", front: str = "", options: str = "") -> str:
    return SQUARE.replace("HOW", how).replace("FRONT", front).replace("OPTIONS", options)


def read(text: str) -> tuple[str, Any]:
    return told_as(text, KEY)


@pytest.mark.parametrize(
    ("text", "want"),
    [
        (files("image = tf.image.resize_with_pad(image, 96, 96)"), "letterbox_black"),
        (files("image = keras.preprocessing.image.smart_resize(image, (96, 96))"), "crop"),
        (files("image = keras.utils.smart_resize(image, size=(96, 96))"), "crop"),
        (files("image = keras.ops.image.resize(image, (96, 96), crop_to_aspect_ratio=True)"), "crop"),
        (files("pass", "keras.layers.Resizing(96, 96, crop_to_aspect_ratio=True), "), "crop"),
        (files("pass", "keras.layers.Resizing(96, 96, pad_to_aspect_ratio=True), "), "letterbox_black"),
        (files("image = keras.layers.Resizing(96, 96, pad_to_aspect_ratio=True)(image)"), "letterbox_black"),
        (
            pil("image = keras.utils.load_img(path, target_size=(96, 96), keep_aspect_ratio=True)"),
            "crop",
        ),
        (pil("image = ImageOps.fit(image, (96, 96))"), "crop"),
        (pil("image = ImageOps.pad(image, (96, 96))"), "letterbox_black"),
        (square(options=", crop_to_aspect_ratio=True"), "crop"),
        (square(options=", pad_to_aspect_ratio=True"), "letterbox_black"),
    ],
)
def test_a_way_that_a_run_has_is_stated(text: str, want: str) -> None:
    assert read(text) == ("stated", want)


@pytest.mark.parametrize(
    ("text", "near"),
    [
        (files("image = tf.image.resize(tf.image.central_crop(image, 0.8), (96, 96))"), "crop"),
        (square("image = tf.image.resize(tf.image.central_crop(image, 0.8), (96, 96))"), "crop"),
        (files("image = tf.image.resize_with_crop_or_pad(image, 96, 96)"), "crop"),
        (square("image = image[:, 12:108, 12:108, :]"), "crop"),
        (square("image = image[:, 12:108, 12:108]"), "crop"),
        (square(front="keras.layers.CenterCrop(96, 96), "), "crop"),
        (
            cv(
                "h, w = image.shape[:2]; s = min(h, w)\n"
                "        image = cv2.resize(image[(h-s)//2:(h+s)//2, (w-s)//2:(w+s)//2], (96, 96))"
            ),
            "crop",
        ),
        (cv("image = cv2.resize(image[20:-20, :], (96, 96))"), "crop"),
        (pil("image = image.crop((10, 10, 90, 90)).resize((96, 96))"), "crop"),
        (cv("image = cv2.resize(cv2.copyMakeBorder(image, 9, 9, 0, 0, 0), (96, 96))"), "letterbox_black"),
        (files("image = tf.image.pad_to_bounding_box(image, 9, 9, 500, 500)"), "letterbox_black"),
        (files("image = tf.image.resize(image, (96, 96), preserve_aspect_ratio=True)"), "letterbox_black"),
        (pil("image = ImageOps.pad(image, (96, 96), color='white')"), "letterbox_black"),
        (files("pass", "keras.layers.Resizing(96, 96, pad_to_aspect_ratio=True, fill_value=255), "), "letterbox_black"),
    ],
)  # fmt: skip
def test_a_way_that_no_run_has_is_told_with_the_nearest(text: str, near: str) -> None:
    assert read(text) == ("beyond", near)


@pytest.mark.parametrize(
    "text",
    [
        cv("image = cv2.resize(image, (96, 96))"),
        cv("image = cv2.resize(image[:, :, ::-1], (96, 96))"),
        cv("image = cv2.resize(image[:, :, :3], (96, 96))"),
        pil("image = image.convert('RGB').resize((96, 96))"),
        files("image = tf.image.resize(image, (96, 96))"),
        files("image = tf.image.resize(tf.image.central_crop(image, 1.0), (96, 96))"),
        square(),
        square("image = tf.image.resize_with_pad(image, 96, 96)"),
        square(front="keras.layers.Resizing(96, 96, crop_to_aspect_ratio=True), "),
        square("image = image[..., :3]"),
        square(front="keras.layers.Resizing(96, 96), "),
        square().replace("model.fit(train", "shown = next(iter(train))[0][:, 3:9, 3:9]\nmodel.fit(train"),
    ],
)
def test_images_that_are_square_already_or_only_resized_state_nothing(text: str) -> None:
    assert read(text) == ("left out", "stretch")
