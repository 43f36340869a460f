"""Options of a script in a dictionary, some of which a file may overwrite."""

import pytest

from core.script.importing import import_script

CONFIG = """import json, yaml, keras
PLAN
train = keras.utils.image_dataset_from_directory("reeds/train", image_size=(96, 96), batch_size=plan["size"])
val = keras.utils.image_dataset_from_directory("reeds/val", image_size=(96, 96), batch_size=16)
net = keras.applications.EfficientNetV2B0(include_top=False, pooling="avg")
net.trainable = False
model = keras.Sequential([net, keras.layers.Dense(1, activation="sigmoid")])
model.compile("adam", "binary_crossentropy")
model.fit(train, validation_data=val, epochs=plan["epochs"])
"""


@pytest.mark.parametrize(
    "plan",
    [
        "plan = {'size': 16, 'epochs': 4}\nplan.update(yaml.safe_load(open('plan.yaml')))",
        "plan = {'size': 16, 'epochs': 4}\nplan.update(**json.load(open('plan.json')))",
        "plan = {'size': 16, 'epochs': 4, **yaml.safe_load(open('plan.yaml'))}",
        "plan = dict({'size': 16, 'epochs': 4}, **json.load(open('plan.json')))",
        "plan = {'size': 16, 'epochs': 4}\nfor key, one in json.load(open('a.json')).items():\n    plan[key] = one",
        "plan = {'size': 16, 'epochs': 4}\nplan |= json.load(open('plan.json'))",
    ],
)
def test_options_that_a_file_may_overwrite_are_asked_for(plan: str) -> None:
    record = import_script(CONFIG.replace("PLAN", plan))
    keys = {"data.batch_size", "training.epochs"}
    assert keys <= {one["key"] for one in record["open"] if one["blocks"]}
    assert not keys & set(record["settings"])


@pytest.mark.parametrize(
    "plan",
    [
        "plan = {'size': 16, 'epochs': 9}\nplan.update({'epochs': 4})",
        "plan = {'size': 16}\nplan.update(epochs=4)",
        "plan = {**yaml.safe_load(open('plan.yaml')), 'size': 16, 'epochs': 4}",
        "plan = yaml.safe_load(open('plan.yaml'))\nplan = dict(size=16, epochs=4)",
        "plan = dict([('size', 16), ('epochs', 4)])",
        "plan = dict({'size': 16, 'epochs': 8}, epochs=4)",
        "plan = {}\nplan.setdefault('size', 16)\nplan.setdefault('epochs', 4)\nplan.setdefault('epochs', 5)",
    ],
)
def test_options_that_the_script_gives_last_are_read(plan: str) -> None:
    settings = import_script(CONFIG.replace("PLAN", plan))["settings"]
    assert [settings[key]["value"] for key in ("data.batch_size", "training.epochs")] == [16, 4]


OPTIONS = """import argparse, json, yaml
parser = argparse.ArgumentParser()
parser.add_argument("--size", type=int, default=16)
parser.add_argument("--epochs", type=int, default=4)
HOW
plan = vars(args)
"""
CLASS = """import json
class Plan:
    size = 16
    epochs = 4
HOW
plan = {"size": chosen.size, "epochs": chosen.epochs}
"""
NAMES = """import json
size, epochs = 16, 4
HOW
plan = {"size": size, "epochs": epochs}
"""
ASKED = [
    (OPTIONS, "args = parser.parse_args()\nvars(args).update(yaml.safe_load(open('a.yaml')))"),
    (OPTIONS, "args = parser.parse_args()\nargs.__dict__.update(json.load(open('a.json')))"),
    (OPTIONS, "args = parser.parse_args()\nfor k, v in json.load(open('a.json')).items():\n    setattr(args, k, v)"),
    (OPTIONS, "parser.set_defaults(**json.load(open('a.json')))\nargs = parser.parse_args()"),
    (CLASS, "chosen = Plan()\nfor k, v in json.load(open('a.json')).items():\n    setattr(chosen, k, v)"),
    (CLASS, "chosen = Plan()\nchosen.__dict__.update(json.load(open('a.json')))"),
    (CLASS, "chosen = Plan\nfor k, v in json.load(open('a.json')).items():\n    setattr(Plan, k, v)"),
    (NAMES, "globals().update(json.load(open('a.json')))"),
    (NAMES, "for k, v in json.load(open('a.json')).items():\n    globals()[k] = v"),
]
READ = [
    (OPTIONS, "args = parser.parse_args()"),
    (OPTIONS.replace("default=4", "default=9"), "args = parser.parse_args()\nargs.epochs = 4"),
    (OPTIONS.replace("default=4", "default=9"), "args = parser.parse_args()\nsetattr(args, 'epochs', 4)"),
    (OPTIONS.replace("default=4", "default=9"), "args = parser.parse_args()\nvars(args)['epochs'] = 4"),
    (OPTIONS.replace("default=4", "default=9"), "parser.set_defaults(epochs=4)\nargs = parser.parse_args([])"),
    (CLASS, "chosen = Plan()"),
    (CLASS.replace("epochs = 4", "epochs = 9"), "chosen = Plan\nPlan.epochs = 4"),
    (CLASS.replace("epochs = 4", "epochs = 9"), "Plan.epochs = 4\nchosen = Plan()"),
    (CLASS.replace("epochs = 4", "epochs = 9"), "chosen = Plan()\nfor k, v in {'epochs': 4}.items():\n"
     "    setattr(chosen, k, v)"),
    (NAMES.replace("16, 4", "16, 9"), "globals()['epochs'] = 4"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "how"), ASKED)
def test_attributes_and_names_that_a_file_may_overwrite_are_asked_for(text: str, how: str) -> None:
    record = import_script(CONFIG.replace("PLAN", text.replace("HOW", how)))
    keys = {"data.batch_size", "training.epochs"}
    assert keys <= {one["key"] for one in record["open"] if one["blocks"]}


@pytest.mark.parametrize(("text", "how"), READ)
def test_attributes_and_names_that_the_script_gives_last_are_read(text: str, how: str) -> None:
    settings = import_script(CONFIG.replace("PLAN", text.replace("HOW", how)))["settings"]
    assert [settings[key]["value"] for key in ("data.batch_size", "training.epochs")] == [16, 4]
