"""Tables beside class folders and beside each other: what they say alike, what they add, and where they contradict."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from core.data.file_names import display_name
from core.data.listing import Folder
from core.data.part_names import shown
from core.data.reading import ClassFolder
from core.data.table_guess import LABEL_NAME
from core.data.table_rows import Labelled, TableReading
from core.errors import LayoutQuestion


@dataclass(frozen=True)
class Agreement:
    """A table that says the classes of the folders, and what it adds.

    Attributes:
        told: What it says of the images in class folders, by path.
        splits: Whether it divides them.
        notes: What is worth saying, as sentences.
    """

    told: dict[str, Labelled]
    splits: bool = False
    notes: tuple[str, ...] = ()


def folder_labels(top: Folder, folders: Iterable[ClassFolder]) -> tuple[dict[str, str], dict[str, str]]:
    """Class and part of each image by its path, as the folders have them.

    Args:
        top: From `list_folder`.
        folders: Their paths relative to it.
    """
    labels: dict[str, str] = {}
    parts: dict[str, str] = {}
    for each in folders:
        for folder in inside.walk() if (inside := top.below(each.path)) else ():
            paths = [f"{folder.path}/{name}" for name in folder.images]
            labels |= dict.fromkeys(paths, each.label)
            parts |= dict.fromkeys(paths, each.split)
    return labels, parts


def differing(reading: TableReading, folders: Mapping[str, str]) -> list[str]:
    """The images of which a table and the class folders say different classes, each with both.

    Args:
        reading: From a table.
        folders: Class by path, as the folders have it.
    """
    return [
        f"{image.path} (folder {folders[image.path]}, table {image.label})"
        for image in reading.images
        if folders.get(image.path, image.label) != image.label
    ]


def agrees(reading: TableReading, folders: Mapping[str, str]) -> bool:
    """Whether a table is about the images in the class folders and says nothing else of them than the folders do.

    Args:
        reading: From a table.
        folders: Class by path, as the folders have it.
    """
    known = sum(image.path in folders for image in reading.images)
    return 2 * known > len(reading.images) and not differing(reading, folders)


def added(reading: TableReading, folders: Mapping[str, str], on_disk: Mapping[str, str], layout: str) -> Agreement:
    """What a table that agrees adds: groups and folds, and a split where the folders have none.

    Args:
        reading: From the table.
        folders: Class by path, as the folders have it.
        on_disk: Part by path, `""` where the folders are not divided.
        layout: The word for `--layout` that keeps the folders as they are.

    Raises:
        LayoutQuestion: it divides only some of the images.
    """
    told = {image.path: image for image in reading.images if image.path in folders}
    file, split = display_name(reading.file), len({image.split for image in told.values()}) > 1
    beyond = [image.path for image in reading.images if image.path not in folders]
    more = f"{file} has classes for images outside the class folders ({len(beyond):,}), which are not used: "
    outside = (f"{more}{shown(beyond, 3)}; --table {file} uses them.",) if beyond else ()
    if not split and not any(image.group or image.fold for image in told.values()):
        return Agreement({}, notes=outside)
    notes = [*outside, f"The classes of {file} are those of the folders: {display_name(reading.mapping.sentence())}."]
    divided = any(on_disk.values())
    without = sorted(folders.keys() - told.keys())
    if split and not divided and without:
        begin = (
            f"{len(without):,} images have no split in {file}: {shown(without, 3)}. Use only the images that it divides"
        )
        raise LayoutQuestion(
            f"{begin} (--table {file}), or all of them without its split (--layout {layout}). Choose one on the "
            "Dataset page, or with one of these options.",
            ((layout, "all images, without the split of the table"),),
            f"{begin}, or all of them without its split.",
        )
    others = [path for path, image in told.items() if split and divided and image.split != on_disk[path]]
    if others:
        count = "1 image is" if len(others) == 1 else f"{len(others):,} images are"
        notes.append(f"{count} in another split in {file} than in the folders, which are used: {shown(others, 3)}.")
    splits = split and not divided
    kept = told if splits else {path: replace(image, split="") for path, image in told.items()}
    return Agreement(kept, splits, tuple(notes + _of_reading(reading, splits)))


def _of_reading(reading: TableReading, splits: bool) -> list[str]:
    """The sentence on a test part that validates, where the table's split is used."""
    return [note for note in reading.notes if splits and "used for validation" in note]


def table_or_folders(where: str, reading: TableReading, folders: Mapping[str, str], layout: str) -> LayoutQuestion:
    """The question whether a table or the class folders say the classes.

    Args:
        where: The dataset, for the message.
        reading: From the table.
        folders: Class by path, as the folders have it.
        layout: The word for `--layout` that keeps the folders.
    """
    told, other = f"the classes {shown(sorted(set(folders.values())))}", differing(reading, folders)
    few = 2 * len(other) < len(reading.images)
    some = f" They differ for {len(other):,} images: {shown(other, 3)}." if other and few else ""
    table = f"{where} can be read in two ways: {reading.sentence()}"
    return LayoutQuestion(
        f"{table} (--table {reading.file}); or {told} of the folders (--layout {layout}).{some} Choose one on the "
        "Dataset page, or with one of these options.",
        ((layout, told),),
        f"{table}; or {told} of the folders.{some} Choose one.",
    )


def rivals(readings: Sequence[TableReading]) -> list[TableReading]:
    """The table that names the most images, and those that do as well and say other classes of them.

    A column called label, class or the like speaks for its table; other names of the same classes are no contradiction.

    Args:
        readings: Of every table that can be read.
    """
    if not readings:
        return []
    most = max(reading.matched for reading in readings)
    equal = [reading for reading in readings if 10 * reading.matched >= 9 * most]
    named = [reading for reading in equal if _is_named(reading)] or equal
    best = max(named, key=_worth)
    return [best, *(other for other in named if other is not best and _contradict(best, other))]


def also_there(best: TableReading, found: Sequence[TableReading]) -> TableReading:
    """The best table, with a sentence on others that name images which it does not.

    Args:
        best: Is used.
        found: Every table that can be read.
    """
    known = {image.path for image in best.images}
    notes = []
    for other in found:
        more = sorted({image.path for image in other.images} - known)
        if other.file != best.file and more:
            count = "1 image" if len(more) == 1 else f"{len(more):,} images"
            file = display_name(other.file)
            notes.append(
                f"{file} is not used: it names {count} that {display_name(best.file)} does not ({shown(more, 3)})."
            )
    return replace(best, notes=(*best.notes, *notes))


def which_table(found: Sequence[TableReading]) -> LayoutQuestion:
    """The question which of several tables is right."""
    names = [display_name(reading.file) for reading in found[:4]]
    return LayoutQuestion(
        f"{' and '.join(names)} give different classes for the same images. Choose one: "
        f"{' or '.join(f'--table {name}' for name in names)}, or on the Dataset page.",
        (),
    )


def _worth(reading: TableReading) -> tuple[int, bool, bool, bool]:
    """What speaks for a table: the rows that name images, then a group, a split, and classes in words."""
    mapping = reading.mapping
    return reading.matched, bool(mapping.group), bool(mapping.part), not _in_numbers(reading)


def _is_named(reading: TableReading) -> bool:
    labels = reading.mapping.labels
    return len(labels) > 1 or bool(LABEL_NAME.match(labels[0]))


def _in_numbers(reading: TableReading) -> bool:
    return all(label.replace(".", "").isdecimal() for label in reading.classes)


def _contradict(first: TableReading, second: TableReading) -> bool:
    """Whether two tables class the same images differently, not only under other names."""
    labels = {image.path: image.label for image in first.images}
    pairs = {(labels[image.path], image.label) for image in second.images if image.path in labels}
    renamed = len(pairs) == len({one for one, _ in pairs}) == len({other for _, other in pairs})
    same_names = {one for one, _ in pairs} & {other for _, other in pairs}
    return any(one != other for one, other in pairs) and not (renamed and not same_names)
