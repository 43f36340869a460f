"""What a script takes from elsewhere or leaves out is said as it is, and what its words mean in Keras is read."""

from typing import Any

import pytest

from core.script.importing import import_script
from tests.script.test_script_followed import HEAD, opened, read, values

MODEL = """
base = ResNet50(include_top=False, input_shape=(64, 64, 3){more})
base.trainable = False
model = models.Sequential([base, layers.GlobalAveragePooling2D(), layers.Dense(2, activation='softmax')])
model.compile('adam', 'categorical_crossentropy')
"""
PLAIN = MODEL.replace("{more}", "")
FLOW = "train = by.flow_from_directory('d/train', target_size=(64, 64))\n"
FIT = "model.fit(train, epochs=2)\n"


def whys(record: dict[str, Any], key: str) -> str:
    return str(record["not_stated"][key]["why"])


def test_batches_of_another_file_have_no_size_and_no_order_here() -> None:
    record = read("from mine import batches\ntrain = batches('d')\n" + PLAIN + FIT)
    assert opened(record)["data.batch_size"] == (
        "line 12: how the batches of train are made cannot be followed, nor their size"
    )
    assert whys(record, "data.shuffle") == (
        "the batches come from elsewhere, and their order with them; a run shuffles samples"
    )
    assert whys(record, "data.augmentation") == (
        "the images come from elsewhere; whether they are changed at random there is not in the script"
    )
    arrays = read("from mine import arrays\nx, y = arrays('d')\n" + PLAIN + "model.fit(x, y, epochs=2)\n")
    assert (values(arrays)["data.batch_size"], "data.batch_size" in opened(arrays)) == (32, False)


PUBLISHED = """
import tensorflow_datasets as tfds
train = tfds.load('cats_vs_dogs', split='train', as_supervised=True)
train = train.map(lambda x, y: (tf.image.resize(x, (64, 64)), y)){mixed}.batch(16)
"""


@pytest.mark.parametrize("mixed", ["", ".shuffle(100)"])
def test_a_published_set_comes_mixed_and_not_class_by_class(mixed: str) -> None:
    record = read(PUBLISHED.replace("{mixed}", mixed) + PLAIN + FIT)
    assert values(record)["data.shuffle"] == "samples"
    told = "tfds.load gives the images in one mixed order, the same in every epoch; a run has another one in each"
    assert [one["text"] for one in record["unread"]] == ([] if mixed else [told])


def test_a_folder_of_empty_text_is_asked_for() -> None:
    text = "where = ''\nby = ImageDataGenerator()\n" + FLOW.replace("'d/train'", "where") + PLAIN + FIT
    record = read(text)
    assert record["dataset"] is None
    assert opened(record) == {"dataset": "line 7: the folder where is empty text; name the folder of images"}


def test_images_of_a_name_without_a_value_are_not_those_of_another_folder() -> None:
    record = read("by = ImageDataGenerator()\n" + FLOW + PLAIN + FIT.replace("train", "images"))
    assert (record["dataset"], opened(record)["dataset"]) == (None, "line 12: images is not defined in the script")


WHOLE = (
    "by = ImageDataGenerator()\n"
    + FLOW
    + """
model = {network}
model.compile('adam', 'categorical_crossentropy')
model.fit(train, epochs=2)
"""
)


def test_a_classifier_of_the_scripts_own_classes_is_a_head() -> None:
    record = read(WHOLE.replace("{network}", "ResNet50(weights=None, classes=2)"))
    got = values(record)
    assert (got["model.pooling"], got["model.dense_units"], got["model.dropout"]) == ("average", 0, 0.0)
    assert (got["model.weights"], got["training.unfreeze_from"], opened(record)) == ("none", "all", {})
    record = read(WHOLE.replace("{network}", "VGG16(weights=None, classes=2)"))
    told = "line 8: VGG16 includes its classifier of 2 classes (include_top); a run uses the features before it"
    assert opened(record)["script"] == told


@pytest.mark.parametrize(
    ("arguments", "after", "scale"),
    [
        ("tf.keras.applications.resnet50.preprocess_input", "", "none"),
        ("rescale=1 / 255, featurewise_center=True", "", "rescale"),
        ("featurewise_center=True", "by.fit(some)\n", None),
        ("samplewise_center=True", "", None),
    ],
)
def test_a_generator_that_is_never_fitted_takes_no_mean_off(arguments: str, after: str, scale: str | None) -> None:
    record = read(f"by = ImageDataGenerator({arguments})\n{after}{FLOW}" + PLAIN + FIT)
    assert values(record).get("data.preprocessing") == scale
    idle = [one["text"] for one in record["unread"] if "has no effect" in one["text"]]
    if scale:
        assert idle[0].endswith(" of ImageDataGenerator has no effect: the generator is never fitted to images")
    else:
        name = arguments.partition("=")[0]
        told = f"{name} of ImageDataGenerator changes pixels by their mean or spread; there is no setting for it"
        assert opened(record)["data.preprocessing"] == f"line 5: {told}"
        assert not idle


OFFICIAL = "w/resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5"


@pytest.mark.parametrize(
    ("more", "loads", "known"),
    [
        (f", weights='{OFFICIAL}'", "", True),
        (", weights=None", f"base.load_weights('{OFFICIAL}')\n", True),
        (f", weights='{OFFICIAL.replace('resnet50', 'vgg16')}'", "", False),
        (", weights='mine.h5'", "", False),
    ],
)
def test_a_file_of_the_name_that_keras_gives_it_holds_the_weights_of_imagenet(
    more: str, loads: str, *, known: bool
) -> None:
    record = read("by = ImageDataGenerator()\n" + FLOW + MODEL.replace("{more}", more) + loads + FIT)
    assert (values(record).get("model.weights"), "model.weights" in opened(record)) == (
        ("imagenet", False) if known else (None, True)
    )


BRIGHT = """
train = tf.keras.utils.image_dataset_from_directory('d/train', label_mode='categorical', image_size=(64, 64))
bright = tf.keras.Sequential([layers.RandomFlip('horizontal'), layers.RandomBrightness(0.2{range})])
train = train.map(lambda x, y: (bright(x{scaled}, training=True), y))
"""


@pytest.mark.parametrize(
    ("scaled", "bounds", "told"),
    [
        (" / 255", "", "takes pixels of 0 to 1 for 0 to 255 (its value_range): it adds up to 51 to them"),
        (" / 255", ", value_range=(0, 1)", "adds the same to all grey levels; a run multiplies them"),
        ("", "", "adds the same to all grey levels; a run multiplies them"),
    ],
)
def test_brightness_of_scaled_pixels_goes_beyond_them(scaled: str, bounds: str, told: str) -> None:
    record = read(BRIGHT.replace("{scaled}", scaled).replace("{range}", bounds) + PLAIN + FIT)
    one = next(one for one in record["open"] if one["key"] == "data.augmentation")
    assert one["why"] == f"line 7: RandomBrightness {told}"
    assert ("brightness" in one["nearest"]) == ("51" not in told)


@pytest.mark.parametrize(("second", "folder"), [("/b/c", "/b/c"), (r"D:\\b\\c", r"D:\b\c"), ("b/c", "a/b/c")])
def test_a_path_that_stands_for_itself_is_joined_to_nothing(second: str, folder: str) -> None:
    text = f"import os\nby = ImageDataGenerator()\nwhere = os.path.join('a', '{second}')\n"
    record = read(text + FLOW.replace("'d/train'", "where") + PLAIN + FIT)
    assert record["dataset"] == folder


PARTS = """
import numpy as np
from mine import images_of
from sklearn.model_selection import train_test_split
one, two = images_of('a'), images_of('b')
a, b, ya, yb = train_test_split(one, np.ones(9), test_size=0.1)
c, d, yc, yd = train_test_split(two, np.zeros(9), test_size={second})
x, y, v, yv = np.concatenate([a, c]), np.concatenate([ya, yc]), np.concatenate([b, d]), np.concatenate([yb, yd])
by = ImageDataGenerator()
"""


def test_the_share_of_parts_that_are_put_together_is_that_of_each() -> None:
    fit = "model.fit(by.flow(x, y, batch_size=8), epochs=2, validation_data=(v, yv))\n"
    assert values(read(PARTS.replace("{second}", "0.1") + PLAIN + fit))["data.validation_split"] == 0.1
    assert values(read(PARTS.replace("{second}", "0.3") + PLAIN + fit))["data.validation_split"] != 0.1


def test_a_model_of_another_file_has_its_compile_here() -> None:
    text = (
        "from mine import build\nby = ImageDataGenerator()\n"
        + FLOW
        + """
model = build(3)
model.compile('sgd', 'categorical_crossentropy')
model.fit(train, epochs=7)
"""
    )
    record = read(text)
    assert (values(record)["training.optimizer"], values(record)["training.epochs"]) == ("sgd", 7)
    assert opened(record)["model.pooling"] == "line 11: the layers of this model are not in the script"


def test_why_there_is_no_head_names_what_is_not_followed() -> None:
    head = "from mine import Head\nbase = VGG16(include_top=False)\nmodel = tf.keras.Model(base.input, Head.of(base))\n"
    record = read(head + "model.compile('sgd', 'categorical_crossentropy')\nmodel.fit(x, y)\n")
    told = "line 7: the model ends in mine.Head.of, whose layers are not in the script"
    assert opened(record)["model.dense_units"] == told
    record = read("base = VGG16(include_top=False)\n")
    assert opened(record)["model.dense_units"] == "the script has no Dense layer"
    assert opened(record)["training.optimizer"] == "the script has no compile"
    record = read("base = VGG16(include_top=False)\nfor model in models_of():\n    model.compile('sgd', 'mse')\n")
    assert values(record)["training.optimizer"] == "sgd"


def test_pixels_of_matplotlib_depend_on_the_file() -> None:
    text = """
import os
import matplotlib.pyplot as plt
import numpy as np
x = np.array([plt.imread(os.path.join('d/train/a', name)) for name in os.listdir('d/train/a')])
"""
    record = import_script(HEAD + text + PLAIN + "model.fit(x, np.zeros((9, 2)), epochs=2)\n")
    told = (
        "line 9: matplotlib.pyplot.imread gives the pixels of PNG files as 0 to 1 and those of other files as 0 to 255"
    )
    assert opened(record)["data.preprocessing"] == told


def test_validation_on_all_of_the_training_folder_is_said_to_be_that() -> None:
    text = (
        "by = ImageDataGenerator()\n"
        + FLOW.replace("d/train", "d")
        + FLOW.replace("d/train", "d").replace("train =", "val =")
    )
    record = read(text + PLAIN + "model.fit(train, epochs=2, validation_data=val)\n")
    told = "the validation images are those of the training folder, and none are split off; a run splits some off"
    assert opened(record)["data.validation_split"] == f"line 13: {told}"


def test_weights_of_a_name_without_a_value_are_asked_for() -> None:
    record = read("by = ImageDataGenerator()\n" + FLOW + MODEL.replace("{more}", ", weights=given") + FIT)
    one = next(one for one in record["open"] if one["key"] == "model.weights")
    assert (one["kind"], one["why"]) == ("asked", "line 8: given is not defined in the script")


BELOW = """
train = tf.keras.utils.image_dataset_from_directory('d/train', label_mode='categorical', image_size=(224, 224))
full = {network}(weights='imagenet')
base = tf.keras.Model(full.input, full.{layer}.output)
base.trainable = False
model = models.Sequential([base, layers.Dense(16, 'relu'), layers.Dense(3, activation='softmax')])
model.compile('adam', 'categorical_crossentropy')
model.fit(train, epochs=2)
"""


@pytest.mark.parametrize("layer", ["layers[-2]", "get_layer('avg_pool')"])
def test_features_before_the_last_layer_of_a_classifier_are_a_global_average(layer: str) -> None:
    record = read(BELOW.replace("{network}", "ResNet50").replace("{layer}", layer))
    got = values(record)
    assert (got["model.pooling"], got["model.dense_units"], got["training.unfreeze_from"]) == ("average", 16, "")
    assert opened(record) == {}
    assert not {"top-kept", "freeze-hits-head"} & {one["id"] for one in record["findings"]}
    others = opened(read(BELOW.replace("{network}", "VGG16").replace("{layer}", "get_layer('fc2')")))
    assert others["model.backbone"] == (
        "line 8: features are taken from fc2 inside VGG16; a run takes them from its last layer"
    )
    assert "script" not in others


SET_UP = "by = ImageDataGenerator({given})\n" + FLOW + PLAIN + "{before}" + FIT


def test_optimizers_in_small_letters_are_those_of_old_versions() -> None:
    text = SET_UP.replace("{given}", "").replace("{before}", "").replace("'adam'", "optimizers.sgd(lr=0.3)")
    got = values(read("from keras import optimizers\n" + text))
    assert (got["training.optimizer"], got["training.learning_rate"]) == ("sgd", 0.3)


def test_a_list_of_callbacks_that_grows_is_read_where_each_step_is_sure() -> None:
    grown = """
cbs = [tf.keras.callbacks.EarlyStopping(patience=7, restore_best_weights=True)]
cbs += [tf.keras.callbacks.ReduceLROnPlateau(patience=2, factor=0.5)]
"""
    text = SET_UP.replace("{given}", "").replace("{before}", grown).replace("epochs=2", "epochs=2, callbacks=[*cbs]")
    got = values(read(text))
    assert (got["training.early_stopping"], got["training.reduce_on_plateau"]) == (7, 2)
    unsure = text.replace("cbs += ", "if by:\n    cbs += ")
    assert "training.early_stopping" in opened(read(unsure))


def test_grey_corners_of_moved_images_are_what_has_no_setting() -> None:
    text = SET_UP.replace("{given}", "rotation_range=10, fill_mode='constant', cval=128").replace("{before}", "")
    told = "line 5: Parity has no augmentation of rotation_range=10 with fill_mode=constant, cval=128"
    assert opened(read(text))["data.augmentation"] == told


def test_trainings_in_a_comprehension_are_counted() -> None:
    text = (
        SET_UP.replace("{given}", "").replace("{before}", "").replace(FIT, f"h = [{FIT.strip()} for k in range(3)]\n")
    )
    assert values(read(text))["training.epochs"] == 6


def test_names_of_a_lambda_are_not_called_undefined() -> None:
    dense = "layers.Dense(8, activation=lambda x: tf.nn.leaky_relu(x, 0.1)), layers.Dense(2"
    record = read(SET_UP.replace("{given}", "").replace("{before}", "").replace("layers.Dense(2", dense))
    assert "not defined" not in opened(record)["model.head"]
