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
