"""predictions.csv: what a saved model said of each validation and test image; one way to write it, one to read it."""

import csv
import itertools
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from core import files
from core.store.csv_tables import ENCODING, csv_bytes, csv_text, plain_cell
from core.store.json_values import Damaged

FILE = "predictions.csv"

PARTS = ("val", "test")

MOST_BYTES, MOST_ROWS = 500_000_000, 1_000_000
"""Of a table; it has a row for each validation and test image."""

_LONGEST_LINE = 1_000_000  # characters; 1,000 classes have 60,000

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
        with files.open_regular(folder / FILE) as file:
            content = file.read(MOST_BYTES + 1)
        return parse_predictions(content.decode(ENCODING)) if len(content) <= MOST_BYTES else None
    except (OSError, UnicodeDecodeError, Damaged):
        return None


def parse_predictions(text: str) -> Predictions:
    """A table from its text.

    Raises:
        Damaged: names the line that is none that a run writes.
    """
    try:
        cells = csv.reader(_lines(text), strict=True)
        head = next(cells, [])
        rows = list(itertools.islice(cells, MOST_ROWS + 1))
    except csv.Error as error:
        raise Damaged(f"it cannot be read ({error})") from error
    if len(rows) > MOST_ROWS:
        raise Damaged(f"it has more than {MOST_ROWS:,} lines")
    names = [plain_cell(cell) for cell in head]
    classes = tuple(name[2:-1] for name in names[len(_HEAD) :])
    if names != [*_HEAD, *(f"p({name})" for name in classes)] or len(set(classes)) < len(classes) or len(classes) < 2:
        raise Damaged("its columns are not those of a run")
    return Predictions(classes, tuple(_row(row, classes, line) for line, row in enumerate(rows, start=2) if row))


def _lines(text: str) -> Iterator[str]:
    """The lines of a text with their ends, which a cell may hold, too; one at a time, and none longer than a row is."""
    at = 0
    while at < len(text):
        end = text.find("\n", at) + 1 or len(text)
        if end - at > _LONGEST_LINE:
            raise Damaged(f"it has a line of more than {_LONGEST_LINE:,} characters")
        yield text[at:end]
        at = end


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
