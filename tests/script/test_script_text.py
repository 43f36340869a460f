"""Files become text, and notebooks become their code cells, or one sentence says why not."""

import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import DataError
from core.script.importing import import_script
from core.script.text import decode, parse, place_of

HEALTHY = (Path(__file__).parent / "scripts" / "healthy.txt").read_text(encoding="utf-8")


def notebook(*cells: str, **metadata: Any) -> str:
    return json.dumps({
        "cells": [{"cell_type": "markdown", "source": ["# Cats"]},
                  *({"cell_type": "code", "source": cell.splitlines(keepends=True)} for cell in cells)],
        "metadata": metadata, "nbformat": 4,
    })  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_encodings_of_unicode_are_told_by_their_first_bytes(encoding: str) -> None:
    assert decode("é = 'イヌ'\n".encode(encoding), "s.py").removeprefix("\ufeff") == "é = 'イヌ'\n"


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "shift_jis", "utf-8", "punycode", "rot13", "no-such"])
def test_encoding_that_the_script_names_is_used_where_it_is_one_of_texts(encoding: str) -> None:
    text = f"# -*- coding: {encoding} -*-\nx = 'e'\n"
    assert decode(text.encode("ascii"), "s.py") == text


def test_bytes_in_no_encoding_are_one_sentence() -> None:
    with pytest.raises(DataError, match=r"^s\.py is not text in UTF-8: invalid continuation byte; save it as UTF-8$"):
        decode(b"x = '\xe9'", "s.py")
    assert decode(b"# coding: latin-1\nx = '\xe9'", "s.py").endswith("é'")


def test_cells_are_read_with_cell_and_line() -> None:
    first, _, second = HEALTHY.partition("base = ")
    whole = import_script(notebook(first, "%%bash\nls\n", "%matplotlib inline\nbase = " + second), "n.ipynb")
    plain = import_script(HEALTHY)
    assert {key: one["value"] for key, one in whole["settings"].items()} == {
        key: one["value"] for key, one in plain["settings"].items()
    }
    assert whole["config"] == plain["config"]
    assert {key: place_of(whole["settings"][key]) for key in ("data.image_size", "model.backbone")} == {
        "data.image_size": "cell 1, line 5", "model.backbone": "cell 3, line 2",
    }  # fmt: skip
    assert [(place_of(one), one["text"]) for one in whole["unread"]] == [
        ("cell 2, line 1", "%%bash: a cell that is not Python"),
        ("cell 3, line 1", "%matplotlib inline: a notebook's command"),
    ]


def test_sentences_and_evidence_of_a_notebook_name_cells() -> None:
    told = import_script(
        notebook("g = ImageDataGenerator(rescale=1 / 255)\nds = g.flow_from_directory(folder)\n",
                 "m = Sequential([Rescaling(1 / 255), VGG16(include_top=False), Flatten(), Dense(2)])",
                 "m.compile('adam', 'mse')\nm.fit_generator(ds, epochs=3)\nm.fit_generator(ds)"))  # fmt: skip
    assert {one["key"]: one["why"] for one in told["open"]}["dataset"] == (
        "cell 1, line 2: folder is not defined in the script"
    )
    by_id = {one["id"]: one for one in told["findings"]}
    assert "rescale=1 / 255 here and Rescaling in cell 2, line 1" in by_id["double-rescale"]["claim"]
    assert (by_id["double-rescale"]["evidence"]["cell"], by_id["double-rescale"]["evidence"]["line"]) == (1, 1)
    assert by_id["removed-arguments"]["evidence"]["lines"] == ["cell 3, line 2", "cell 3, line 3"]


def test_cell_that_is_no_python_is_left_out_and_the_others_are_read() -> None:
    told = import_script(notebook("x = 1\nthis is no python\n", HEALTHY, "%%time\nfit?\nfiles = !ls\n"), "n.ipynb")
    assert place_of(told["settings"]["training.epochs"]) == "cell 2, line 19"
    assert [(place_of(one), one["text"]) for one in told["unread"]] == [
        (
            "cell 1, line 1",
            "cell 1, line 2: this is not Python 3: invalid syntax; repair the line, then give it again",
        ),
        ("cell 3, line 2", "fit?: a notebook's command"),
        ("cell 3, line 3", "files = !ls: a notebook's command"),
    ]


def test_old_form_of_notebooks_is_read() -> None:
    old = {
        "worksheets": [{"cells": [{"cell_type": "code", "input": HEALTHY.splitlines(keepends=True)}]}],
        "nbformat": 3,
    }
    assert place_of(import_script(json.dumps(old), "n.ipynb")["settings"]["training.epochs"]) == "cell 1, line 19"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "n.ipynb is not a notebook: its text is not JSON; save it again, or paste its code"),
        ("[1]", "n.ipynb is not a notebook: it has no cells; save it again, or paste its code"),
        (
            '{"cells": [{"cell_type": "markdown", "source": "x"}]}',
            "n.ipynb is a notebook without code cells; paste the code",
        ),
        ('{"cells": 3}', "n.ipynb is a notebook without code cells; paste the code"),
        (notebook("x <- 1", language_info={"name": "R"}), "n.ipynb is a notebook in r; only Python is read"),
        (
            notebook("print 'x'"),
            "n.ipynb, cell 1, line 1: this is Python 2 (print without parentheses); write print(...)",
        ),
        (
            notebook("x" * 300_001),
            "n.ipynb has 300,001 characters; paste the part that trains, at most 300,000 characters",
        ),
        ('{"cells": ' * 100_000, "n.ipynb is not a notebook: its text is not JSON"),
    ],
)
def test_notebook_that_cannot_be_read_is_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(DataError) as caught:
        parse(text, "n.ipynb")
    assert str(caught.value).startswith(sentence)
