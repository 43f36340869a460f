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
    assert has_nearest(record, Answers()) == (example.name == "custom-loss.py")


def test_constants_name_the_lines_that_they_come_from() -> None:
    text = next(one.text for one in ALL if one.name == "class-config.py")
    lines = import_script(text)["settings"]["training.epochs"]["lines"]
    assert [one["text"] for one in lines][1:] == ["epochs: int = 15"]
