"""Which column of a table is path, label, part and group: guessed from names and values; no file is opened."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from core.data.table_classes import is_missing
from core.data.table_groups import is_no_class
from core.data.table_parts import OFF, ON, like_parts
from core.data.tables import Table

MAX_CLASSES = 1000
LABEL_NAME = re.compile(
    r"^(label|labels|class|classes|class_?name|category|target|y|diagnosis|diagnostic|dx|species|breed|finding|choice|"
    r"choices|ground_?truth|gt|tag|emotion|disease|grade|annotation|klasse|kategorie|diagnose|"
    r".*[_ ](labels?|class|diagnosis|dx|diagnose|disease|category|species))$",
    re.IGNORECASE,
)
_FOLD = re.compile(r"^(cv|k)?[-_ ]?folds?[-_ ]?(id|idx|index|nr|no|number)?$", re.IGNORECASE)
_MOST_FOLDS = 20


@dataclass(frozen=True)
class Mapping:
    """Which column is what.

    Attributes:
        image: The column that names the file.
        labels: The column that names the class; or several, one a class, of which exactly one is set in a row.
        part: The column that names the part; `""` if there is none.
        group: The column that names what belongs together; `""` if there is none.
        fold: The column that numbers the folds of a cross-validation; `""` if there is none.
    """

    image: str
    labels: tuple[str, ...]
    part: str = ""
    group: str = ""
    fold: str = ""

    def sentence(self) -> str:
        """The mapping in words."""
        label = self.labels[0] if len(self.labels) == 1 else f"one of the columns {', '.join(self.labels[:6])}"
        more = f", the part in {self.part}" if self.part else ""
        return (
            f"the image is in {self.image}, the class in {label}{more}"
            + (f", the group in {self.group}" if self.group else "")
            + (f", the fold in {self.fold}" if self.fold else "")
        )


def label_columns(table: Table, image: str) -> list[tuple[str, ...]]:
    """What may be the label, the likeliest first: one entry is certain, several are to be asked about.

    Args:
        table: The table.
        image: The column that names the file.
    """
    none = {image, *like_parts(table)}
    if {"x", "y"} <= {name.lower() for name in table.columns}:
        none |= {name for name in table.columns if name.lower() in ("x", "y")}  # a place in the image
    others = [name for name in table.columns if name not in none and not is_no_class(table, name)]
    single = [name for name in others if _may_be_label(table.column(name))]
    named = [name for name in single if LABEL_NAME.match(name)]
    if len(named) > 1:
        named = _without_twins(table, named)
    if named:
        return [(name,) for name in named]
    if marked := _one_hot(table, others):
        return [marked]
    return [(name,) for name in single]


def fold_column(table: Table, taken: Sequence[str]) -> str:
    """The column that numbers the folds of a cross-validation, by its name and its values; `""` if there is none.

    Args:
        table: The table.
        taken: Columns that are something else.
    """
    for name in table.columns:
        if name not in taken and _FOLD.match(name):
            values = {cell for cell in table.column(name) if cell}
            if 2 <= len(values) <= _MOST_FOLDS:
                return name
    return ""


def marked_classes(table: Table, names: Sequence[str]) -> list[str | None]:
    """The class of each row by the column that is set in it; `""` where none is, None where several are.

    Args:
        table: The table.
        names: Of the columns, one a class.
    """
    at = [table.columns.index(name) for name in names]
    found: list[str | None] = []
    for row in table.rows:
        marked = [name for place, name in zip(at, names, strict=True) if row[place].lower() in ON]
        found.append(marked[0] if len(marked) == 1 else None if marked else "")
    return found


def _may_be_label(cells: Sequence[str]) -> bool:
    """Whether a column has at least two values that come again."""
    counts = Counter(cell for cell in cells if not is_missing(cell))
    return 2 <= len(counts) <= MAX_CLASSES and 2 * len(counts) <= counts.total() and 2 * counts.total() >= len(cells)


def _without_twins(table: Table, names: list[str]) -> list[str]:
    """Leaves out columns that say the same as another in numbers: `label` beside `label_name`."""
    kept: list[str] = []
    for name in sorted(names, key=lambda each: all(cell.replace(".", "").isdecimal() for cell in table.column(each))):
        cells = table.column(name)
        if not any(_says_the_same(cells, table.column(other)) for other in kept):
            kept.append(name)
    return kept


def _says_the_same(first: Sequence[str], second: Sequence[str]) -> bool:
    pairs = set(zip(first, second, strict=True))
    return len(pairs) == len(set(first)) == len(set(second))


def _one_hot(table: Table, names: Sequence[str]) -> tuple[str, ...]:
    """Columns of zeros and ones of which nearly every row has exactly one set; empty where there are none."""
    at = [table.columns.index(name) for name in names]
    marks = [k for k in at if all(row[k].lower() in ON | OFF for row in table.rows)]
    marks = [k for k in marks if any(row[k].lower() in OFF for row in table.rows)]
    if len(marks) < 2:
        return ()
    one = sum(sum(row[k].lower() in ON for k in marks) == 1 for row in table.rows)
    return tuple(table.columns[k] for k in marks) if 10 * one >= 8 * len(table.rows) else ()
