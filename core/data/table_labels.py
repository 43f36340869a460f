"""A table of labels beside a folder's images: which image has which class, part and group, and what does not fit."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.data.file_names import display_name
from core.data.listing import Folder
from core.data.part_names import is_unlabelled, part_name, shown
from core.data.table_choice import TableChoice
from core.data.table_guess import (
    MAX_CLASSES,
    Finder,
    Mapping,
    fold_column,
    group_column,
    image_column,
    label_columns,
    label_of,
    part_column,
)
from core.data.tables import Table, is_table_name, read_table
from core.errors import DataError, LayoutQuestion

_AUTO_BYTES = 20_000_000  # a larger table is read only when it is named
_AUTO_TABLES = 12
_DEEPEST = 4
_NAMED = 12  # columns in a sentence
_LONGEST_FOLD = 100


@dataclass(frozen=True)
class Labelled:
    """One image with its class, and its part, group and fold (`""` where not told)."""

    path: str
    label: str
    split: str
    group: str
    fold: str = ""


@dataclass(frozen=True)
class TableReading:
    """What a table gives.

    Attributes:
        file: The table, relative to the dataset's folder.
        mapping: Which column is what.
        images: Labelled images, sorted by path.
        notes: What is worth saying, as sentences.
        matched: Rows that name an image.
        test_as_validation: Whether a test part is used for validation.
    """

    file: str
    mapping: Mapping
    images: tuple[Labelled, ...]
    notes: tuple[str, ...]
    matched: int
    test_as_validation: bool = False

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes, in code-point order."""
        return tuple(sorted({image.label for image in self.images}))

    def sentence(self) -> str:
        """The reading in words."""
        return f"the classes {shown(self.classes)} of {display_name(self.file)}"


def find_tables(top: Folder, root: Path) -> list[tuple[str, list[str]]]:
    """Tables that may hold labels, by name: several of one name are those of the parts (`train/metadata.csv`, ...).

    Args:
        top: From `list_folder`.
        root: Where it lies.
    """
    found: dict[str, list[str]] = {}
    for folder in top.walk():
        if folder.path.count("/") >= _DEEPEST:
            continue
        for name in folder.others:
            path = f"{folder.path}/{name}".lstrip("/")
            if is_table_name(name) and not is_unlabelled(name) and _is_small(root / path):
                found.setdefault(name, []).append(path)
    return sorted(found.items(), key=lambda item: (min(path.count("/") for path in item[1]), item[0]))[:_AUTO_TABLES]


def read_chosen(top: Folder, root: Path, choice: TableChoice) -> TableReading:
    """The labels of a table that a person has named.

    Args:
        top: From `list_folder`.
        root: Where it lies.
        choice: The table and its columns.

    Raises:
        LayoutQuestion: which column is the label has to be said.
        DataError: the table is gone, cannot be read, or a column is not there.
    """
    if not (root / choice.file).is_file():
        raise LayoutQuestion(
            f"The table {display_name(choice.file)} with the labels is missing; choose another with --table, or none "
            "with --table none.",
            (),
        )
    name = choice.file.rpartition("/")[2]
    files = dict(find_tables(top, root)).get(name, [])
    return _read(top, root, files if choice.file in files else [choice.file], choice)


def guess_table(top: Folder, root: Path) -> tuple[TableReading | None, DataError | None]:
    """The table that names the most of a folder's images; and why none could be taken where one nearly fits.

    Args:
        top: From `list_folder`.
        root: Where it lies.
    """
    best, doubt = None, None
    for _, files in find_tables(top, root):
        try:
            reading = _read(top, root, files, TableChoice(files[0]))
        except LayoutQuestion as question:
            doubt = doubt or question
        except DataError:
            continue  # damaged, or about something else: its reading is not asked for
        else:
            best = reading if best is None or reading.matched > best.matched else best
    return best, None if best else doubt


def _is_small(path: Path) -> bool:
    try:
        return path.stat().st_size <= _AUTO_BYTES
    except OSError:
        return False


def _read(top: Folder, root: Path, files: Sequence[str], choice: TableChoice) -> TableReading:
    """One table, or those of the parts together."""
    images = [f"{folder.path}/{name}".lstrip("/") for folder in top.walk() for name in folder.images]
    finder = Finder(images)
    tables = [(path, read_table(root / path)) for path in files]
    first, table = tables[0]
    mapping = _mapping(first, table, finder, choice)
    tables = [(path, each) for path, each in tables if set(_columns_of(mapping)) <= set(each.columns)]
    gathered = _Gathered()
    for path, each in tables:
        gathered.take(each, mapping, finder, path.rpartition("/")[0], _part_of(path) if len(tables) > 1 else "")
    if not gathered.labels:
        raise DataError(f"{display_name(first)} lists no image of {display_name(str(root))} with a class.")
    return gathered.reading(first, mapping, images)


def _columns_of(mapping: Mapping) -> list[str]:
    return [name for name in (mapping.image, *mapping.labels, mapping.part, mapping.group, mapping.fold) if name]


def _part_of(path: str) -> str:
    """The part that a table belongs to, by the folder it lies in."""
    for name in reversed(path.split("/")[:-1]):
        if found := part_name(name):
            return found.role if found.role != "fold" else ""
    return ""


def _mapping(file: str, table: Table, finder: Finder, choice: TableChoice) -> Mapping:
    """What was said of the columns, and what is guessed."""
    name, labels = display_name(file), _said_labels(table, choice.label)
    said = {"image": (choice.image,), "label": labels, "part": (choice.part,), "group": (choice.group,)}
    for flag, columns in said.items():
        if unknown := [column for column in columns if column and column not in table.columns]:
            raise LayoutQuestion(
                f"--{flag} is {display_name(unknown[0])}, but {name} has no such column; it has "
                f"{shown(table.columns, _NAMED)}.",
                (),
            )
    image = choice.image or image_column(table, finder, file.rpartition("/")[0])
    if not image:
        raise DataError(
            f"No column of {name} has the file names of this folder; set it with --image, one of "
            f"{shown(table.columns, _NAMED)}."
        )
    labels = labels or _guessed_labels(name, table, image)
    part = choice.part or part_column(table)
    group = choice.group or group_column(table, (image, *labels, part))
    return Mapping(image, labels, part, group, fold_column(table, (image, *labels, part, group)))


def _said_labels(table: Table, said: str) -> tuple[str, ...]:
    if said in table.columns or not said:
        return (said,) if said else ()
    return tuple(name.strip() for name in said.split(","))


def _guessed_labels(name: str, table: Table, image: str) -> tuple[str, ...]:
    possible = label_columns(table, image)
    if not possible:
        raise DataError(
            f"No column of {name} can be the class; set it with --label, one of {shown(table.columns, _NAMED)}."
        )
    if len(possible) > 1:
        columns = shown([each[0] for each in possible], _NAMED)
        raise LayoutQuestion(
            f"{name} has several columns that may be the class: {columns}. Choose one: --table {name} --label COLUMN, "
            "or on the Dataset page.",
            (),
        )
    return possible[0]


@dataclass
class _Gathered:
    """What the rows of one or several tables say."""

    labels: dict[str, str] = field(default_factory=dict)
    parts: dict[str, str] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    folds: dict[str, str] = field(default_factory=dict)
    torn: set[str] = field(default_factory=set)
    missing: list[str] = field(default_factory=list)
    blank: list[str] = field(default_factory=list)
    several: list[str] = field(default_factory=list)
    unknown_parts: set[str] = field(default_factory=set)
    matched: int = 0

    def take(self, table: Table, mapping: Mapping, finder: Finder, base: str, part: str) -> None:
        """Adds a table's rows."""
        place = {name: k for k, name in enumerate(table.columns)}
        image, labels = place[mapping.image], [place[name] for name in mapping.labels]
        for row in table.rows:
            path = finder.find(row[image], base)
            if not path:
                self.missing.append(row[image])
                continue
            self.matched += 1
            label = label_of(row, labels, mapping.labels)
            if not label:
                (self.several if label is None else self.blank).append(path)
                continue
            if self.labels.setdefault(path, label) != label:
                self.torn.add(path)
            self.parts[path] = self._part(row[place[mapping.part]]) if mapping.part else part
            self.groups[path] = row[place[mapping.group]] if mapping.group else ""
            self.folds[path] = row[place[mapping.fold]][:_LONGEST_FOLD] if mapping.fold else ""

    def _part(self, cell: str) -> str:
        found = part_name(cell)
        if found is None or found.role == "fold":
            self.unknown_parts.add(cell)
            return "train"
        return found.role

    def reading(self, file: str, mapping: Mapping, images: Sequence[str]) -> TableReading:
        """The labelled images, and sentences on what does not fit."""
        kept = sorted(path for path in self.labels if path not in self.torn)
        roles = {self.parts[path] for path in kept}
        serves = "val" not in roles and {"train", "test"} <= roles
        split = len(roles) > 1
        labelled = tuple(
            Labelled(path, self.labels[path], self._split(path, split, serves), self.groups[path], self.folds[path])
            for path in kept
        )
        if len({image.label for image in labelled}) > MAX_CLASSES:
            raise DataError(
                f"The column {display_name(mapping.labels[0])} of {display_name(file)} has more than {MAX_CLASSES:,} "
                "different values; choose another with --label."
            )
        notes = [f"Labels come from {display_name(file)}: {display_name(mapping.sentence())}."]
        notes += ["There is no val part, so the test part is used for validation."] if serves else []
        notes += self._notes(images)
        return TableReading(file, mapping, labelled, tuple(notes), self.matched, serves)

    def _split(self, path: str, split: bool, serves: bool) -> str:
        role = self.parts[path] if split else ""
        return "val" if serves and role == "test" else role

    def _notes(self, images: Sequence[str]) -> list[str]:
        known = self.labels.keys() | set(self.blank) | set(self.several)
        unlisted = [path for path in images if path not in known]
        told = [
            (self.missing, "row has a file name that does not exist", "rows have file names that do not exist"),
            (unlisted, "image is not in the table", "images are not in the table"),
            (self.blank, "row has no class", "rows have no class"),
            (self.several, "row has several classes", "rows have several classes"),
            (sorted(self.torn), "image has rows with different classes", "images have rows with different classes"),
            (
                sorted(self.unknown_parts),
                "value is not a split and counts as train",
                "values are not splits and count as train",
            ),
        ]
        return [
            f"{len(items):,} {one if len(items) == 1 else many}: {shown(items, 3)}."
            for items, one, many in told
            if items
        ]


def agrees(reading: TableReading, folders: dict[str, str]) -> bool:
    """Whether a table says nothing that the class folders do not say.

    Args:
        reading: From a table.
        folders: Class by path, as the folders have it.
    """
    same = sum(folders.get(image.path) == image.label for image in reading.images)
    return 10 * same >= 9 * len(reading.images)
