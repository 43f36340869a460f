"""Which column of a table is path, label, part and group: guessed from names and values; no file is opened."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from core.data.part_names import is_part, part_name
from core.data.tables import Table

MAX_CLASSES = 1000
_MAX_FOLDERS = 20  # leading folders of a path that may be somebody else's
_MANY = 100  # images of one name among which none is chosen
_SAMPLED = 300  # rows whose paths are tried for the guess
_FEW = 5  # images that are enough where a column is called image: a table may be about more images than are here
_IMAGE = re.compile(r"image|img|file|path|photo|picture|bild|datei|name|^id$", re.IGNORECASE)
LABEL_NAME = re.compile(
    r"^(label|labels|class|classes|class_?name|category|target|y|diagnosis|diagnostic|dx|species|breed|finding|choice|"
    r"choices|ground_?truth|gt|tag|emotion|disease|grade|annotation|klasse|kategorie|diagnose|.*[_ ](label|class))$",
    re.IGNORECASE,
)
_PART = re.compile(r"^(split|set|subset|part|partition|phase|usage|dataset|data_?set|fold|teil)$", re.IGNORECASE)
_FOLD = re.compile(r"^(cv|k)?[-_ ]?folds?[-_ ]?(id|idx|index|nr|no|number)?$", re.IGNORECASE)
_MOST_FOLDS = 20
_GROUP = re.compile(
    r"patient|subject|person|participant|lesion_?id|case_?id|study_?id|series_?id|group|slide|specimen", re.IGNORECASE
)
_PREFIX = re.compile(r"^[0-9a-f]{8}-")  # of files that were uploaded to Label Studio
_ON = {"1", "1.0", "true", "yes", "x"}
_OFF = {"0", "0.0", "false", "no", ""}


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


class Finder:
    """Finds the images of a folder that cells of a table mean.

    Args:
        paths: All images, relative to the dataset's folder.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        self._exact = {path.lower(): path for path in paths}
        self._names: dict[str, list[str]] = {}
        self._stems: dict[str, list[str]] = {}
        for path in paths:
            name = path.rpartition("/")[2].lower()
            self._names.setdefault(name, []).append(path)
            self._stems.setdefault(name.rpartition(".")[0], []).append(path)

    def find(self, cell: str, base: str = "") -> str:
        """The image that a cell names; `""` if none does, or several do.

        Args:
            cell: A path, a name, or a name without its extension.
            base: Folder of the table, relative to the dataset's. Defaults to the top.
        """
        value = unquote(cell.partition("?")[0] or cell.rpartition("=")[2]).replace("\\", "/").strip().lower()
        value = re.sub(r"^(\./)+", "", value).strip("/")
        if not value:
            return ""
        below = f"{base.lower()}/{value}".lstrip("/")
        parts = value.split("/")
        for tried in (below, *("/".join(parts[k:]) for k in range(min(len(parts), _MAX_FOLDERS)))):
            if found := self._exact.get(tried):
                return found
        name = value.rpartition("/")[2]
        for known, key in ((self._names, name), (self._stems, name), (self._names, _PREFIX.sub("", name))):
            if candidates := known.get(key):
                return _only(candidates, value, base)
        return ""


def _only(candidates: list[str], value: str, base: str) -> str:
    """The one of several images of a name that the rest of the path, or the table's folder, speaks for."""
    if len(candidates) == 1:
        return candidates[0]
    if len(candidates) > _MANY:
        return ""
    for kept in (
        [path for path in candidates if path.lower().rpartition(".")[0].endswith(f"/{value}")],
        [path for path in candidates if path.lower().endswith(f"/{value}")],
        [path for path in candidates if base and path.lower().startswith(f"{base.lower()}/")],
    ):
        if len(kept) == 1:
            return kept[0]
    return ""


def image_column(table: Table, finder: Finder, base: str = "") -> str:
    """The column whose cells name the most images, half of those tried or a few by a telling name; else `""`.

    Args:
        table: The table.
        finder: Of the folder's images.
        base: Folder of the table.
    """
    rows = table.rows[:: max(1, len(table.rows) // _SAMPLED)][:_SAMPLED]
    hits = Counter(
        {name: sum(bool(finder.find(row[at], base)) for row in rows) for at, name in enumerate(table.columns)}
    )
    best = max(table.columns, key=lambda name: (hits[name], bool(_IMAGE.search(name))))
    enough = 2 * hits[best] >= len(rows) or (hits[best] >= _FEW and bool(_IMAGE.search(best)))
    return best if enough else ""


def label_columns(table: Table, image: str) -> list[tuple[str, ...]]:
    """What may be the label, the likeliest first: one entry is certain, several are to be asked about.

    Args:
        table: The table.
        image: The column that names the file.
    """
    others = [name for name in table.columns if name != image and not _PART.match(name) and not _GROUP.search(name)]
    single = [name for name in others if _may_be_label(table.column(name))]
    named = [name for name in single if LABEL_NAME.match(name)]
    if len(named) > 1:
        named = _without_twins(table, named)
    if named:
        return [(name,) for name in named]
    if marked := _one_hot(table, others):
        return [marked]
    return [(name,) for name in single]


def part_column(table: Table) -> str:
    """The column that names parts, by its name and its values; `""` if there is none."""
    for name in table.columns:
        values = {cell for cell in table.column(name) if cell} if _PART.match(name) else set()
        roles = {found.role for value in values if is_part(value) and (found := part_name(value))}
        if "train" in roles and all(is_part(value) for value in values):
            return name
    return ""


def group_column(table: Table, taken: Sequence[str]) -> str:
    """The column that names patients or the like; `""` if there is none.

    Args:
        table: The table.
        taken: Columns that are something else.
    """
    for name in table.columns:
        if name not in taken and _GROUP.search(name):
            values = [cell for cell in table.column(name) if cell]
            if len(values) > len(table.rows) // 2:
                return name
    return ""


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


def label_of(row: Sequence[str], at: Sequence[int], names: Sequence[str]) -> str | None:
    """The class of a row; `""` if it has none, None if it has several.

    Args:
        row: The cells.
        at: Positions of the label columns.
        names: Their names.
    """
    if len(at) == 1:
        return row[at[0]]
    marked = [name for place, name in zip(at, names, strict=True) if row[place].lower() in _ON]
    return marked[0] if len(marked) == 1 else None if marked else ""


def _may_be_label(cells: Sequence[str]) -> bool:
    """Whether a column has at least two values that come again."""
    counts = Counter(cell for cell in cells if cell)
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
    marks = [k for k in at if all(row[k].lower() in _ON | _OFF for row in table.rows)]
    marks = [k for k in marks if any(row[k].lower() in _OFF for row in table.rows)]
    if len(marks) < 2:
        return ()
    one = sum(sum(row[k].lower() in _ON for k in marks) == 1 for row in table.rows)
    return tuple(table.columns[k] for k in marks) if 10 * one >= 8 * len(table.rows) else ()
