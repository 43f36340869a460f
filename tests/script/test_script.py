"""A pasted script as a run's configuration: the question's two scripts, what stays open, what is refused."""

from pathlib import Path
from typing import Any

import pytest

from core.config import PRESETS, RunConfig, make_config
from core.errors import DataError
from core.script.importing import import_script

SCRIPTS = Path(__file__).parent / "scripts"
BOTTLENECK = (SCRIPTS / "question_bottleneck.txt").read_text()
END_TO_END = (SCRIPTS / "question_end_to_end.txt").read_text()
WHOLE = 'm.fit(x, y, epochs=3)\nm.compile("adam", "binary_crossentropy")\n'


def stated(record: dict[str, Any]) -> dict[str, Any]:
    return {key: one["value"] for key, one in record["settings"].items()}


def ids(record: dict[str, Any]) -> set[str]:
    return {one["id"] for one in record["findings"]}


def opened(record: dict[str, Any]) -> dict[str, str]:
    return {one["key"]: one["why"] for one in record["open"]}


def changed(script: str, old: str, new: str) -> str:
    assert old in script
    return script.replace(old, new)


def test_bottleneck_script_gives_the_values_of_its_preset() -> None:
    record = import_script(BOTTLENECK)
    assert (record["mode"], record["dataset"], record["open"], record["unread"]) == ("bottleneck", "data", [], [])
    want = {**PRESETS["question-bottleneck"], "model.backbone": "VGG16", "model.weights": "imagenet"}
    assert stated(record) == {key: value for key, value in want.items() if key != "training.early_stopping"}
    assert record["not_stated"]["training.early_stopping"]["value"] == 0
    config = RunConfig.from_dict(record["config"])
    assert config == make_config("data", {"model.backbone": "VGG16"}, preset="question-bottleneck")


@pytest.mark.parametrize(
    ("version", "order"), [("2.0.8", "none"), ("2.0.9", "batches"), ("2.2.2", "batches"), ("3.15.1", "batches")]
)
def test_end_to_end_script_gives_the_values_of_its_preset_and_the_order_of_the_version(
    version: str, order: str
) -> None:
    record = import_script(END_TO_END, keras_version=version)
    assert (record["mode"], record["dataset"], record["open"]) == ("end_to_end", "data", [])
    want = {"model.backbone": "VGG16", "data.shuffle": order}
    assert RunConfig.from_dict(record["config"]) == make_config("data", want, preset="question-end-to-end")
    assert record["order"] == {"keras <= 2.0.8": "none", "later": "batches"}


def test_unknown_version_is_open_but_blocks_nothing() -> None:
    record = import_script(END_TO_END)
    assert opened(record) == {"keras_version": "the order of the samples depends on the version of Keras"}
    assert stated(record)["data.shuffle"] == "batches"
    assert record["config"] is not None


def test_settings_have_the_line_that_states_them() -> None:
    record = import_script(BOTTLENECK)
    lines = BOTTLENECK.split("\n")
    for key, text in {
        "data.image_size": "target_size=",
        "data.preprocessing": "rescale=",
        "model.dropout": "Dropout(0.7)",
        "model.dense_units": "Dense(128",
        "training.learning_rate": "Adam(lr=",
        "training.epochs": "epochs=epochs",
        "data.drop_remainder": "nb_train_samples // batch_size",
    }.items():
        assert text in lines[record["settings"][key]["line"] - 1]


def test_script_without_imports_reads_the_same() -> None:
    bare = "\n".join(line for line in END_TO_END.split("\n") if "import" not in line)
    assert stated(import_script(bare)) == stated(import_script(END_TO_END))


@pytest.mark.parametrize("script", [BOTTLENECK, END_TO_END])
def test_names_that_the_script_does_not_define_are_open(script: str) -> None:
    gone = (
        "img_width",
        "train_data_dir",
        "validation_data_dir",
        "nb_train_samples",
        "nb_validation",
        "epochs =",
        "batch_size =",
    )
    record = import_script("\n".join(line for line in script.split("\n") if not line.startswith(gone)))
    why = opened(record)
    assert {"data.image_size", "dataset", "data.batch_size", "training.epochs", "nb_train_samples"} <= why.keys()
    assert "img_" in why["data.image_size"]
    assert why["data.image_size"].endswith("are not defined in the script")
    assert why["dataset"].endswith("train_data_dir is not defined in the script")
    assert record["config"] is None
    assert {"data.image_size", "data.batch_size", "training.epochs"}.isdisjoint(record["settings"])


def test_options_not_stated_are_said_to_be_so_and_never_settings() -> None:
    record = import_script(changed(changed(END_TO_END, "    epochs=epochs,\n", ""), "lr=0.0007", ""))
    assert {"training.epochs", "training.learning_rate"}.isdisjoint(record["settings"])
    left = record["not_stated"]["training.epochs"]
    assert (left["value"], left["why"]) == (1, "no epochs: Keras then takes 1")
    assert [one["text"] for one in left["lines"]] == ["model.fit_generator("]
    assert record["not_stated"]["training.learning_rate"]["value"] == 0.001


def test_every_setting_is_in_exactly_one_place() -> None:
    for script in (BOTTLENECK, END_TO_END, WHOLE):
        record = import_script(script)
        keys = [*record["settings"], *record["not_stated"], *(k for k in opened(record) if "." in k)]
        assert sorted(keys) == sorted(make_config("", {}).settings())


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("zoom_range=0.2", "width_shift_range=40", "data.augmentation"),
        ("rescale=1. / 255", "rescale=1. / 127.5", "data.preprocessing"),
        ("(img_width, img_height)", "(100, 200)", "data.image_size"),
        ("applications.VGG16(", "applications.NASNetLarge(", "model.backbone"),
        ("Dense(1,", "Dense(64, kernel_regularizer='l1')); model.add(Dense(1,", "model.head"),
        ("Dense(1,", "Dense(n_units)); model.add(Dense(1,", "model.head"),
        ("epochs=epochs", "epochs=args.epochs", "training.epochs"),
        ("epochs = 10", "epochs = 100000", "training.epochs"),
        ("Adam(lr=0.0007)", "Adagrad(lr=0.01)", "training.optimizer"),
    ],
)
def test_what_the_program_cannot_do_is_open_and_not_rounded(old: str, new: str, key: str) -> None:
    record = import_script(changed(BOTTLENECK, old, new))
    assert opened(record)[key]
    assert key not in record["settings"]
    assert record["config"] is None


@pytest.mark.parametrize(
    ("layers", "head", "pooling"),
    [
        ("Flatten(), Dense(64, activation='relu'), Dropout(0.5), Dense(32, activation='relu'), Dropout(0.2),",
         "dense 64 relu, dropout 0.5, dense 32 relu, dropout 0.2", "flatten"),
        ("GlobalMaxPooling2D(), Dense(64), BatchNormalization(momentum=0.9), Activation('swish'),",
         "dense 64 linear, batch_norm momentum=0.9, activation silu", "max"),
        ("GlobalAveragePooling2D(), Dense(64, 'relu', kernel_regularizer=regularizers.l2(0.01)), Dropout(0.5),",
         "dense 64 relu l2=0.01, dropout 0.5", "average"),
        ("GlobalAveragePooling2D(), Dense(8, 'relu'),", "", "average"),
    ],
)  # fmt: skip
def test_a_head_beyond_the_short_form_is_read_as_a_list(layers: str, head: str, pooling: str) -> None:
    record = import_script(
        "base = VGG16(include_top=False)\nbase.trainable = False\n"
        f"model = Sequential([base, {layers} Dense(1, activation='sigmoid')])\n"
        "model.compile(SGD(0.01, momentum=0.9, nesterov=True), 'binary_crossentropy')\n"
        "data = image_dataset_from_directory('pics/train')\n"
        "model.fit(data, epochs=3)\n"
    )
    found = stated(record)
    assert found["model.pooling"] == pooling
    assert found.get("model.head", "") == head
    assert (found["training.momentum"], found["training.nesterov"]) == (0.9, True)
    if head:
        assert record["not_stated"]["model.dropout"]["value"] == 0
    else:
        assert found["model.dense_units"] == 8


def test_constants_are_followed_through_arithmetic_functions_and_dictionaries() -> None:
    record = import_script(
        "SIZE = (75 * 2, 150)\noptions = dict(rescale=1 / 255., shear_range=.2, zoom_range=.2, horizontal_flip=True)\n"
        "base_dir = 'pics'\n"
        "def train(rate=1e-3, n=4):\n"
        "    gen = ImageDataGenerator(**options)\n"
        "    gen = gen.flow_from_directory(os.path.join(base_dir, 'train'), SIZE, batch_size=n)\n"
        "    base = MobileNetV2(include_top=False)\n    base.trainable = False\n"
        "    model = Sequential([base, GlobalAveragePooling2D(), Dense(2, 'softmax')])\n"
        "    model.compile(Adam(rate), 'categorical_crossentropy')\n    model.fit(gen, epochs=2 ** 3)\n"
        "if __name__ == '__main__':\n    train(5e-4)\n"
    )
    read = stated(record)
    assert (read["data.image_size"], read["training.learning_rate"], read["training.epochs"]) == (150, 5e-4, 8)
    assert (read["data.batch_size"], read["data.augmentation"], record["dataset"]) == (4, "question", "pics")
    assert (read["model.pooling"], read["training.unfreeze_from"], record["mode"]) == ("average", "", "end_to_end")


def test_value_that_a_branch_decides_is_open() -> None:
    record = import_script(changed(END_TO_END, "epochs = 10", "epochs = 10\nif quick:\n    epochs = 2"))
    assert opened(record)["training.epochs"].endswith("is known only when the script runs")


@pytest.mark.parametrize(
    ("freeze", "block"),
    [
        ("base_model.trainable = False", ""),
        ("for layer in base_model.layers: layer.trainable = False", ""),
        ("for layer in model.layers[:15]: layer.trainable = False", "block5"),
        ("for layer in base_model.layers[:-4]: layer.trainable = False", "block5"),
        ("for layer in model.layers[:11]:\n    layer.trainable = False", "block4"),
    ],
)
def test_frozen_layers_become_the_block_from_which_training_begins(freeze: str, block: str) -> None:
    old = "for layer in model.layers[:19]:\n    layer.trainable = False"
    assert stated(import_script(changed(END_TO_END, old, freeze)))["training.unfreeze_from"] == block


@pytest.mark.parametrize(
    "condition",
    [
        "'block5' in layer.name",
        "layer.name.startswith('block5_')",
        "layer.name.startswith(('block5', 'block6'))",
        "not ('block5' not in layer.name)",
    ],
)
def test_conditions_on_the_name_of_a_layer_are_followed(condition: str) -> None:
    old = "for layer in model.layers[:19]:\n    layer.trainable = False\n"
    loop, sets = "for layer in base_model.layers:\n", "layer.trainable ="
    new = f"{loop}    {sets} {condition}\n"
    branch = f"{loop}    if {condition}:\n        {sets} True\n    else:\n        {sets} False\n"
    assert old in END_TO_END
    assert stated(import_script(END_TO_END.replace(old, branch)))["training.unfreeze_from"] == "block5"
    assert stated(import_script(END_TO_END.replace(old, new)))["training.unfreeze_from"] == "block5"


def test_border_inside_a_block_is_open() -> None:
    assert "inside a block" in opened(import_script(changed(END_TO_END, "[:19]", "[:16]")))["training.unfreeze_from"]


def test_head_first_then_unfrozen_is_fine_tune() -> None:
    second = (
        "\nfor layer in base_model.layers[15:]: layer.trainable = True\n"
        "model.compile('binary_crossentropy' and optimizers.Adam(lr=1e-5), 'binary_crossentropy')\n"
        "model.fit_generator(train_generator, epochs=4)\n"
    )
    record = import_script(END_TO_END + second.replace("'binary_crossentropy' and ", ""))
    read = stated(record)
    assert record["mode"] == "fine_tune"
    assert (read["training.unfreeze_from"], read["training.epochs"], read["training.finetune_epochs"]) == (
        "block5",
        10,
        4,
    )
    assert (read["training.learning_rate"], read["training.finetune_learning_rate"]) == (7e-4, 1e-5)
    assert "training.finetune_stages" not in opened(record)


UNFROZEN = "\nfor layer in base_model.layers[15:]: layer.trainable = True\n"
COMPILED = "model.compile(optimizers.Adam(lr=7e-4), 'binary_crossentropy')\n"
AGAIN = "model.fit_generator(train_generator, epochs=4)\n"


@pytest.mark.parametrize(
    ("end", "mode", "block", "epochs"),
    [
        (UNFROZEN + AGAIN, "end_to_end", "", 14),
        (UNFROZEN + AGAIN + AGAIN, "end_to_end", "", 18),
        (AGAIN, "end_to_end", "", 14),
        (UNFROZEN + COMPILED + AGAIN, "fine_tune", "block5", 10),
        (UNFROZEN + AGAIN + COMPILED + AGAIN, "fine_tune", "block5", 14),
        (COMPILED + UNFROZEN + AGAIN, "fine_tune", "block5", 10),
    ],
)
def test_what_is_unfrozen_learns_only_in_a_training_that_is_the_first_after_a_compile(
    end: str, mode: str, block: str, epochs: int
) -> None:
    """As seen in Keras 3.15: what was frozen when `fit` was first called stays as it is until the next compile."""
    record = import_script(END_TO_END + end)
    read = stated(record)
    assert (record["mode"], read["training.unfreeze_from"], read["training.epochs"]) == (mode, block, epochs)
    assert ("trainable-after-compile" in ids(record)) == (UNFROZEN + AGAIN in end)


def test_trainings_on_other_images_are_not_one_training() -> None:
    record = import_script(END_TO_END + AGAIN.replace("train_generator", "validation_generator"))
    assert stated(record)["training.epochs"] == 4


def test_several_trainings_after_unfreezing_leave_the_stages_open() -> None:
    tuned = (
        "\nfor layer in base_model.layers[{}:]: layer.trainable = True\n"
        "model.compile(optimizers.Adam(lr=1e-5), 'binary_crossentropy')\n"
        "model.fit_generator(train_generator, epochs=4)\n"
    )
    record = import_script(END_TO_END + tuned.format(15) + tuned.format(11))
    assert stated(record)["training.unfreeze_from"] == "block4"
    assert opened(record)["training.finetune_stages"].endswith(
        "the network is trained 2 times after unfreezing; take as many stages if each opens one block more"
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("x = 1\nprint 'done'\n", "s.py, line 2: this is Python 2 (print without parentheses); write print(...)"),
        ("x = 1\nmodel.fit(\n", "s.py, line 2: this is not Python 3: '(' was never closed"),
        ("a = 1\x00", "s.py is not program text: it holds null bytes; paste the script's text"),
        ("x = " + "[" * 150 + "]" * 150, "s.py is nested more than 100 levels deep; paste only the part that trains"),
        ("x = " + "-" * 5000 + "1", "s.py is nested more than 100 levels deep; paste only the part that trains"),
        ("x = " + "+".join("1" * 5000), "s.py is nested more than 100 levels deep; paste only the part that trains"),
        ("x = a" + ".b" * 200, "s.py is nested more than 100 levels deep; paste only the part that trains"),
        ("#" * 1_000_000, "s.py has 1,000,000 characters; paste the part that trains, at most 300,000 characters"),
        ("", "s.py: no backbone, generator, layer, compile or fit of Keras was found in it"),
        ("import os\nprint(os.name)\n", "s.py: no backbone, generator, layer, compile or fit of Keras was found in it"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(DataError) as caught:
        import_script(text, "s.py")
    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("version", ["x", "2.", "99.1", "2.0.8; rm", "0", "٢.0"])
def test_wrong_version_is_one_sentence(version: str) -> None:
    with pytest.raises(DataError, match=r"is not a version of Keras; give one such as 2\.0\.8, 2\.2\.2 or 3\.15\.1"):
        import_script(END_TO_END, keras_version=version)


def test_notebook_lines_prompts_and_indentation_do_no_harm() -> None:
    script = "%matplotlib inline\n!pip install keras\n" + END_TO_END
    record = import_script("\n".join("    " + line for line in script.split("\n")))
    assert stated(record) == stated(import_script(END_TO_END))
    assert [one["text"] for one in record["unread"]] == [
        "%matplotlib inline: a notebook's command",
        "!pip install keras: a notebook's command",
    ]


@pytest.mark.parametrize(
    ("argument", "fit"),
    [("crop_to_aspect_ratio=True", "crop"), ("pad_to_aspect_ratio=True", "letterbox_black"),
     ("crop_to_aspect_ratio=False", None), ("", None)],
)  # fmt: skip
def test_how_keras_makes_images_square_is_read(argument: str, fit: str | None) -> None:
    record = import_script(
        "import keras\nfrom keras import layers\n"
        f"d = keras.utils.image_dataset_from_directory('x/train', image_size=(64, 64), {argument})\n"
        "m = keras.Sequential([keras.applications.VGG16(include_top=False), layers.Flatten(), layers.Dense(2)])\n"
        "m.compile('adam', 'sparse_categorical_crossentropy')\nm.fit(d, epochs=2)\n"
    )
    assert record["settings"].get("data.fit", {}).get("value") == fit
    assert ("data.fit" in record["not_stated"]) == (fit is None)


@pytest.mark.parametrize(
    ("options", "steps"),
    [
        ("rotation_range=40, horizontal_flip=True", "rotation -40..40, flip horizontal"),
        (
            "rotation_range=15, width_shift_range=0.1, height_shift_range=0.2, zoom_range=(0.5, 1), "
            "brightness_range=[0.8, 1.2], fill_mode='reflect'",
            "rotation -15..15 reflect, shift -0.1..0.1 horizontal reflect, shift -0.2..0.2 vertical reflect, "
            "zoom 0.5..1 reflect, brightness 0.8..1.2",
        ),
        ("channel_shift_range=20, vertical_flip=True", "channel_shift -20..20, flip vertical"),
    ],
)
def test_a_generator_becomes_a_list_of_steps(options: str, steps: str) -> None:
    script = changed(changed(BOTTLENECK, "shear_range=0.2,", ""), "zoom_range=0.2,", "")
    record = import_script(changed(script, "horizontal_flip=True", options))
    assert stated(record)["data.augmentation"] == steps
