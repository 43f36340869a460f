"""The Train page's script part: what it shows, and that its button fills the form."""

import json
import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from core.workers import script_client
from pages.shared import state
from pages.shared.train import script_import as part
from tests.pages.driver import widget

SCRIPTS = Path(__file__).parents[2] / "script" / "scripts"
PAGE = """
from pages.shared.widgets import fields
from pages.shared.train.script_import import script_import
script_import()
values = fields.form_values("recommended")
for key in ("data.batch_size", "data.shuffle", "training.mode", "model.backbone", "model.dropout"):
    fields.field(key, values)
"""


def opened(text: str, version: str = "Not known") -> AppTest:
    at = AppTest.from_string(PAGE, default_timeout=60).run()
    widget(at, part.TEXT).set_value(text)
    widget(at, part.VERSION).set_value(version)
    at = at.run()
    assert not at.exception
    return at


def script(name: str) -> str:
    return (SCRIPTS / name).read_text()


def button(at: AppTest) -> Button:
    return next(button for button in at.button if button.label == "Use these settings")


def text_of(at: AppTest) -> str:
    parts = [*at.markdown, *at.caption, *at.error, *at.warning, *at.info, *at.success]
    return " ".join(one.value for one in parts).replace("\\", "")


def test_nothing_is_shown_before_a_script_is_there() -> None:
    at = opened("  \n")
    assert (len(at.dataframe), len(at.button), len(at.error)) == (0, 0, 0)


def test_settings_are_shown_with_lines_and_fill_the_form_on_a_click() -> None:
    at = opened(script("question_end_to_end.txt"), "2.0.8 or earlier")
    rows = {row["Setting"]: (row["Value"], row["From"]) for row in at.dataframe[0].value.to_dict("records")}
    assert rows["Batch size"] == ("20", "line 46")
    assert rows["Shuffle"] == ("Off", "line 48")
    unsaid = {row["Setting"]: (row["Value"], row["Why"]) for row in at.dataframe[1].value.to_dict("records")}
    assert unsaid["Early stopping (patience)"] == ("0", "no EarlyStopping: all epochs are trained")
    assert widget(at, state.field_key("data.batch_size")).value == 32
    button(at).click()
    at.run()
    assert not at.exception
    filled = {key: widget(at, state.field_key(key)).value for key in ("data.shuffle", "data.batch_size")}
    assert filled == {"data.shuffle": "none", "data.batch_size": 20}
    assert widget(at, state.field_key("training.mode")).value == "end_to_end"
    assert widget(at, state.field_key("model.backbone")).value == "VGG16"
    assert "The settings are in the form above" in at.success[0].value
    assert not at.run().success


def test_version_decides_the_order_and_both_are_told() -> None:
    at = opened(script("question_end_to_end.txt"), "3")
    told = text_of(at)
    assert "keras <= 2.0.8: Off; later: Batch order only" in told
    assert "Line 48: The training generator has shuffle=False. Keras up to 2.0.8" in told


def test_what_is_open_is_listed_and_the_rest_is_filled() -> None:
    gone = ("img_width", "train_data_dir")
    lines = [line for line in script("question_bottleneck.txt").split("\n") if not line.startswith(gone)]
    at = opened("\n".join(lines))
    told = text_of(at)
    assert "Not determined" in told
    assert "Image size: line 29: img_width, img_height are not defined in the script" in told.replace("**", "")
    assert "Dataset: line 28: train_data_dir is not defined in the script" in told.replace("**", "")
    button(at).click()
    at.run()
    assert widget(at, state.field_key("model.dropout")).value == 0.7
    assert state.field_key("data.image_size") not in at.session_state


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("print 'x'", "Script, line 1: this is Python 2"),
        ("x = 1", "Script: no backbone, generator, layer, compile or fit of Keras was found in it"),
        ("def f(:", "Script, line 1: this is not Python 3: invalid syntax"),
    ],
)
def test_refused_script_is_one_sentence(text: str, sentence: str) -> None:
    at = opened(text)
    assert len(at.error) == 1
    assert text_of(at).split("do not matter. ")[1].startswith(sentence)
    assert not at.dataframe


def test_markup_in_a_script_stays_text() -> None:
    at = opened(
        "epochs = 1\nmodel.fit(x, epochs=epochs['<img src=x>**bold**'])\nVGG16(weights='![x](http://e.x/y.png)')"
    )
    shown = " ".join(one.value for one in at.markdown)
    assert "\\<img" in shown
    assert "![x](http" not in shown


def test_nested_tuples_are_answered_and_the_page_goes_on() -> None:
    """16 levels of ten values: who would work them out would hold the interpreter for ever."""
    levels = f"a0 = ({'0, ' * 10})\n" + "".join(f"a{k} = ({f'a{k - 1}, ' * 10})\n" for k in range(1, 17))
    begun = time.monotonic()
    at = opened(
        levels + "width = height = a16\nmodel.fit(flow_from_directory('x', target_size=(width, height)), epochs=a16)\n"
    )
    assert time.monotonic() - begun < 15
    told = text_of(at).replace("**", "")
    assert "Epochs: line 19: the value of a16 is known only when the script runs" in told


def test_script_that_was_given_up_is_refused_at_once_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script_client, "SECONDS", 0.001)
    at = opened("model.fit(x, epochs=7)  # not read in a thousandth of a second")
    assert "Reading script took more than 5 s and was aborted; paste the part that trains" in at.error[0].value
    monkeypatch.setattr(script_client, "run_module", None)
    assert at.run().error


def test_pasted_notebook_is_shown_with_its_cells() -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Cats"]},
        {"cell_type": "code", "source": ["!pip install keras\n", "from keras.applications import VGG16\n"]},
        {"cell_type": "code", "source": ["m = VGG16(include_top=False, weights=None)\n", "m.fit(x, epochs=3)\n"]},
    ]
    at = opened(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4}))
    rows = {row["Setting"]: (row["Value"], row["From"]) for row in at.dataframe[0].value.to_dict("records")}
    assert rows["Epochs"] == ("3", "cell 2, line 2")
    told = text_of(at)
    assert "Cell 2, line 1: weights=None: VGG16 starts with random weights" in told
    assert "Cell 1, line 1: !pip install keras: a notebook's command" in told


def test_uploaded_file_is_read_in_its_own_encoding_and_a_huge_one_is_refused() -> None:
    at = AppTest.from_string(PAGE, default_timeout=60).run()
    at.file_uploader[0].upload("train.py", "# é\nm = VGG16()\nm.fit(x, epochs=7)\n".encode("utf-16")).run()
    rows = {row["Setting"]: (row["Value"], row["From"]) for row in at.dataframe[0].value.to_dict("records")}
    assert rows["Epochs"] == ("7", "line 3")
    at.file_uploader[0].upload("train.py", b"#" * 1_200_001).run()
    assert at.error[0].value.replace("\\", "").startswith("train.py is too long; paste the part that trains")
