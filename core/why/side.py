"""One of two scripts that should agree: its text, what was read of it, and its configuration for a given dataset."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.config import RunConfig, make_config
from core.errors import ConfigError, DataError
from core.script.notebook import code_of, is_notebook
from core.script.reading import ScriptLine, decisions
from core.script.text import decode, place_of
from core.workers.script_client import read_script

_LONGEST_LINE = 200
"""Characters of a line that an answer repeats."""

_MOST_SUSPECTS = 5

PRESET = "recommended"
"""What a single script is held against."""

RECORDER = (
    "`python -m core recorder` writes parity_recorder.py: three lines in the script record its own training, and "
    "`import-run` and `compare` then say where the two first diverge"
)

CALLS: dict[str, tuple[str, ...]] = {
    "data.shuffle": ("flow_from_directory", "flow_from_dataframe", "image_dataset_from_directory", "flow", "fit"),
    "data.preprocessing": ("ImageDataGenerator", "Rescaling", "image_dataset_from_directory"),
    "data.batch_size": ("flow_from_directory", "image_dataset_from_directory", "flow", "fit"),
    "data.image_size": ("flow_from_directory", "image_dataset_from_directory"),
    "data.augmentation": ("ImageDataGenerator",),
    "training.learning_rate": ("compile", "Adam", "AdamW", "SGD", "RMSprop"),
    "training.optimizer": ("compile",),
    "training.label_smoothing": ("compile",),
    "training.focal_gamma": ("compile",),
    "training.focal_alpha": ("compile",),
    "training.mixup": ("MixUp",),
    "training.class_weight": ("fit", "fit_generator"),
    "training.epochs": ("fit", "fit_generator"),
    "training.early_stopping": ("fit", "fit_generator"),
}
"""Calls that leave a setting to Keras, where the reader names no line of its own."""


class NotExpressed(DataError):
    """No configuration expresses the script.

    Attributes:
        reason: str. What is open, in a sentence; the message also says how to record the training instead.
        lines: list of dict. What is open, as an answer lists lines.
    """

    def __init__(self, reason: str, lines: list[dict[str, Any]]) -> None:
        super().__init__(f"{reason} {RECORDER}")
        self.reason, self.lines = reason, lines


@dataclass(frozen=True)
class ScriptSide:
    """A script, or the preset that it is held against.

    Attributes:
        name: str. What to call it; of a script the name of its file.
        text: str. Empty for the preset.
        record: mapping. As `read_script` gives it; empty for the preset.
        config: RunConfig. What it trains, on the dataset that was given.
    """

    name: str
    text: str
    record: Mapping[str, Any]
    config: RunConfig

    def lines(self, key: str) -> list[ScriptLine]:
        """The lines that decide a setting, that of its use first; the call that leaves it to Keras where none does."""
        if not self.text:
            return []
        found = decisions(self.record).get(key)
        if found and found.lines:
            return list(found.lines)
        return self._leaving(CALLS.get(key, ()))

    def why(self, key: str) -> str:
        """What its lines do to a setting, in words."""
        found = decisions(self.record).get(key) if self.record else None
        value = self.config.settings().get(key)
        return f"{key} = {value}" + (f": {found.why}" if found and found.why else "")

    def findings(self) -> list[dict[str, Any]]:
        """What reading finds in the script itself."""
        return list(self.record.get("findings", ()))

    def faults(self) -> list[dict[str, Any]]:
        """Findings on the script itself that are errors."""
        return [one for one in self.findings() if one["severity"] == "error"]

    def not_read(self) -> list[dict[str, Any]]:
        """What of the script has no setting or could not be read: its line, and what it does in words."""
        return list(self.record.get("unread", ()))

    def line_at(self, place: Mapping[str, Any]) -> ScriptLine:
        """The line that the evidence of a finding names."""
        return line_at(self.name, self.text, int(place.get("cell", 0)), int(place["line"]))

    def _leaving(self, calls: tuple[str, ...]) -> list[ScriptLine]:
        for call in calls:
            for cell, code in _numbered(self.text, self.name):
                for number, line in enumerate(code.splitlines(), 1):
                    if re.search(rf"\b{call}\(", line):
                        return [ScriptLine(self.name, number, line.strip()[:_LONGEST_LINE], cell)]
        return []


def places_of(evidence: Mapping[str, Any]) -> list[tuple[int, int]]:
    """The lines that a finding names, its own first: pairs of a code cell, 0 where it is no notebook, and the line."""
    own = (int(evidence.get("cell", 0)), int(evidence["line"]))
    more = [_place_in(one) if isinstance(one, str) else {"line": one} for one in evidence.get("lines", ())]
    return list(dict.fromkeys([own, *((int(one.get("cell", 0)), int(one["line"])) for one in more)]))


def line_at(name: str, text: str, cell: int, number: int) -> ScriptLine:
    """A line of a script, or of a code cell of a notebook, with its text; without where there is no such line."""
    code = next((code for which, code in _numbered(text, name) if which == cell), "")
    lines = code.splitlines()
    said = lines[number - 1].strip()[:_LONGEST_LINE] if 0 < number <= len(lines) else ""
    return ScriptLine(name, number, said, cell)


def _numbered(text: str, name: str) -> list[tuple[int, str]]:
    """The code cells of a notebook from 1 on, or the whole script as 0."""
    return list(enumerate(code_of(text), 1)) if is_notebook(text, name) else [(0, text)]


def read_side(content: bytes, name: str, dataset: str) -> ScriptSide:
    """Reads a script, within limits of memory and time, as what it would train on a dataset.

    Args:
        content: bytes. The file's.
        name: str. What to call it.
        dataset: str. The folder that takes the place of its own.

    Raises:
        NotExpressed: it leaves something open that a training needs.
        DataError: it is no script that trains, too large or took too long; one sentence.
    """
    record = read_script(content, name)
    return side_of(record, decode(content, name), dataset)


def side_of(record: Mapping[str, Any], text: str, dataset: str) -> ScriptSide:
    """The side of a record that is there already; raises as `read_side` does."""
    name = str(record["name"])
    blocking = [one for one in record["open"] if one["blocks"] and one["key"] != "dataset"]
    try:
        if not blocking:
            return ScriptSide(name, text, record, make_config(dataset, settings_of(record), name=_title(name)))
        why, key = f"{blocking[0]['key']}: {blocking[0]['why']}", blocking[0]["key"]
    except ConfigError as error:
        why, key = str(error), str(error).split(" ", 1)[0].rstrip(":")
        blocking = [{"key": key, "why": why}]
    said, suspects = _suspects(name, text, record)
    lines = [_open_line(name, text, one) for one in blocking]
    raise NotExpressed(f"no configuration expresses {name} ({why}).{said}", lines + suspects)


def _suspects(name: str, text: str, record: Mapping[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    """What reading alone finds wrong in a script that is not tried, in words and as lines of an answer."""
    found = [one for one in record.get("findings", ()) if one["severity"] in ("error", "warning")][:_MOST_SUSPECTS]
    rows = []
    for one in found:
        line = line_at(name, text, int(one["evidence"].get("cell", 0)), int(one["evidence"]["line"]))
        rows.append(row_of(line, one["id"], one["claim"]))
    told = " ".join(f"{place_of(one['evidence'])}: {one['claim']}" for one in found)
    return (f" Static analysis (not tested) finds in {told}" if told else ""), rows


def row_of(line: ScriptLine, factor: str, does: str) -> dict[str, Any]:
    """A line as an answer lists it."""
    cell = {"cell": line.cell} if line.cell else {}
    return {"file": line.file, "line": line.line, "text": line.text, "factor": factor, "does": does, **cell}


def preset_side(dataset: str) -> ScriptSide:
    """The preset that a single script is held against."""
    return ScriptSide(f"preset {PRESET}", "", {}, make_config(dataset, {}, name=f"Preset {PRESET}"))


def settings_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """Every setting that was read of a script, stated or not."""
    return {key: one["value"] for part in ("not_stated", "settings") for key, one in record[part].items()}


def _open_line(name: str, text: str, one: Mapping[str, Any]) -> dict[str, Any]:
    lines = one.get("lines") or [_place_in(one["why"])]
    found = line_at(name, text, int(lines[0].get("cell", 0)), int(lines[0]["line"]))
    return row_of(found, one["key"], one["why"])


def _place_in(sentence: str) -> dict[str, int]:
    """The line that a sentence names; 0 where it names none."""
    found = re.search(r"(?:\bcell (\d+), )?\bline (\d+)", sentence)
    return {"cell": int(found[1] or 0), "line": int(found[2])} if found else {"cell": 0, "line": 0}


def _title(name: str) -> str:
    return "".join(c for c in re.split(r"[\\/]", name)[-1] if c.isprintable())[:100]
