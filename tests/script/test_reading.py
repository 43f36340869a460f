"""The typed result of reading a script: settings with the lines that decide them."""

import json

from core.script.importing import import_script
from core.script.reading import ScriptLine, decisions

SCRIPT = (
    "base = VGG16(include_top=False)\nbase.trainable = False\n"
    "model = Sequential([base, Flatten(), Dense(1, activation='sigmoid')])\n"
    "model.compile(SGD(0.01), 'binary_crossentropy')\n"
    "data = image_dataset_from_directory('images/train')\n"
    "model.fit(data,\n          epochs=3)\n"
)


def test_every_setting_names_the_lines_that_decide_it() -> None:
    found = decisions(import_script(SCRIPT, "one.py"))
    assert found["training.epochs"].lines == (ScriptLine("one.py", 7, "epochs=3)"),)
    assert (found["training.epochs"].value, found["training.epochs"].is_stated) == (3, True)
    assert found["model.pooling"].lines[0].place == "line 3"
    assert not found["training.early_stopping"].is_stated


def test_lines_of_a_notebook_are_those_of_its_cells() -> None:
    cells = [{"cell_type": "code", "source": text} for text in (SCRIPT[:33], SCRIPT[33:])]
    found = decisions(import_script(json.dumps({"cells": cells, "nbformat": 4, "metadata": {}}), "one.ipynb"))
    line = found["training.epochs"].lines[0]
    assert (line.cell, line.line, line.place) == (2, 6, "cell 2, line 6")
