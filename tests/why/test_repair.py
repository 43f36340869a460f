"""The smallest change to a script: one argument, found by reading edited scripts again, told as a diff."""

import json
from typing import Any

import pytest

from core.script.importing import import_script
from core.why.editable import unified_diff
from core.why.repair import repair
from core.why.side import NotExpressed, ScriptSide, places_of, side_of
from tests.why import scripts


def side(text: str, name: str = "mine.py") -> ScriptSide:
    return side_of(import_script(text, name), text, "sample")


def cure(bad: ScriptSide, good: ScriptSide, *keys: str, fault: str = "") -> dict[str, Any]:
    lines = {key: [(one.cell, one.line) for one in bad.lines(key)] for key in keys}
    lines |= {one["id"]: places_of(one["evidence"]) for one in bad.faults() if one["id"] == fault}
    wanted = {key: good.config.settings()[key] for key in keys}
    names = {"name": bad.name, "good_name": good.name}
    return repair(
        {
            **names,
            "text": bad.text,
            "good": good.text,
            "wanted": wanted,
            "lines": lines,
            "faults": [fault] if fault else [],
        }
    )


@pytest.mark.parametrize(
    ("bad", "good", "key", "gone", "come"),
    [
        (scripts.END_TO_END, scripts.BOTTLENECK, "data.shuffle", "shuffle=False)", "shuffle=True)"),
        (scripts.RAW, scripts.SHUFFLED, "data.preprocessing", "ImageDataGenerator()", "rescale=1.0 / 255"),
        (scripts.HOT, scripts.SHUFFLED, "training.learning_rate", "lr=5.0", "lr=0.001"),
        (scripts.SHUFFLED, scripts.HOT, "training.learning_rate", "lr=0.001", "lr=5.0"),
    ],
)
def test_one_line_changes_and_the_reader_says_what_was_wanted(
    bad: str, good: str, key: str, gone: str, come: str
) -> None:
    one, other = side(bad), side(good, "other.py")
    assert one.lines(key), "the answer names a line"
    found = cure(one, other, key)
    assert found["left"] == []
    assert side(found["text"]).config.settings() == {**one.config.settings(), key: other.config.settings()[key]}
    diff = unified_diff("mine.py", bad, found["text"])
    changed = [line for line in diff.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    assert len(changed) == 2 and gone in changed[0] and come in changed[1]
    assert diff.startswith("--- a/mine.py\n+++ b/mine.py\n")


def test_labels_that_belong_to_no_image_are_cured_by_the_order() -> None:
    bad = side(scripts.MISLABELLED)
    assert bad.faults()
    fault = bad.faults()[0]["id"]
    found = cure(bad, side(scripts.BOTTLENECK, "other.py"), fault=fault)
    assert found["left"] == [] and "shuffle=False" in unified_diff("mine.py", bad.text, found["text"])
    assert not side(found["text"]).faults()


def test_what_no_small_edit_changes_is_left() -> None:
    one = side(scripts.SHUFFLED)
    asked = {"name": "x.py", "text": one.text, "good": "", "good_name": "", "lines": {}, "faults": []}
    found = repair({**asked, "wanted": {"data.drop_remainder": True}})
    assert found == {"text": one.text, "changed": [], "left": ["data.drop_remainder"]}


def test_a_script_that_no_configuration_expresses_offers_the_recorder() -> None:
    with pytest.raises(NotExpressed, match=r"parity_recorder\.py") as caught:
        side(scripts.CUSTOM)
    assert caught.value.lines and {"file", "line", "text", "factor"} <= set(caught.value.lines[0])


def notebook(*cells: str) -> str:
    """A notebook with a cell of prose, an output and a command."""
    prose = {"cell_type": "markdown", "source": ["# Cats"], "metadata": {}}
    code = [{"cell_type": "code", "source": cell.splitlines(keepends=True), "metadata": {},
             "outputs": [{"data": {"image/png": "aGVsbG8="}}], "execution_count": 1} for cell in cells]  # fmt: skip
    return json.dumps({"cells": [prose, *code], "metadata": {"kernelspec": {"language": "python"}}, "nbformat": 4})


def test_a_notebook_is_repaired_in_its_cell_and_keeps_all_else() -> None:
    head, rest = scripts.HOT.split("reader =")
    text = notebook("%matplotlib inline\n!pip install keras", head, "%%bash\nls images", f"reader ={rest}")
    bad = side(text, "mine.ipynb")
    line = bad.lines("training.learning_rate")[0]
    assert (line.cell, line.text) == (2, head.splitlines()[line.line - 1].strip())
    found = cure(bad, side(scripts.SHUFFLED, "other.py"), "training.learning_rate")
    diff = unified_diff("mine.ipynb", text, found["text"])
    assert diff.startswith("--- a/mine.ipynb cell 2\n+++ b/mine.ipynb cell 2\n")
    assert [row for row in diff.splitlines() if row[:2] in ("-m", "+m")] == [
        "-" + scripts.HOT.splitlines()[line.line - 1], "+" + scripts.SHUFFLED.splitlines()[line.line - 1],
    ]  # fmt: skip
    before, after = json.loads(text), json.loads(found["text"])
    assert after["cells"][1]["source"] == before["cells"][1]["source"], "commands stay"
    before["cells"][2]["source"] = after["cells"][2]["source"] = []
    assert before == after


def test_a_notebook_is_the_other_script_too_and_a_call_left_to_keras_is_named_by_its_cell() -> None:
    head, rest = scripts.SHUFFLED.split("reader =")
    other = notebook(head, f"reader ={rest}")
    found = cure(side(scripts.HOT), side(other, "other.ipynb"), "training.learning_rate")
    assert "+model.compile(optimizer=optimizers.Adam(lr=0.001)" in unified_diff("mine.py", scripts.HOT, found["text"])
    raw = side(notebook("import keras", scripts.RAW), "raw.ipynb")
    fit = [(one.cell, one.text) for one in raw.lines("training.early_stopping")]
    assert fit == [(2, "model.fit_generator(train, epochs=2, validation_data=val)")]


REVERSED = scripts.SHUFFLED.replace(
    'class_mode="binary",\n    shuffle=True)', 'class_mode="binary",\n    classes=["dog", "cat"], shuffle=True)'
).replace('class_mode="binary", shuffle=False)', 'class_mode="binary", classes=["cat", "dog"], shuffle=False)')


def test_classes_in_another_order_are_a_fault_of_the_script_and_cured_by_the_other_list() -> None:
    bad = side(REVERSED)
    (fault,) = bad.faults()
    assert (fault["id"], bad.line_at(fault["evidence"]).text) == (
        "class-order-differs", 'classes=["dog", "cat"], shuffle=True)',
    )  # fmt: skip
    assert '"dog" is class 0 in training and class 1 in validation' in fault["claim"]
    found = cure(bad, side(scripts.SHUFFLED, "other.py"), fault="class-order-differs")
    assert found["left"] == [] and side(found["text"]).faults() == []
    assert '+    classes=["cat", "dog"], shuffle=True)' in unified_diff("mine.py", REVERSED, found["text"])
    one_list = REVERSED.replace(', classes=["cat", "dog"], shuffle=False', ", shuffle=False")
    assert [one["id"] for one in side(one_list).faults()] == ["class-order-differs"], "folders are read by name"
    found = cure(side(one_list), side(scripts.SHUFFLED, "other.py"), fault="class-order-differs")
    assert '+    classes=["cat", "dog"], shuffle=True)' in unified_diff("mine.py", one_list, found["text"])
    assert side(REVERSED.replace('["dog", "cat"]', '["cat", "dog"]')).faults() == []


def test_what_reading_alone_finds_stands_beside_what_no_configuration_expresses() -> None:
    text = (
        scripts.RAW.replace(
            "ImageDataGenerator()", "ImageDataGenerator(preprocessing_function=applications.resnet_v2.preprocess_input)"
        )
        .replace("VGG16(weights=None", "VGG16(weights='imagenet'")
        .replace("=5.0", "=0.001")
    )
    with pytest.raises(NotExpressed, match="is not the preprocessing of VGG16") as caught:
        side(text)
    assert "wrong-preprocess" not in str(caught.value.lines), "small beside what was asked: told as information only"
    with pytest.raises(
        NotExpressed, match=r"Static analysis \(not tested\) finds in line \d+: .* scales pixels itself"
    ) as caught:
        side(text.replace("resnet_v2", "vgg16").replace("applications.VGG16", "applications.EfficientNetB0"))
    assert {"data.preprocessing", "wrong-preprocess-for-backbone"} <= {line["factor"] for line in caught.value.lines}
