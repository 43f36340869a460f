"""What a script does to pixels beside scaling: filters, colours, ranges of single images, networks without scaling."""

from typing import Any

import pytest

from core.script.importing import import_script
from tests.script.told_as import told_as

KEY = "data.preprocessing"
ARRAYS = """import cv2, glob, keras, numpy as np
from PIL import Image, ImageOps, ImageFilter
from scipy import ndimage
from skimage import exposure, filters
x, y = [], []
for number, name in enumerate(["crack", "dent", "plain"]):
    for path in glob.glob(f"metal/{name}/*.png"):
        image = cv2.resize(cv2.imread(path), (96, 96))
        HOW
        x.append(image); y.append(number)
x, y = np.array(x)SCALE, np.array(y)
net = keras.applications.VGG16(include_top=False, pooling="avg", input_shape=(96, 96, 3))
net.trainable = False
model = keras.Sequential([net, keras.layers.Dense(3, "softmax")])
model.compile("adam", "sparse_categorical_crossentropy")
model.fit(x, y, epochs=2, validation_split=0.2)
"""
NETWORK = """import keras
train = keras.utils.image_dataset_from_directory("metal", image_size=(96, 96), label_mode="categorical")
net = keras.applications.NAME(include_top=False, pooling="avg", input_shape=(96, 96, 3)OPTIONS)
net.trainable = False
model = keras.Sequential([FRONTnet, keras.layers.Dense(3, "softmax")])
model.compile("adam", "categorical_crossentropy")
model.fit(train, epochs=2)
"""
WITHOUT = ", include_preprocessing=False"


def arrays(how: str = "pass", scale: str = " / 255.0") -> str:
    return ARRAYS.replace("HOW", how).replace("SCALE", scale)


def network(name: str, options: str = "", front: str = "") -> str:
    front = f"{front}, " if front else ""
    return NETWORK.replace("NAME", name).replace("OPTIONS", options).replace("FRONT", front)


def read(text: str) -> tuple[str, Any]:
    return told_as(text, KEY)


@pytest.mark.parametrize(
    "how",
    [
        "image = cv2.GaussianBlur(image, (5, 5), 0)",
        "image = cv2.medianBlur(image, 5)",
        "image = cv2.equalizeHist(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)); image = cv2.cvtColor(image, 8)",
        "image = cv2.createCLAHE(clipLimit=2.0).apply(image)",
        "clahe = cv2.createCLAHE(2.0, (8, 8)); image = clahe.apply(image)",
        "image = exposure.equalize_adapthist(image)",
        "image = filters.gaussian(image, sigma=1)",
        "image = ndimage.gaussian_filter(image, 2)",
        "image = np.array(ImageOps.autocontrast(Image.fromarray(image)))",
        "image = np.array(Image.fromarray(image).filter(ImageFilter.SHARPEN))",
        "image = cv2.addWeighted(image, 4, cv2.GaussianBlur(image, (0, 0), 10), -4, 128)",
        "_, image = cv2.threshold(image, 90, 255, cv2.THRESH_BINARY)",
    ],
)
def test_a_filter_of_pixels_is_no_plain_scaling(how: str) -> None:
    assert read(arrays(how))[0] == "beyond"


@pytest.mark.parametrize(
    ("how", "scale"),
    [
        ("image = cv2.normalize(image, None, 0, 1, cv2.NORM_MINMAX, cv2.CV_32F)", ""),
        ("image = cv2.normalize(image, None, alpha=0, beta=1, norm_type=cv2.NORM_MINMAX)", ""),
        ("image = image / image.max()", ""),
        ("pass", "x = keras.utils.normalize(x, axis=1)"),
    ],
)
def test_a_range_of_each_image_is_told(how: str, scale: str) -> None:
    text = arrays(how, "").replace("np.array(y)\n", f"np.array(y)\n{scale}\n", 1)
    assert read(text) == ("beyond", "rescale")


@pytest.mark.parametrize(
    "how",
    [
        "pass",
        "image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)",
        "cv2.imwrite('copy.png', cv2.GaussianBlur(image, (5, 5), 0))",
        "edges = cv2.Canny(image, 90, 200); print(edges.mean())",
        "image = np.asarray(keras.utils.array_to_img(image))",
    ],
)
def test_what_leaves_the_pixels_as_they_are_stays_read(how: str) -> None:
    assert read(arrays(how)) == ("stated", "rescale")


def test_colours_that_are_removed_are_told() -> None:
    for how in (
        "image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2RGB)",
        "image = np.array(Image.fromarray(image).convert('L').convert('RGB'))",
        "image = cv2.cvtColor(cv2.imread(path, 0), cv2.COLOR_GRAY2BGR)",
    ):
        told = import_script(arrays(how))["unread"]
        assert {"line": 9, "text": "the images are made grey here; a run keeps the colours of their files"} in told, how
    change = "train = train.map(lambda x, y: (tf.image.grayscale_to_rgb(tf.image.rgb_to_grayscale(x)), y))\nnet ="
    told = import_script("import tensorflow as tf\n" + network("ResNet50").replace("net =", change, 1))["unread"]
    assert [one["line"] for one in told] == [4]
    assert import_script(arrays())["unread"] == []


@pytest.mark.parametrize(
    ("text", "want"),
    [
        (network("MobileNetV3Large", WITHOUT), ("beyond", "backbone")),
        (network("EfficientNetV2B0", WITHOUT), ("beyond", "backbone")),
        (network("EfficientNetV2S", WITHOUT, "keras.layers.Rescaling(1 / 255)"), ("beyond", "backbone")),
        (network("ConvNeXtTiny", WITHOUT, "keras.layers.Rescaling(1 / 255)"), ("beyond", "backbone")),
        (network("MobileNetV3Small", WITHOUT, "keras.layers.Rescaling(1 / 127.5, -1)"), ("stated", "backbone")),
        (network("MobileNetV3Small", ", include_preprocessing=asked()"), ("asked", None)),
        (network("MobileNetV3Large"), ("left out", "backbone")),
        (network("EfficientNetV2B0", ", include_preprocessing=True"), ("left out", "backbone")),
        (network("EfficientNetV2B0", "", "keras.layers.Rescaling(1 / 255)"), ("stated", "rescale")),
    ],
)
def test_a_network_without_its_own_scaling(text: str, want: tuple[str, Any]) -> None:
    assert read(text) == want
