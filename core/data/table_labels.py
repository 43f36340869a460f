"""Finds the table of labels beside a folder's images, decides what each of its columns is, and reads it."""

from collections.abc import Sequence
from pathlib import Path

from core.data.file_names import display_name
from core.data.listing import Folder
from core.data.part_names import is_unlabelled, part_name, shown
from core.data.table_agreement import rivals
from core.data.table_choice import TableChoice
from core.data.table_finder import Finder
from core.data.table_groups import group_column
from core.data.table_guess import Mapping, fold_column, label_columns
from core.data.table_images import image_columns, is_doubtful
from core.data.table_parts import columns_of, part_column
from core.data.table_rows import GatheredRows, TableReading
from core.data.tables import Table, is_table_name, read_table
from core.errors import DataError, LayoutQuestion

_AUTO_BYTES = 20_000_000  # a larger table is read only when it is named
_AUTO_TABLES = 12
_DEEPEST = 4
_NAMED = 12  # columns in a sentence


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


def guess_tables(top: Folder, root: Path) -> tuple[list[TableReading], DataError | None]:
    """The table that names the most of a folder's images, and those that contradict it; why none could be taken.

    Args:
        top: From `list_folder`.
        root: Where it lies.
    """
    found: list[TableReading] = []
    doubt = None
    for _, files in find_tables(top, root):
        try:
            found.append(_read(top, root, files, TableChoice(files[0])))
        except LayoutQuestion as question:
            doubt = doubt or question
        except DataError:
            continue  # damaged, or about something else: its reading is not asked for
    return rivals(found), None if found else doubt


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
    tables = [(path, each) for path, each in tables if set(_columns_of(table, mapping)) <= set(each.columns)]
    gathered = GatheredRows()
    for path, each in tables:
        gathered.take(each, mapping, finder, path.rpartition("/")[0], _part_of(path) if len(tables) > 1 else "")
    if gathered.apart and not gathered.labels:
        raise DataError(
            f"The column {display_name(mapping.part)} of {display_name(first)} says for no image whether it is for "
            "train, val or test; write these words into it, or choose another column with --part."
        )
    if not gathered.labels:
        raise DataError(f"{display_name(first)} lists no image of {display_name(str(root))} with a class.")
    return gathered.reading(first, mapping, images)


def _columns_of(table: Table, mapping: Mapping) -> list[str]:
    """Every column that a mapping names in a table."""
    part = columns_of(table, mapping.part)
    return [name for name in (mapping.image, *mapping.labels, *part, mapping.group, mapping.fold) if name]


def _part_of(path: str) -> str:
    """The part that a table belongs to, by the folder it lies in."""
    for name in reversed(path.split("/")[:-1]):
        if found := part_name(name):
            return found.role if found.role != "fold" else ""
    return ""


def _mapping(file: str, table: Table, finder: Finder, choice: TableChoice) -> Mapping:
    """What was said of the columns, and what is guessed."""
    name, labels = display_name(file), _said_labels(table, choice.label)
    said = {"image": (choice.image,), "label": labels, "part": columns_of(table, choice.part), "group": (choice.group,)}
    for flag, columns in said.items():
        if unknown := [column for column in columns if column and column not in table.columns]:
            raise LayoutQuestion(
                f"--{flag} is {display_name(unknown[0])}, but {name} has no such column; it has "
                f"{shown(table.columns, _NAMED)}.",
                (),
            )
    image = choice.image or _guessed_image(name, table, finder, file.rpartition("/")[0])
    labels = labels or _guessed_labels(name, table, image)
    part = choice.part or part_column(table)
    taken = (image, *labels, *columns_of(table, part))
    group = choice.group or group_column(table, taken)
    return Mapping(image, labels, part, group, fold_column(table, (*taken, group)))


def _guessed_image(name: str, table: Table, finder: Finder, base: str) -> str:
    possible = image_columns(table, finder, base)
    if not possible:
        raise DataError(
            f"No column of {name} has the file names of this folder; set it with --image, one of "
            f"{shown(table.columns, _NAMED)}."
        )
    if len(possible) > 1 and any(label_columns(table, image) for image in possible):
        raise LayoutQuestion(
            f"{name} has several columns that may name the image: {shown(possible, _NAMED)}. Choose one: --table "
            f"{name} --image COLUMN, or on the Dataset page.",
            (),
        )
    if is_doubtful(table, possible[0]) and label_columns(table, possible[0]):
        raise LayoutQuestion(
            f"The column {display_name(possible[0])} of {name} matches file names, but it seems to be something else "
            "(it counts the rows, repeats numbers, or names masks). If it names the images: --table "
            f"{name} --image COLUMN, or on the Dataset page.",
            (),
        )
    return possible[0]


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
