"""predictions.csv: what a saved model said of each validation and test image; one way to write it, one to read it."""

import csv
import io
import math
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from core import files
from core.store.csv_tables import ENCODING, csv_bytes, csv_text, plain_cell
from core.store.json_values import Damaged

FILE = "predictions.csv"

PARTS = ("val", "test")

_HEAD = ("split", "file", "label", "predicted")
_PROBABILITY = re.compile(r"[01](\.[0-9]{1,60})?|nan")


class PredictionRow(NamedTuple):
    """One image. A tuple, as there may be hundreds of thousands of them.

    Attributes:
        split: str. `val` or `test`.
        file: str. Relative to the dataset's root.
        label: str. Its true class.
        predicted: str. What the model said.
        probabilities: tuple of float, one a class; not-a-number where the network had broken down.
    """

    split: str
    file: str
    label: str
    predicted: str
    probabilities: tuple[float, ...]


class Predictions(NamedTuple):
    """The whole table.

    Attributes:
        classes: tuple of str. In the order of the probabilities.
        rows: tuple of PredictionRow.
    """

    classes: tuple[str, ...]
    rows: tuple[PredictionRow, ...]

    def of(self, part: str) -> list[PredictionRow]:
        """The rows of `val` or `test`."""
        return [row for row in self.rows if row.split == part]


def write_predictions(path: Path, classes: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Replaces a table.

    Args:
        path: Path.
        classes: sequence of str.
        rows: iterable of sequences of str: part, file, true class, predicted class, and the probability of each class
            as a decimal that is never in powers of ten.
    """
    with files.replacing(path) as file:
        file.write(csv_bytes(csv_text([[*_HEAD, *(f"p({name})" for name in classes)], *rows])))


def read_predictions(folder: Path) -> Predictions | None:
    """The table of a run's folder; None where there is none, or it is damaged."""
    try:
        return parse_predictions((folder / FILE).read_text(encoding=ENCODING))
    except (OSError, UnicodeDecodeError, Damaged):
        return None


def parse_predictions(text: str) -> Predictions:
    """A table from its text.

    Raises:
        Damaged: names the line that is none that a run writes.
    """
    try:
        head, *rows = list(csv.reader(io.StringIO(text, newline=""), strict=True)) or [[]]
    except csv.Error as error:
        raise Damaged(f"it cannot be read ({error})") from error
    names = [plain_cell(cell) for cell in head]
    classes = tuple(name[2:-1] for name in names[len(_HEAD) :])
    if names != [*_HEAD, *(f"p({name})" for name in classes)] or len(set(classes)) < len(classes) or len(classes) < 2:
        raise Damaged("its columns are not those of a run")
    return Predictions(classes, tuple(_row(row, classes, line) for line, row in enumerate(rows, start=2) if row))


def _row(cells: list[str], classes: tuple[str, ...], line: int) -> PredictionRow:
    if len(cells) != len(_HEAD) + len(classes):
        raise Damaged(f"line {line} is not in the format of a run")
    split, file, label, predicted, *numbers = map(plain_cell, cells)
    known = split in PARTS and label in classes and predicted in classes
    if not known or not all(map(_PROBABILITY.fullmatch, numbers)):
        raise Damaged(f"line {line} is not in the format of a run")
    values = tuple(map(float, numbers))
    if any(value > 1 for value in values if not math.isnan(value)):
        raise Damaged(f"line {line} has a probability above 1")
    return PredictionRow(split, file, label, predicted, values)
