"""Scripts of public styles as runs: each becomes the configuration that is written above it, or says why it cannot."""

import json
import re
from typing import Any

import pytest

from core.config import make_config
from core.notation.augmentation import steps_of
from core.script.becoming import Answers, beyond, has_nearest, missing, run_config
from core.script.importing import import_script
from tests.script.sections import Example, examples

_HEAD = ("model.head", "model.dense_units", "model.dropout")


def marked(example: Example) -> tuple[str, Any]:
    """`RUN` and the settings, or `BEYOND` and the line, as the script's first line says."""
    text = example.text
    if example.name.endswith(".ipynb"):
        text = "".join(json.loads(text)["cells"][0]["source"])
    found = re.match(r"# (RUN|BEYOND) (.*)", text)
    assert found is not None
    return found[1], json.loads(found[2])


ALL = examples("runs.txt")


@pytest.mark.parametrize("example", [one for one in ALL if marked(one)[0] == "RUN"], ids=lambda one: one.name)
def test_a_script_becomes_the_run_that_it_describes(example: Example) -> None:
    want, record = marked(example)[1], import_script(example.text, example.name)
    assert record["dataset"] == want.pop("dataset")
    answers = Answers(dataset="" if record["dataset"] else "images")
    assert (missing(record, answers), beyond(record, answers)) == ([], [])
    got = run_config(record, answers).settings()
    expected = make_config("images", {**dict.fromkeys(_HEAD, 0), "model.head": "", **want})
    assert make_config("images", {key: got[key] for key in _HEAD}).model.whole_head == expected.model.whole_head
    assert set(steps_of(got["data.augmentation"])) == set(
        steps_of(want.get("data.augmentation", got["data.augmentation"]))
    )
    rest = {key: value for key, value in want.items() if key not in (*_HEAD, "data.augmentation")}
    assert {key: got[key] for key in rest} == rest


def test_every_setting_that_a_script_states_names_its_lines() -> None:
    for example in ALL:
        for key, one in import_script(example.text, example.name)["settings"].items():
            assert one["lines"], (example.name, key)


@pytest.mark.parametrize("example", [one for one in ALL if marked(one)[0] == "BEYOND"], ids=lambda one: one.name)
def test_what_no_run_can_do_is_said_with_its_line(example: Example) -> None:
    record = import_script(example.text, example.name)
    lines = [line["line"] for one in beyond(record, Answers()) for line in one["lines"]]
    assert marked(example)[1] in lines
    assert record["config"] is None
    with_nearest = ("custom-loss.py", "features-sklearn.py", "mixup-without-labels.py", "mixup-of-its-own.py")
    assert has_nearest(record, Answers()) == (example.name in with_nearest)


def test_what_learns_on_features_in_another_library_leaves_nothing_to_ask() -> None:
    record = import_script(next(one.text for one in ALL if one.name == "features-sklearn.py"))
    answers = Answers(nearest=True)
    assert missing(record, answers) == []
    near = run_config(record, answers).settings()
    assert (near["training.mode"], near["model.pooling"], near["model.dropout"]) == ("bottleneck", "average", 0.0)


_TWO_PHASES = """
import keras
train = keras.utils.image_dataset_from_directory("pets/train", image_size=(96, 96), label_mode="categorical")
val = keras.utils.image_dataset_from_directory("pets/val", image_size=(96, 96), label_mode="categorical")
base = keras.applications.VGG16(include_top=False, pooling="avg", input_shape=(96, 96, 3))
base.trainable = False
model = keras.Sequential([base, keras.layers.Dense(3, "softmax")])
model.compile(optimizer=keras.optimizers.FIRST, loss="categorical_crossentropy")
model.fit(train, validation_data=val, epochs=3)
base.trainable = True
model.compile(optimizer=keras.optimizers.LATER, loss="categorical_crossentropy")
model.fit(train, validation_data=val, epochs=2)
"""


@pytest.mark.parametrize(
    ("first", "later", "want"),
    [
        ("AdamW(1e-3, weight_decay=0)", "AdamW(1e-5, weight_decay=0.0)", {"optimizer": "adam", "weight_decay": 0}),
        ("AdamW(1e-3)", "AdamW(1e-5)", {"optimizer": "adamw", "weight_decay": 0}),
        ("AdamW(1e-3, weight_decay=0.01)", "AdamW(1e-5, weight_decay=0.01)", {"weight_decay": 0.01}),
        ("Adam(1e-3)", "SGD(1e-4, momentum=0.9, nesterov=True)",
         {"finetune_optimizer": "sgd", "momentum": 0, "finetune_momentum": 0.9, "nesterov": True}),
        ("SGD(0.01, momentum=0.9)", "SGD(1e-3)", {"momentum": 0.9, "finetune_momentum": 0}),
        ("SGD(0.01, momentum=0.9)", "SGD(1e-3, momentum=0.9)", {"momentum": 0.9, "finetune_momentum": -1}),
        ("Adam(1e-3)", "AdamW(1e-5, weight_decay=0.05)", None),
        ("AdamW(1e-3, weight_decay=0)", "AdamW(1e-5)", {"optimizer": "adam", "finetune_optimizer": "adamw"}),
    ],
)  # fmt: skip
def test_what_an_optimizer_is_told_before_and_after_unfreezing(
    first: str, later: str, want: dict[str, Any] | None
) -> None:
    record = import_script(_TWO_PHASES.replace("FIRST", first).replace("LATER", later))
    answers = Answers("images")
    assert missing(record, answers) == []
    if want is None:
        (one,) = beyond(record, answers)
        assert (one["key"], one["nearest"]) == ("training.weight_decay", 0)
        assert one["why"] == "line 11: weight_decay is 0 before unfreezing and 0.05 after it; a run has one for both"
        return
    assert beyond(record, answers) == []
    got = run_config(record, answers).settings()
    assert {name: got[f"training.{name}"] for name in want} == want


def test_folds_are_named_and_a_lambda_that_was_followed_is_not() -> None:
    text = _TWO_PHASES.replace("FIRST", "Adam()").replace("LATER", "Adam(1e-5)").replace(
        "Sequential([base", "Sequential([keras.layers.Lambda(keras.applications.vgg16.preprocess_input), base"
    )  # fmt: skip
    folds = "from sklearn.model_selection import StratifiedKFold\nskf = StratifiedKFold(5)\n"
    unread = import_script(folds + text)["unread"]
    assert [one["line"] for one in unread] == [2]
    assert unread[0]["text"].startswith("StratifiedKFold: the script trains once for each fold")


def test_constants_name_the_lines_that_they_come_from() -> None:
    text = next(one.text for one in ALL if one.name == "class-config.py")
    lines = import_script(text)["settings"]["training.epochs"]["lines"]
    assert [one["text"] for one in lines][1:] == ["epochs: int = 15"]
