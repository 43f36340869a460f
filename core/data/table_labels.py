"""Finds the table of labels beside a folder's images, decides what each of its columns is, and reads it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from core.data.file_names import display_name
from core.data.listing import Folder
from core.data.part_names import shown
from core.data.table_agreement import also_there, rivals
from core.data.table_choice import TableChoice
from core.data.table_files import family_of, find_tables, no_table, numbered_alike, part_folder, part_of
from core.data.table_finder import Finder
from core.data.table_folders import FolderFinder
from core.data.table_groups import group_column
from core.data.table_guess import Mapping, fold_column, label_columns
from core.data.table_images import image_columns, is_doubtful
from core.data.table_parts import columns_of, part_column
from core.data.table_places import Places
from core.data.table_rows import GatheredRows, TableReading
from core.data.tables import Table, read_table
from core.errors import DataError, LayoutQuestion

_CHOOSE = "Choose one under “Take the labels from a table”."
_SAMPLED = 300  # rows whose names are looked at
_NAMED = 12  # columns in a sentence


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
            f"The table {display_name(choice.file)} with the labels is missing. Choose another, or revert to "
            "automatic.",
        )
    files = family_of(top, root, choice.file)
    reading = _read(top, root, files, choice)
    others = [other for other in find_tables(top, root) if other != files and numbered_alike(files, other)]
    found = {other[0]: each for other in others if (each := _readable(top, root, other, choice))}
    return _whole(top, root, reading, files, {tuple(other): found[other[0]] for other in others if other[0] in found})


def guess_tables(top: Folder, root: Path) -> tuple[list[TableReading], DataError | None]:
    """The table that names the most of a folder's images, and those that contradict it; why none could be taken.

    Args:
        top: From `list_folder`.
        root: Where it lies.
    """
    found: list[TableReading] = []
    families: dict[str, list[str]] = {}
    doubt, refused = None, list[tuple[bool, DataError]]()
    for files in find_tables(top, root):
        try:
            found.append(_read(top, root, files, TableChoice(files[0])))
            families[files[0]] = files
        except LayoutQuestion as question:
            doubt = doubt or question
        except DataError as error:  # damaged, or about something else: its reading is not asked for
            refused.append((files[0].lower().endswith(".json"), error))
    kept = rivals(found)
    if kept:
        own = families[kept[0].file]
        alike = {tuple(families[each.file]): each for each in found if numbered_alike(own, families[each.file])}
        whole = _whole(top, root, kept[0], own, {key: each for key, each in alike.items() if each is not kept[0]})
        return [also_there(whole, found), *kept[1:]], None
    # Much that is no table is JSON.
    return [], doubt or min(refused, key=lambda each: each[0], default=(False, no_table(top)))[1]


def _readable(top: Folder, root: Path, files: Sequence[str], choice: TableChoice) -> TableReading | None:
    """What tables say by the columns that were chosen for another; None where they cannot be read so."""
    try:
        return _read(top, root, files, replace(choice, file=files[0]))
    except DataError:
        return None


def _whole(
    top: Folder, root: Path, reading: TableReading, files: Sequence[str], more: dict[tuple[str, ...], TableReading]
) -> TableReading:
    """A table with those that go on with it: of the same columns and names but for a number, and of other images.

    Args:
        top: From `list_folder`.
        root: Where it lies.
        reading: Of the table.
        files: Of the table, those of its parts included.
        more: What the tables say whose names differ in a number only, by their files.
    """
    known = {image.path for image in reading.images}
    joined = list(files)
    for paths, other in more.items():
        own = {image.path for image in other.images}
        if own and not own & known and other.mapping == reading.mapping:
            known |= own
            joined += paths
    if len(joined) == len(files):
        return reading
    choice = TableChoice(reading.file, reading.mapping.image, ",".join(reading.mapping.labels), reading.mapping.part)
    whole = _read(top, root, joined, replace(choice, group=reading.mapping.group))
    told = f"{shown(joined, 4)} have the same columns and different images, and are read together."
    return replace(whole, notes=(whole.notes[0], told, *whole.notes[1:]))


def _read(top: Folder, root: Path, files: Sequence[str], choice: TableChoice) -> TableReading:
    """One table, or those of the parts together."""
    images = [f"{folder.path}/{name}".lstrip("/") for folder in top.walk() for name in folder.images]
    places = Places(Finder(images), FolderFinder(images), {path: part_folder(path, images) for path in files})
    tables = {path: places.ready(path, read_table(root / path)) for path in files}
    first = choice.file if choice.image and choice.file in tables else files[0]
    try:
        mapping = _mapping(first, tables[first], places, choice)
    except LayoutQuestion:
        raise
    except DataError as error:
        raise DataError(f"{error} {tables[first].note}".strip()) from error
    mappings = {path: _fitting(path, table, mapping, places, choice) for path, table in tables.items()}
    used = {path: fitting for path, fitting in mappings.items() if fitting}
    gathered = GatheredRows()
    gathered.say(_unused(path, tables[path], mapping) for path in files if path not in used)
    known = [
        cell for path, each in used.items() if len(each.labels) == 1 for cell in tables[path].column(each.labels[0])
    ]
    for path, fitting in used.items():
        table, by_image = places.by_image(path, tables[path], fitting)
        part = part_of(path) if len(used) > 1 else ""
        gathered.take(table, by_image, places.finder, places.bases[path], part, known)
    if gathered.apart and not gathered.labels:
        raise DataError(
            f"The column {display_name(mapping.part)} of {display_name(first)} says for no image whether it is for "
            "train, val or test; write these words into it, or choose another column with --part."
        )
    if not gathered.labels:
        raise DataError(f"{display_name(first)} lists no image of {display_name(str(root))} with a class.")
    return gathered.reading(first, mapping, images)


def _fitting(path: str, table: Table, first: Mapping, places: Places, choice: TableChoice) -> Mapping | None:
    """What the columns of a part's table are: as in the first, or classes of its own, one a column; None if neither."""
    if {first.image, *first.labels} <= set(table.columns):
        part = first.part if set(columns_of(table, first.part)) <= set(table.columns) else ""
        group, fold = (name if name in table.columns else "" for name in (first.group, first.fold))
        return replace(first, part=part, group=group, fold=fold)
    try:
        own = _mapping(path, table, places, choice)
    except DataError:
        return None
    return own if own.image == first.image and min(len(own.labels), len(first.labels)) > 1 else None


def _unused(path: str, table: Table, mapping: Mapping) -> str:
    lacking = [name for name in (mapping.image, *mapping.labels) if name not in table.columns]
    return f"{display_name(path)} has no column {shown(lacking, _NAMED)} and is not used."


def _mapping(file: str, table: Table, places: Places, choice: TableChoice) -> Mapping:
    """What was said of the columns, and what is guessed."""
    name, labels = display_name(file), _said_labels(table, choice.label)
    said = {"image": (choice.image,), "label": labels, "part": columns_of(table, choice.part), "group": (choice.group,)}
    for flag, columns in said.items():
        if unknown := [column for column in columns if column and column not in table.columns]:
            has = f"but {name} has no such column; it has {shown(table.columns, _NAMED)}."
            column = display_name(unknown[0])
            raise LayoutQuestion(f"--{flag} is {column}, {has}", (), f"The column {column} was chosen, {has}")
    image = choice.image or _guessed_image(name, table, places, places.bases[file])
    labels = labels or _guessed_labels(name, table, image)
    part = choice.part or part_column(table)
    taken = (image, *labels, *columns_of(table, part))
    group = choice.group or group_column(table, taken)
    return Mapping(image, labels, part, group, fold_column(table, (*taken, group)))


def _guessed_image(name: str, table: Table, places: Places, base: str) -> str:
    possible = image_columns(table, places.finder, base)
    if not possible and (folders := places.folders.column(table)):
        return folders
    if not possible and (several := _of_several(name, table, places)):
        raise several
    if not possible:
        raise DataError(
            f"No column of {name} has the file names of this folder, such as {display_name(places.finder.example())}; "
            f"set it with --image, one of {shown(table.columns, _NAMED)}."
        )
    if len(possible) > 1 and any(label_columns(table, image) for image in possible):
        begin = f"{name} has several columns that may name the image: {shown(possible, _NAMED)}."
        raise LayoutQuestion(
            f"{begin} Choose one: --table {name} --image COLUMN, or on the Dataset page.", (), f"{begin} {_CHOOSE}"
        )
    if is_doubtful(table, possible[0]) and label_columns(table, possible[0]):
        begin = (
            f"The column {display_name(possible[0])} of {name} matches file names, but it seems to be something else "
            "(it counts the rows, repeats numbers, or names masks). If it names the images"
        )
        raise LayoutQuestion(
            f"{begin}: --table {name} --image COLUMN, or on the Dataset page.", (), f"{begin}, choose it below."
        )
    return possible[0]


def _of_several(name: str, table: Table, places: Places) -> DataError | None:
    """Why a column whose cells are names of images does not say which of them: several have the same name."""
    for at, column in enumerate(table.columns):
        found = [several for row in table.rows[:_SAMPLED] if (several := places.finder.namesakes(row[at]))]
        if 2 * len(found) >= len(table.rows[:_SAMPLED]):
            return DataError(
                f"The column {display_name(column)} of {name} does not tell images of one name apart ("
                f"{shown(found[0], 2)}): write their folder and extension into it, or remove one of each."
            )
    return None


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
        begin = f"{name} has several columns that may be the class: {columns}."
        raise LayoutQuestion(
            f"{begin} Choose one: --table {name} --label COLUMN, or on the Dataset page.", (), f"{begin} {_CHOOSE}"
        )
    return possible[0]
